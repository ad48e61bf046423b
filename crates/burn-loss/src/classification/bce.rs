//! Binary cross entropy of probabilities.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_loss_kernels::composed::{log_of_one_plus, log1p};

use crate::display::display_fields;
use crate::elementwise::elementwise_forwards;
use crate::gradient::with_gradient;
use crate::halves::widen_halves;
use crate::{Reduction, check};

/// The least `p (1 - p)` that the gradient divides by. PyTorch's 1e-12 is a `float`, for doubles, too; in `f16` it would be
/// 0, which is one reason to compute those in `f32`.
const LEAST_VARIANCE: f64 = 1e-12f32 as f64;

/// Configuration of [`BceLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{BceLossConfig, Reduction};
///
/// let loss = BceLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct BceLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl BceLossConfig {
    /// Makes the loss.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{BceLossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let loss = BceLossConfig::new().with_reduction(Reduction::Sum).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.5, 0.5], &device);
    /// let target = Tensor::from_floats([1.0, 0.0], &device);
    /// // log(2) each
    /// let loss: f32 = loss.forward(prediction, target).into_scalar();
    /// assert!((loss - 2.0 * 2f32.ln()).abs() < 1e-6);
    /// ```
    pub fn init(&self) -> BceLoss {
        BceLoss {
            reduction: self.reduction,
        }
    }
}

/// The binary cross entropy of probabilities, `-(y log p + (1 - y) log(1 - p))`, with both logarithms at least -100.
///
/// For models that already end in a sigmoid. Of logits, take [`BceWithLogitsLoss`](crate::BceWithLogitsLoss): a sigmoid
/// that has rounded to 0 or 1 has lost what this loss needs.
///
/// - `prediction`: probabilities in `[0, 1]`
/// - `target`: probabilities in `[0, 1]`, as floats, of the same shape; mostly 0 or 1
/// - gradient: `(p - y) / max(p (1 - p), 1e-12)`, as in PyTorch
/// - `f16` and `bf16` are computed in `f32` and rounded once, as in PyTorch
/// - PyTorch: [`nn.BCELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::BceLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.5, 0.25, 0.0], &device);
/// let target = Tensor::from_floats([1.0, 0.0, 1.0], &device);
///
/// // log(2) + log(4 / 3) + 100, where the last logarithm is clamped
/// let mean: f32 = BceLossConfig::new().init().forward(prediction, target).into_scalar();
/// assert!((mean - (2f32.ln() + (4f32 / 3.0).ln() + 100.0) / 3.0).abs() < 1e-5);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
pub struct BceLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] BceLoss: {} reduction);
elementwise_forwards!(<> BceLoss, <B>, "BceLossConfig::new().init()", "2f32.ln()");

impl BceLoss {
    const NAME: &str = "BceLoss";

    /// Computes one loss an element.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, output: the same, of any rank
    ///
    /// # Panics
    ///
    /// If the shapes or element types differ, or, on NdArray and Flex, if a prediction or a target is outside `[0, 1]`
    /// (elsewhere the loss of such a prediction is NaN).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    ///
    /// let prediction = Tensor::<NdArray, 2>::from_floats([[0.5, 1.0]], &Default::default());
    /// let loss = burn_loss::BceLossConfig::new().init();
    /// let each = loss.forward_no_reduction(prediction.clone(), prediction.ones_like());
    /// assert_eq!(each.into_data().to_vec::<f32>().unwrap(), [2f32.ln(), 0.0]);
    /// ```
    #[track_caller]
    pub fn forward_no_reduction<B: Backend, const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, D> {
        check::prediction_and_target(Self::NAME, &prediction, &target);
        check::probabilities_on_host(Self::NAME, "prediction", &prediction);
        check::probabilities_on_host(Self::NAME, "target", &target);

        let dtype = prediction.dtype();
        let (prediction, target) = (widen_halves(prediction), widen_halves(target));
        let p = prediction.clone().detach();
        let log_p = log_of_one_plus(p.clone() - 1.0, p.clone()).clamp_min(-100.0);
        let log_not_p = log1p(p.clone().neg()).clamp_min(-100.0);
        // Not log(1 - p) and what y adds to it: where p and y are almost 1, that is a difference of large numbers.
        let value = target.clone() * log_p + (target.clone().neg() + 1.0) * log_not_p;
        // A clamp may turn NaN into its bound, and a wrong probability into a loss.
        let outside = check::outside_unit_interval(p.clone());
        let value = value.neg().mask_fill(outside, f64::NAN);
        let loss = with_gradient(prediction, value, || {
            let variance = (p.clone() * (p.clone().neg() + 1.0)).clamp_min(LEAST_VARIANCE);
            (p - target.detach()) / variance
        });
        loss.cast(dtype)
    }
}
