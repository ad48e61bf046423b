//! Smooth absolute error.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`SmoothL1Loss`].
///
/// # Example
///
/// ```
/// use burn_loss::SmoothL1LossConfig;
///
/// assert_eq!(SmoothL1LossConfig::new().init().beta, 1.0);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct SmoothL1LossConfig {
    /// The error at which the loss turns from quadratic to linear, finite and at least 0; with 0 it is the absolute error.
    /// Default: 1.
    #[config(default = "1.0")]
    pub beta: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl SmoothL1LossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `beta` is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::SmoothL1LossConfig;
    ///
    /// let device = Default::default();
    /// let loss = SmoothL1LossConfig::new().with_beta(0.5).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([2.0], &device);
    /// // 2 - 0.5 / 2
    /// assert_eq!(loss.forward(prediction, Tensor::zeros([1], &device)).into_scalar(), 1.75);
    /// ```
    #[track_caller]
    pub fn init(&self) -> SmoothL1Loss {
        let name = "SmoothL1LossConfig";
        check::config_at_least_zero(name, "beta", self.beta);
        check::reduction(name, self.reduction);
        SmoothL1Loss {
            beta: self.beta,
            reduction: self.reduction,
        }
    }
}

/// The absolute error, quadratic near 0: with `e = |x - y|`, `e^2 / (2 beta)` where `e < beta`, and `e - beta / 2` elsewhere.
///
/// For regression with outliers where large errors should pull all the same: box coordinates, for one. It is
/// [`HuberLoss`](crate::HuberLoss) divided by its threshold; where the slope of small errors should not grow as the threshold
/// shrinks, take that one, and where there are no outliers [`MseLoss`](crate::MseLoss).
///
/// - `prediction`, `target`: any real numbers, of one shape
/// - PyTorch: [`nn.SmoothL1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html);
///   R. Girshick, [Fast R-CNN](https://arxiv.org/abs/1504.08083), 2015
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::SmoothL1LossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.0, 1.0, 5.0], &device);
/// let loss = SmoothL1LossConfig::new().with_beta(2.0).init();
///
/// let each = loss.forward_no_reduction(prediction, Tensor::zeros([3], &device)).into_data();
/// // 1^2 / (2 2), and 5 - 2 / 2
/// assert_eq!(each.to_vec::<f32>().unwrap(), [0.0, 0.25, 4.0]);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct SmoothL1Loss {
    /// The error at which the loss turns from quadratic to linear, finite and at least 0.
    pub beta: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(SmoothL1Loss { beta }, formulas::SmoothL1, |loss| {
    formulas::SmoothL1 { beta: loss.beta }
});
