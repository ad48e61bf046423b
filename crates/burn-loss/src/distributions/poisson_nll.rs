//! Negative log-likelihood of counts.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`PoissonNllLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::PoissonNllLossConfig;
///
/// let loss = PoissonNllLossConfig::new().with_log_input(false).init();
/// assert_eq!((loss.log_input, loss.full, loss.eps), (false, false, 1e-8));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct PoissonNllLossConfig {
    /// Whether the prediction is the logarithm of the mean, or the mean. Default: true.
    #[config(default = "true")]
    pub log_input: bool,
    /// Whether `log y!`, which does not depend on the prediction, is added where `y > 1`, by Stirling's formula. Default: false.
    #[config(default = "false")]
    pub full: bool,
    /// What is added to a mean before its logarithm is taken, at least 0. Default: 1e-8.
    #[config(default = "1e-8")]
    pub eps: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl PoissonNllLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `eps` is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::PoissonNllLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = PoissonNllLossConfig::new().with_log_input(false).init();
    /// let mean = Tensor::<NdArray, 1>::from_floats([1.0], &device);
    /// // 1 - 3 log 1
    /// let loss: f32 = loss.forward(mean, Tensor::from_floats([3.0], &device)).into_scalar();
    /// assert!((loss - 1.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> PoissonNllLoss {
        let name = "PoissonNllLossConfig";
        check::config_at_least_zero(name, "eps", self.eps);
        check::reduction(name, self.reduction);
        PoissonNllLoss {
            log_input: self.log_input,
            full: self.full,
            eps: self.eps,
            reduction: self.reduction,
        }
    }
}

/// The negative log-likelihood of a count `y` that is Poisson distributed: `exp(x) - y x` of the logarithm `x` of its mean, or
/// `x - y log(x + eps)` of the mean; and `log y!`, which does not depend on the prediction, is left out or approximated.
///
/// For counts and rates: events in an hour, reads of a gene. Where the counts spread more than their mean, take
/// [`TweedieLoss`](crate::TweedieLoss), which takes counts, too; where they are large and far from 0, [`MseLoss`](crate::MseLoss)
/// is enough.
///
/// - `prediction`: any real numbers; without `log_input` at least 0
/// - `target`: counts, at least 0, as floats, of the same shape (any number is taken, as in PyTorch)
/// - PyTorch: [`nn.PoissonNLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html)
///
/// # Panics
///
/// On NdArray and Flex, if a mean is negative (elsewhere its loss is NaN).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::PoissonNllLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([2f32.ln(), 0.0], &device);
/// let target = Tensor::from_floats([2.0, 0.0], &device);
///
/// // 2 - 2 log 2, and 1.
/// let mean: f32 = PoissonNllLossConfig::new().init().forward(prediction, target).into_scalar();
/// assert!((mean - (3.0 - 2.0 * 2f32.ln()) / 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct PoissonNllLoss {
    /// Whether the prediction is the logarithm of the mean, or the mean.
    pub log_input: bool,
    /// Whether `log y!` is added where `y > 1`, by Stirling's formula.
    pub full: bool,
    /// What is added to a mean before its logarithm is taken, finite and at least 0.
    pub eps: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(
    PoissonNllLoss {
        log_input,
        full,
        eps
    },
    formulas::PoissonNll,
    |loss| formulas::PoissonNll {
        log_input: loss.log_input,
        full: loss.full,
        eps: loss.eps
    }
);
