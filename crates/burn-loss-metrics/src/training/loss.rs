//! The loss of an epoch: the mean over its examples, however they were cut into batches.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn::train::metric::Adaptor;
use burn::train::{ClassificationOutput, MultiLabelClassificationOutput, RegressionOutput};

use super::accumulator::Accumulator;
use super::epoch_metric::EpochMetric;
use crate::{check, host};

/// The training or validation loss over the epoch: the mean over its examples, `sum_b n_b loss_b / sum_b n_b` with the mean
/// losses of the batches and their examples.
///
/// Takes the place of Burn's `LossMetric`, whose value of an epoch is the mean over the batches: there the 8 examples of a
/// last batch weigh as much as the 128 of any other. The name is the same, `Loss`, so that summaries, early stopping and
/// checkpoints find it, whatever the options: use one of the two.
///
/// - For a loss that is a mean: Burn's `ClassificationOutput`, `MultiLabelClassificationOutput` and `RegressionOutput` bring
///   `[1]`, the mean over the batch, or `[N]`, the losses themselves.
/// - A mean of rows that count, or one that divides by class weights, needs the loss's own
///   [`with_ignore_index`](EpochMetric::with_ignore_index) and [`with_class_weights`](EpochMetric::with_class_weights)
///   here, too. A loss that is a sum is not for it.
/// - NaN: for no examples; for a NaN among the losses, with a warning
/// - Keeps a sum and two counts.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// use burn::train::metric::{Metric, MetricMetadata, Numeric};
/// use burn_loss_metrics::{LossBatch, MeanLossMetric};
///
/// let mut metric = MeanLossMetric::new();
/// let device = Default::default();
/// // Three examples with a mean loss of 0.5, then one with 2.5.
/// for (loss, examples, seen) in [(0.5, 3, 3), (2.5, 1, 4)] {
///     let batch = LossBatch::new(Tensor::<NdArray, 1>::from_floats([loss], &device), examples);
///     let progress = Progress { items_processed: seen, items_total: 4 };
///     let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
///     metric.update(&batch, &metadata);
/// }
/// // Not 1.5, the mean of the batches.
/// assert_eq!(metric.running_value().current(), 1.0);
/// assert_eq!(metric.name().as_str(), "Loss");
/// ```
pub type MeanLossMetric = EpochMetric<MeanLoss>;

/// The loss of a batch and the number of its examples, on the host.
///
/// Burn's `ClassificationOutput`, `MultiLabelClassificationOutput` and `RegressionOutput` give one. For an output type of
/// your own, implement `Adaptor<LossBatch>`.
///
/// # Example
///
/// ```
/// use burn::tensor::Tensor;
/// use burn::tensor::backend::Backend;
/// use burn::train::metric::Adaptor;
/// use burn_loss_metrics::LossBatch;
///
/// struct MyOutput<B: Backend> {
///     loss: Tensor<B, 1>,
///     generated: Tensor<B, 3>,
/// }
///
/// impl<B: Backend> Adaptor<LossBatch> for MyOutput<B> {
///     fn adapt(&self) -> LossBatch {
///         LossBatch::new(self.loss.clone(), self.generated.dims()[0])
///     }
/// }
/// # let loss = Tensor::<burn::backend::NdArray, 1>::zeros([1], &Default::default());
/// # let generated = Tensor::zeros([2, 3, 4], &Default::default());
/// # let batch: LossBatch = MyOutput { loss, generated }.adapt();
/// # assert_eq!(batch.examples(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LossBatch {
    losses: Vec<f64>,
    examples: usize,
    /// For losses of one of several classes.
    targets: Option<Vec<i64>>,
    /// What the loss is the sum of.
    parts: Vec<(String, f64)>,
}

impl LossBatch {
    /// Takes the mean loss, `[1]`, of so many examples, or their losses, `[N]`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss_metrics::LossBatch;
    ///
    /// let loss = Tensor::<NdArray, 1>::from_floats([0.25], &Default::default());
    /// assert_eq!(LossBatch::new(loss, 64).examples(), 64);
    /// ```
    pub fn new<B: Backend>(loss: Tensor<B, 1>, examples: usize) -> Self {
        Self {
            losses: host::numbers(loss),
            examples,
            targets: None,
            parts: Vec::new(),
        }
    }

