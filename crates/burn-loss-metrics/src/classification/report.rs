//! Precision, recall, F1 and support, a class each.

use std::fmt;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::confusion_matrix::{ConfusionMatrix, read};
use crate::{check, exact, host};

/// Precision, recall and F1 of one class, or their average over classes.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::{ClassScores, ConfusionMatrix};
///
/// let matrix = ConfusionMatrix::of_counts(vec![vec![2, 0], vec![2, 4]]);
/// let scores: ClassScores = matrix.report().classes[0];
/// assert_eq!((scores.precision, scores.recall, scores.support), (0.5, 1.0, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassScores {
    /// The share of its predictions that are right, `TP / (TP + FP)`; 0 where it was never predicted.
    #[serde(with = "exact::number")]
    pub precision: f64,
    /// The share of its examples that were found, `TP / (TP + FN)`; 0 where it never occurs.
    #[serde(with = "exact::number")]
    pub recall: f64,
    /// The harmonic mean of the two, `2 TP / (2 TP + FP + FN)`; 0 where it neither occurs nor was predicted.
    #[serde(with = "exact::number")]
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
/// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 0], vec![2, 4]]);
/// let table = matrix.report().to_string();
/// assert!(table.contains("0       0.50      1.00      0.67         2"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassificationReport {
    /// One entry a class or label.
    pub classes: Vec<ClassScores>,
    /// The share of examples that are right; none for labels, of which an example has several.
    #[serde(with = "exact::optional")]
    pub accuracy: Option<f64>,
    /// From the counts of all classes together; for classes (not labels) all three are the accuracy.
    pub micro_average: ClassScores,
    /// The mean over all classes.
    pub macro_average: ClassScores,
    /// The mean over all classes, weighted by support; 0 where no label occurs, as in scikit-learn.
    pub weighted_average: ClassScores,
    /// The mean over the examples, of labels: how well each example's labels were found; none for classes.
    pub samples_average: Option<ClassScores>,
}

/// Computes precision, recall, F1 and support of every class.
///
/// What is undefined (no prediction, no example) is 0, as in scikit-learn.
///
/// - `predictions`, `targets`: `[N]`, classes in `[0, num_classes)`
/// - NaN: accuracy and averages of no examples, where scikit-learn raises
/// - source: scikit-learn's
///   [`classification_report`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.classification_report.html)
///   with `labels=range(num_classes)` and `zero_division=0`
///
/// # Panics
///
/// If the shapes differ, one of the numbers is not a class, or there are more classes than
/// [`ConfusionMatrix::MOST_CLASSES`].
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

/// Computes precision, recall, F1 and support of every label, of examples that have several.
///
/// What is undefined (no prediction, no example) is 0, as in scikit-learn.
///
/// - `predictions`, `targets`: `[N, L]`, 0 or 1; of probabilities, the predictions are `greater_equal_elem(0.5).int()`
/// - NaN: averages of no examples, where scikit-learn raises
/// - source: scikit-learn's `classification_report` of label indicators, with `zero_division=0`
///
/// # Panics
///
/// If the shapes differ, or one of the numbers is neither 0 nor 1.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::classification_report_multilabel;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2, Int>::from_ints([[1, 1], [0, 1]], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[1, 0], [0, 1]], &device);
/// let report = classification_report_multilabel(predictions, targets);
/// assert_eq!(report.classes[1].precision, 0.5);
/// // Half of what was said of the first example is right, and all of the second.
/// assert_eq!(report.samples_average.unwrap().precision, 0.75);
/// ```
#[track_caller]
pub fn classification_report_multilabel<B: Backend>(
    predictions: Tensor<B, 2, Int>,
    targets: Tensor<B, 2, Int>,
) -> ClassificationReport {
    let function = "classification_report_multilabel";
    let dims = predictions.dims();
    let same = check::same_shape(("predictions", &dims), ("targets", &targets.dims()));
    check::or_panic(function, same);
    let [_, labels] = dims;
    let read = |name, tensor| {
        let answers = check::yes_or_no(name, &host::integers(tensor), labels, 0);
        check::or_panic(function, answers)
    };
    let (decided, targets) = (read("predictions", predictions), read("targets", targets));
    let mut matrices = vec![ConfusionMatrix::new(2); labels];
    let mut samples = SampleSums::default();
    add_labels(&mut matrices, Some(&mut samples), &decided, &targets);
    ClassificationReport::of_labels(&matrices, samples)
}

