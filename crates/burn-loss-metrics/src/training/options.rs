//! Options that several metrics share.

use super::accumulator::Accumulator;
use super::batch::{ClassificationBatch, ModelOutput, Reading};
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

impl<A: ReadsOutputs> EpochMetric<A> {
    /// Says what the model's outputs are. Default: logits.
    ///
    /// # Example
    ///
    /// ```
    /// use burn_loss_metrics::{BrierScoreMetric, ModelOutput};
    ///
    /// let metric = BrierScoreMetric::new().with_model_output(ModelOutput::Probabilities);
    /// ```
    pub fn with_model_output(mut self, model_output: ModelOutput) -> Self {
        self.accumulator.reading().model_output = model_output;
        self
    }

    /// Leaves rows with this target out, as a loss with the same `ignore_index` does. Default: none. For classes, not for
    /// labels.
    ///
    /// # Example
    ///
    /// ```
    /// let metric = burn_loss_metrics::BalancedAccuracyMetric::new().with_ignore_index(Some(-100));
    /// ```
    pub fn with_ignore_index(mut self, ignore_index: Option<i64>) -> Self {
        self.accumulator.reading().ignore_index = ignore_index;
        self
    }
}

impl<A: KeepsExamples> EpochMetric<A> {
    /// Says how many numbers of an epoch it may keep. Default: 8,388,608. With more, the epoch's value is NaN, and a
    /// warning is logged.
    ///
    /// # Example
    ///
    /// ```
    /// // 50,000 images, 1000 classes.
    /// let metric = burn_loss_metrics::RocAucMetric::new().with_capacity(50_000_000);
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
