//! The precision-recall curve as data.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::classification::{BinaryScores, Sorted};
use crate::exact;

/// A precision-recall curve: precision and recall at every threshold.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::precision_recall_curve;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.25, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// let curve = precision_recall_curve(scores, targets);
/// assert_eq!(curve.precision, [0.5, 1.0, 1.0]);
/// assert_eq!(curve.recall, [1.0, 1.0, 0.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrecisionRecallCurve {
    /// The share of what is called positive that is; one more than thresholds, the last is 1.
    #[serde(with = "exact::numbers")]
    pub precision: Vec<f64>,
    /// The share of the positives that is called positive, falling; one more than thresholds, the last is 0. It is 1
    /// throughout where there are no positives, as in scikit-learn.
    #[serde(with = "exact::numbers")]
    pub recall: Vec<f64>,
    /// The thresholds, rising: a score that is at least the threshold is called positive.
    #[serde(with = "exact::numbers")]
    pub thresholds: Vec<f64>,
}

/// Computes the precision-recall curve.
///
/// Has a point for every distinct score, and reads the tensors once to compute on the host, in f64.
///
/// - `scores`: `[N]`, any real numbers, higher for positive
/// - `targets`: `[N]`, 0 or 1
/// - empty: for no examples or a NaN among the scores, where scikit-learn raises
/// - source: scikit-learn's
///   [`precision_recall_curve`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_recall_curve.html)
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
/// use burn_loss_metrics::precision_recall_curve;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.25, 0.75, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 1, 0], &device);
/// let curve = precision_recall_curve(scores, targets);
/// assert_eq!(curve.thresholds, [0.25, 0.75]);
/// assert_eq!(curve.recall, [1.0, 0.5, 0.0]);
/// ```
#[track_caller]
pub fn precision_recall_curve<B: Backend>(
    scores: Tensor<B, 1>,
    targets: Tensor<B, 1, Int>,
) -> PrecisionRecallCurve {
    let read = BinaryScores::read("precision_recall_curve", "scores", scores, targets);
    let mut curve = PrecisionRecallCurve {
        precision: Vec::new(),
        recall: Vec::new(),
        thresholds: Vec::new(),
    };
    let Some(sorted) = Sorted::of(&read) else {
        return curve;
    };
    let recall = |true_positives| match sorted.positives {
        0 => 1.0,
        positives => true_positives as f64 / positives as f64,
    };
    for (threshold, tp, fp) in sorted.steps().skip(1) {
        curve.precision.push(tp as f64 / (tp + fp) as f64);
        curve.recall.push(recall(tp));
        curve.thresholds.push(threshold);
    }
    // Thresholds rise here, and the curve ends above all of them.
    curve.precision.reverse();
    curve.recall.reverse();
    curve.thresholds.reverse();
    curve.precision.push(1.0);
    curve.recall.push(0.0);
    curve
}
