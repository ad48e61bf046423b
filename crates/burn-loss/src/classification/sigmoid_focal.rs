//! Focal loss of binary logits, one a label.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`SigmoidFocalLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::SigmoidFocalLossConfig;
///
/// let loss = SigmoidFocalLossConfig::new().with_gamma(1.5).init();
/// assert_eq!((loss.alpha, loss.gamma), (Some(0.25), 1.5));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct SigmoidFocalLossConfig {
    /// The weight of the positive side, in `[0, 1]`; the negative side weighs `1 - alpha`; with none both weigh 1. Default:
    /// 0.25, as in the paper (torchvision spells "none" as -1).
    #[config(default = "Some(0.25)")]
    pub alpha: Option<f64>,
    /// How strongly labels that are already right are weighted down, at least 0. Default: 2, as in the paper.
    #[config(default = 2.0)]
    pub gamma: f64,
    /// How the losses become one number. Default: mean (torchvision's default is none).
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl SigmoidFocalLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `alpha` is outside `[0, 1]`, `gamma` is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::SigmoidFocalLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = SigmoidFocalLossConfig::new().with_alpha(None).with_gamma(1.0).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.0], &device);
    /// let target = Tensor::from_floats([1.0], &device);
    /// // p = 1/2: half the binary cross entropy.
    /// let loss: f32 = loss.forward(prediction, target).into_scalar();
    /// assert!((loss - 0.5 * 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> SigmoidFocalLoss {
        let name = "SigmoidFocalLossConfig";
        if let Some(alpha) = self.alpha {
            let valid = (0.0..=1.0).contains(&alpha);
            check::config_number(valid, name, "alpha", "in [0, 1] or none", alpha);
        }
        check::config_at_least_zero(name, "gamma", self.gamma);
        check::reduction("SigmoidFocalLossConfig", self.reduction);
        SigmoidFocalLoss {
            alpha: self.alpha,
            gamma: self.gamma,
            reduction: self.reduction,
        }
    }
}

/// Binary cross entropy of logits, weighted down where the model is already right,
/// `a_t (1 - p_t)^gamma (y softplus(-x) + (1 - y) softplus(x))`, with `s = sigmoid(x)`, `softplus(x) = log(1 + exp(x))`,
/// `p_t = y s + (1 - y) (1 - s)` and `a_t = y alpha + (1 - y) (1 - alpha)`.
///
/// For labels of which few are positive, such as those of a detector. Where positives are not rare, or the probabilities are to be
/// believed, take [`BceWithLogitsLoss`](crate::BceWithLogitsLoss), which it is with `gamma = 0` and no `alpha`.
///
/// Its mean divides by the number of elements, whatever the `alpha`.
///
/// - `prediction`: logits, any finite real numbers
/// - `target`: probabilities in `[0, 1]`, as floats, of the same shape; mostly 0 or 1. On NdArray and Flex a number outside panics,
///   elsewhere its loss is NaN
/// - Source: [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002); torchvision:
///   [`sigmoid_focal_loss`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.sigmoid_focal_loss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::SigmoidFocalLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 1>::from_floats([3f32.ln()], &device);
/// let target = Tensor::from_floats([1.0], &device);
///
/// // p = 3/4: a quarter of the binary cross entropy times (1/4)^2.
/// let mean: f32 = SigmoidFocalLossConfig::new().init().forward(logits, target).into_scalar();
/// assert!((mean + 0.25 * 0.75f32.ln() / 16.0).abs() < 1e-7);
/// ```
#[derive(Module, Clone, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct SigmoidFocalLoss {
    /// The weight of the positive side, in `[0, 1]`; the negative side weighs `1 - alpha`; with none both weigh 1.
    #[module(skip)]
    pub alpha: Option<f64>,
    /// How strongly labels that are already right are weighted down, finite and at least 0.
    pub gamma: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(
    SigmoidFocalLoss { alpha, gamma },
    formulas::SigmoidFocal,
    |loss| formulas::SigmoidFocal {
        alpha: loss.alpha,
        gamma: loss.gamma,
    }
);
