//! Perplexity and token accuracy of an epoch, of what a linear head says of each row: no logits are needed.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn::train::ItemLazy;
use burn::train::metric::Adaptor;
use burn_loss::{CrossEntropyLossConfig, LinearOutput, LossBackend};

use super::accumulator::Accumulator;
use super::epoch_metric::EpochMetric;
use super::loss::LossBatch;
use crate::host;

/// The perplexity over the epoch: `exp(-sum_i log p_i / n)`, with the probability `p_i` of each token that counts and their
/// number `n`. Keeps a sum and a count.
///
/// In `[1, inf)`: a model that guesses evenly among `k` tokens has the perplexity `k`. It is exact however the tokens were cut
/// into batches; a mean of the batches' perplexities is larger than it, and one weighted by examples counts padding.
///
/// Take it for a language model whose loss is [`forward_linear`](burn_loss::ClassLoss::forward_linear), or in any case for
/// padded batches. It says nothing about one choice being right: for that there is [`TokenAccuracyMetric`].
///
/// - NaN: before the first token; for a NaN among the log-probabilities, with a warning
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss::{CrossEntropyLossConfig, LinearHead};
/// use burn_loss_metrics::{PerplexityMetric, TokenBatch};
///
/// # let progress = Progress { items_processed: 2, items_total: 2 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let loss = CrossEntropyLossConfig::new().with_ignore_index(Some(-100)).init::<NdArray>(&device);
/// let head = LinearHead::new(Tensor::zeros([4, 8], &device), None);
/// let mut metric = PerplexityMetric::new();
/// for targets in [[3, -100], [1, 2]] {
///     let hidden = Tensor::<NdArray, 2>::ones([2, 4], &device);
///     let targets = Tensor::<NdArray, 1, Int>::from_ints(targets, &device);
///     let output = loss.forward_linear_with_predictions(hidden, &head, targets);
///     metric.update(&TokenBatch::new(output), &metadata);
/// }
/// // Nothing is known of any of the three tokens: one of eight, evenly.
/// assert!((metric.running_value().current() - 8.0).abs() < 1e-5);
/// assert_eq!(metric.name().as_str(), "Perplexity");
/// ```
pub type PerplexityMetric = EpochMetric<Perplexity>;

/// The share of tokens over the epoch whose class had the highest logit, in `[0, 1]`; of the tokens that count, and not of
/// padding. Keeps two counts.
///
/// Take it beside [`PerplexityMetric`], to see how often the model's first choice is right. To judge probabilities, the
/// perplexity says more: it still moves where the first choice does not.
///
/// - NaN: before the first token
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{TokenAccuracyMetric, TokenBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [5.0, 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, -100], &device);
/// let mut metric = TokenAccuracyMetric::new();
/// metric.update(&TokenBatch::of_logits(logits, targets, Some(-100)), &metadata);
/// assert_eq!(metric.running_value().current(), 2.0 / 3.0);
/// assert_eq!(metric.name().as_str(), "Token accuracy");
/// ```
pub type TokenAccuracyMetric = EpochMetric<TokenAccuracy>;

/// What a batch's tokens come to, on the host: their log-probabilities, how many were predicted, how many there are; and the
/// loss of the batch.
///
/// A [`LinearOutput`] makes one. It is an output for `SupervisedTraining` itself: [`PerplexityMetric`], [`TokenAccuracyMetric`]
/// and, for a loss that is a mean over the tokens, [`MeanLossMetric`](crate::MeanLossMetric) take it. For an output type of your
/// own, implement `Adaptor<TokenBatch>`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{CrossEntropyLossConfig, LinearHead};
/// use burn_loss_metrics::TokenBatch;
///
/// let device = Default::default();
/// let loss = CrossEntropyLossConfig::new().with_ignore_index(Some(-100)).init::<NdArray>(&device);
/// let head = LinearHead::new(Tensor::zeros([4, 8], &device), None);
/// let hidden = Tensor::<NdArray, 3>::ones([1, 3, 4], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 5, -100]], &device);
/// let batch = TokenBatch::new(loss.forward_linear_with_predictions(hidden, &head, targets));
/// assert_eq!(batch.tokens(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TokenBatch {
    loss: f64,
    log_prob_sum: f64,
    correct: usize,
    tokens: usize,
}

impl TokenBatch {
    /// Takes what a linear head and its loss give; ignored rows do not count.
    pub fn new<B: Backend, const T: usize>(output: LinearOutput<B, T>) -> Self {
        let predicted = host::integers(output.predicted);
        let log_probs = host::numbers(output.log_probs);
        let correct = host::integers(output.correct.int());
        // Ignored rows have no class; nor has one of NaN, which counts.
        let counted = |row: &usize| predicted[*row] >= 0 || log_probs[*row].is_nan();
        let rows: Vec<usize> = (0..predicted.len()).filter(counted).collect();
        Self {
            loss: number(output.loss),
            log_prob_sum: rows.iter().map(|&row| log_probs[row]).sum(),
            correct: rows.iter().filter(|&&row| correct[row] != 0).count(),
            tokens: rows.len(),
        }
    }