/// Counts decisions on labels, `[N, L]`, in a matrix a label, and sums up how well each example was decided.
pub(crate) fn add_labels(
    matrices: &mut [ConfusionMatrix],
    mut samples: Option<&mut SampleSums>,
    decided: &[bool],
    targets: &[bool],
) {
    let labels = matrices.len().max(1);
    for (decided, targets) in decided
        .chunks_exact(labels)
        .zip(targets.chunks_exact(labels))
    {
        for (matrix, (&decided, &target)) in matrices.iter_mut().zip(decided.iter().zip(targets)) {
            matrix.add(usize::from(target), usize::from(decided));
        }
        if let Some(samples) = &mut samples {
            samples.add(decided, targets);
        }
    }
}

/// The sums of precision, recall and F1 over the examples.
#[derive(Clone, Copy, Debug, Default)]
pub struct SampleSums {
    examples: usize,
    precision: f64,
    recall: f64,
    f1_score: f64,
}

impl SampleSums {
    fn add(&mut self, decided: &[bool], targets: &[bool]) {
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        let both = decided.iter().zip(targets).filter(|(a, b)| **a && **b);
        let scores = Counts {
            right: both.count(),
            predicted: count(decided),
            support: count(targets),
        }
        .scores();
        self.examples += 1;
        self.precision += scores.precision;
        self.recall += scores.recall;
        self.f1_score += scores.f1_score;
    }

    fn average(self, support: usize) -> ClassScores {
        let mean = |sum: f64| sum / self.examples as f64;
        ClassScores {
            precision: mean(self.precision),
            recall: mean(self.recall),
            f1_score: mean(self.f1_score),
            support,
        }
    }
}

impl ConfusionMatrix {
    /// Precision, recall, F1 and support of every class, as the function [`classification_report`].
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 0], vec![2, 4]]);
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
        ClassificationReport {
            accuracy: Some(self.accuracy()),
            ..ClassificationReport::of(&classes, self.total())
        }
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
    /// The report of so many examples.
    fn of(counts: &[Counts], examples: usize) -> Self {
        let classes: Vec<ClassScores> = counts.iter().map(|counts| counts.scores()).collect();
        let all = counts.iter().fold(Counts::default(), |all, class| Counts {
            right: all.right + class.right,
            predicted: all.predicted + class.predicted,
            support: all.support + class.support,
        });
        // Of labels that nothing has, the weights would be 0 / 0.
        let support = all.support.max(1) as f64;
        let defined = |scores: ClassScores| match examples {
            0 => ClassScores {
                precision: f64::NAN,
                recall: f64::NAN,
                f1_score: f64::NAN,
                ..scores
            },
            _ => scores,
        };
        ClassificationReport {
            accuracy: None,
            micro_average: defined(all.scores()),
            macro_average: defined(average(&classes, |_| 1.0 / classes.len() as f64)),
            weighted_average: defined(average(&classes, |class| class.support as f64 / support)),
            samples_average: None,
            classes,
        }
    }

    /// The report of several labels, from one yes-or-no matrix a label.
    pub(crate) fn of_labels(labels: &[ConfusionMatrix], samples: SampleSums) -> Self {
        let label = |matrix: &ConfusionMatrix| Counts {
            right: matrix.counts[1][1],
            predicted: matrix.predicted()[1],
            support: matrix.support()[1],
        };
        let counts: Vec<Counts> = labels.iter().map(label).collect();
        let report = Self::of(&counts, samples.examples);
        ClassificationReport {
            samples_average: Some(samples.average(report.macro_average.support)),
            ..report
        }
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
        row(f, "weighted avg", &self.weighted_average)?;
        match &self.samples_average {
            Some(samples) => row(f, "samples avg", samples),
            None => Ok(()),
        }
    }
}
