//! Mean absolute percentage error.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::errors::{Errors, OutputErrors};

/// The mean absolute percentage error, `mean |y - x| / max(|y|, 2.2e-16)`.
///
/// A share and not a percentage: 0.05 is 5%. Targets at or near 0 make it huge.
///
/// - `predictions`, `targets`: `[N]`, or `[N, ..]` for several outputs, whose values are averaged
/// - unit: share of the target, at least 0
/// - NaN: for no examples; a NaN among the inputs gives NaN, where scikit-learn raises
/// - source: scikit-learn's
///   [`mean_absolute_percentage_error`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_absolute_percentage_error.html)
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
/// use burn_loss_metrics::mean_absolute_percentage_error;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1>::from_floats([1.0, 3.0], &device);
/// let targets = Tensor::from_floats([2.0, 4.0], &device);
/// assert_eq!(mean_absolute_percentage_error(predictions, targets), 0.375);
/// ```
#[track_caller]
pub fn mean_absolute_percentage_error<B: Backend, const D: usize>(
    predictions: Tensor<B, D>,
    targets: Tensor<B, D>,
) -> f64 {
    Errors::of("mean_absolute_percentage_error", predictions, targets)
        .mean(OutputErrors::mean_absolute_percentage)
}