    /// Takes logits `[M, C]` and targets `[M]`, where logits are held anyway; rows whose target is one of `ignore_indices` do not
    /// count: none, `Some` of one, or several. Its loss is the mean cross entropy; [`with_loss`](Self::with_loss) sets another.
    ///
    /// # Panics
    ///
    /// If logits and targets do not fit, or, on NdArray and Flex, if a target is neither a class nor ignored.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::TokenBatch;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([3, 8], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 5, -100], &device);
    /// assert_eq!(TokenBatch::of_logits(logits.clone(), targets.clone(), Some(-100)).tokens(), 2);
    /// assert_eq!(TokenBatch::of_logits(logits, targets, [-100, 0]).tokens(), 1);
    /// ```
    #[track_caller]
    pub fn of_logits<B: LossBackend>(
        logits: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
        ignore_indices: impl IntoIterator<Item = i64>,
    ) -> Self {
        let ignored: Vec<i64> = ignore_indices.into_iter().collect();
        let logits = logits.detach();
        let predicted = host::integers(logits.clone().argmax(1));
        let classes = host::integers(targets.clone());
        let losses = CrossEntropyLossConfig::new()
            .with_ignore_indices(ignored.clone())
            .init(&logits.device())
            .forward_no_reduction(logits, targets);
        let rows = predicted.iter().zip(&classes);
        let counted = rows.filter(|(_, class)| !ignored.contains(class));
        let tokens = counted.clone().count();
        let correct = counted.filter(|(predicted, class)| predicted == class);
        // Ignored rows have the loss 0.
        let sum: f64 = host::numbers(losses).iter().sum();
        Self {
            loss: sum / tokens as f64,
            log_prob_sum: -sum,
            correct: correct.count(),
            tokens,
        }
    }

    /// Says what the loss `[1]` of the batch was, a mean over its tokens.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// # use burn::train::metric::Adaptor;
    /// use burn_loss_metrics::{LossBatch, TokenBatch};
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([3, 8], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 5, -100], &device);
    /// let smoothed = Tensor::<NdArray, 1>::from_floats([1.5], &device);
    /// let batch = TokenBatch::of_logits(logits, targets, Some(-100)).with_loss(smoothed.clone());
    /// let loss: LossBatch = batch.adapt();
    /// assert_eq!(loss, LossBatch::new(smoothed, 2));
    /// ```
    pub fn with_loss<B: Backend>(self, loss: Tensor<B, 1>) -> Self {
        let loss = number(loss);
        Self { loss, ..self }
    }

    /// The number of tokens that count.
    pub fn tokens(&self) -> usize {
        self.tokens
    }
}

/// NaN for a loss that is not one number: what makes the mean of the epoch undefined.
fn number<B: Backend>(loss: Tensor<B, 1>) -> f64 {
    match host::numbers(loss).as_slice() {
        [loss] => *loss,
        _ => f64::NAN,
    }
}

impl ItemLazy for TokenBatch {
    type ItemSync = Self;

    fn sync(self) -> Self {
        self
    }
}

impl Adaptor<TokenBatch> for TokenBatch {
    fn adapt(&self) -> TokenBatch {
        self.clone()
    }
}

impl Adaptor<LossBatch> for TokenBatch {
    fn adapt(&self) -> LossBatch {
        LossBatch::of_mean(self.loss, self.tokens)
    }
}

/// The epoch's sum of log-probabilities.
#[derive(Clone, Debug, Default)]
pub struct Perplexity {
    log_prob_sum: f64,
    tokens: usize,
}

impl Accumulator for Perplexity {
    type Batch = TokenBatch;

    fn name(&self) -> String {
        "Perplexity".into()
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn add(&mut self, batch: &TokenBatch) -> Result<(), String> {
        if batch.log_prob_sum.is_nan() {
            return Err("a log-probability is NaN".into());
        }
        self.log_prob_sum += batch.log_prob_sum;
        self.tokens += batch.tokens;
        Ok(())
    }

    fn examples(&self) -> usize {
        self.tokens
    }

    fn value(&self) -> f64 {
        (-self.log_prob_sum / self.tokens as f64).exp()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The epoch's tokens, and how many of them were predicted.
#[derive(Clone, Debug, Default)]
pub struct TokenAccuracy {
    correct: usize,
    tokens: usize,
}

impl Accumulator for TokenAccuracy {
    type Batch = TokenBatch;

    fn name(&self) -> String {
        "Token accuracy".into()
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn add(&mut self, batch: &TokenBatch) -> Result<(), String> {
        self.correct += batch.correct;
        self.tokens += batch.tokens;
        Ok(())
    }

    fn examples(&self) -> usize {
        self.tokens
    }

    fn value(&self) -> f64 {
        self.correct as f64 / self.tokens as f64
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}
