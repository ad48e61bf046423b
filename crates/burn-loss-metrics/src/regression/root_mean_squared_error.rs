//! Root mean squared error.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::errors::{Errors, OutputErrors};

/// The root mean squared error, `sqrt(mean (y - x)^2)`; of several outputs, the mean of their roots.
///
/// In the unit of the target, as the mean absolute error, but large errors count more.
///
/// - `predictions`, `targets`: `[N]`, or `[N, ..]` for several outputs, whose values are averaged
/// - unit: that of the targets, at least 0
/// - NaN: for no examples; a NaN among the inputs gives NaN, where scikit-learn raises
/// - source: scikit-learn's
///   [`root_mean_squared_error`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.root_mean_squared_error.html)
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
/// use burn_loss_metrics::root_mean_squared_error;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1>::from_floats([1.0, 2.0, 8.0, 4.0], &device);
/// let targets = Tensor::from_floats([1.0, 2.0, 2.0, 4.0], &device);
/// assert_eq!(root_mean_squared_error(predictions, targets), 3.0);
/// ```
#[track_caller]
pub fn root_mean_squared_error<B: Backend, const D: usize>(
    predictions: Tensor<B, D>,
    targets: Tensor<B, D>,
) -> f64 {
    Errors::of("root_mean_squared_error", predictions, targets)
        .mean(OutputErrors::root_mean_squared)
}
