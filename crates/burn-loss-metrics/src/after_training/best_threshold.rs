//! The threshold that serves a purpose best.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::classification::{BinaryScores, Sorted};
use crate::{check, exact};

/// What a threshold should be best at.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::ThresholdCriterion;
///
/// // A missed case costs ten times a false alarm.
/// let costs = ThresholdCriterion::CostMatrix {
///     true_negative: 0.0,
///     false_positive: 1.0,
///     false_negative: 10.0,
///     true_positive: 0.0,
/// };
/// assert_ne!(costs, ThresholdCriterion::F1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ThresholdCriterion {
    /// The highest F-beta, `(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP)`: recall counts `beta` times as much as precision.
    FBeta {
        /// The weight of recall, above 0.
        beta: f64,
    },
    /// The highest Youden's J, `TPR - FPR`.
    YoudenJ,
    /// The highest precision among the thresholds with at least this recall.
    PrecisionAtRecall {
        /// The recall to keep, in `[0, 1]`.
        recall: f64,
    },
    /// The highest recall among the thresholds with at least this precision.
    RecallAtPrecision {
        /// The precision to keep, in `[0, 1]`.
        precision: f64,
    },
    /// The lowest mean cost an example.
    CostMatrix {
        /// The cost of a negative that is called negative.
        true_negative: f64,
        /// The cost of a negative that is called positive.
        false_positive: f64,
        /// The cost of a positive that is called negative.
        false_negative: f64,
        /// The cost of a positive that is called positive.
        true_positive: f64,
    },
}

impl ThresholdCriterion {
    /// The highest F1: precision and recall count the same.
    pub const F1: Self = ThresholdCriterion::FBeta { beta: 1.0 };

    fn check(self) -> Result<(), String> {
        let share = |name, value: f64| {
            check::setting((0.0..=1.0).contains(&value), name, "in [0, 1]", value)
        };
        match self {
            Self::FBeta { beta } => {
                let valid = beta > 0.0 && beta.is_finite();
                check::setting(valid, "beta", "finite and above 0", beta)
            }
            Self::YoudenJ => Ok(()),
            Self::PrecisionAtRecall { recall } => share("recall", recall),
            Self::RecallAtPrecision { precision } => share("precision", precision),
            Self::CostMatrix {
                true_negative,
                false_positive,
                false_negative,
                true_positive,
            } => {
                for (name, cost) in [
                    ("true_negative", true_negative),
                    ("false_positive", false_positive),
                    ("false_negative", false_negative),
                    ("true_positive", true_positive),
                ] {
                    check::setting(cost.is_finite(), name, "finite", cost)?;
                }
                Ok(())
            }
        }
    }

    /// What a threshold is worth, and by what equals are told apart; nothing where it does not qualify.
    fn value(self, counts: &Counts) -> Option<(f64, f64)> {
        let [tp, fp, false_negatives, true_negatives] = counts.as_floats();
        let recall = tp / (tp + false_negatives);
        let precision = tp / (tp + fp);
        let (value, tie_break) = match self {
            // Recall is undefined: there is nothing to find.
            Self::FBeta { .. } if recall.is_nan() => return None,
            Self::FBeta { beta } => {
                let square = beta * beta;
                let twice = (1.0 + square) * tp;
                (twice / (twice + square * false_negatives + fp), 0.0)
            }
            Self::YoudenJ => (counts.youden_j(), 0.0),
            Self::PrecisionAtRecall { recall: least } if recall >= least => (precision, recall),
            Self::RecallAtPrecision { precision: least } if precision >= least => {
                (recall, precision)
            }
            Self::PrecisionAtRecall { .. } | Self::RecallAtPrecision { .. } => return None,
            Self::CostMatrix {
                true_negative,
                false_positive,
                false_negative,
                true_positive,
            } => {
                let cost = true_negative * true_negatives
                    + false_positive * fp
                    + false_negative * false_negatives
                    + true_positive * tp;
                (-cost / (tp + fp + false_negatives + true_negatives), 0.0)
            }
        };
        (!value.is_nan()).then_some((value, tie_break))
    }
}

/// What a threshold decides.
#[derive(Clone, Copy)]
struct Counts {
    true_positives: usize,
    false_positives: usize,
    false_negatives: usize,
    true_negatives: usize,
}

