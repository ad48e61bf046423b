//! The ROC curve as data.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::classification::{BinaryScores, Ranking};

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
pub struct RocCurve {
    /// The share of the negatives that is called positive, rising from 0 to 1; NaN where there are no negatives.
    pub false_positive_rate: Vec<f64>,
    /// The share of the positives that is called positive, rising from 0 to 1; NaN where there are no positives.
    pub true_positive_rate: Vec<f64>,
    /// The thresholds, falling: a score that is at least the threshold is called positive. The first is infinite, so
    /// that nothing is; as data it is `null`.
    #[serde(with = "starts_infinite")]
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
    let Some(ranking) = Ranking::of(&read) else {
        return RocCurve {
            false_positive_rate: Vec::new(),
            true_positive_rate: Vec::new(),
            thresholds: Vec::new(),
        };
    };
    let (positives, negatives) = (ranking.positives as f64, ranking.negatives as f64);
    let (true_positive_rate, false_positive_rate) = ranking
        .steps()
        .map(|(tp, fp)| (tp as f64 / positives, fp as f64 / negatives))
        .unzip();
    let thresholds = std::iter::once(f64::INFINITY).chain(ranking.thresholds);
    RocCurve {
        false_positive_rate,
        true_positive_rate,
        thresholds: thresholds.collect(),
    }
}

/// JSON has no infinity: the first threshold is written and read as `null`.
mod starts_infinite {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(thresholds: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let finite = |&threshold: &f64| threshold.is_finite().then_some(threshold);
        let thresholds: Vec<Option<f64>> = thresholds.iter().map(finite).collect();
        thresholds.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let thresholds = Vec::<Option<f64>>::deserialize(deserializer)?;
        let number = |threshold: Option<f64>| threshold.unwrap_or(f64::INFINITY);
        Ok(thresholds.into_iter().map(number).collect())
    }
}
