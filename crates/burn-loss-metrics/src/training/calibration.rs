//! Calibration errors of an epoch.

use std::marker::PhantomData;

use super::accumulator::Accumulator;
use super::batch::{ClassificationBatch, ModelOutput, Read, Reading, sigmoid};
use super::epoch_metric::EpochMetric;
use super::options::{CAPACITY, KeepsExamples, ReadsOutputs, named, within_capacity};
use crate::classification::BinaryScores;
use crate::curves::{BinSum, Bins, Reliability, fill, of_scores, of_sums};

/// The expected calibration error over the epoch: of classes,
/// [`expected_calibration_error_multiclass`](crate::expected_calibration_error_multiclass); of one output,
/// [`expected_calibration_error`](crate::expected_calibration_error); of labels, the same of all labels together.
///
/// With equal-width bins it keeps three numbers a bin. With equal-mass bins it keeps an example's highest probability (of
/// labels, every probability), 9 bytes each, by default up to 8,388,608 of them, 72 MiB, and half of that again for the
/// moment in which the room for them grows; while it looks for the bins' edges, 8 bytes each more. With more, the value is
/// NaN; see [`with_capacity`](EpochMetric::with_capacity).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, ExpectedCalibrationErrorMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0], [0.0], [0.0], [0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// let mut metric = ExpectedCalibrationErrorMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// // Says 0.5, and it is so in 0.75.
/// assert_eq!(metric.running_value().current(), 0.25);
/// assert_eq!(metric.name().as_str(), "ECE");
/// ```
pub type ExpectedCalibrationErrorMetric = EpochMetric<Calibration<Expected>>;

/// The maximum calibration error over the epoch, as [`ExpectedCalibrationErrorMetric`] but for
/// [`maximum_calibration_error`](crate::maximum_calibration_error).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{Bins, ClassificationBatch, MaximumCalibrationErrorMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0], [0.0], [0.0], [0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// let mut metric = MaximumCalibrationErrorMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// // Says 0.5, and it is so in 0.75.
/// assert_eq!(metric.running_value().current(), 0.25);
///
/// let other = MaximumCalibrationErrorMetric::new().with_bins(Bins::EqualMass(10));
/// assert_eq!(other.name().as_str(), "MCE (10 equal-mass bins)");
/// ```
pub type MaximumCalibrationErrorMetric = EpochMetric<Calibration<Maximum>>;

/// What is computed from a reliability diagram.
pub trait CalibrationStatistic: Clone + Default + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// The value of a diagram.
    fn value(diagram: &Reliability) -> f64;
}

/// The expected calibration error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected;

impl CalibrationStatistic for Expected {
    const NAME: &str = "ECE";

    fn value(diagram: &Reliability) -> f64 {
        diagram.expected_calibration_error()
    }
}

/// The maximum calibration error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Maximum;

impl CalibrationStatistic for Maximum {
    const NAME: &str = "MCE";

    fn value(diagram: &Reliability) -> f64 {
        diagram.maximum_calibration_error()
    }
}

/// The bins of the epoch, or what they will be made of.
#[derive(Clone, Debug)]
pub struct Calibration<S> {
    statistic: PhantomData<S>,
    bins: Bins,
    reading: Reading,
    capacity: usize,
    examples: usize,
    /// For equal-width bins, whose edges are known.
    sums: Vec<BinSum>,
    /// For equal-mass bins, whose edges are known at the end.
    scores: BinaryScores,
}

impl<S> Default for Calibration<S> {
    fn default() -> Self {
        Self {
            statistic: PhantomData,
            bins: Bins::default(),
            reading: Reading::default(),
            capacity: CAPACITY,
            examples: 0,
            sums: Vec::new(),
            scores: BinaryScores::default(),
        }
    }
}

impl<S: CalibrationStatistic> Calibration<S> {
    fn add_confidences(&mut self, confidences: &BinaryScores) -> Result<(), String> {
        match self.bins {
            Bins::EqualWidth(count) => {
                self.sums.resize(count, BinSum::default());
                fill(&mut self.sums, &self.bins.edges(&[]), confidences);
            }
            Bins::EqualMass(_) => {
                within_capacity(self.scores.len() + confidences.len(), self.capacity)
                    .inspect_err(|_| self.clear())?;
                self.scores.append(confidences, self.capacity);
            }
        }
        self.examples += confidences.len();
        Ok(())
    }
}

impl<S: CalibrationStatistic> Accumulator for Calibration<S> {
    type Batch = ClassificationBatch;

    fn name(&self) -> String {
        let bins = match self.bins {
            bins if bins == Bins::default() => None,
            Bins::EqualWidth(count) => Some(format!("{count} equal-width bins")),
            Bins::EqualMass(count) => Some(format!("{count} equal-mass bins")),
        };
        named(S::NAME, bins.into_iter().chain(self.reading.options()))
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn add(&mut self, batch: &ClassificationBatch) -> Result<(), String> {
        let model_output = self.reading.model_output;
        match batch.read(&self.reading)? {
            Read::Classes(rows, tops) => {
                self.add_confidences(&rows.confidences(&tops, model_output))
            }
            Read::Labels(mut blocks) => blocks.try_for_each(|block| {
                let mut labels = block?;
                if model_output == ModelOutput::Logits {
                    let scores = labels.scores.iter_mut();
                    scores.for_each(|score| *score = sigmoid(*score));
                }
                self.add_confidences(&labels)
            }),
        }
    }

    fn examples(&self) -> usize {
        self.examples
    }

    fn value(&self) -> f64 {
        S::value(&match self.bins {
            Bins::EqualWidth(_) => of_sums(&self.sums, &self.bins.edges(&[])),
            Bins::EqualMass(_) => of_scores(&self.scores, self.bins),
        })
    }

    fn clear(&mut self) {
        self.examples = 0;
        self.sums.clear();
        self.scores = BinaryScores::default();
    }

    fn numbers_kept(&self) -> usize {
        self.scores.len()
    }
}

impl<S: CalibrationStatistic> ReadsOutputs for Calibration<S> {
    fn reading(&mut self) -> &mut Reading {
        &mut self.reading
    }
}

impl<S: CalibrationStatistic> KeepsExamples for Calibration<S> {
    fn capacity(&mut self) -> &mut usize {
        &mut self.capacity
    }
}

impl<S: CalibrationStatistic> EpochMetric<Calibration<S>> {
    /// Says which bins. Default: 15 of equal width.
    ///
    /// # Panics
    ///
    /// If there are 0 bins.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    /// use burn_loss_metrics::{Bins, ExpectedCalibrationErrorMetric};
    ///
    /// let metric = ExpectedCalibrationErrorMetric::new().with_bins(Bins::EqualWidth(10));
    /// assert_eq!(metric.name().as_str(), "ECE (10 equal-width bins)");
    /// ```
    #[track_caller]
    pub fn with_bins(mut self, bins: Bins) -> Self {
        crate::check::or_panic(S::NAME, bins.check());
        self.accumulator.bins = bins;
        self
    }
}
