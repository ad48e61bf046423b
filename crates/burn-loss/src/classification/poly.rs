//! Poly-1 cross entropy of logits with integer classes.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::{LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::{ClassFormula, ClassOptions, class_formula, class_forwards};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`PolyLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::PolyLossConfig;
///
/// let loss = PolyLossConfig::new().with_epsilon(2.0).init::<NdArray>(&Default::default());
/// assert_eq!(loss.epsilon, 2.0);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct PolyLossConfig {
    /// What is added to the first coefficient of the cross entropy's series, finite and at least -1. Default: 1.
    #[config(default = 1.0)]
    pub epsilon: f64,
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

impl PolyLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `epsilon` is below -1 (being right would cost) or not finite, a class weight is negative or not finite, or `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::PolyLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = PolyLossConfig::new().with_epsilon(2.0).init(&device);
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 2], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
    /// // p = 1/2: the cross entropy, and 2 (1 - p).
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - (2f32.ln() + 1.0)).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> PolyLoss<B> {
        let name = "PolyLossConfig";
        let valid = self.epsilon >= -1.0;
        check::config_number(
            valid,
            name,
            "epsilon",
            "finite and at least -1",
            self.epsilon,
        );
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        check::reduction("PolyLossConfig", self.reduction);
        PolyLoss {
            epsilon: self.epsilon,
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// Cross entropy plus `epsilon` times `1 - p_t`, `w_t (-log p_t + epsilon (1 - p_t))`, with `p = softmax(x)`, the row's class `t`
/// and the class weights `w`.
///
/// For the last points of accuracy, by one number to search for: `epsilon > 0` keeps pulling at rows that are almost right,
/// `epsilon < 0` lets go of them. Without such a search, or where the probabilities are to be believed, take
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss), which it is with `epsilon = 0`.
///
/// - `logits`: any real numbers, classes on axis 1; `-inf` for a class that is impossible
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - mean: divided by the sum of `w_t` over the rows that are not ignored
/// - Source: [PolyLoss](https://arxiv.org/abs/2204.12511), its Poly-1 form
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::PolyLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[3f32.ln(), 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
///
/// // p = 3/4.
/// let mean: f32 = PolyLossConfig::new().init(&device).forward(logits, targets).into_scalar();
/// assert!((mean - (0.25 - 0.75f32.ln())).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct PolyLoss<B: Backend> {
    /// What is added to the first coefficient of the cross entropy's series, finite and at least -1.
    pub epsilon: f64,
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

display_fields!([<B: Backend>] PolyLoss<B>: {class_weights} epsilon, ignore_index, ignore_indices, reduction);
class_formula!([B] PolyLoss<B>);
class_forwards!(PolyLoss, logits);

impl<B: LossBackend> ClassFormula<B> for PolyLoss<B> {
    type Formula = formulas::Poly;

    fn name(&self) -> &'static str {
        "PolyLoss"
    }

    fn formula(&self) -> Self::Formula {
        formulas::Poly {
            epsilon: self.epsilon,
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
}
