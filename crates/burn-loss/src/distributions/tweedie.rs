//! Deviance of amounts that are often 0.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`TweedieLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::TweedieLossConfig;
///
/// assert_eq!(TweedieLossConfig::new().init().power, 1.5);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct TweedieLossConfig {
    /// The power of the mean that the variance grows with, between 1 (counts) and 2 (amounts that are never 0), both excluded.
    /// Default: 1.5.
    #[config(default = "1.5")]
    pub power: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl TweedieLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `power` is not between 1 and 2, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::TweedieLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = TweedieLossConfig::new().with_power(1.25).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.0], &device);
    /// // 1 / 0.25 + 1 / 0.75
    /// let loss: f32 = loss.forward(prediction, Tensor::ones([1], &device)).into_scalar();
    /// assert!((loss - 16.0 / 3.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> TweedieLoss {
        let name = "TweedieLossConfig";
        check::config(
            self.power > 1.0 && self.power < 2.0,
            name,
            "power",
            "between 1 and 2",
            self.power,
        );
        check::reduction(name, self.reduction);
        TweedieLoss {
            power: self.power,
            reduction: self.reduction,
        }
    }
}

/// Half the deviance of an amount `y` whose variance grows with a power `p` of its mean, but for a constant:
/// `y exp((1 - p) x) / (p - 1) + exp((2 - p) x) / (2 - p)`, with the logarithm `x` of the mean.
///
/// For amounts of which many are exactly 0 and the others spread widely: claims, rain, sales of a rare article. Counts that spread no
/// more than their mean belong to [`PoissonNllLoss`](crate::PoissonNllLoss), and amounts that are never 0 to
/// [`GammaNllLoss`](crate::GammaNllLoss).
///
/// - `prediction`: logarithms of means, any real numbers; the loss is least at `x = log y`
/// - `target`: amounts, at least 0, of the same shape
/// - scikit-learn: [`TweedieRegressor`](https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.TweedieRegressor.html)
///   with `link="log"`; B. Jorgensen,
///   [Exponential Dispersion Models](https://doi.org/10.1111/j.2517-6161.1987.tb01685.x), 1987
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
/// use burn_loss::TweedieLossConfig;
///
/// let device = Default::default();
/// // Means of 4 and 1; nothing was seen of the second.
/// let prediction = Tensor::<NdArray, 1>::from_floats([4f32.ln(), 0.0], &device);
/// let target = Tensor::from_floats([4.0, 0.0], &device);
///
/// let each = TweedieLossConfig::new().init().forward_no_reduction(prediction, target);
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// // 4 / (2 0.5) + 2 / 0.5, and 1 / 0.5.
/// assert!((each[0] - 8.0).abs() < 1e-5 && (each[1] - 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct TweedieLoss {
    /// The power of the mean that the variance grows with, between 1 and 2.
    pub power: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(TweedieLoss { power }, formulas::Tweedie, |loss| {
    formulas::Tweedie { power: loss.power }
});
