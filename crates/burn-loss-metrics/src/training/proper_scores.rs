//! Brier score and log loss of an epoch: a sum is all that they keep.

use std::marker::PhantomData;

use super::accumulator::Accumulator;
use super::batch::{ClassificationBatch, ModelOutput, Read, Reading};
use super::epoch_metric::EpochMetric;
use super::options::{ReadsOutputs, named};
use crate::classification::{ClassRows, Top, brier, log_loss};

/// The Brier score over the epoch: of classes, [`brier_score_multiclass`](crate::brier_score_multiclass); of one output,
/// [`brier_score`](crate::brier_score); of labels, the mean over the labels. Keeps a sum and a count.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, BrierScoreMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0], [0.0], [0.0], [0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// let mut metric = BrierScoreMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert_eq!(metric.running_value().current(), 0.25);
/// assert_eq!(metric.name().as_str(), "Brier score");
/// ```
pub type BrierScoreMetric = EpochMetric<MeanScore<Brier>>;

/// The log loss over the epoch: of classes, [`log_loss_multiclass`](crate::log_loss_multiclass); of one output,
/// [`log_loss`](crate::log_loss()); of labels, the mean over the labels. Keeps a sum and a count. Of logits it is the logits' own, which nothing clips: a
/// logit of 35 on a negative has the loss 35.
///
/// Unlike the training loss it has no class weights, smoothing or focus in it, so that models trained with different
/// losses compare.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ClassificationBatch, LogLossMetric};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0], [0.0, 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// let mut metric = LogLossMetric::new();
/// metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert!((metric.running_value().current() - 2f64.ln()).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "Log loss");
/// ```
pub type LogLossMetric = EpochMetric<MeanScore<LogLoss>>;

/// A score of probabilities that is a mean.
pub trait ProperScore: Clone + Default + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// Of a label: of logits, without the digits that a probability near 1 loses.
    fn of_label(model_output: ModelOutput, output: f64, positive: bool) -> f64;

    /// The same of a row of one of several classes.
    fn of_class(model_output: ModelOutput, rows: &ClassRows, top: &Top) -> f64;
}

/// The Brier score.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brier;

impl ProperScore for Brier {
    const NAME: &str = "Brier score";

    fn of_label(model_output: ModelOutput, output: f64, positive: bool) -> f64 {
        match model_output {
            ModelOutput::Logits => brier::of_label_logit(output, positive),
            ModelOutput::Probabilities => brier::of_label(output, positive),
        }
    }

    fn of_class(model_output: ModelOutput, rows: &ClassRows, top: &Top) -> f64 {
        brier::of_class(rows, model_output, top)
    }
}

/// The log loss.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLoss;

impl ProperScore for LogLoss {
    const NAME: &str = "Log loss";

    fn of_label(model_output: ModelOutput, output: f64, positive: bool) -> f64 {
        match model_output {
            ModelOutput::Logits => log_loss::of_label_logit(output, positive),
            ModelOutput::Probabilities => log_loss::of_label(output, positive),
        }
    }

    fn of_class(model_output: ModelOutput, rows: &ClassRows, top: &Top) -> f64 {
        match model_output {
            ModelOutput::Logits => {
                log_loss::of_class_logits(top, &rows.others(model_output)[top.row])
            }
            ModelOutput::Probabilities => log_loss::of_class(top),
        }
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
        let model_output = self.reading.model_output;
        let (mut sum, mut count) = (0.0, 0);
        match batch.read(&self.reading)? {
            Read::Classes(rows, tops) => {
                let scores = tops.iter().map(|top| S::of_class(model_output, rows, top));
                sum = scores.sum();
                count = tops.len();
            }
            Read::Labels(blocks) => {
                for block in blocks {
                    let labels = block?;
                    let scores = labels
                        .iter()
                        .map(|(output, positive)| S::of_label(model_output, output, positive));
                    sum += scores.sum::<f64>();
                    count += labels.len();
                }
            }
        }
        self.sum += sum;
        self.examples += count;
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
