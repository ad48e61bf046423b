//! Any accumulator as a Burn metric, exact over the epoch.

use std::sync::Arc;

use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry, format_float,
};

use super::accumulator::Accumulator;
use super::untold::Untold;

/// Up to so many numbers, a value that looks at all of them is computed after every batch.
const EVERY_BATCH: usize = 8192;

/// A metric whose value is that of the whole epoch, and not a mean of the batches' values.
///
/// Burn logs an entry a batch, and an epoch's value (in the summary, for early stopping, for the best checkpoint) is the
/// mean of these entries, weighted by their examples. So what is logged here is what the batch adds: with the value `V_k`
/// of the first `k` batches and their `N_k` examples, `(N_k V_k - N_{k-1} V_{k-1}) / (N_k - N_{k-1})`. The mean of these is
/// the epoch's exact value. One alone says little, and can leave the metric's range.
///
/// What is shown (the progress display's text and plots: [`Numeric::value`], [`Numeric::running_value`]) is the epoch's
/// value so far.
///
/// - While the metric is undefined (so far one class only), NaN is shown, and what is logged weighs nothing; an epoch that
///   ends so is NaN. Burn's terminal plots have NaN at their upper edge, and their averages become NaN, as with any metric.
/// - What makes a metric undefined for good (a NaN among the outputs, a target that is no class, more examples than it may
///   keep) makes the epoch's value NaN, shown and logged, with a warning that says why. Nothing panics.
/// - A value that looks at numbers of all examples again (ROC-AUC, average precision, median, equal-mass bins) is computed
///   after every batch up to 8192 numbers, then when they grew by a quarter, and after the epoch's last batch, as its
///   progress tells. In between, the last value is shown, and what is logged weighs nothing. Where a data set ends before
///   its `len()`, the last batches may be missing; then a warning says how many examples.
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
#[derive(Clone, Debug)]
pub struct EpochMetric<A> {
    pub(crate) accumulator: A,
    /// The value of the examples so far, as it was last computed, of how many examples and kept numbers it was.
    value: f64,
    examples: usize,
    numbers: usize,
    /// The sum and the weight of all that is logged so far.
    entered: (f64, usize),
    /// What is logged of this batch, and what it weighs.
    entry: (f64, usize),
    undefined_for_good: bool,
    /// That the last batches are missing in the value.
    untold: Untold,
}

impl<A: Accumulator + Default> EpochMetric<A> {
    /// Makes the metric with its default options.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    ///
    /// let metric = burn_loss_metrics::MatthewsMetric::new();
    /// assert_eq!(metric.name().as_str(), "MCC");
    /// ```
    pub fn new() -> Self {
        Self::default()
    }
}

impl<A: Accumulator + Default> Default for EpochMetric<A> {
    fn default() -> Self {
        Self::of(A::default())
    }
}

impl<A: Accumulator> EpochMetric<A> {
    /// Makes a metric of an accumulator; [`Accumulator`] has an example.
    pub fn of(accumulator: A) -> Self {
        Self {
            accumulator,
            value: f64::NAN,
            examples: 0,
            numbers: 0,
            entered: (0.0, 0),
            entry: (0.0, 0),
            undefined_for_good: false,
            untold: Untold::default(),
        }
    }

    fn add(&mut self, batch: &A::Batch) {
        if self.undefined_for_good {
            return;
        }
        if let Err(reason) = self.accumulator.add(batch) {
            self.undefined_for_good = true;
            log::warn!(
                "{}: {reason}; the epoch's value is NaN",
                self.accumulator.name()
            );
        }
    }

    fn is_due(&self, metadata: &MetricMetadata) -> bool {
        let progress = &metadata.progress;
        let numbers = self.accumulator.numbers_kept();
        numbers <= EVERY_BATCH
            || numbers - self.numbers >= self.numbers / 4
            || progress.items_processed >= progress.items_total
    }

    /// Computes the value, and the entry that makes it the mean of all entries.
    fn compute(&mut self) {
        self.value = self.accumulator.value();
        self.examples = self.accumulator.examples();
        self.numbers = self.accumulator.numbers_kept();
        let (sum, weight) = self.entered;
        let new_weight = self.examples - weight;
        if new_weight == 0 || (self.value.is_nan() && weight == 0) {
            self.entry = self.nothing();
            return;
        }
        let new_sum = self.examples as f64 * self.value;
        self.entered = (new_sum, self.examples);
        let added = match new_sum.is_finite() {
            true => (new_sum - sum) / new_weight as f64,
            // The difference of two infinities would be NaN.
            false => self.value,
        };
        self.entry = (added, new_weight);
    }

    /// An entry that weighs nothing; 0 times NaN or infinity would be NaN.
    fn nothing(&self) -> (f64, usize) {
        match self.value.is_finite() {
            true => (self.value, 0),
            false => (0.0, 0),
        }
    }

    /// What is to be said if no other batch comes.
    fn warning(&self) -> Option<String> {
        let (counted, all) = (self.examples, self.accumulator.examples());
        let missing = counted < all && !self.undefined_for_good;
        missing.then(|| {
            format!(
                "{}: the epoch's value is that of its first {counted} of {all} examples: the data set ended before its \
                 `len()` said",
                self.accumulator.name()
            )
        })
    }
}

impl<A: Accumulator> Metric for EpochMetric<A> {
    type Input = A::Batch;

    fn name(&self) -> MetricName {
        Arc::new(self.accumulator.name())
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: None,
            higher_is_better: self.accumulator.higher_is_better(),
        }
        .into()
    }

    fn update(&mut self, batch: &A::Batch, metadata: &MetricMetadata) -> SerializedEntry {
        self.add(batch);
        if self.undefined_for_good {
            self.value = f64::NAN;
            self.entry = (f64::NAN, 1);
        } else if self.is_due(metadata) {
            self.compute();
        } else {
            self.entry = self.nothing();
        }
        self.untold.set(self.warning());
        let formatted = match self.value.is_nan() {
            true => "epoch NaN".to_string(),
            false => format!("epoch {}", format_float(self.value, 4)),
        };
        let logged = NumericEntry::Aggregated {
            aggregated_value: self.entry.0,
            count: self.entry.1,
        };
        SerializedEntry::new(formatted, logged.serialize())
    }

    fn clear(&mut self) {
        self.untold.tell();
        self.accumulator.clear();
        (self.value, self.examples, self.numbers) = (f64::NAN, 0, 0);
        (self.entered, self.entry) = ((0.0, 0), (0.0, 0));
        self.undefined_for_good = false;
    }
}

impl<A: Accumulator> Numeric for EpochMetric<A> {
    /// What Burn plots: the epoch's value so far, with the weight of what this batch adds.
    fn value(&self) -> NumericEntry {
        NumericEntry::Aggregated {
            aggregated_value: self.value,
            count: self.entry.1,
        }
    }

    fn running_value(&self) -> NumericEntry {
        NumericEntry::Aggregated {
            aggregated_value: self.value,
            count: self.examples,
        }
    }
}
