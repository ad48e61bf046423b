//! Absolute error, rounded off at 0.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`CharbonnierLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::CharbonnierLossConfig;
///
/// assert_eq!(CharbonnierLossConfig::new().init().eps, 1e-3);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct CharbonnierLossConfig {
    /// The error up to which the loss is round, and the loss of an error of 0; finite and above 0. Default: 1e-3.
    #[config(default = "1e-3")]
    pub eps: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl CharbonnierLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `eps` is not a finite number above 0, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CharbonnierLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = CharbonnierLossConfig::new().with_eps(3.0).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([4.0], &device);
    /// let mean: f32 = loss.forward(prediction, Tensor::zeros([1], &device)).into_scalar();
    /// assert!((mean - 5.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> CharbonnierLoss {
        let name = "CharbonnierLossConfig";
        check::config_above_zero(name, "eps", self.eps);
        check::reduction(name, self.reduction);
        CharbonnierLoss {
            eps: self.eps,
            reduction: self.reduction,
        }
    }
}

/// The absolute error, rounded off at 0: `sqrt((x - y)^2 + eps^2)`.
///
/// For images that are restored or enlarged: an absolute error whose slope does not jump, so that training settles. A loss of 0 should
/// mean no error? Then take [`SmoothL1Loss`](crate::SmoothL1Loss) or [`LogCoshLoss`](crate::LogCoshLoss): this one is `eps` there.
///
/// - `prediction`, `target`: any real numbers, of one shape
/// - gradient: `(x - y) / sqrt((x - y)^2 + eps^2)`
/// - P. Charbonnier et al., [Two Deterministic Half-Quadratic Regularization Algorithms for Computed
///   Imaging](https://doi.org/10.1109/ICIP.1994.413553), 1994; `eps` from W. Lai et al., [LapSRN](https://arxiv.org/abs/1710.01992)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::CharbonnierLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.0, 1e30], &device);
/// let loss = CharbonnierLossConfig::new().with_eps(0.5).init();
///
/// let each = loss.forward_no_reduction(prediction, Tensor::zeros([2], &device)).into_data();
/// // The square of the second error is no f32.
/// assert_eq!(each.to_vec::<f32>().unwrap(), [0.5, 1e30]);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct CharbonnierLoss {
    /// The error up to which the loss is round, and the loss of an error of 0; finite and above 0.
    pub eps: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(CharbonnierLoss { eps }, formulas::Charbonnier, |loss| {
    formulas::Charbonnier { eps: loss.eps }
});
