//! Continuous ranked probability score of normal distributions.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::LossBackend;
use burn_loss_kernels::formulas::GaussianCrps;

use crate::forms::spread_loss;
use crate::{Reduction, check};

/// Configuration of [`GaussianCrpsLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{GaussianCrpsLossConfig, Reduction};
///
/// let loss = GaussianCrpsLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct GaussianCrpsLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl GaussianCrpsLossConfig {
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
    /// use burn_loss::GaussianCrpsLossConfig;
    ///
    /// let device = Default::default();
    /// let mean = Tensor::<NdArray, 1>::from_floats([3.0], &device);
    /// let zero = || Tensor::zeros([1], &device);
    /// // Sure, and wrong by 3.
    /// let crps = GaussianCrpsLossConfig::new().init().forward(mean, zero(), zero());
    /// assert_eq!(crps.into_scalar(), 3.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> GaussianCrpsLoss {
        check::reduction("GaussianCrpsLossConfig", self.reduction);
        GaussianCrpsLoss {
            reduction: self.reduction,
        }
    }
}

/// The continuous ranked probability score of a normal distribution: with `z = (y - x) / s`,
/// `s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))`, with the predicted mean `x` and standard deviation `s`, and the
/// standard normal's distribution function `Phi` and density `phi`.
///
/// For forecasts that say how sure they are, in the unit of what is forecast: an absolute error that a wide forecast softens. It
/// bears outliers, which [`GaussianNllLoss`](crate::GaussianNllLoss) squares; where a likelihood is what is asked for, take that
/// one.
///
/// - `prediction`: means, `target`: any real numbers, of one shape
/// - `deviation`: standard deviations, at least 0, of that shape, or with one axis of length 1; with 0 the loss is the absolute
///   error; on NdArray and Flex a negative one panics, elsewhere its loss is NaN
/// - output: at least 0, and 0.2337 `s` for a forecast without error
/// - T. Gneiting et al., [Calibrated Probabilistic Forecasting Using Ensemble Model Output Statistics and Minimum CRPS
///   Estimation](https://doi.org/10.1175/MWR2904.1), 2005
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::GaussianCrpsLossConfig;
///
/// let device = Default::default();
/// let mean = Tensor::<NdArray, 1>::from_floats([0.0, 0.0], &device);
/// let target = Tensor::from_floats([0.0, 20.0], &device);
/// let deviation = Tensor::from_floats([1.0, 1.0], &device);
/// let each = GaussianCrpsLossConfig::new().init().forward_no_reduction(mean, target, deviation);
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// // (sqrt 2 - 1) / sqrt pi, and 20 less 1 / sqrt pi.
/// let pi = std::f32::consts::PI;
/// assert!((each[0] - (2f32.sqrt() - 1.0) / pi.sqrt()).abs() < 1e-6);
/// assert!((each[1] - (20.0 - 1.0 / pi.sqrt())).abs() < 1e-5);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct GaussianCrpsLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

spread_loss!(GaussianCrpsLoss {}, deviation, GaussianCrps, |_| {
    GaussianCrps
});
