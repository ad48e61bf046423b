//! Options that several metrics share.

use super::accumulator::Accumulator;
use super::batch::{ClassificationBatch, Reading};
use super::epoch_metric::EpochMetric;

/// How many numbers a metric keeps by default: 8,388,608.
pub(crate) const CAPACITY: usize = 1 << 23;

/// An accumulator of a classifier's outputs.
pub trait ReadsOutputs: Accumulator<Batch = ClassificationBatch> {
    /// How it reads a batch.
    fn reading(&mut self) -> &mut Reading;
}

/// An accumulator that keeps numbers of every example.
pub trait KeepsExamples: Accumulator {
    /// How many it may keep.
    fn capacity(&mut self) -> &mut usize;
}

/// The options of how outputs are read, for an `impl` of metrics: of which one is the example, by its type and name.
macro_rules! output_options {
    ($type:literal, $name:literal, $metric:ident => $reading:expr) => {
        /// Says what the model's outputs are. Default: logits.
        ///
        /// # Example
        ///
        /// ```
        /// use burn::train::metric::Metric;
        #[doc = concat!("use burn_loss_metrics::{", $type, ", ModelOutput};")]
        ///
        #[doc = concat!("let metric = ", $type, "::new().with_model_output(ModelOutput::Probabilities);")]
        #[doc = concat!("assert_eq!(metric.name().as_str(), \"", $name, " (of probabilities)\");")]
        /// ```
        pub fn with_model_output(mut self, model_output: crate::ModelOutput) -> Self {
            let $metric = &mut self;
            $reading.model_output = model_output;
            self
        }

        /// Leaves rows with this target out, as a loss with the same `ignore_index` does. Default: none. For classes, not
        /// for labels.
        ///
        /// # Example
        ///
        /// ```
        /// use burn::train::metric::Metric;
        #[doc = concat!("use burn_loss_metrics::", $type, ";")]
        ///
        #[doc = concat!("let metric = ", $type, "::new().with_ignore_index(Some(-100));")]
        #[doc = concat!("assert_eq!(metric.name().as_str(), \"", $name, " (ignoring -100)\");")]
        /// ```
        pub fn with_ignore_index(mut self, ignore_index: Option<i64>) -> Self {
            let $metric = &mut self;
            $reading.ignore_index = ignore_index;
            self
        }
    };
}

/// The option of what is a yes, for an `impl` of metrics: of which one is the example, by its type and name.
macro_rules! threshold_option {
    ($type:literal, $name:literal, $metric:ident => $decisions:expr) => {
        /// Says from which probability on one output, or a label, is a yes, in `[0, 1]`; infinity, which
        /// [`best_threshold`](crate::best_threshold) may return, says yes to nothing. Default: 0.5. Of several classes, the
        /// highest output decides.
        ///
        /// # Panics
        ///
        /// If the threshold is neither in `[0, 1]` nor infinity.
        ///
        /// # Example
        ///
        /// ```
        /// use burn::train::metric::Metric;
        #[doc = concat!("use burn_loss_metrics::", $type, ";")]
        ///
        #[doc = concat!("let metric = ", $type, "::new().with_threshold(0.3);")]
        #[doc = concat!("assert_eq!(metric.name().as_str(), \"", $name, " (threshold 0.3)\");")]
        /// ```
        #[track_caller]
        pub fn with_threshold(mut self, threshold: f64) -> Self {
            let name = burn::train::metric::Metric::name(&self);
            let $metric = &mut self;
            $decisions.set_threshold(&name, threshold);
            self
        }
    };
}

pub(crate) use {output_options, threshold_option};

impl<A: ReadsOutputs> EpochMetric<A> {
    output_options!("BrierScoreMetric", "Brier score", metric => metric.accumulator.reading());
}

impl<A: KeepsExamples> EpochMetric<A> {
    /// Says how many numbers of an epoch it may keep. Default: 8,388,608. With more, the epoch's value is NaN, and a
    /// warning is logged.
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
    /// # let progress = Progress { items_processed: 2, items_total: 2 };
    /// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::from_floats([[-1.0], [1.0]], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
    /// let batch = ClassificationBatch::of_classes(logits, targets);
    /// let mut roomy = RocAucMetric::new().with_capacity(50_000_000); // 50,000 images, 1000 classes
    /// roomy.update(&batch, &metadata);
    /// assert_eq!(roomy.running_value().current(), 1.0);
    /// let mut small = RocAucMetric::new().with_capacity(1);
    /// small.update(&batch, &metadata);
    /// assert!(small.running_value().current().is_nan());
    /// ```
    pub fn with_capacity(mut self, capacity: usize) -> Self {
        *self.accumulator.capacity() = capacity;
        self
    }
}

/// An error where more numbers would be kept than may be.
pub(crate) fn within_capacity(kept: usize, capacity: usize) -> Result<(), String> {
    if kept <= capacity {
        return Ok(());
    }
    Err(format!(
        "the epoch has {kept} numbers to keep and more, expected at most {capacity} (`with_capacity` sets it)"
    ))
}

/// An error where a batch has another number of columns than those before it.
pub(crate) fn same_number(before: usize, now: usize) -> Result<(), String> {
    if before == now {
        return Ok(());
    }
    Err(format!(
        "expected `output` with as many columns as in the batches before ({before}), got {now}"
    ))
}

/// A metric's name with its options that differ from their defaults: Burn tells metrics apart by their names, and would
/// mix the entries of two that have the same.
pub(crate) fn named(name: &str, options: impl IntoIterator<Item = String>) -> String {
    let options: Vec<String> = options.into_iter().collect();
    match options.is_empty() {
        true => name.into(),
        false => format!("{name} ({})", options.join(", ")),
    }
}