impl Counts {
    fn as_floats(&self) -> [f64; 4] {
        [
            self.true_positives,
            self.false_positives,
            self.false_negatives,
            self.true_negatives,
        ]
        .map(|count| count as f64)
    }

    /// `TP / P - FP / N` as one fraction of whole numbers: the difference of two rounded shares would tell equals apart.
    fn youden_j(&self) -> f64 {
        let whole = |count: usize| count as i128;
        let positives = whole(self.true_positives + self.false_negatives);
        let negatives = whole(self.false_positives + self.true_negatives);
        let difference =
            whole(self.true_positives) * negatives - whole(self.false_positives) * positives;
        difference as f64 / (positives * negatives) as f64
    }
}

/// A threshold, and what it reaches on the examples that it was chosen on.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{ThresholdCriterion, best_threshold};
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.125, 0.25], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// let best = best_threshold(scores, targets, ThresholdCriterion::YoudenJ).unwrap();
/// assert_eq!((best.threshold, best.precision, best.recall), (0.25, 1.0, 1.0));
/// assert!(0.3 >= best.threshold); // is called positive
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BestThreshold {
    /// A score that is at least this is called positive. Infinite where it is best to call nothing positive.
    #[serde(with = "exact::number")]
    pub threshold: f64,
    /// The criterion's value: an F-beta, a J, a precision, a recall, or a mean cost.
    #[serde(with = "exact::number")]
    pub value: f64,
    /// The precision at the threshold; NaN where nothing is called positive.
    #[serde(with = "exact::number")]
    pub precision: f64,
    /// The recall at the threshold; NaN where nothing is positive.
    #[serde(with = "exact::number")]
    pub recall: f64,
}

/// Finds the threshold that serves a criterion best, among the scores themselves and infinity.
///
/// Choose it on validation data: on the training data it is too good, and on the test data the test is no test any more.
/// Of thresholds that are equally good, the highest; of equal precision, the one with more recall, and the other way
/// round. Reads the tensors once and computes on the host, in f64.
///
/// - `scores`: `[N]`, any real numbers, higher for positive: logits or probabilities
/// - `targets`: `[N]`, 0 or 1
/// - `None`: for no examples, a NaN among the scores, a criterion that needs a class which is missing, or one that no
///   threshold meets
/// - source: the points of scikit-learn's `roc_curve` and `precision_recall_curve`; its
///   [`TunedThresholdClassifierCV`](https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.TunedThresholdClassifierCV.html)
///   has the same purpose
///
/// # Panics
///
/// If the shapes differ, a target is neither 0 nor 1, or the criterion's numbers are out of their range.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{ThresholdCriterion, best_threshold};
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.125, 0.25, 0.375, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 0, 1], &device);
///
/// // All positives, and one of two negatives: precision 2/3, recall 1.
/// let best = best_threshold(scores, targets, ThresholdCriterion::F1).unwrap();
/// assert_eq!(best.threshold, 0.25);
/// assert!((best.value - 0.8).abs() < 1e-12);
/// ```
#[track_caller]
pub fn best_threshold<B: Backend>(
    scores: Tensor<B, 1>,
    targets: Tensor<B, 1, Int>,
    criterion: ThresholdCriterion,
) -> Option<BestThreshold> {
    let function = "best_threshold";
    let read = BinaryScores::read(function, "scores", scores, targets);
    check::or_panic(function, criterion.check());
    best(&Sorted::of(&read)?, criterion)
}

fn best(sorted: &Sorted, criterion: ThresholdCriterion) -> Option<BestThreshold> {
    let mut best: Option<((f64, f64), BestThreshold)> = None;
    for (threshold, tp, fp) in sorted.steps() {
        let counts = Counts {
            true_positives: tp,
            false_positives: fp,
            false_negatives: sorted.positives - tp,
            true_negatives: sorted.negatives - fp,
        };
        let Some(rank) = criterion.value(&counts) else {
            continue;
        };
        if best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
            let is_cost = matches!(criterion, ThresholdCriterion::CostMatrix { .. });
            let found = BestThreshold {
                threshold,
                value: if is_cost { 0.0 - rank.0 } else { rank.0 },
                precision: tp as f64 / (tp + fp) as f64,
                recall: tp as f64 / sorted.positives as f64,
            };
            best = Some((rank, found));
        }
    }
    best.map(|(_, found)| found)
}
