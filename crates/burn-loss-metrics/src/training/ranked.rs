//! ROC-AUC and average precision of an epoch: they need the order of all scores.

use std::marker::PhantomData;

use super::accumulator::Accumulator;
use super::batch::{ClassificationBatch, Reading};
use super::epoch_metric::EpochMetric;
use super::options::{CAPACITY, KeepsExamples, ReadsOutputs, named, same_number, within_capacity};
use crate::classification::{Average, BinaryScores, area_under_roc, average_precision_of};

/// ROC-AUC over the epoch: [`roc_auc`](crate::roc_auc) of two classes or one output, of more classes
/// [`roc_auc_multiclass`](crate::roc_auc_multiclass), of labels [`roc_auc_multilabel`](crate::roc_auc_multilabel).
///
/// Logits are ranked by the odds that they give (one output and labels: themselves; of classes, each against the others),
/// which has the order of the probabilities without their ties at 0 and 1, where the functions on probabilities see ties.
///
/// Keeps every score of the epoch, 9 bytes each (an example has one, or one a class or label): by default up to
/// 8,388,608 scores, 72 MiB, and half of that again for the moment in which the room for them grows. While it ranks a
/// class, it takes 16 bytes an example. With more scores, the value is NaN; see
/// [`with_capacity`](EpochMetric::with_capacity).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, RocAucMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[-2.0], [0.5], [-1.0], [1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// let mut metric = RocAucMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert_eq!(metric.running_value().current(), 0.75);
/// assert_eq!(metric.name().as_str(), "ROC-AUC");
/// ```
pub type RocAucMetric = EpochMetric<Ranked<RocAuc>>;

/// Average precision over the epoch: [`average_precision`](crate::average_precision) of two classes or one output, of
/// more classes [`average_precision_multiclass`](crate::average_precision_multiclass), of labels
/// [`average_precision_multilabel`](crate::average_precision_multilabel).
///
/// Keeps every score of the epoch, as [`RocAucMetric`] does.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, AveragePrecisionMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[-2.0], [0.5], [-1.0], [1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// let mut metric = AveragePrecisionMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// // 1/2 * 1/1 + 1/2 * 2/3
/// assert!((metric.running_value().current() - 5.0 / 6.0).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "Average precision");
/// ```
pub type AveragePrecisionMetric = EpochMetric<Ranked<AveragePrecision>>;

/// What is computed from the ranks of scores.
pub trait RankStatistic: Clone + Default + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// The value of one yes-or-no question.
    fn value(question: &BinaryScores) -> f64;
}

/// The area under the ROC curve.
#[derive(Clone, Copy, Debug, Default)]
pub struct RocAuc;

impl RankStatistic for RocAuc {
    const NAME: &str = "ROC-AUC";

    fn value(question: &BinaryScores) -> f64 {
        area_under_roc(question)
    }
}

/// The average precision.
#[derive(Clone, Copy, Debug, Default)]
pub struct AveragePrecision;

impl RankStatistic for AveragePrecision {
    const NAME: &str = "Average precision";

    fn value(question: &BinaryScores) -> f64 {
        average_precision_of(question)
    }
}

/// All scores of the epoch, a yes-or-no question for each class or label.
#[derive(Clone, Debug)]
pub struct Ranked<S> {
    statistic: PhantomData<S>,
    average: Average,
    reading: Reading,
    capacity: usize,
    questions: Vec<BinaryScores>,
}

impl<S> Default for Ranked<S> {
    fn default() -> Self {
        Self {
            statistic: PhantomData,
            average: Average::Macro,
            reading: Reading::default(),
            capacity: CAPACITY,
            questions: Vec::new(),
        }
    }
}

impl<S: RankStatistic> Accumulator for Ranked<S> {
    type Batch = ClassificationBatch;

    fn name(&self) -> String {
        let weighted = (self.average == Average::Weighted).then(|| "weighted".to_string());
        named(S::NAME, weighted.into_iter().chain(self.reading.options()))
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn add(&mut self, batch: &ClassificationBatch) -> Result<(), String> {
        let blocks = batch.questions(&self.reading)?;
        let [examples, questions] = batch.sizes(&self.reading)?;
        if self.questions.is_empty() {
            self.questions = vec![BinaryScores::default(); questions];
        }
        same_number(self.questions.len(), questions)?;
        within_capacity(self.numbers_kept() + examples * questions, self.capacity)
            .inspect_err(|_| self.questions.clear())?;
        let most = self.capacity / questions.max(1);
        for block in blocks {
            for (kept, new) in self.questions.iter_mut().zip(&block?) {
                kept.append(new, most);
            }
        }
        Ok(())
    }

    fn examples(&self) -> usize {
        self.questions.first().map_or(0, BinaryScores::len)
    }

    fn value(&self) -> f64 {
        self.average.of(&self.questions, S::value)
    }

    fn clear(&mut self) {
        self.questions.clear();
    }

    fn numbers_kept(&self) -> usize {
        self.examples() * self.questions.len()
    }
}

impl<S: RankStatistic> ReadsOutputs for Ranked<S> {
    fn reading(&mut self) -> &mut Reading {
        &mut self.reading
    }
}

impl<S: RankStatistic> KeepsExamples for Ranked<S> {
    fn capacity(&mut self) -> &mut usize {
        &mut self.capacity
    }
}

impl<S: RankStatistic> EpochMetric<Ranked<S>> {
    /// Says how the values of several classes or labels become one. Default: their mean.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    /// use burn_loss_metrics::{Average, RocAucMetric};
    ///
    /// let metric = RocAucMetric::new().with_average(Average::Weighted);
    /// assert_eq!(metric.name().as_str(), "ROC-AUC (weighted)");
    /// ```
    pub fn with_average(mut self, average: Average) -> Self {
        self.accumulator.average = average;
        self
    }
}