    /// Takes the mean loss, `[1]`, of rows with these classes, or their losses, `[N]`; the classes say which rows count,
    /// and how much. Of one row, `[1]` is taken for the mean, which with class weights is not the row's own loss.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::LossBatch;
    ///
    /// let device = Default::default();
    /// let loss = Tensor::<NdArray, 1>::from_floats([0.25], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([2, 0, -100], &device);
    /// assert_eq!(LossBatch::of_classes(loss, targets).examples(), 3);
    /// ```
    pub fn of_classes<B: Backend>(loss: Tensor<B, 1>, targets: Tensor<B, 1, Int>) -> Self {
        let [examples] = targets.dims();
        Self {
            targets: Some(host::integers(targets)),
            ..Self::new(loss, examples)
        }
    }

    /// Adds the losses that the loss is a sum of, each a mean with its name, as `burn_loss::LossParts::values` gives them, for
    /// [`MeanLossMetric::of_part`](EpochMetric::of_part).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn::tensor::backend::Backend;
    /// use burn::train::metric::Adaptor;
    /// use burn_loss::LossParts;
    /// use burn_loss_metrics::LossBatch;
    ///
    /// /// What a training step of two heads gives to the learner.
    /// struct TwoHeads<B: Backend> {
    ///     losses: LossParts<B>,
    ///     examples: usize,
    /// }
    ///
    /// impl<B: Backend> Adaptor<LossBatch> for TwoHeads<B> {
    ///     fn adapt(&self) -> LossBatch {
    ///         LossBatch::new(self.losses.total(), self.examples).with_parts(self.losses.values())
    ///     }
    /// }
    ///
    /// let number = |x: f32| Tensor::<burn::backend::NdArray, 1>::from_floats([x], &Default::default());
    /// let losses = LossParts::new().with("classes", number(0.5), 1.0).with("boxes", number(2.0), 0.1);
    /// let batch: LossBatch = TwoHeads { losses, examples: 64 }.adapt();
    /// assert_eq!(batch.examples(), 64);
    /// ```
    pub fn with_parts(mut self, parts: impl IntoIterator<Item = (String, f64)>) -> Self {
        self.parts.extend(parts);
        self
    }

    /// The losses that a metric of this part counts, or of the whole.
    fn losses(&self, part: Option<&str>) -> Result<&[f64], String> {
        let Some(name) = part else {
            return Ok(&self.losses);
        };
        let of_name = self.parts.iter().find(|part| part.0 == name);
        of_name
            .map(|part| std::slice::from_ref(&part.1))
            .ok_or_else(|| {
                let names: Vec<_> = self.parts.iter().map(|part| &part.0).collect();
                format!("expected a part `{name}` of the loss, got {names:?}")
            })
    }

    /// A mean that is on the host already.
    pub(crate) fn of_mean(loss: f64, examples: usize) -> Self {
        Self {
            losses: vec![loss],
            examples,
            targets: None,
            parts: Vec::new(),
        }
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.examples
    }
}

impl<B: Backend> Adaptor<LossBatch> for ClassificationOutput<B> {
    fn adapt(&self) -> LossBatch {
        LossBatch::of_classes(self.loss.clone(), self.targets.clone())
    }
}

impl<B: Backend> Adaptor<LossBatch> for MultiLabelClassificationOutput<B> {
    fn adapt(&self) -> LossBatch {
        LossBatch::new(self.loss.clone(), self.targets.dims()[0])
    }
}

impl<B: Backend> Adaptor<LossBatch> for RegressionOutput<B> {
    fn adapt(&self) -> LossBatch {
        LossBatch::new(self.loss.clone(), self.targets.dims()[0])
    }
}

/// The epoch's sum of losses.
#[derive(Clone, Debug, Default)]
pub struct MeanLoss {
    /// Which part of the loss; the whole if that is absent.
    part: Option<String>,
    ignore_index: Option<i64>,
    class_weights: Option<Vec<f64>>,
    sum: f64,
    /// What the sum is divided by: the examples, or the weights of their classes.
    weight: f64,
    examples: usize,
}

