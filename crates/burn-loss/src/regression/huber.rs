//! Huber loss.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`HuberLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::HuberLossConfig;
///
/// assert_eq!(HuberLossConfig::new().init().delta, 1.0);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct HuberLossConfig {
    /// The error at which the loss turns from quadratic to linear, finite and above 0. Default: 1.
    #[config(default = 1.0)]
    pub delta: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl HuberLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `delta` is not a finite number above 0, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::HuberLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = HuberLossConfig::new().with_delta(0.5).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([2.0], &device);
    /// let target = Tensor::from_floats([0.0], &device);
    /// // 0.5 (2 - 0.5 / 2)
    /// assert_eq!(loss.forward(prediction, target).into_scalar(), 0.875);
    /// ```
    #[track_caller]
    pub fn init(&self) -> HuberLoss {
        check::config_above_zero("HuberLossConfig", "delta", self.delta);
        check::reduction("HuberLossConfig", self.reduction);
        HuberLoss {
            delta: self.delta,
            reduction: self.reduction,
        }
    }
}

/// Quadratic for small errors, linear for large ones: with `e = x - y`,
/// `e^2 / 2` where `|e| <= delta`, and `delta (|e| - delta / 2)` elsewhere.
///
/// For regression with some outliers: smooth at 0 like the squared error, robust like the absolute error. Without outliers
/// [`MseLoss`](crate::MseLoss) has no threshold to choose; where the size of an ordinary error is not known, take
/// [`LogCoshLoss`](crate::LogCoshLoss).
///
/// - `prediction`, `target`: any real numbers, of one shape
/// - second derivatives: lost, as in every fused loss; in plain Burn operations, as in [a loss of your
///   own](crate#a-loss-of-your-own), `c.clone() * (e - c * 0.5)` has them, with `e = x - y` and
///   `c = e.clone().clamp(-delta, delta)`
/// - PyTorch: [`nn.HuberLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html);
///   P. Huber, [Robust Estimation of a Location Parameter](https://doi.org/10.1214/aoms/1177703732), 1964
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::HuberLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.0, 0.5, 4.0], &device);
/// let target = Tensor::zeros([3], &device);
/// let loss = HuberLossConfig::new().with_delta(2.0).init();
///
/// let each = loss.forward_no_reduction(prediction, target).into_data();
/// // 0.5^2 / 2, and 2 (4 - 2 / 2)
/// assert_eq!(each.to_vec::<f32>().unwrap(), [0.0, 0.125, 6.0]);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct HuberLoss {
    /// The error at which the loss turns from quadratic to linear, finite and above 0.
    pub delta: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(HuberLoss { delta }, formulas::Huber, |loss| {
    formulas::Huber { delta: loss.delta }
});
