//! Cohen's kappa.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::confusion_matrix::{ConfusionMatrix, read};

/// How much a disagreement of Cohen's kappa counts.
///
/// # Example
///
/// ```
/// assert_eq!(burn_loss_metrics::KappaWeights::default(), burn_loss_metrics::KappaWeights::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum KappaWeights {
    /// Every disagreement counts 1.
    #[default]
    None,
    /// The distance of the two classes, `|i - j|`: for classes in an order.
    Linear,
    /// The squared distance of the two classes, `(i - j)^2`.
    Quadratic,
}

impl KappaWeights {
    fn weight(self, i: usize, j: usize) -> f64 {
        let distance = i.abs_diff(j) as f64;
        match self {
            KappaWeights::None => f64::from(u8::from(i != j)),
            KappaWeights::Linear => distance,
            KappaWeights::Quadratic => distance * distance,
        }
    }
}

/// Cohen's kappa, `1 - sum_ij w_ij O_ij / sum_ij w_ij E_ij`: the agreement of predictions `O` beyond the agreement `E`
/// that chance gives for the same class counts.
///
/// - `predictions`, `targets`: `[N]`, classes in `[0, num_classes)`
/// - `weights`: what a disagreement counts; distances are of class numbers, also across classes that do not occur
/// - range: `[-1, 1]`; 0 is chance, 1 is perfect
/// - NaN: where predictions and targets are all of one and the same class, as scikit-learn; for no examples
/// - source: scikit-learn's
///   [`cohen_kappa_score`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.cohen_kappa_score.html)
///   with `labels=range(num_classes)`
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
/// use burn_loss_metrics::{KappaWeights, cohen_kappa};
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// assert_eq!(cohen_kappa(predictions, targets, 2, KappaWeights::None), 0.5);
/// ```
#[track_caller]
pub fn cohen_kappa<B: Backend>(
    predictions: Tensor<B, 1, Int>,
    targets: Tensor<B, 1, Int>,
    num_classes: usize,
    weights: KappaWeights,
) -> f64 {
    read("cohen_kappa", predictions, targets, num_classes).cohen_kappa(weights)
}

impl ConfusionMatrix {
    /// Cohen's kappa, as the function [`cohen_kappa`].
    ///
    /// # Example
    ///
    /// ```
    /// use burn_loss_metrics::{ConfusionMatrix, KappaWeights};
    ///
    /// let matrix = ConfusionMatrix::of_counts(vec![vec![1, 0], vec![1, 2]]);
    /// assert_eq!(matrix.cohen_kappa(KappaWeights::None), 0.5);
    /// ```
    pub fn cohen_kappa(&self, weights: KappaWeights) -> f64 {
        let (support, predicted, total) = (self.support(), self.predicted(), self.total() as f64);
        let (mut observed, mut expected) = (0.0, 0.0);
        for (i, row) in self.counts.iter().enumerate() {
            for (j, &count) in row.iter().enumerate() {
                let weight = weights.weight(i, j);
                observed += weight * count as f64;
                expected += weight * support[i] as f64 * predicted[j] as f64 / total;
            }
        }
        if expected == 0.0 {
            return f64::NAN;
        }
        1.0 - observed / expected
    }
}
