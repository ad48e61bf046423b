//! Focal loss of logits with integer classes.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::{LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::{ClassFormula, ClassOptions, class_formula, class_forwards};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`FocalLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::FocalLossConfig;
///
/// let loss = FocalLossConfig::new().with_gamma(1.5).init::<NdArray>(&Default::default());
/// assert_eq!(loss.gamma, 1.5);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct FocalLossConfig {
    /// How strongly rows that are already right are weighted down, at least 0. Default: 2, as in the paper.
    #[config(default = 2.0)]
    pub gamma: f64,
    /// One weight per class (the paper's alpha), finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl FocalLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `gamma` or a class weight is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::FocalLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = FocalLossConfig::new().with_gamma(1.0).init(&device);
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 2], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
    /// // p = 1/2: half the cross entropy.
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - 0.5 * 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> FocalLoss<B> {
        let name = "FocalLossConfig";
        check::config_at_least_zero(name, "gamma", self.gamma);
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        check::reduction("FocalLossConfig", self.reduction);
        FocalLoss {
            gamma: self.gamma,
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// The cross entropy of a target class, weighted down where the model is already right, `-w_t (1 - p_t)^gamma log p_t`,
/// with `p = softmax(x)`, the row's class `t` and the class weights `w`.
///
/// For classes of which a few easy ones would drown the others. Where some labels are wrong (it looks at those most), or the
/// probabilities are to be believed, take [`CrossEntropyLoss`](crate::CrossEntropyLoss), which it is with `gamma = 0`; for labels
/// that do not exclude one another [`SigmoidFocalLoss`](crate::SigmoidFocalLoss).
///
/// - `logits`: any real numbers, classes on axis 1; `-inf` for a class that is impossible
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - mean: divided by the sum of `w_t` over the rows that are not ignored, as for cross entropy (some implementations
///   divide by the number of rows)
/// - Source: [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002), with the softmax in place of the
///   sigmoid
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::FocalLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[3f32.ln(), 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
///
/// // p = 3/4: the cross entropy times (1/4)^2.
/// let mean: f32 = FocalLossConfig::new().init(&device).forward(logits, targets).into_scalar();
/// assert!((mean + 0.75f32.ln() / 16.0).abs() < 1e-7);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct FocalLoss<B: Backend> {
    /// How strongly rows that are already right are weighted down, finite and at least 0.
    pub gamma: f64,
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Rows with this target do not count; any integer, a class or not.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either.
    #[module(skip)]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] FocalLoss<B>: {class_weights} gamma, ignore_index, ignore_indices, reduction);
class_formula!([B] FocalLoss<B>);
class_forwards!(FocalLoss, logits);

impl<B: LossBackend> ClassFormula<B> for FocalLoss<B> {
    type Formula = formulas::Focal;

    fn name(&self) -> &'static str {
        "FocalLoss"
    }

    fn formula(&self) -> Self::Formula {
        formulas::Focal { gamma: self.gamma }
    }

    fn options(&self) -> ClassOptions<'_, B> {
        ClassOptions {
            class_weights: self.class_weights.as_ref(),
            ignore_index: self.ignore_index,
            ignore_indices: &self.ignore_indices,
            reduction: self.reduction,
        }
    }
}
