//! Metrics of decisions over the epoch: the confusion matrix is all that they keep.

use super::accumulator::Accumulator;
use super::batch::{Blocks, ClassificationBatch, ModelOutput, Read, Reading};
use super::epoch_metric::EpochMetric;
use super::options::{ReadsOutputs, named, same_number, threshold_option};
use crate::check;
use crate::classification::{
    BinaryScores, ClassificationReport, ConfusionMatrix, KappaWeights, SampleSums, Top, add_labels,
};

/// The Matthews correlation coefficient over the epoch, as [`matthews_corrcoef`](crate::matthews_corrcoef).
///
/// The prediction is the class with the highest output; of one output or of labels, yes from a probability of 0.5 on
/// ([`with_threshold`](EpochMetric::with_threshold)), and of labels the value is the mean of each label's. Keeps the
/// confusion matrix, C x C counts (of labels, 4 counts each).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, MatthewsMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 1, 1, 0], &device);
/// let mut metric = MatthewsMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert!((metric.running_value().current() + 1.0 / 3.0).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "MCC");
/// ```
pub type MatthewsMetric = EpochMetric<Decided<Matthews>>;

/// Cohen's kappa over the epoch, as [`cohen_kappa`](crate::cohen_kappa); decisions and memory as [`MatthewsMetric`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, CohenKappaMetric, KappaWeights};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 1, 1, 0], &device);
/// let mut metric = CohenKappaMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert!((metric.running_value().current() + 1.0 / 3.0).abs() < 1e-12);
///
/// let weighted = CohenKappaMetric::new().with_weights(KappaWeights::Quadratic);
/// assert_eq!(weighted.name().as_str(), "Cohen kappa (quadratic)");
/// ```
pub type CohenKappaMetric = EpochMetric<Decided<Kappa>>;

/// The balanced accuracy over the epoch, as [`balanced_accuracy`](crate::balanced_accuracy); decisions and memory as
/// [`MatthewsMetric`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, BalancedAccuracyMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[2.0, 1.0], [1.0, 0.0], [3.0, 1.0], [2.0, 1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 0, 1], &device);
/// let mut metric = BalancedAccuracyMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// // Accuracy would say 0.75.
/// assert_eq!(metric.running_value().current(), 0.5);
/// assert_eq!(metric.name().as_str(), "Balanced accuracy");
/// ```
pub type BalancedAccuracyMetric = EpochMetric<Decided<BalancedAccuracy>>;

/// What is computed from a confusion matrix.
pub trait DecisionStatistic: Clone + Default + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// An option that is not the default, for the name.
    fn option(&self) -> Option<&'static str> {
        None
    }

    /// The value of a matrix.
    fn value(&self, matrix: &ConfusionMatrix) -> f64;
}

/// The Matthews correlation coefficient.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Matthews;

impl DecisionStatistic for Matthews {
    const NAME: &str = "MCC";

    fn value(&self, matrix: &ConfusionMatrix) -> f64 {
        matrix.matthews_corrcoef()
    }
}

/// Cohen's kappa.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kappa(KappaWeights);

impl DecisionStatistic for Kappa {
    const NAME: &str = "Cohen kappa";

    fn option(&self) -> Option<&'static str> {
        match self.0 {
            KappaWeights::None => None,
            KappaWeights::Linear => Some("linear"),
            KappaWeights::Quadratic => Some("quadratic"),
        }
    }

    fn value(&self, matrix: &ConfusionMatrix) -> f64 {
        matrix.cohen_kappa(self.0)
    }
}

/// The balanced accuracy.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BalancedAccuracy;

impl DecisionStatistic for BalancedAccuracy {
    const NAME: &str = "Balanced accuracy";

    fn value(&self, matrix: &ConfusionMatrix) -> f64 {
        matrix.balanced_accuracy()
    }
}

/// From which probability on a yes is said by default.
const THRESHOLD: f64 = 0.5;

/// The confusion matrix of the epoch's classes, or one for each label.
#[derive(Clone, Debug)]
pub struct Decisions {
    pub(crate) reading: Reading,
    pub(crate) threshold: f64,
    pub(crate) matrices: Vec<ConfusionMatrix>,
    /// Of several labels: how well each example was decided.
    samples: Option<SampleSums>,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            reading: Reading::default(),
            threshold: THRESHOLD,
            matrices: Vec::new(),
            samples: None,
        }
    }
}

/// The logit from which on the probability is at least the threshold: the probability itself rounds to 1 from 37 on.
fn least_logit(threshold: f64) -> f64 {
    match threshold.is_infinite() {
        true => threshold,
        false => (threshold / (1.0 - threshold)).ln(),
    }
}

