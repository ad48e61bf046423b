//! Brier score and log loss of an epoch: a sum is all that they keep.

use std::marker::PhantomData;

use super::accumulator::Accumulator;
use super::batch::{ClassificationBatch, Reading};
use super::epoch_metric::EpochMetric;
use super::options::{ReadsOutputs, named};
use crate::classification::{Rows, brier, log_loss};

/// The Brier score over the epoch: of classes, [`brier_score_multiclass`](crate::brier_score_multiclass); of one output,
/// [`brier_score`](crate::brier_score); of labels, the mean over the labels. Keeps a sum and a count.
///
/// # Example
///
/// ```
/// use burn::train::metric::Metric;
///
/// assert_eq!(burn_loss_metrics::BrierScoreMetric::new().name().as_str(), "Brier score");
/// ```
pub type BrierScoreMetric = EpochMetric<MeanScore<Brier>>;

/// The log loss over the epoch: of classes, [`log_loss_multiclass`](crate::log_loss_multiclass); of one output,
/// [`log_loss`](crate::log_loss()); of labels, the mean over the labels. Keeps a sum and a count.
///
/// Unlike the training loss it has no class weights, smoothing or focus in it, so that models trained with different
/// losses compare.
///
/// # Example
///
/// ```
/// use burn::train::metric::Metric;
///
/// assert_eq!(burn_loss_metrics::LogLossMetric::new().name().as_str(), "Log loss");
/// ```
pub type LogLossMetric = EpochMetric<MeanScore<LogLoss>>;

/// A score of probabilities that is a mean.
pub trait ProperScore: Clone + Default + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// The sum over the rows, or over their labels, and the number of what was summed.
    fn sum(rows: &Rows) -> (f64, usize);
}

/// The Brier score.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brier;

impl ProperScore for Brier {
    const NAME: &str = "Brier score";

    fn sum(rows: &Rows) -> (f64, usize) {
        rows.sum(brier::of_label, brier::of_class)
    }
}

/// The log loss.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLoss;

impl ProperScore for LogLoss {
    const NAME: &str = "Log loss";

    fn sum(rows: &Rows) -> (f64, usize) {
        rows.sum(log_loss::of_label, log_loss::of_class)
    }
}

/// The epoch's sum.
#[derive(Clone, Debug, Default)]
pub struct MeanScore<S> {
    score: PhantomData<S>,
    reading: Reading,
    sum: f64,
    examples: usize,
}

impl<S: ProperScore> Accumulator for MeanScore<S> {
    type Batch = ClassificationBatch;

    fn name(&self) -> String {
        named(S::NAME, self.reading.options())
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn add(&mut self, batch: &ClassificationBatch) -> Result<(), String> {
        let (sum, examples) = S::sum(&batch.probabilities(&self.reading)?);
        self.sum += sum;
        self.examples += examples;
        Ok(())
    }

    fn examples(&self) -> usize {
        self.examples
    }

    fn value(&self) -> f64 {
        self.sum / self.examples as f64
    }

    fn clear(&mut self) {
        (self.sum, self.examples) = (0.0, 0);
    }
}

impl<S: ProperScore> ReadsOutputs for MeanScore<S> {
    fn reading(&mut self) -> &mut Reading {
        &mut self.reading
    }
}
