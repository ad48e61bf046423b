//! Mean squared error.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`MseLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{MseLossConfig, Reduction};
///
/// let loss = MseLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct MseLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl MseLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{MseLossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let loss = MseLossConfig::new().with_reduction(Reduction::Sum).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([3.0, 1.0], &device);
    /// let target = Tensor::from_floats([0.0, 0.0], &device);
    /// // 9 + 1
    /// assert_eq!(loss.forward(prediction, target).into_scalar(), 10.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> MseLoss {
        check::reduction("MseLossConfig", self.reduction);
        MseLoss {
            reduction: self.reduction,
        }
    }
}

/// The squared error, `(x - y)^2`.
///
/// For regression where large errors matter most and outliers are rare: the fit is the mean. An outlier counts with its square and
/// drags the fit along, so where there are some take [`HuberLoss`](crate::HuberLoss), and where there are many
/// [`L1Loss`](crate::L1Loss).
///
/// - `prediction`, `target`: any real numbers, of one shape
/// - second derivatives: lost, as in every fused loss; in plain Burn operations, as in [a loss of your
///   own](crate#a-loss-of-your-own), `(x - y).square()` has them
/// - PyTorch: [`nn.MSELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::MseLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([1.0, 2.0, 5.0], &device);
/// let target = Tensor::from_floats([1.0, 3.0, 2.0], &device);
/// let loss = MseLossConfig::new().init();
///
/// // (0 + 1 + 9) / 3
/// let mean: f32 = loss.forward(prediction.clone(), target.clone()).into_scalar();
/// assert!((mean - 10.0 / 3.0).abs() < 1e-6);
///
/// // The last element is masked: (0 + 1) / 2
/// let mask = Tensor::from_floats([1.0, 1.0, 0.0], &device);
/// let masked: f32 = loss.forward_weighted(prediction, target, mask).into_scalar();
/// assert!((masked - 0.5).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct MseLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(MseLoss {}, formulas::Mse, |_| formulas::Mse);