impl Decisions {
    /// Sets the threshold of the metric with a name.
    #[track_caller]
    pub(crate) fn set_threshold(&mut self, metric: &str, threshold: f64) {
        let valid = (0.0..=1.0).contains(&threshold) || threshold == f64::INFINITY;
        let expected = "in [0, 1] or infinite";
        let checked = check::setting(valid, "threshold", expected, threshold);
        check::or_panic(metric, checked);
        self.threshold = threshold;
    }

    /// The options that are not the default, for a metric's name.
    pub(crate) fn options(&self) -> impl Iterator<Item = String> + use<> {
        let threshold = self.threshold;
        let threshold = (threshold != THRESHOLD).then(|| format!("threshold {threshold}"));
        threshold.into_iter().chain(self.reading.options())
    }

    pub(crate) fn add(&mut self, batch: &ClassificationBatch) -> Result<(), String> {
        // Of logits as they are: probabilities are rounded, and near ones become equal.
        match batch.read(&self.reading)? {
            Read::Classes(_, tops) => self.add_classes(batch.columns(), &tops),
            Read::Labels(blocks) => self.add_labels(batch.columns(), blocks),
        }
    }

    fn add_classes(&mut self, columns: usize, tops: &[Top]) -> Result<(), String> {
        if self.matrices.is_empty() {
            self.matrices = vec![ConfusionMatrix::checked(columns)?];
        }
        same_number(self.matrices[0].num_classes(), columns)?;
        for top in tops {
            self.matrices[0].add(top.class, top.predicted);
        }
        Ok(())
    }

    fn add_labels(
        &mut self,
        columns: usize,
        blocks: Blocks<'_, BinaryScores>,
    ) -> Result<(), String> {
        if self.matrices.is_empty() {
            self.matrices = vec![ConfusionMatrix::new(2); columns];
            self.samples = (columns > 1).then(SampleSums::default);
        }
        same_number(self.matrices.len(), columns)?;
        let least = match self.reading.model_output {
            ModelOutput::Logits => least_logit(self.threshold),
            ModelOutput::Probabilities => self.threshold,
        };
        for block in blocks {
            let BinaryScores { scores, positive } = block?;
            let decided: Vec<bool> = scores.into_iter().map(|score| score >= least).collect();
            let samples = self.samples.as_mut();
            add_labels(&mut self.matrices, samples, &decided, &positive);
        }
        Ok(())
    }

    pub(crate) fn examples(&self) -> usize {
        self.matrices.first().map_or(0, ConfusionMatrix::total)
    }

    pub(crate) fn report(&self) -> ClassificationReport {
        match (&self.samples, self.matrices.first()) {
            (Some(samples), _) => ClassificationReport::of_labels(&self.matrices, *samples),
            (None, Some(matrix)) => matrix.report(),
            (None, None) => ConfusionMatrix::new(0).report(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.matrices.clear();
        self.samples = None;
    }
}

/// A statistic of the epoch's decisions.
#[derive(Clone, Debug, Default)]
pub struct Decided<S> {
    statistic: S,
    decisions: Decisions,
}

impl<S: DecisionStatistic> Accumulator for Decided<S> {
    type Batch = ClassificationBatch;

    fn name(&self) -> String {
        let options = self.statistic.option().map(str::to_string);
        let options = options.into_iter().chain(self.decisions.options());
        named(S::NAME, options)
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn add(&mut self, batch: &ClassificationBatch) -> Result<(), String> {
        self.decisions.add(batch)
    }

    fn examples(&self) -> usize {
        self.decisions.examples()
    }

    fn value(&self) -> f64 {
        let matrices = &self.decisions.matrices;
        let values = matrices.iter().map(|matrix| self.statistic.value(matrix));
        values.sum::<f64>() / matrices.len() as f64
    }

    fn clear(&mut self) {
        self.decisions.clear();
    }
}

/// An accumulator that decides.
pub trait Decides {
    /// What it decides with, and has decided.
    fn decisions(&mut self) -> &mut Decisions;
}

impl<S> Decides for Decided<S> {
    fn decisions(&mut self) -> &mut Decisions {
        &mut self.decisions
    }
}

impl<S: DecisionStatistic> ReadsOutputs for Decided<S> {
    fn reading(&mut self) -> &mut Reading {
        &mut self.decisions.reading
    }
}

impl<A: Accumulator + Decides> EpochMetric<A> {
    threshold_option!("MatthewsMetric", "MCC", metric => metric.accumulator.decisions());
}

impl CohenKappaMetric {
    /// Says how much a disagreement counts. Default: 1.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    /// use burn_loss_metrics::{CohenKappaMetric, KappaWeights};
    ///
    /// let metric = CohenKappaMetric::new().with_weights(KappaWeights::Linear);
    /// assert_eq!(metric.name().as_str(), "Cohen kappa (linear)");
    /// ```
    pub fn with_weights(mut self, weights: KappaWeights) -> Self {
        self.accumulator.statistic.0 = weights;
        self
    }
}
