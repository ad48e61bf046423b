//! Binary cross entropy of logits, one or several labels.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::binary_logits::BinaryLogits;
use crate::class_rows::weights_tensor;
use crate::display::display_fields;
use crate::elementwise::elementwise_forwards;
use crate::gradient::with_gradient;
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
    /// If a weight is negative or not finite, or the label smoothing is outside `[0, 1]`.
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
/// For yes or no, and for several labels that do not exclude one another: one logit a label. Stable for logits of any
/// size. Its mean divides by the number of elements, whatever the `pos_weight`.
///
/// - `prediction`: logits, any finite real numbers
/// - `target`: probabilities in `[0, 1]`, as floats, of the same shape; mostly 0 or 1. With label smoothing `a` it
///   becomes `(1 - a) y + a / 2` first (PyTorch has no label smoothing here)
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
elementwise_forwards!(<B> BceWithLogitsLoss<B>, <>, "BceWithLogitsLossConfig::new().init(&device)", "0.474_076_98");

impl<B: Backend> BceWithLogitsLoss<B> {
    const NAME: &str = "BceWithLogitsLoss";

    /// Computes one loss an element.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, output: the same, of any rank
    ///
    /// # Panics
    ///
    /// If the shapes or element types differ, or the last axis has not the length of `pos_weight`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    ///
    /// let device = Default::default();
    /// let prediction = Tensor::<NdArray, 2>::zeros([1, 2], &device);
    /// let loss = burn_loss::BceWithLogitsLossConfig::new().init(&device);
    /// let each = loss.forward_no_reduction(prediction.clone(), prediction.ones_like());
    /// assert_eq!(each.into_data().to_vec::<f32>().unwrap(), [2f32.ln(); 2]);
    /// ```
    #[track_caller]
    pub fn forward_no_reduction<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, D> {
        check::prediction_and_target(Self::NAME, &prediction, &target);
        let target = match self.label_smoothing {
            0.0 => target,
            share => target * (1.0 - share) + share / 2.0,
        };
        let positive = self.weigh_positive(target.clone());
        let negative = target.neg() + 1.0;

        let logits = BinaryLogits::new(prediction.clone().detach());
        let (softplus, softplus_of_neg) = logits.softplus();
        let value = positive.clone() * softplus_of_neg + negative.clone() * softplus;
        with_gradient(prediction, value, || {
            let (sigmoid, sigmoid_of_neg) = logits.sigmoid();
            negative.detach() * sigmoid - positive.detach() * sigmoid_of_neg
        })
    }

    #[track_caller]
    fn weigh_positive<const D: usize>(&self, target: Tensor<B, D>) -> Tensor<B, D> {
        let Some(weight) = &self.pos_weight else {
            return target;
        };
        let labels = target.dims()[D - 1];
        let [length] = weight.dims();
        check::weights_length(Self::NAME, "pos_weight", "last axis", labels, length);
        let mut shape = [1; D];
        shape[D - 1] = labels;
        let weight = weight.clone().cast(target.dtype()).reshape(shape);
        target * weight
    }
}