impl MeanLoss {
    /// How much each example counts in the mean, and whether it counts at all.
    fn weights(&self, batch: &LossBatch) -> Result<Vec<Option<f64>>, String> {
        let Some(targets) = &batch.targets else {
            return Ok(vec![Some(1.0); batch.examples]);
        };
        let counts = |target: i64| Some(target) != self.ignore_index;
        let Some(class_weights) = &self.class_weights else {
            let weight = |&target: &i64| counts(target).then_some(1.0);
            return Ok(targets.iter().map(weight).collect());
        };
        let weight = |(row, &target): (usize, &i64)| match counts(target) {
            true => check::class("targets", row, target, class_weights.len())
                .map(|class| Some(class_weights[class])),
            false => Ok(None),
        };
        targets.iter().enumerate().map(weight).collect()
    }
}

impl Accumulator for MeanLoss {
    type Batch = LossBatch;

    fn name(&self) -> String {
        match &self.part {
            Some(part) => format!("Loss: {part}"),
            None => "Loss".into(),
        }
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn add(&mut self, batch: &LossBatch) -> Result<(), String> {
        let weights = self.weights(batch)?;
        let weight: f64 = weights.iter().flatten().sum();
        if weight == 0.0 {
            // The batch's mean is that of nothing, which is NaN.
            return Ok(());
        }
        let sum = match batch.losses(self.part.as_deref())? {
            [mean] => mean * weight,
            // A class's weight is in its loss.
            losses if losses.len() == batch.examples => {
                let rows = losses.iter().zip(&weights);
                rows.filter_map(|(loss, weight)| weight.map(|_| loss)).sum()
            }
            losses => {
                return Err(format!(
                    "expected `loss` of shape [1] or [{}], got [{}]",
                    batch.examples,
                    losses.len()
                ));
            }
        };
        if sum.is_nan() {
            return Err("the loss is NaN".into());
        }
        self.sum += sum;
        self.weight += weight;
        self.examples += weights.iter().flatten().count();
        Ok(())
    }

    fn examples(&self) -> usize {
        self.examples
    }

    fn value(&self) -> f64 {
        self.sum / self.weight
    }

    fn clear(&mut self) {
        (self.sum, self.weight, self.examples) = (0.0, 0.0, 0);
    }
}

impl MeanLossMetric {
    /// The mean over the epoch of one part of the loss, by its name, beside the one of the whole: the batches bring it by
    /// [`LossBatch::with_parts`]. Its own name is `Loss: ` and the part's. A batch without it makes the epoch's value NaN, with a
    /// warning.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::data::dataloader::Progress;
    /// use burn::tensor::Tensor;
    /// use burn::train::metric::{Metric, MetricMetadata, Numeric};
    /// use burn_loss_metrics::{LossBatch, MeanLossMetric};
    ///
    /// let mut metric = MeanLossMetric::of_part("boxes");
    /// let total = Tensor::<NdArray, 1>::from_floats([0.7], &Default::default());
    /// let parts = [("classes".to_string(), 0.5), ("boxes".to_string(), 2.0)];
    /// let progress = Progress { items_processed: 64, items_total: 64 };
    /// let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
    /// metric.update(&LossBatch::new(total, 64).with_parts(parts), &metadata);
    /// assert_eq!(metric.name().as_str(), "Loss: boxes");
    /// assert_eq!(metric.running_value().current(), 2.0);
    /// ```
    pub fn of_part(name: impl Into<String>) -> Self {
        let mut metric = Self::new();
        metric.accumulator.part = Some(name.into());
        metric
    }

    /// Leaves rows with this target out of the count, as the loss with the same `ignore_index` does. Default: none. For
    /// losses of one of several classes.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    /// use burn_loss_metrics::MeanLossMetric;
    ///
    /// let metric = MeanLossMetric::new().with_ignore_index(Some(-100));
    /// assert_eq!(metric.name().as_str(), "Loss");
    /// ```
    pub fn with_ignore_index(mut self, ignore_index: Option<i64>) -> Self {
        self.accumulator.ignore_index = ignore_index;
        self
    }

    /// Says by which class weights the loss's mean divides. Default: none, it divides by the number of examples. For
    /// losses of one of several classes.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    /// use burn_loss_metrics::MeanLossMetric;
    ///
    /// let metric = MeanLossMetric::new().with_class_weights(Some(vec![1.0, 10.0]));
    /// assert_eq!(metric.name().as_str(), "Loss");
    /// ```
    pub fn with_class_weights(mut self, class_weights: Option<Vec<f32>>) -> Self {
        let wide = |weights: Vec<f32>| weights.into_iter().map(f64::from).collect();
        self.accumulator.class_weights = class_weights.map(wide);
        self
    }
}
