//! Matthews correlation coefficient.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::confusion_matrix::{ConfusionMatrix, read};

/// The Matthews correlation coefficient,
/// `(c s - sum_k p_k t_k) / sqrt((s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2))`, with `c` right ones of `s`, and class `k`
/// predicted `p_k` and true `t_k` times.
///
/// One number that is good only if all cells of the confusion matrix are, also where one class is rare.
///
/// - `predictions`, `targets`: `[N]`, classes in `[0, num_classes)`
/// - range: `[-1, 1]`; 0 is chance, 1 is perfect; 0 where all predictions or all targets are one class, as scikit-learn
/// - NaN: for no examples
/// - source: scikit-learn's
///   [`matthews_corrcoef`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.matthews_corrcoef.html)
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
/// use burn_loss_metrics::matthews_corrcoef;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1, Int>::from_ints([1, 0, 1, 1], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 1, 1, 0], &device);
/// assert!((matthews_corrcoef(predictions, targets, 2) + 1.0 / 3.0).abs() < 1e-12);
/// ```
#[track_caller]
pub fn matthews_corrcoef<B: Backend>(
    predictions: Tensor<B, 1, Int>,
    targets: Tensor<B, 1, Int>,
    num_classes: usize,
) -> f64 {
    read("matthews_corrcoef", predictions, targets, num_classes).matthews_corrcoef()
}

impl ConfusionMatrix {
    /// The Matthews correlation coefficient, as the function [`matthews_corrcoef`].
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix { counts: vec![vec![3, 0], vec![0, 1]] };
    /// assert_eq!(matrix.matthews_corrcoef(), 1.0);
    /// ```
    pub fn matthews_corrcoef(&self) -> f64 {
        let total = self.total() as f64;
        if total == 0.0 {
            return f64::NAN;
        }
        // In shares and not in counts, so that nothing grows beyond what f64 holds exactly enough.
        let shares = |counts: Vec<usize>| counts.into_iter().map(move |count| count as f64 / total);
        let predicted: Vec<f64> = shares(self.predicted()).collect();
        let support: Vec<f64> = shares(self.support()).collect();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let one_class = |shares: &[f64]| shares.contains(&1.0);
        if one_class(&predicted) || one_class(&support) {
            return 0.0;
        }
        let covariance = self.accuracy() - product(&predicted, &support);
        let variances =
            (1.0 - product(&predicted, &predicted)) * (1.0 - product(&support, &support));
        covariance / variances.sqrt()
    }
}
