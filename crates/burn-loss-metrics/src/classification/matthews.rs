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
/// If the shapes differ, one of the numbers is not a class, or there are more classes than
/// [`ConfusionMatrix::MOST_CLASSES`].
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
    /// The Matthews correlation coefficient, as the function [`matthews_corrcoef`], of fewer than 2^63 examples.
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![3, 0], vec![0, 1]]);
    /// assert_eq!(matrix.matthews_corrcoef(), 1.0);
    /// ```
    pub fn matthews_corrcoef(&self) -> f64 {
        // In whole numbers: differences of shares lose the digits of a rare class.
        let wide = |counts: Vec<usize>| counts.into_iter().map(|count| count as i128);
        let predicted: Vec<i128> = wide(self.predicted()).collect();
        let support: Vec<i128> = wide(self.support()).collect();
        let product = |a: &[i128], b: &[i128]| a.iter().zip(b).map(|(a, b)| a * b).sum::<i128>();
        let total = self.total() as i128;
        if total == 0 {
            return f64::NAN;
        }
        let covariance = self.correct() as i128 * total - product(&predicted, &support);
        let variances =
            [&predicted, &support].map(|counts| total * total - product(counts, counts));
        if variances.contains(&0) {
            return 0.0;
        }
        let [of_predicted, of_support] = variances.map(|variance| (variance as f64).sqrt());
        // Two roots of one variance may round to a quotient above 1.
        (covariance as f64 / of_predicted / of_support).clamp(-1.0, 1.0)
    }
}
