//! Precision, recall, F1 and support, a class each.

use std::fmt;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::confusion_matrix::{ConfusionMatrix, read};

/// Precision, recall and F1 of one class, or their average over classes.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::{ClassScores, ConfusionMatrix};
///
/// let matrix = ConfusionMatrix { counts: vec![vec![2, 0], vec![2, 4]] };
/// let scores: ClassScores = matrix.report().classes[0];
/// assert_eq!((scores.precision, scores.recall, scores.support), (0.5, 1.0, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// The share of its predictions that are right, `TP / (TP + FP)`; 0 where it was never predicted.
    pub precision: f64,
    /// The share of its examples that were found, `TP / (TP + FN)`; 0 where it never occurs.
    pub recall: f64,
    /// The harmonic mean of the two, `2 TP / (2 TP + FP + FN)`; 0 where it neither occurs nor was predicted.
    pub f1_score: f64,
    /// The number of its examples.
    pub support: usize,
}

/// Precision, recall, F1 and support of every class, and their averages.
///
/// `Display` prints scikit-learn's table.
///
/// # Example
///
/// ```
/// let matrix = burn_loss_metrics::ConfusionMatrix { counts: vec![vec![2, 0], vec![2, 4]] };
/// let table = matrix.report().to_string();
/// assert!(table.contains("0       0.50      1.00      0.67         2"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// One entry a class or label.
    pub classes: Vec<ClassScores>,
    /// The share of examples that are right; none for labels, of which an example has several.
    pub accuracy: Option<f64>,
    /// From the counts of all classes together; for classes (not labels) all three are the accuracy.
    pub micro_average: ClassScores,
    /// The mean over all classes.
    pub macro_average: ClassScores,
    /// The mean over all classes, weighted by support.
    pub weighted_average: ClassScores,
}

/// Computes precision, recall, F1 and support of every class.
///
/// What is undefined (no prediction, no example) is 0, as in scikit-learn.
///
/// - `predictions`, `targets`: `[N]`, classes in `[0, num_classes)`
/// - NaN: accuracy and averages of no examples
/// - source: scikit-learn's
///   [`classification_report`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.classification_report.html)
///   with `labels=range(num_classes)`
///
/// # Panics
///
/// If the shapes differ, or one of the numbers is not a class.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::classification_report;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// let report = classification_report(predictions, targets, 2);
/// assert_eq!(report.classes[1].precision, 1.0);
/// assert!((report.classes[1].recall - 2.0 / 3.0).abs() < 1e-12);
/// println!("{report}");
/// ```
#[track_caller]
pub fn classification_report<B: Backend>(
    predictions: Tensor<B, 1, Int>,
    targets: Tensor<B, 1, Int>,
    num_classes: usize,
) -> ClassificationReport {
    read("classification_report", predictions, targets, num_classes).report()
}

impl ConfusionMatrix {
    /// Precision, recall, F1 and support of every class, as the function [`classification_report`].
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix { counts: vec![vec![2, 0], vec![2, 4]] };
    /// assert_eq!(matrix.report().accuracy, Some(0.75));
    /// ```
    pub fn report(&self) -> ClassificationReport {
        let (support, predicted) = (self.support(), self.predicted());
        let class = |class: usize| Counts {
            right: self.counts[class][class],
            predicted: predicted[class],
            support: support[class],
        };
        let classes: Vec<Counts> = (0..self.num_classes()).map(class).collect();
        ClassificationReport::of(&classes, Some(self.accuracy()))
    }
}

/// What precision, recall and F1 are made of.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: usize,
    predicted: usize,
    support: usize,
}

impl Counts {
    fn scores(self) -> ClassScores {
        let share = |part: usize, whole: usize| match whole {
            0 => 0.0,
            _ => part as f64 / whole as f64,
        };
        ClassScores {
            precision: share(self.right, self.predicted),
            recall: share(self.right, self.support),
            f1_score: share(2 * self.right, self.predicted + self.support),
            support: self.support,
        }
    }
}

impl ClassificationReport {
    fn of(counts: &[Counts], accuracy: Option<f64>) -> Self {
        let classes: Vec<ClassScores> = counts.iter().map(|counts| counts.scores()).collect();
        let all = counts.iter().fold(Counts::default(), |all, class| Counts {
            right: all.right + class.right,
            predicted: all.predicted + class.predicted,
            support: all.support + class.support,
        });
        let support = all.support as f64;
        ClassificationReport {
            accuracy,
            micro_average: all.scores(),
            macro_average: average(&classes, |_| 1.0 / classes.len() as f64),
            weighted_average: average(&classes, |class| class.support as f64 / support),
            classes,
        }
    }

    /// The report of several labels, from one yes-or-no matrix a label.
    pub(crate) fn of_labels(labels: &[ConfusionMatrix]) -> Self {
        let label = |matrix: &ConfusionMatrix| Counts {
            right: matrix.counts[1][1],
            predicted: matrix.predicted()[1],
            support: matrix.support()[1],
        };
        let counts: Vec<Counts> = labels.iter().map(label).collect();
        Self::of(&counts, None)
    }
}

fn average(classes: &[ClassScores], weight: impl Fn(&ClassScores) -> f64) -> ClassScores {
    let sum = |value: fn(&ClassScores) -> f64| -> f64 {
        classes
            .iter()
            .map(|class| weight(class) * value(class))
            .sum()
    };
    ClassScores {
        precision: sum(|class| class.precision),
        recall: sum(|class| class.recall),
        f1_score: sum(|class| class.f1_score),
        support: classes.iter().map(|class| class.support).sum(),
    }
}

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LABEL: usize = "weighted avg".len();
        let row = |f: &mut fmt::Formatter<'_>, label: &str, scores: &ClassScores| {
            let ClassScores {
                precision,
                recall,
                f1_score,
                support,
            } = scores;
            writeln!(
                f,
                "{label:>LABEL$}  {precision:>9.2} {recall:>9.2} {f1_score:>9.2} {support:>9}"
            )
        };
        writeln!(
            f,
            "{:>LABEL$}  {:>9} {:>9} {:>9} {:>9}\n",
            "", "precision", "recall", "f1-score", "support"
        )?;
        for (class, scores) in self.classes.iter().enumerate() {
            row(f, &class.to_string(), scores)?;
        }
        writeln!(f)?;
        match self.accuracy {
            Some(accuracy) => writeln!(
                f,
                "{:>LABEL$}  {:>9} {:>9} {accuracy:>9.2} {:>9}",
                "accuracy", "", "", self.macro_average.support
            )?,
            None => row(f, "micro avg", &self.micro_average)?,
        }
        row(f, "macro avg", &self.macro_average)?;
        row(f, "weighted avg", &self.weighted_average)
    }
}
