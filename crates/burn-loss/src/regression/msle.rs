//! Squared error of logarithms.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`MsleLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{MsleLossConfig, Reduction};
///
/// let loss = MsleLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct MsleLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl MsleLossConfig {
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
    /// use burn_loss::MsleLossConfig;
    ///
    /// let device = Default::default();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.0], &device);
    /// let target = Tensor::from_floats([1f32.exp() - 1.0], &device);
    /// let loss: f32 = MsleLossConfig::new().init().forward(prediction, target).into_scalar();
    /// assert!((loss - 1.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> MsleLoss {
        let name = "MsleLossConfig";
        check::reduction(name, self.reduction);
        MsleLoss {
            reduction: self.reduction,
        }
    }
}

/// The squared error of the logarithms of amounts, `(log(1 + x) - log(1 + y))^2`.
///
/// For amounts over several orders of magnitude, where the ratio matters and not the difference: prices, durations. A model that
/// may predict less than -1 has no logarithm there; let it predict `log(1 + y)` and take [`MseLoss`](crate::MseLoss), which is the
/// same loss.
///
/// - `prediction`, `target`: amounts of at least -1, mostly at least 0, of one shape; where exactly one of the two is -1 the loss
///   is infinite
/// - gradient: `2 (log(1 + x) - log(1 + y)) / (1 + x)`
/// - scikit-learn:
///   [`mean_squared_log_error`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_squared_log_error.html);
///   Keras' `MeanSquaredLogarithmicError` takes negative amounts for 0, which leaves them without a gradient
///
/// # Panics
///
/// On NdArray and Flex, if an amount is less than -1 (elsewhere its loss is NaN).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::MsleLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([9.0, 999.0], &device);
/// let target = Tensor::from_floats([99.0, 99.0], &device);
///
/// // A tenth and ten times as much are the same error.
/// let each = MsleLossConfig::new().init().forward_no_reduction(prediction, target);
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// assert!((each[0] - 10f32.ln().powi(2)).abs() < 1e-5 && (each[1] - each[0]).abs() < 1e-5);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct MsleLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(MsleLoss {}, formulas::Msle, |_| formulas::Msle);
