//! The ROC curve as data.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::classification::{BinaryScores, Sorted};
use crate::exact;

/// A ROC curve: the false and true positive rate at every threshold.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::roc_curve;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.25, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// let curve = roc_curve(scores, targets);
/// assert_eq!(curve.false_positive_rate, [0.0, 0.0, 1.0]);
/// assert_eq!(curve.true_positive_rate, [0.0, 1.0, 1.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RocCurve {
    /// The share of the negatives that is called positive, rising from 0 to 1; NaN where there are no negatives.
    #[serde(with = "exact::numbers")]
    pub false_positive_rate: Vec<f64>,
    /// The share of the positives that is called positive, rising from 0 to 1; NaN where there are no positives.
    #[serde(with = "exact::numbers")]
    pub true_positive_rate: Vec<f64>,
    /// The thresholds, falling: a score that is at least the threshold is called positive. The first is infinite, so
    /// that nothing is; in JSON it is the word `inf`.
    #[serde(with = "exact::numbers")]
    pub thresholds: Vec<f64>,
}

/// Computes the ROC curve.
///
/// Has a point for every distinct score, and reads the tensors once to compute on the host, in f64.
///
/// - `scores`: `[N]`, any real numbers, higher for positive
/// - `targets`: `[N]`, 0 or 1
/// - empty: for no examples or a NaN among the scores, where scikit-learn raises
/// - source: scikit-learn's
///   [`roc_curve`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_curve.html) with
///   `drop_intermediate=False`
///
/// # Panics
///
/// If the shapes differ, or a target is neither 0 nor 1.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::roc_curve;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.25, 0.75, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 0], &device);
/// let curve = roc_curve(scores, targets);
/// assert_eq!(curve.thresholds, [f64::INFINITY, 0.75, 0.25]);
/// assert_eq!(curve.false_positive_rate, [0.0, 0.5, 1.0]);
/// ```
#[track_caller]
pub fn roc_curve<B: Backend>(scores: Tensor<B, 1>, targets: Tensor<B, 1, Int>) -> RocCurve {
    let read = BinaryScores::read("roc_curve", "scores", scores, targets);
    let mut curve = RocCurve {
        false_positive_rate: Vec::new(),
        true_positive_rate: Vec::new(),
        thresholds: Vec::new(),
    };
    let Some(sorted) = Sorted::of(&read) else {
        return curve;
    };
    let (positives, negatives) = (sorted.positives as f64, sorted.negatives as f64);
    for (threshold, tp, fp) in sorted.steps() {
        curve.false_positive_rate.push(fp as f64 / negatives);
        curve.true_positive_rate.push(tp as f64 / positives);
        curve.thresholds.push(threshold);
    }
    curve
}
