//! Tversky loss of regions, and its focal form.

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

/// Configuration of [`TverskyLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::TverskyLossConfig;
///
/// let config = TverskyLossConfig::new().with_alpha(0.3).with_beta(0.7);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!((loss.alpha, loss.beta, loss.gamma), (0.3, 0.7, 1.0));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct TverskyLossConfig {
    /// What a false positive counts, finite and at least 0. Default: 0.5.
    #[config(default = 0.5)]
    pub alpha: f64,
    /// What a false negative counts, finite and at least 0. Default: 0.5.
    #[config(default = 0.5)]
    pub beta: f64,
    /// The power of each region's loss, finite and above 0. Default: 1.
    #[config(default = 1.0)]
    pub gamma: f64,
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

impl TverskyLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `alpha`, `beta`, `smooth`, `eps` or a class weight is negative or not finite, `gamma` is not above 0, `classes` is empty
    /// or names a class twice, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::TverskyLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = TverskyLossConfig::new().with_gamma(2.0).with_classes(Some(vec![1])).init(&device);
    /// // Everything is taken for class 1, and half of it is: (1 - 1 / (1 + 0.5))^2.
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[0.0, 0.0], [99.0, 99.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1]], &device);
    /// let loss: f32 = loss.forward(logits, targets).into_scalar();
    /// assert!((loss - 1.0 / 9.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> TverskyLoss<B> {
        let name = "TverskyLossConfig";
        check::config_at_least_zero(name, "alpha", self.alpha);
        check::config_at_least_zero(name, "beta", self.beta);
        check::config_above_zero(name, "gamma", self.gamma);
        check::config_at_least_zero(name, "smooth", self.smooth);
        check::config_at_least_zero(name, "eps", self.eps);
        check::config_regions(
            name,
            self.reduction,
            self.class_weights.as_ref(),
            self.classes.as_ref(),
        );
        TverskyLoss {
            alpha: self.alpha,
            beta: self.beta,
            gamma: self.gamma,
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

/// One minus the Tversky index of predicted and true regions to a power,
/// `(1 - (t + s) / max(t + alpha p + beta n + s, eps))^gamma`, with the sums over positions of true positives `t`, false positives
/// `p` and false negatives `n`, and the smooth term `s`.
///
/// For segmentation where missing a region and inventing one do not cost the same: `beta` above `alpha` finds more of it.
/// `alpha = beta = 0.5` is [`DiceLoss`](crate::DiceLoss), and `alpha = beta = 1` [`JaccardLoss`](crate::JaccardLoss); take those if
/// both mistakes cost the same.
///
/// - `logits`: any real numbers `[N, C, d1, ..]`, `-inf` for a class that is impossible; the softmax, or of binary logits the
///   sigmoid, is part of the loss
/// - `targets` (on NdArray and Flex a wrong one panics, elsewhere the loss is NaN): classes in `[0, C)` with
///   [`forward`](Self::forward); numbers in `[0, 1]` with
///   [`forward_binary`](Self::forward_binary) (one region per image) and [`forward_labels`](Self::forward_labels) (`C` regions that
///   may lie over each other), where `min(p, y)` stands for `p y`
/// - the sums run over all positions of the batch, or of each image with `per_image`; the mean is over regions, each times its
///   class weight, divided by the sum of the weights
/// - `gamma` above 1 looks at the regions that are still wrong, below 1 at those that are almost right; where a region is
///   perfect and `gamma` below 1, its gradient is 0
/// - segmentation-models-pytorch: [`TverskyLoss`](https://smp.readthedocs.io/en/latest/losses.html#tverskyloss), all defaults
///   among them, but that it raises the mean to the power `gamma`, and here each region's loss is raised, as in the paper; of one
///   region there is no difference
/// - MONAI: [`TverskyLoss`](https://docs.monai.io/en/stable/losses.html#tverskyloss) with `smooth_nr = smooth_dr = r` is
///   `smooth: r`, `eps: 0`, `per_image: true` (there `batch = False`) and `absent_classes: Count`; it has neither class weights nor
///   `gamma`
/// - [Tversky loss](https://arxiv.org/abs/1706.05721); with `gamma`,
///   [focal Tversky loss](https://arxiv.org/abs/1810.07842), whose power is `1 / gamma` in the paper's letters
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::TverskyLossConfig;
///
/// let device = Default::default();
/// // One image of three positions, with probabilities of one half.
/// let logits = Tensor::<NdArray, 2>::zeros([1, 3], &device);
/// let targets = Tensor::from_floats([[1.0, 1.0, 0.0]], &device);
/// let loss = TverskyLossConfig::new().with_alpha(0.2).with_beta(0.8).init(&device);
///
/// // 1 - 1 / (1 + 0.2 * 0.5 + 0.8 * 1)
/// let mean: f32 = loss.forward_binary(logits, targets).into_scalar();
/// assert!((mean - (1.0 - 1.0 / 1.9)).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct TverskyLoss<B: Backend> {
    /// What a false positive counts, finite and at least 0.
    pub alpha: f64,
    /// What a false negative counts, finite and at least 0.
    pub beta: f64,
    /// The power of each region's loss, finite and above 0.
    pub gamma: f64,
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

display_fields!([<B: Backend>] TverskyLoss<B>: {class_weights} alpha, beta, gamma, smooth, eps, per_image, classes, ignore_index, absent_classes, reduction);
region_forwards!(TverskyLoss);

impl<B: LossBackend> RegionLoss<B> for TverskyLoss<B> {
    fn name(&self) -> &'static str {
        "TverskyLoss"
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
            alpha: self.alpha,
            beta: self.beta,
            gamma: self.gamma,
            smooth: self.smooth,
            eps: self.eps,
        };
        overlap_loss(&formula, overlap)
    }
}
