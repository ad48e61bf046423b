//! Generalized cross entropy of logits with integer classes, for labels with mistakes in them.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::{LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::{ClassFormula, ClassOptions, class_formula, class_forwards};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`GeneralizedCrossEntropyLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::GeneralizedCrossEntropyLossConfig;
///
/// let config = GeneralizedCrossEntropyLossConfig::new().with_q(0.5);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.q, 0.5);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct GeneralizedCrossEntropyLossConfig {
    /// Between cross entropy (towards 0) and the mean absolute error (1), in `(0, 1]`. Default: 0.7, as in the paper.
    #[config(default = 0.7)]
    pub q: f64,
    /// One weight per class, finite and at least 0. Default: every class counts 1.
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

impl GeneralizedCrossEntropyLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `q` is outside `(0, 1]`, a class weight is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::GeneralizedCrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = GeneralizedCrossEntropyLossConfig::new().with_q(1.0).init(&device);
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 4], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
    /// // 1 - p, with p = 1/4.
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - 0.75).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> GeneralizedCrossEntropyLoss<B> {
        let name = "GeneralizedCrossEntropyLossConfig";
        let valid = self.q > 0.0 && self.q <= 1.0;
        check::config_number(valid, name, "q", "in (0, 1]", self.q);
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        check::reduction("GeneralizedCrossEntropyLossConfig", self.reduction);
        GeneralizedCrossEntropyLoss {
            q: self.q,
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// A loss of at most `1 / q` a row, which hardly pulls where the model is sure that the label is wrong, `w_t (1 - p_t^q) / q`, with
/// `p = softmax(x)`, the row's class `t` and the class weights `w`.
///
/// For training on labels of which some are wrong. Where they are right, take [`CrossEntropyLoss`](crate::CrossEntropyLoss): it
/// learns faster, above all with many classes, because it pulls hardest where the model is most wrong.
///
/// Towards `q = 0` it is cross entropy; at `q = 1` it is half the absolute error of the probabilities.
///
/// - `logits`: any real numbers, classes on axis 1; `-inf` for a class that is impossible
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - mean: divided by the sum of `w_t` over the rows that are not ignored
/// - Source: [Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
///   Labels](https://arxiv.org/abs/1805.07836), without its truncation
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::GeneralizedCrossEntropyLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[3f32.ln(), 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
/// let loss = GeneralizedCrossEntropyLossConfig::new().with_q(1.0).init(&device);
///
/// // p = 3/4.
/// let mean: f32 = loss.forward(logits, targets).into_scalar();
/// assert!((mean - 0.25).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct GeneralizedCrossEntropyLoss<B: Backend> {
    /// Between cross entropy (towards 0) and the mean absolute error (1), in `(0, 1]`.
    pub q: f64,
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

display_fields!([<B: Backend>] GeneralizedCrossEntropyLoss<B>: {class_weights} q, ignore_index, ignore_indices, reduction);
class_formula!([B] GeneralizedCrossEntropyLoss<B>);
class_forwards!(GeneralizedCrossEntropyLoss, logits);

impl<B: LossBackend> ClassFormula<B> for GeneralizedCrossEntropyLoss<B> {
    type Formula = formulas::GeneralizedCrossEntropy;

    fn name(&self) -> &'static str {
        "GeneralizedCrossEntropyLoss"
    }

    fn formula(&self) -> Self::Formula {
        formulas::GeneralizedCrossEntropy { q: self.q }
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
