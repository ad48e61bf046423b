//! Mean absolute error.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`L1Loss`].
///
/// # Example
///
/// ```
/// use burn_loss::{L1LossConfig, Reduction};
///
/// let loss = L1LossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct L1LossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl L1LossConfig {
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
    /// use burn_loss::{L1LossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let loss = L1LossConfig::new().with_reduction(Reduction::Sum).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([3.0, 1.0], &device);
    /// let target = Tensor::from_floats([0.0, 0.0], &device);
    /// // 3 + 1
    /// assert_eq!(loss.forward(prediction, target).into_scalar(), 4.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> L1Loss {
        check::reduction("L1LossConfig", self.reduction);
        L1Loss {
            reduction: self.reduction,
        }
    }
}

/// The absolute error, `|x - y|`; its mean is the mean absolute error, MAE.
///
/// For regression with many outliers: every error pulls with the same force, and the fit is the median. Where the mean is asked
/// for, take [`MseLoss`](crate::MseLoss); where training does not settle, because the pull of an error never fades, take
/// [`HuberLoss`](crate::HuberLoss).
///
/// - gradient: the sign of the error, 0 at an error of 0
/// - `prediction`, `target`: any real numbers, of one shape
/// - PyTorch: [`nn.L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::L1LossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([1.0, 2.0, 5.0], &device);
/// let target = Tensor::from_floats([1.0, 3.0, 2.0], &device);
///
/// // (0 + 1 + 3) / 3
/// let mean: f32 = L1LossConfig::new().init().forward(prediction, target).into_scalar();
/// assert!((mean - 4.0 / 3.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct L1Loss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(L1Loss {}, formulas::L1, |_| formulas::L1);
