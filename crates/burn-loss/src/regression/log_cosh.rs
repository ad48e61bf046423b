//! Logarithm of the hyperbolic cosine of the error.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`LogCoshLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{LogCoshLossConfig, Reduction};
///
/// let loss = LogCoshLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogCoshLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl LogCoshLossConfig {
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
    /// use burn_loss::LogCoshLossConfig;
    ///
    /// let device = Default::default();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([1000.0], &device);
    /// let mean = LogCoshLossConfig::new().init().forward(prediction, Tensor::zeros([1], &device));
    /// // cosh(1000) is no f32.
    /// assert!((mean.into_scalar() - (1000.0 - 2f32.ln())).abs() < 1e-3);
    /// ```
    #[track_caller]
    pub fn init(&self) -> LogCoshLoss {
        check::reduction("LogCoshLossConfig", self.reduction);
        LogCoshLoss {
            reduction: self.reduction,
        }
    }
}

/// The logarithm of the hyperbolic cosine of the error, `log cosh(x - y)`: about `e^2 / 2` for small errors `e` and
/// `|e| - log 2` for large ones.
///
/// For regression with some outliers, as Huber's loss, but smooth everywhere and without a threshold to choose. Where you
/// know from which size on an error is large, take [`HuberLoss`](crate::HuberLoss), whose `delta` is that size.
///
/// - `prediction`, `target`: any real numbers, of one shape
/// - gradient: `tanh(x - y)`
/// - Keras: [`LogCosh`](https://keras.io/api/losses/regression_losses/#logcosh-class)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::LogCoshLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.0, 1.0], &device);
/// let each = LogCoshLossConfig::new().init().forward_no_reduction(prediction, Tensor::zeros([2], &device));
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// assert_eq!(each[0], 0.0);
/// assert!((each[1] - 1f32.cosh().ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct LogCoshLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(LogCoshLoss {}, formulas::LogCosh, |_| formulas::LogCosh);
