//! The confusion matrix and the report of an epoch, for `metrics_text`.

use std::marker::PhantomData;
use std::sync::Arc;

use burn::train::metric::{Metric, MetricMetadata, MetricName, SerializedEntry};
use serde::Serialize;

use super::batch::ClassificationBatch;
use super::decisions::Decisions;
use super::options::{named, output_options, threshold_option};
use super::untold::Untold;
#[cfg(doc)]
use crate::ClassificationReport;
use crate::classification::{ClassScores, ConfusionMatrix};

/// The confusion matrix over the epoch so far, for [`metrics_text`](burn::train::SupervisedTraining::metrics_text).
///
/// Its log has a line of JSON a batch: so far the number of examples, and after the epoch's last batch, as its progress
/// tells, the epoch's [`ConfusionMatrix`]; of labels, a list with a matrix each. Up to ten classes or labels are shown; of
/// more classes, the accuracy and the three most frequent mistakes. Decisions and memory are as those of
/// [`MatthewsMetric`](crate::MatthewsMetric).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// use burn::train::metric::{Metric, MetricMetadata};
/// use burn_loss_metrics::{ClassificationBatch, ConfusionMatrix, ConfusionMatrixMetric};
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1], &device);
/// let progress = Progress { items_processed: 3, items_total: 3 };
/// let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
///
/// let mut metric = ConfusionMatrixMetric::new();
/// let entry = metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert_eq!(entry.formatted, "[[1, 0], [1, 1]]");
/// let matrix: ConfusionMatrix = serde_json::from_str(&entry.serialized).unwrap();
/// assert_eq!(matrix.counts, [[1, 0], [1, 1]]);
/// ```
pub type ConfusionMatrixMetric = TableMetric<Matrix>;

/// Precision, recall and F1 of each class over the epoch so far, for
/// [`metrics_text`](burn::train::SupervisedTraining::metrics_text).
///
/// Its log has a line of JSON a batch: so far the number of examples, and after the epoch's last batch, as its progress
/// tells, the epoch's [`ClassificationReport`]. Up to ten classes or labels are shown; of more, their macro average.
/// Decisions and memory are as those of [`MatthewsMetric`](crate::MatthewsMetric).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::data::dataloader::Progress;
/// use burn::tensor::{Int, Tensor};
/// use burn::train::metric::{Metric, MetricMetadata};
/// use burn_loss_metrics::{ClassificationBatch, ClassificationReport, ClassificationReportMetric};
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1], &device);
/// let progress = Progress { items_processed: 3, items_total: 3 };
/// let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
///
/// let mut metric = ClassificationReportMetric::new();
/// let entry = metric.update(&ClassificationBatch::of_classes(logits, targets), &metadata);
/// assert_eq!(entry.formatted, "precision 0.50 1.00, recall 1.00 0.50, F1 0.67 0.67");
/// let report: ClassificationReport = serde_json::from_str(&entry.serialized).unwrap();
/// assert_eq!(report.classes[1].recall, 0.5);
/// ```
pub type ClassificationReportMetric = TableMetric<Report>;

/// So many classes or labels are shown, a number each or a row.
const SHOWN: usize = 10;

/// What is made of the decisions.
pub trait Table: Clone + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;

    /// A line for the progress display, short however many classes there are.
    fn shown(decisions: &Decisions) -> String;

    /// All of it, as JSON.
    fn json(decisions: &Decisions) -> String;
}

/// The confusion matrix.
#[derive(Clone, Copy, Debug)]
pub struct Matrix;

impl Table for Matrix {
    const NAME: &str = "Confusion matrix";

    fn shown(decisions: &Decisions) -> String {
        match decisions.matrices.as_slice() {
            [matrix] if matrix.num_classes() <= SHOWN => format!("{:?}", matrix.counts),
            [matrix] => most_frequent_mistakes(matrix),
            labels if labels.len() <= SHOWN => {
                let counts: Vec<_> = labels.iter().map(|matrix| &matrix.counts).collect();
                format!("{counts:?}")
            }
            labels => format!("{} labels, {} examples", labels.len(), decisions.examples()),
        }
    }

