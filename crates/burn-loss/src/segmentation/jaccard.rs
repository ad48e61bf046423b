//! Jaccard loss of regions.

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

/// Configuration of [`JaccardLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::JaccardLossConfig;
///
/// let config = JaccardLossConfig::new().with_per_image(true);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert!(loss.per_image);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct JaccardLossConfig {
    /// Added to the numerator and to the denominator, finite and at least 0. Default: 0.
    #[config(default = 0.0)]
    pub smooth: f64,
    /// The least denominator, finite and at least 0. Default: 1e-7.
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

impl JaccardLossConfig {
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
    /// use burn_loss::JaccardLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = JaccardLossConfig::new().with_classes(Some(vec![1])).init(&device);
    /// // Everything is taken for class 1, and half of it is: 1 - 1 / 2.
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[0.0, 0.0], [99.0, 99.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1]], &device);
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - 0.5).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> JaccardLoss<B> {
        let name = "JaccardLossConfig";
        check::config_at_least_zero(name, "smooth", self.smooth);
        check::config_at_least_zero(name, "eps", self.eps);
        check::config_regions(
            name,
            self.reduction,
            self.class_weights.as_ref(),
            self.classes.as_ref(),
        );
        JaccardLoss {
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

/// One minus the Jaccard index (intersection over union) of predicted and true regions, `1 - (I + s) / max(P + T - I + s, eps)`,
/// with the sums over positions `I = sum p y` of both, `P = sum p` of the probabilities and `T = sum y` of the target, and the
/// smooth term `s`.
///
/// For segmentation that is judged by intersection over union, where a class has few of the positions. It punishes the same
/// mistakes as [`DiceLoss`](crate::DiceLoss): half as strongly where there is hardly any overlap, and up to twice as strongly where
/// it is almost perfect. Where probabilities matter, add it to [`CrossEntropyLoss`](crate::CrossEntropyLoss).
///
/// - `logits`: any real numbers `[N, C, d1, ..]`, `-inf` for a class that is impossible; the softmax, or of binary logits the
///   sigmoid, is part of the loss
/// - `targets` (on NdArray and Flex a wrong one panics, elsewhere the loss is NaN): classes in `[0, C)` with
///   [`forward`](Self::forward); numbers in `[0, 1]` with
///   [`forward_binary`](Self::forward_binary) (one region per image) and [`forward_labels`](Self::forward_labels) (`C` regions that
///   may lie over each other), where `min(p, y)` stands for `p y`
/// - the sums run over all positions of the batch, or of each image with `per_image`; the mean is over regions, each times its
///   class weight, divided by the sum of the weights
/// - segmentation-models-pytorch: [`JaccardLoss`](https://smp.readthedocs.io/en/latest/losses.html#jaccardloss), all defaults
///   among them; a class that no position has is a loss of 0 there
/// - MONAI: `DiceLoss(jaccard=True)` with `smooth_nr = smooth_dr = r` is `smooth: r / 2`, `eps: 0`, `per_image: true` (there
///   `batch = False`) and `absent_classes: Count`; the other differences are those of [`DiceLoss`](crate::DiceLoss)
/// - with numbers as targets, [Jaccard Metric Losses](https://arxiv.org/abs/2302.05666)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::JaccardLossConfig;
///
/// let device = Default::default();
/// // One image of three positions, with probabilities of one half.
/// let logits = Tensor::<NdArray, 2>::zeros([1, 3], &device);
/// let targets = Tensor::from_floats([[1.0, 1.0, 0.0]], &device);
/// let loss = JaccardLossConfig::new().init(&device);
///
/// // 1 - 1 / (1.5 + 2 - 1)
/// let mean: f32 = loss.forward_binary(logits, targets).into_scalar();
/// assert!((mean - 0.6).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct JaccardLoss<B: Backend> {
    /// Added to the numerator and to the denominator, finite and at least 0.
    pub smooth: f64,
    /// The least denominator, finite and at least 0.
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

display_fields!([<B: Backend>] JaccardLoss<B>: {class_weights} smooth, eps, per_image, classes, ignore_index, absent_classes, reduction);
region_forwards!(JaccardLoss);

impl<B: LossBackend> RegionLoss<B> for JaccardLoss<B> {
    fn name(&self) -> &'static str {
        "JaccardLoss"
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
            alpha: 1.0,
            beta: 1.0,
            gamma: 1.0,
            smooth: self.smooth,
            eps: self.eps,
        };
        overlap_loss(&formula, overlap)
    }
}
