//! Mean, sum, weighted and masked means: the only place that reduces.

use burn::config::Config;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::halves::widen_halves;

/// How `forward` turns one loss an element or a row into one number.
///
/// PyTorch's `reduction="none"` is the method `forward_no_reduction`, because it returns another shape.
///
/// # Example
///
/// ```
/// use burn_loss::Reduction;
///
/// assert_eq!(Reduction::default(), Reduction::Mean);
/// ```
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// The sum of the losses divided by their number, or by the sum of their weights where there are any.
    ///
    /// The mean of nothing (an empty batch, or one in which every row is ignored) is NaN, as in PyTorch.
    Mean,
    /// The sum of the losses; of nothing, 0.
    Sum,
}

// Written out, because the derive's `#[default]` is not known to Burn's `Config`.
#[allow(clippy::derivable_impls)]
impl Default for Reduction {
    fn default() -> Self {
        Reduction::Mean
    }
}

impl Reduction {
    /// Reduces losses that all count the same.
    pub(crate) fn reduce<B: Backend, const D: usize>(self, losses: Tensor<B, D>) -> Tensor<B, 1> {
        let (count, dtype) = (losses.shape().num_elements(), losses.dtype());
        let losses = widen_halves(losses);
        let reduced = match self {
            // Added instead of divided: the gradient of an empty batch stays defined on every backend.
            Reduction::Mean if count == 0 => losses.sum() + f64::NAN,
            // Burn's `mean` multiplies one number a loss in its backward pass, where this multiplies one.
            Reduction::Mean => losses.sum() * (count as f64).recip(),
            Reduction::Sum => losses.sum(),
        };
        reduced.cast(dtype)
    }

    /// Reduces losses that are already multiplied by these weights.
    pub(crate) fn reduce_weighted<B: Backend, const D: usize>(
        self,
        weighted: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let dtype = weighted.dtype();
        let sum = widen_halves(weighted).sum();
        let reduced = match self {
            // Both sums may be too large for 16 bits while the mean is not.
            Reduction::Mean => sum / widen_halves(weights).sum(),
            Reduction::Sum => sum,
        };
        reduced.cast(dtype)
    }
}