    fn json(decisions: &Decisions) -> String {
        match decisions.matrices.as_slice() {
            [matrix] => json(matrix),
            labels => json(&labels),
        }
    }
}

fn most_frequent_mistakes(matrix: &ConfusionMatrix) -> String {
    // The three most frequent so far, the first classes first among equals.
    let mut most: Vec<(usize, usize, usize)> = Vec::new();
    for (target, row) in matrix.counts.iter().enumerate() {
        for (prediction, &count) in row.iter().enumerate() {
            if count == 0 || target == prediction {
                continue;
            }
            let place = most.partition_point(|known| known.0 >= count);
            if place < 3 {
                most.insert(place, (count, target, prediction));
                most.truncate(3);
            }
        }
    }
    let mut text = format!("accuracy {:.4}", matrix.accuracy());
    for (count, target, prediction) in most {
        text += &format!(", {target} as {prediction}: {count}");
    }
    text
}

/// The report.
#[derive(Clone, Copy, Debug)]
pub struct Report;

impl Table for Report {
    const NAME: &str = "Classification report";

    fn shown(decisions: &Decisions) -> String {
        let report = decisions.report();
        let (what, rows) = match report.classes.len() <= SHOWN {
            true => ("", report.classes.as_slice()),
            false => (
                "macro average: ",
                std::slice::from_ref(&report.macro_average),
            ),
        };
        let column = |score: fn(&ClassScores) -> f64| {
            let numbers = rows.iter().map(|class| format!("{:.2}", score(class)));
            numbers.collect::<Vec<_>>().join(" ")
        };
        format!(
            "{what}precision {}, recall {}, F1 {}",
            column(|class| class.precision),
            column(|class| class.recall),
            column(|class| class.f1_score),
        )
    }

    fn json(decisions: &Decisions) -> String {
        json(&decisions.report())
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
    /// That the table was not logged.
    untold: Untold,
}

impl<T: Table> Default for TableMetric<T> {
    fn default() -> Self {
        Self {
            table: PhantomData,
            decisions: Decisions::default(),
            undefined: None,
            untold: Untold::default(),
        }
    }
}

impl<T: Table> TableMetric<T> {
    /// Makes the metric with its default options.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::train::metric::Metric;
    ///
    /// let metric = burn_loss_metrics::ConfusionMatrixMetric::new();
    /// assert_eq!(metric.name().as_str(), "Confusion matrix");
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    output_options!("ConfusionMatrixMetric", "Confusion matrix", metric => &mut metric.decisions.reading);
    threshold_option!("ConfusionMatrixMetric", "Confusion matrix", metric => &mut metric.decisions);
}

impl<T: Table> Metric for TableMetric<T> {
    type Input = ClassificationBatch;

    fn name(&self) -> MetricName {
        Arc::new(named(T::NAME, self.decisions.options()))
    }

    fn update(
        &mut self,
        batch: &ClassificationBatch,
        metadata: &MetricMetadata,
    ) -> SerializedEntry {
        if self.undefined.is_none()
            && let Err(reason) = self.decisions.add(batch)
        {
            log::warn!("{}: {reason}; there is none for this epoch", self.name());
            self.undefined = Some(reason);
        }
        if let Some(reason) = &self.undefined {
            self.untold.set(None);
            return SerializedEntry::new(reason.clone(), "null".into());
        }
        let progress = &metadata.progress;
        let complete = progress.items_processed >= progress.items_total;
        self.untold.set((!complete).then(|| {
            format!(
                "{}: the epoch's table was not logged: the data set ended before its `len()` said",
                self.name()
            )
        }));
        let logged = match complete {
            true => T::json(&self.decisions),
            // A line of all cells after every batch would be gigabytes an epoch of a thousand classes.
            false => format!("{{\"examples\":{}}}", self.decisions.examples()),
        };
        SerializedEntry::new(T::shown(&self.decisions), logged)
    }

    fn clear(&mut self) {
        self.untold.tell();
        self.decisions.clear();
        self.undefined = None;
    }
}
