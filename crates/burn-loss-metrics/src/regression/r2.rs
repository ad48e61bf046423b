//! Coefficient of determination.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::errors::{Errors, OutputErrors};

/// The coefficient of determination, `R^2 = 1 - sum (y - x)^2 / sum (y - mean y)^2`.
///
/// How much better the predictions are than the targets' mean, which has 0.
///
/// - `predictions`, `targets`: `[N]`, or `[N, ..]` for several outputs, whose values are averaged
/// - range: at most 1, which is perfect; for targets that are all equal, 1 if all are met and 0 if not, as scikit-learn
/// - NaN: for fewer than two examples, as scikit-learn; a NaN among the inputs gives NaN, where it raises
/// - source: scikit-learn's
///   [`r2_score`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.r2_score.html)
///
/// # Panics
///
/// If the shapes differ.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::r2_score;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1>::from_floats([1.0, 2.0, 4.0], &device);
/// let targets = Tensor::from_floats([1.0, 2.0, 3.0], &device);
/// assert_eq!(r2_score(predictions, targets), 0.5);
/// ```
#[track_caller]
pub fn r2_score<B: Backend, const D: usize>(
    predictions: Tensor<B, D>,
    targets: Tensor<B, D>,
) -> f64 {
    Errors::of("r2_score", predictions, targets).mean(OutputErrors::r2)
}
