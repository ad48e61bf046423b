//! Dice loss of regions.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::{LossBackend, formulas};

use super::overlap_loss;
use crate::display::display_fields;
use crate::forms::{AbsentClasses, Overlap, RegionLoss, RegionOptions, region_forwards};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`DiceLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::DiceLossConfig;
///
/// let config = DiceLossConfig::new().with_smooth(1.0);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.smooth, 1.0);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct DiceLossConfig {
    /// Twice this is added to the numerator `2 I` and to the denominator `P + T`; finite and at least 0. Default: 0.
    #[config(default = 0.0)]
    pub smooth: f64,
    /// Half of the least denominator, finite and at least 0. Default: 1e-7.
    #[config(default = 1e-7)]
    pub eps: f64,
    /// Whether each image has a loss of its own, or the batch is one large image. Default: the batch.
    #[config(default = false)]
    pub per_image: bool,
    /// The classes that count, in the order of `forward_no_reduction`. Default: all.
    pub classes: Option<Vec<usize>>,
    /// One weight per class, those that do not count among them, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Positions with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// The loss of a class that no position of the target has. Default: 0.
    #[config(default = "AbsentClasses::Zero")]
    pub absent_classes: AbsentClasses,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl DiceLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `smooth`, `eps` or a class weight is negative or not finite, `classes` is empty or names a class twice, or `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::DiceLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = DiceLossConfig::new().with_classes(Some(vec![1])).init(&device);
    /// // Everything is taken for class 1, and half of it is: 1 - 2 * 1 / (2 + 1).
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[0.0, 0.0], [99.0, 99.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1]], &device);
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - 1.0 / 3.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> DiceLoss<B> {
        let name = "DiceLossConfig";
        check::config_at_least_zero(name, "smooth", self.smooth);
        check::config_at_least_zero(name, "eps", self.eps);
        check::config_regions(
            name,
            self.reduction,
            self.class_weights.as_ref(),
            self.classes.as_ref(),
        );
        DiceLoss {
            smooth: self.smooth,
            eps: self.eps,
            per_image: self.per_image,
            classes: self.classes.clone(),
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            absent_classes: self.absent_classes,
            reduction: self.reduction,
        }
    }
}

/// One minus the Dice coefficient (F1) of predicted and true regions, `1 - (2 I + 2 s) / max(P + T + 2 s, 2 eps)`, with the sums
/// over positions `I = sum p y` of both, `P = sum p` of the probabilities and `T = sum y` of the target, and the smooth term `s`.
///
/// For segmentation where a class has few of the positions: a small region weighs as much as a large one, and it is the score
/// that such models are judged by. Its gradient says little about single positions and is rough at the start, so add it to
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss) rather than take it alone where probabilities matter.
///
/// - `logits`: any real numbers `[N, C, d1, ..]`, `-inf` for a class that is impossible; the softmax, or of binary logits the
///   sigmoid, is part of the loss
/// - `targets` (on NdArray and Flex a wrong one panics, elsewhere the loss is NaN): classes in `[0, C)` with
///   [`forward`](Self::forward); numbers in `[0, 1]` with
///   [`forward_binary`](Self::forward_binary) (one region per image) and [`forward_labels`](Self::forward_labels) (`C` regions that
///   may lie over each other), where `min(p, y)` stands for `p y`
/// - the sums run over all positions of the batch, or of each image with `per_image`; the mean is over regions, each times its
///   class weight, divided by the sum of the weights
/// - segmentation-models-pytorch: [`DiceLoss`](https://smp.readthedocs.io/en/latest/losses.html#diceloss), all defaults
///   among them; a class that no position has is a loss of 0 there
/// - MONAI: [`DiceLoss`](https://docs.monai.io/en/stable/losses.html#diceloss) with `smooth_nr = smooth_dr = r` is `smooth: r / 2`,
///   `eps: 0`, `per_image: true` (there `batch = False`) and `absent_classes: Count`. It differs in two places: its class weights
///   are not divided by their sum, and `include_background = False` is `classes` without 0 here
/// - [V-Net](https://arxiv.org/abs/1606.04797); with numbers as targets,
///   [Dice Semimetric Losses](https://arxiv.org/abs/2303.16296)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::DiceLossConfig;
///
/// let device = Default::default();
/// // One image of two classes and three positions, with probabilities of one half.
/// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
/// let loss = DiceLossConfig::new().init(&device);
///
/// // 1 - 2 * 0.5 / (1.5 + 1) and 1 - 2 * 1 / (1.5 + 2)
/// let mean: f32 = loss.forward(logits, targets).into_scalar();
/// assert!((mean - (0.6 + 3.0 / 7.0) / 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct DiceLoss<B: Backend> {
    /// Twice this is added to the numerator `2 I` and to the denominator `P + T`; finite and at least 0.
    pub smooth: f64,
    /// Half of the least denominator, finite and at least 0.
    pub eps: f64,
    /// Whether each image has a loss of its own, or the batch is one large image.
    pub per_image: bool,
    /// The classes that count, in the order of `forward_no_reduction`; none counts them all.
    #[module(skip)]
    pub classes: Option<Vec<usize>>,
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Positions with this target do not count.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// The loss of a class that no position of the target has.
    #[module(skip)]
    pub absent_classes: AbsentClasses,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] DiceLoss<B>: {class_weights} smooth, eps, per_image, classes, ignore_index, absent_classes, reduction);
region_forwards!(DiceLoss);

impl<B: LossBackend> RegionLoss<B> for DiceLoss<B> {
    fn name(&self) -> &'static str {
        "DiceLoss"
    }

    fn options(&self) -> RegionOptions<'_, B> {
        RegionOptions {
            class_weights: self.class_weights.as_ref(),
            classes: self.classes.as_deref(),
            ignore_index: self.ignore_index,
            per_image: self.per_image,
            absent_classes: self.absent_classes,
            reduction: self.reduction,
        }
    }

    fn losses(&self, overlap: Overlap<B>) -> Tensor<B, 2> {
        let formula = formulas::Tversky {
            alpha: 0.5,
            beta: 0.5,
            gamma: 1.0,
            smooth: self.smooth,
            eps: self.eps,
        };
        overlap_loss(&formula, overlap)
    }
}
