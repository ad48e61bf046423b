//! Negative log-likelihood of amounts.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`GammaNllLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{GammaNllLossConfig, Reduction};
///
/// let loss = GammaNllLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct GammaNllLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl GammaNllLossConfig {
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
    /// use burn_loss::GammaNllLossConfig;
    ///
    /// let device = Default::default();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.0], &device);
    /// let target = Tensor::from_floats([3.0], &device);
    /// assert_eq!(GammaNllLossConfig::new().init().forward(prediction, target).into_scalar(), 3.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> GammaNllLoss {
        let name = "GammaNllLossConfig";
        check::reduction(name, self.reduction);
        GammaNllLoss {
            reduction: self.reduction,
        }
    }
}

/// The negative log-likelihood of an amount `y` that is gamma distributed, but for the shape and what depends on the target alone:
/// `x + y exp(-x)`, with the logarithm `x` of the mean.
///
/// For amounts above 0 whose spread is a share of their mean: durations, costs of a claim. Where many of them are 0 take
/// [`TweedieLoss`](crate::TweedieLoss), and where the logarithm of the amount is what should be right on average,
/// [`MsleLoss`](crate::MsleLoss).
///
/// - `prediction`: logarithms of means, any real numbers; the loss is least at `x = log y`
/// - `target`: amounts, at least 0, of the same shape
/// - gradient: `1 - y exp(-x)`
/// - scikit-learn: [`GammaRegressor`](https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.GammaRegressor.html)
///
/// # Panics
///
/// On NdArray and Flex, if a target is negative (elsewhere its loss is NaN).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::GammaNllLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([2f32.ln(), 2f32.ln()], &device);
/// let target = Tensor::from_floats([2.0, 6.0], &device);
///
/// // log 2 + 1, and log 2 + 3.
/// let mean: f32 = GammaNllLossConfig::new().init().forward(prediction, target).into_scalar();
/// assert!((mean - (2f32.ln() + 2.0)).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct GammaNllLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(GammaNllLoss {}, formulas::GammaNll, |_| formulas::GammaNll);
