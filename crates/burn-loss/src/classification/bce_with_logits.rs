//! Binary cross entropy of logits, one or several labels.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_loss_kernels::{LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::{ElementwiseFormula, elementwise_formula, elementwise_forwards};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`BceWithLogitsLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::BceWithLogitsLossConfig;
///
/// // Three labels; a positive of the last counts ten times.
/// let config = BceWithLogitsLossConfig::new().with_pos_weight(Some(vec![1.0, 1.0, 10.0]));
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.pos_weight.unwrap().dims(), [3]);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct BceWithLogitsLossConfig {
    /// The weight of the positive side of each label, over the last axis, finite and at least 0. Default: 1.
    pub pos_weight: Option<Vec<f32>>,
    /// The share of the target that is replaced by one half, in `[0, 1]`. Default: 0.
    #[config(default = 0.0)]
    pub label_smoothing: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl BceWithLogitsLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a weight is negative or not finite, the label smoothing is outside `[0, 1]`, or `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::BceWithLogitsLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = BceWithLogitsLossConfig::new().with_pos_weight(Some(vec![3.0])).init(&device);
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.0], &device);
    /// let target = Tensor::from_floats([1.0], &device);
    /// // A positive counts three times log(2).
    /// let loss: f32 = loss.forward(prediction, target).into_scalar();
    /// assert!((loss - 3.0 * 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> BceWithLogitsLoss<B> {
        let name = "BceWithLogitsLossConfig";
        check::config_weights(name, "pos_weight", self.pos_weight.as_ref());
        check::config_label_smoothing(name, self.label_smoothing);
        check::reduction("BceWithLogitsLossConfig", self.reduction);
        BceWithLogitsLoss {
            pos_weight: weights_tensor(self.pos_weight.as_ref(), device),
            label_smoothing: self.label_smoothing,
            reduction: self.reduction,
        }
    }
}

/// The binary cross entropy of logits, `-(w y log s(x) + (1 - y) log s(-x))`, with the sigmoid `s` and the weight `w` of
/// the positive side.
///
/// For yes or no, and for several labels that do not exclude one another: one logit per label. Where exactly one of several classes
/// holds, take [`CrossEntropyLoss`](crate::CrossEntropyLoss); where almost all labels are negative and drown the others,
/// [`SigmoidFocalLoss`](crate::SigmoidFocalLoss) or [`AsymmetricLoss`](crate::AsymmetricLoss).
///
/// Stable for logits of any size. Its mean divides by the number of elements, whatever the `pos_weight`.
///
/// - `prediction`: logits, any finite real numbers
/// - `target`: probabilities in `[0, 1]`, as floats, of the same shape; mostly 0 or 1. With label smoothing `a` it
///   becomes `(1 - a) y + a / 2` first (PyTorch has no label smoothing here). On NdArray and Flex a target outside `[0, 1]`
///   panics, elsewhere its loss is NaN
/// - PyTorch:
///   [`nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::BceWithLogitsLossConfig;
///
/// let device = Default::default();
/// // Two examples of three labels.
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0, 1e4, 0.0], [0.0, 0.0, -1e4]], &device);
/// let target = Tensor::from_floats([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], &device);
/// let loss = BceWithLogitsLossConfig::new().init(&device);
///
/// // Four logits of 0 give log(2) each; the two certain ones are right and give 0.
/// let mean: f32 = loss.forward(logits, target).into_scalar();
/// assert!((mean - 4.0 * 2f32.ln() / 6.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct BceWithLogitsLoss<B: Backend> {
    /// The weight of the positive side of each label, of the length of the last axis, each finite and at least 0; none
    /// weighs both sides the same.
    pub pos_weight: Option<Tensor<B, 1>>,
    /// The share of the target that is replaced by one half, in `[0, 1]`.
    pub label_smoothing: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] BceWithLogitsLoss<B>: {pos_weight} label_smoothing, reduction);
elementwise_formula!([B] BceWithLogitsLoss<B>);
elementwise_forwards!(<B> BceWithLogitsLoss<B>, <>);

impl<B: LossBackend> ElementwiseFormula<B> for BceWithLogitsLoss<B> {
    type Formula = formulas::BceWithLogits;

    fn name(&self) -> &'static str {
        "BceWithLogitsLoss"
    }

    fn formula(&self) -> Self::Formula {
        formulas::BceWithLogits {
            label_smoothing: self.label_smoothing,
        }
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn third(&self, prediction: &[usize]) -> Option<Tensor<B, 1>> {
        let weight = self.pos_weight.as_ref()?;
        let labels = *prediction.last().expect("a tensor has an axis");
        let [length] = weight.dims();
        check::weights_length(
            "BceWithLogitsLoss",
            "pos_weight",
            "last axis",
            labels,
            length,
        );
        Some(weight.clone())
    }
}
