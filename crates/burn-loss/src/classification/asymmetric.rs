//! Asymmetric loss of several labels.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`AsymmetricLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::AsymmetricLossConfig;
///
/// let loss = AsymmetricLossConfig::new().with_gamma_negative(2.0).init();
/// assert_eq!((loss.gamma_negative, loss.gamma_positive, loss.clip), (2.0, 1.0, 0.05));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct AsymmetricLossConfig {
    /// How strongly negatives that are already right are weighed down, finite and at least 0. Default: 4.
    #[config(default = "4.0")]
    pub gamma_negative: f64,
    /// How strongly positives that are already right are weighed down, finite and at least 0. Default: 1.
    #[config(default = "1.0")]
    pub gamma_positive: f64,
    /// The probability up to which a negative does not count at all, in `[0, 1)`. Default: 0.05.
    #[config(default = "0.05")]
    pub clip: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl AsymmetricLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a `gamma` is negative or not finite, `clip` is outside `[0, 1)`, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::AsymmetricLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = AsymmetricLossConfig::new().init();
    /// // A negative of probability 1/21 is easy enough.
    /// let logits = Tensor::<NdArray, 1>::from_floats([-20f32.ln()], &device);
    /// assert_eq!(loss.forward(logits, Tensor::zeros([1], &device)).into_scalar(), 0.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> AsymmetricLoss {
        let name = "AsymmetricLossConfig";
        check::config_at_least_zero(name, "gamma_negative", self.gamma_negative);
        check::config_at_least_zero(name, "gamma_positive", self.gamma_positive);
        check::config_number(
            (0.0..1.0).contains(&self.clip),
            name,
            "clip",
            "in [0, 1)",
            self.clip,
        );
        check::reduction(name, self.reduction);
        AsymmetricLoss {
            gamma_negative: self.gamma_negative,
            gamma_positive: self.gamma_positive,
            clip: self.clip,
            reduction: self.reduction,
        }
    }
}

/// Binary cross entropy of logits that looks away from easy negatives: `-(1 - p)^gamma_positive log p` of a positive, and
/// `-q^gamma_negative log(1 - q)` of a negative, with `p = sigmoid(x)` and `q = max(p - clip, 0)`.
///
/// For many labels of which an example has few, so that the negatives would drown the positives. Its probabilities are not calibrated:
/// where they are to be believed, take [`BceWithLogitsLoss`](crate::BceWithLogitsLoss).
///
/// - `prediction`: logits, any finite real numbers
/// - `target`: 0 or 1, as floats, of the same shape; between them both sides count their share. On NdArray and Flex a number outside
///   `[0, 1]` panics, elsewhere its loss is NaN
/// - The whole is differentiated, as in the paper; the authors' code does not differentiate the weights unless told to. Logarithms are
///   not clamped (theirs: at log 1e-8), and the mean is over all elements (theirs is the sum)
/// - Source: T. Ridnik et al., [Asymmetric Loss For Multi-Label Classification](https://arxiv.org/abs/2009.14119), 2021
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::AsymmetricLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 1>::from_floats([0.0, 0.0], &device);
/// let target = Tensor::from_floats([1.0, 0.0], &device);
/// let each = AsymmetricLossConfig::new().init().forward_no_reduction(logits, target);
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// // 0.5 log 2, and -0.45^4 log 0.55.
/// assert!((each[0] - 0.5 * 2f32.ln()).abs() < 1e-6);
/// assert!((each[1] + 0.45f32.powi(4) * 0.55f32.ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct AsymmetricLoss {
    /// How strongly negatives that are already right are weighed down, finite and at least 0.
    pub gamma_negative: f64,
    /// How strongly positives that are already right are weighed down, finite and at least 0.
    pub gamma_positive: f64,
    /// The probability up to which a negative does not count at all, in `[0, 1)`.
    pub clip: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(
    AsymmetricLoss {
        gamma_negative,
        gamma_positive,
        clip
    },
    formulas::Asymmetric,
    |loss| formulas::Asymmetric {
        gamma_positive: loss.gamma_positive,
        gamma_negative: loss.gamma_negative,
        clip: loss.clip,
    }
);
