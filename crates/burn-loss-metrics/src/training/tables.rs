//! The confusion matrix and the report of an epoch, for `metrics_text`.

use std::marker::PhantomData;
use std::sync::Arc;

use burn::train::metric::{Metric, MetricMetadata, MetricName, SerializedEntry};
use serde::Serialize;

use super::batch::{ClassificationBatch, ModelOutput};
use super::decisions::Decisions;
use crate::classification::{ClassScores, ClassificationReport, ConfusionMatrix};

/// The confusion matrix over the epoch so far, for [`metrics_text`](burn::train::SupervisedTraining::metrics_text).
///
/// Its log has a line of JSON a batch, of which the last is the epoch's matrix; of labels, a list with a matrix each.
/// Decisions and memory are as those of [`MatthewsMetric`](crate::MatthewsMetric).
///
/// # Example
///
/// ```
/// use burn::train::metric::Metric;
///
/// assert_eq!(burn_loss_metrics::ConfusionMatrixMetric::new().name().as_str(), "Confusion matrix");
/// ```
pub type ConfusionMatrixMetric = TableMetric<Matrix>;

/// Precision, recall and F1 of each class over the epoch so far, for
/// [`metrics_text`](burn::train::SupervisedTraining::metrics_text).
///
/// Its log has a line of JSON a batch, of which the last is the epoch's [`ClassificationReport`]. Decisions and memory are
/// as those of [`MatthewsMetric`](crate::MatthewsMetric).
///
/// # Example
///
/// ```
/// use burn::train::metric::Metric;
///
/// let metric = burn_loss_metrics::ClassificationReportMetric::new();
/// assert_eq!(metric.name().as_str(), "Classification report");
/// ```
pub type ClassificationReportMetric = TableMetric<Report>;

/// What is made of the decisions.
pub trait Table: Clone + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// What is shown and what is logged.
    fn entry(decisions: &Decisions) -> SerializedEntry;
}

/// The confusion matrix.
#[derive(Clone, Copy, Debug)]
pub struct Matrix;

impl Table for Matrix {
    const NAME: &str = "Confusion matrix";

    fn entry(decisions: &Decisions) -> SerializedEntry {
        let counts: Vec<_> = decisions
            .matrices
            .iter()
            .map(|matrix| &matrix.counts)
            .collect();
        match counts.as_slice() {
            [counts] => SerializedEntry::new(format!("{counts:?}"), json(&decisions.matrices[0])),
            all => SerializedEntry::new(format!("{all:?}"), json(&decisions.matrices)),
        }
    }
}

/// The report.
#[derive(Clone, Copy, Debug)]
pub struct Report;

impl Table for Report {
    const NAME: &str = "Classification report";

    fn entry(decisions: &Decisions) -> SerializedEntry {
        let report = match decisions.of_labels {
            true => ClassificationReport::of_labels(&decisions.matrices),
            false => decisions
                .matrices
                .first()
                .unwrap_or(&ConfusionMatrix::new(0))
                .report(),
        };
        let column = |score: fn(&ClassScores) -> f64| {
            let numbers = report
                .classes
                .iter()
                .map(|class| format!("{:.2}", score(class)));
            numbers.collect::<Vec<_>>().join(" ")
        };
        let formatted = format!(
            "precision {}, recall {}, F1 {}",
            column(|class| class.precision),
            column(|class| class.recall),
            column(|class| class.f1_score),
        );
        SerializedEntry::new(formatted, json(&report))
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{error}"))
}

/// A table of the epoch so far.
#[derive(Clone, Debug)]
pub struct TableMetric<T> {
    table: PhantomData<T>,
    decisions: Decisions,
    undefined: Option<String>,
}

impl<T: Table> Default for TableMetric<T> {
    fn default() -> Self {
        Self {
            table: PhantomData,
            decisions: Decisions::default(),
            undefined: None,
        }
    }
}

impl<T: Table> TableMetric<T> {
    /// Makes the metric with its default options.
    ///
    /// # Example
    ///
    /// ```
    /// let metric = burn_loss_metrics::ConfusionMatrixMetric::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what the model's outputs are. Default: logits.
    ///
    /// # Example
    ///
    /// ```
    /// use burn_loss_metrics::{ConfusionMatrixMetric, ModelOutput};
    ///
    /// let metric = ConfusionMatrixMetric::new().with_model_output(ModelOutput::Probabilities);
    /// ```
    pub fn with_model_output(mut self, model_output: ModelOutput) -> Self {
        self.decisions.reading.model_output = model_output;
        self
    }

    /// Leaves rows with this target out. Default: none. For classes, not for labels.
    ///
    /// # Example
    ///
    /// ```
    /// let metric = burn_loss_metrics::ConfusionMatrixMetric::new().with_ignore_index(Some(-100));
    /// ```
    pub fn with_ignore_index(mut self, ignore_index: Option<i64>) -> Self {
        self.decisions.reading.ignore_index = ignore_index;
        self
    }

    /// Says from which probability on one output, or a label, is a yes. Default: 0.5.
    ///
    /// # Example
    ///
    /// ```
    /// let metric = burn_loss_metrics::ClassificationReportMetric::new().with_threshold(0.3);
    /// ```
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.decisions.threshold = threshold;
        self
    }
}

impl<T: Table> Metric for TableMetric<T> {
    type Input = ClassificationBatch;

    fn name(&self) -> MetricName {
        Arc::new(T::NAME.into())
    }

    fn update(&mut self, batch: &ClassificationBatch, _: &MetricMetadata) -> SerializedEntry {
        if self.undefined.is_none()
            && let Err(reason) = self.decisions.add(batch)
        {
            log::warn!("{}: {reason}; there is none for this epoch", T::NAME);
            self.undefined = Some(reason);
        }
        match &self.undefined {
            Some(reason) => SerializedEntry::new(reason.clone(), "null".into()),
            None => T::entry(&self.decisions),
        }
    }

    fn clear(&mut self) {
        self.decisions.clear();
        self.undefined = None;
    }
}
