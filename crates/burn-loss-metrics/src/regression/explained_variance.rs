//! Explained variance.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::errors::{Errors, OutputErrors};

/// The explained variance, `1 - var(y - x) / var(y)`.
///
/// As R^2, but blind to a constant offset: where it is the higher of the two, the model is biased.
///
/// - `predictions`, `targets`: `[N]`, or `[N, ..]` for several outputs, whose values are averaged
/// - range: at most 1, which is perfect up to an offset; for targets that are all equal, 1 if all errors are equal and 0 if not
/// - NaN: for no examples; a NaN among the inputs gives NaN, where scikit-learn raises
/// - source: scikit-learn's
///   [`explained_variance_score`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.explained_variance_score.html)
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
/// use burn_loss_metrics::explained_variance_score;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1>::from_floats([2.0, 3.0, 4.0], &device);
/// let targets = Tensor::from_floats([1.0, 2.0, 3.0], &device);
/// assert_eq!(explained_variance_score(predictions, targets), 1.0);
/// ```
#[track_caller]
pub fn explained_variance_score<B: Backend, const D: usize>(
    predictions: Tensor<B, D>,
    targets: Tensor<B, D>,
) -> f64 {
    Errors::of("explained_variance_score", predictions, targets)
        .mean(OutputErrors::explained_variance)
}
