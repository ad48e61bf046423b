//! Cross entropy of logits, with integer classes or with probabilities.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Int, Tensor};
use burn_loss_kernels::composed::at_least_f32;
use burn_loss_kernels::{LossBackend, SmoothWeights, formulas};

use crate::display::display_fields;
use crate::forms::{ClassFormula, ClassOptions, class_formula, class_forwards, primitive};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`CrossEntropyLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::CrossEntropyLossConfig;
///
/// let config = CrossEntropyLossConfig::new().with_label_smoothing(0.1);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.label_smoothing, 0.1);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct CrossEntropyLossConfig {
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none (PyTorch's default is -100).
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// The share of the target that is spread evenly over all classes, in `[0, 1]`. Default: 0.
    #[config(default = 0.0)]
    pub label_smoothing: f64,
    /// The weight `z` of the auxiliary loss `z lse^2`, which keeps the logits from drifting, finite and at least 0.
    /// Default: 0 (PaLM used 1e-4).
    #[config(default = 0.0)]
    pub z_loss: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl CrossEntropyLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a class weight or `z_loss` is negative or not finite, the label smoothing is outside `[0, 1]`, or `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = CrossEntropyLossConfig::new().with_z_loss(0.5).init(&device);
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 4], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([3], &device);
    /// // All logits are the same: log(4), and half its square.
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - (4f32.ln() + 0.5 * 4f32.ln().powi(2))).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> CrossEntropyLoss<B> {
        let name = "CrossEntropyLossConfig";
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        check::config_label_smoothing(name, self.label_smoothing);
        check::config_at_least_zero(name, "z_loss", self.z_loss);
        check::reduction("CrossEntropyLossConfig", self.reduction);
        CrossEntropyLoss {
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            label_smoothing: self.label_smoothing,
            z_loss: self.z_loss,
            reduction: self.reduction,
        }
    }
}

/// The cross entropy of a target class with the softmax of logits,
/// `(1 - a) w_t (lse - x_t) + a / C * sum_c w_c (lse - x_c) + z w_t lse^2`, with `lse = log sum_c exp(x_c)`, the row's
/// class `t`, the class weights `w`, the label smoothing `a` and the weight `z` of the auxiliary loss.
///
/// For picking exactly one of several classes. Where several labels may hold at once, take
/// [`BceWithLogitsLoss`](crate::BceWithLogitsLoss); where some labels are wrong,
/// [`GeneralizedCrossEntropyLoss`](crate::GeneralizedCrossEntropyLoss).
///
/// The logits go in raw: the softmax is part of the loss, computed relative to the row's largest logit, in one fused operation.
///
/// - `logits`: any real numbers, classes on axis 1; `-inf` for a class that is impossible (not with label smoothing, which makes
///   the loss infinite, nor with `forward_probabilities`, where it is NaN)
/// - `targets`: classes in `[0, C)`, or one probability a class with [`forward_probabilities`](Self::forward_probabilities); on
///   NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is NaN
/// - mean: divided by the sum of `w_t` over the rows that are not ignored
/// - PyTorch: [`nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html),
///   but for `ignore_index`, which is none by default here and -100 there; label smoothing:
///   [Rethinking the Inception Architecture](https://arxiv.org/abs/1512.00567); z-loss (not in PyTorch):
///   [PaLM](https://arxiv.org/abs/2204.02311), section 5
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::CrossEntropyLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 2], &device);
/// let loss = CrossEntropyLossConfig::new().init(&device);
///
/// // log(1 + e^-2 + e^-3) = 0.169846, and log(3)
/// let mean: f32 = loss.forward(logits, targets).into_scalar();
/// assert!((mean - (0.169846 + 3f32.ln()) / 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct CrossEntropyLoss<B: Backend> {
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Rows with this target do not count; any integer, a class or not.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either.
    #[module(skip)]
    pub ignore_indices: Vec<i64>,
    /// The share of the target that is spread evenly over all classes, in `[0, 1]`.
    pub label_smoothing: f64,
    /// The weight of the auxiliary loss `lse^2`, finite and at least 0.
    pub z_loss: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] CrossEntropyLoss<B>: {class_weights} ignore_index, ignore_indices, label_smoothing, z_loss, reduction);
class_formula!([B] CrossEntropyLoss<B>);
class_forwards!(CrossEntropyLoss, logits);

impl<B: LossBackend> ClassFormula<B> for CrossEntropyLoss<B> {
    type Formula = formulas::CrossEntropy;

    fn name(&self) -> &'static str {
        "CrossEntropyLoss"
    }

    fn formula(&self) -> Self::Formula {
        formulas::CrossEntropy {
            keep: 1.0 - self.label_smoothing,
            z_loss: self.z_loss,
        }
    }

    fn options(&self) -> ClassOptions<'_, B> {
        ClassOptions {
            class_weights: self.class_weights.as_ref(),
            ignore_index: self.ignore_index,
            ignore_indices: &self.ignore_indices,
            reduction: self.reduction,
        }
    }

    fn smooth(&self, num_classes: usize, dtype: DType) -> SmoothWeights<FloatTensor<B>> {
        let share = self.label_smoothing / num_classes as f64;
        match &self.class_weights {
            _ if share == 0.0 => SmoothWeights::Zero,
            None => SmoothWeights::Uniform(share),
            // As precise as the operation computes: with many classes a share is too small for 16 bits.
            Some(weights) => {
                let weights = weights.clone().cast(at_least_f32(dtype));
                SmoothWeights::PerClass(primitive(weights * share))
            }
        }
    }

    fn needs_log_sum_exp(&self) -> bool {
        self.z_loss != 0.0
    }
}
