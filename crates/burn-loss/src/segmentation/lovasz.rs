//! The Lovász extension of the Jaccard loss: a surrogate that is convex in the errors.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::LossBackend;

use crate::display::display_fields;
use crate::forms::probabilities::{quotient, softmax};
use crate::forms::samples::hinge;
use crate::forms::{
    AbsentClasses, Positions, RegionOptions, count_regions, expanded, reduce_regions, sum_in_blocks,
};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`LovaszSoftmaxLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::LovaszSoftmaxLossConfig;
///
/// let loss = LovaszSoftmaxLossConfig::new().with_per_image(true).init::<NdArray>(&Default::default());
/// assert!(loss.per_image);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct LovaszSoftmaxLossConfig {
    /// Whether each image has a loss of its own, or the batch is one large image. Default: the batch.
    #[config(default = false)]
    pub per_image: bool,
    /// The classes that count, in the order of `forward_no_reduction`. Default: all.
    pub classes: Option<Vec<usize>>,
    /// One weight per class, those that do not count among them, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Positions with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// The loss of a class that no position of the target has. Default: it does not count.
    #[config(default = "AbsentClasses::Skip")]
    pub absent_classes: AbsentClasses,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl LovaszSoftmaxLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a class weight is negative or not finite, `classes` is empty or names a class twice, or `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::LovaszSoftmaxLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = LovaszSoftmaxLossConfig::new().init(&device);
    /// // Everything is taken for class 1, and half of it is: class 0 is missed, half of class 1 is right.
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[0.0, 0.0], [99.0, 99.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1]], &device);
    /// assert!((loss.forward(logits, targets).into_scalar() - 0.75).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> LovaszSoftmaxLoss<B> {
        let name = "LovaszSoftmaxLossConfig";
        check::config_regions(
            name,
            self.reduction,
            self.class_weights.as_ref(),
            self.classes.as_ref(),
        );
        LovaszSoftmaxLoss {
            per_image: self.per_image,
            classes: self.classes.clone(),
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            absent_classes: self.absent_classes,
            reduction: self.reduction,
        }
    }
}

/// The Lovász extension of one minus the Jaccard index of each class: `sum_k m_(k) (J_k - J_(k - 1))`, with the errors `m` of all
/// positions, `1 - p` where the class is and `p` elsewhere, sorted from the largest down, and the Jaccard loss `J_k` of getting the
/// first `k` wrong.
///
/// For segmentation that is judged by intersection over union, usually as the last part of a training that began with
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss), or beside it. It meets the score more closely than
/// [`JaccardLoss`](crate::JaccardLoss) where probabilities are still unsure, but sorts all positions of each class: where that
/// takes too long, take that one.
///
/// - `logits`: any real numbers `[N, C, d1, ..]`; the softmax is part of the loss
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere the loss is NaN
/// - regions of up to 2^24 positions, of the batch or, with `per_image`, of an image: f32, in which they are counted, holds no
///   larger number with all its digits
/// - the mean is over regions, each times its class weight, divided by the sum of the weights
/// - with weights, the Jaccard index adds up weights instead of counting positions: a position of weight 2 counts as two
/// - segmentation-models-pytorch: [`LovaszLoss`](https://smp.readthedocs.io/en/latest/losses.html#lovaszloss) in the mode
///   `multiclass`; with `per_image` it takes the mean of each image's classes first, and then of the images, where here every class
///   of every image counts alike. MONAI has none
/// - [The Lovász-Softmax loss](https://arxiv.org/abs/1705.08790)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::LovaszSoftmaxLossConfig;
///
/// let device = Default::default();
/// // One image of two classes and three positions, with probabilities of one half: all errors are alike.
/// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
/// let mean = LovaszSoftmaxLossConfig::new().init(&device).forward(logits, targets);
/// assert!((mean.into_scalar() - 0.5).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct LovaszSoftmaxLoss<B: Backend> {
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

display_fields!([<B: Backend>] LovaszSoftmaxLoss<B>: {class_weights} per_image, classes, ignore_index, absent_classes, reduction);

impl<B: LossBackend> LovaszSoftmaxLoss<B> {
    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[N, C, d1, ..]`, of rank `D`
    /// - `targets`: `[N, d1, ..]`, of rank `T = D - 1`, classes in `[0, C)` or the ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes or devices do not fit, if there is no class, if the class weights do not have the length of the class
    /// axis, if `classes` names a class that does not exist, or, on NdArray and Flex, if a target is neither a class nor ignored
    /// (elsewhere the loss is NaN then).
    #[track_caller]
    pub fn forward<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 1> {
        self.reduced(logits, targets, None)
    }

    /// Computes one loss per region.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: as for [`forward`](Self::forward)
    /// - output: `[G, K]`: a row per image, or one of the batch, and a column per class that counts
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_no_reduction<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 2> {
        let dtype = logits.dtype();
        self.losses(logits, targets, None).0.cast(dtype)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per position: a position of weight 2 is as two of them.
    ///
    /// A position of weight 0 is dropped, whatever its logits and its target: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: as for [`forward`](Self::forward)
    /// - `weights`: that of `targets`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the shape, the element type or the device of the weights does not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::LovaszSoftmaxLossConfig;
    ///
    /// let device = Default::default();
    /// // Both positions are taken for class 0, and the second has class 1.
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[99.0, 99.0], [0.0, 0.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1]], &device);
    /// let loss = LovaszSoftmaxLossConfig::new().with_classes(Some(vec![0])).init(&device);
    /// // What is right counts 3, and what is wrong 1.
    /// let weights = Tensor::from_floats([[3.0, 1.0]], &device);
    /// let loss = loss.forward_weighted(logits, targets, weights);
    /// assert!((loss.into_scalar() - 0.25).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_weighted<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        self.reduced(logits, targets, Some(weights))
    }

    #[track_caller]
    fn reduced<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Option<Tensor<B, T>>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        let (losses, counts) = self.losses(logits, targets, weights);
        reduce_regions(self.reduction, losses, counts).cast(dtype)
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

    /// One loss per region that counts, and what each counts.
    #[track_caller]
    fn losses<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Option<Tensor<B, T>>,
    ) -> (Tensor<B, 2>, Option<Tensor<B, 2>>) {
        let name = "LovaszSoftmaxLoss";
        let (positions, of_class) =
            Positions::of_classes(name, self.ignore_index, logits, targets, weights);
        let shape @ [_, num_classes, _] = positions.logits.dims();
        let options = self.options();
        check::region_options(name, &options, num_classes, &positions.logits.device());
        let p = softmax(positions.logits);
        let errors = p.clone().mask_where(of_class.clone(), p.neg() + 1.0);
        let mut truth = of_class.float().cast(errors.dtype());
        if let Some(dropped) = positions.dropped {
            truth = truth.mask_fill(expanded(dropped, shape), 0.0);
        }
        let counts = positions.counts;
        let counts = counts.map(|counts| self.by_region(expanded(counts, shape)));
        let (errors, truth) = (self.by_region(errors), self.by_region(truth));
        let regions = [errors.dims()[0] / num_classes, num_classes];
        let absent = truth.clone().sum_dim(1).lower_elem(0.5).reshape(regions);
        let losses = extension(errors, truth, counts).reshape(regions);
        count_regions(losses, absent, &options)
    }

    /// `[N, C, S]` to a row per region: of each image, or of the batch, which without images has none.
    fn by_region(&self, numbers: Tensor<B, 3>) -> Tensor<B, 2> {
        let [n, num_classes, s] = numbers.dims();
        if self.per_image || n == 0 {
            return numbers.reshape([n * num_classes, s]);
        }
        numbers.swap_dims(0, 1).reshape([num_classes, n * s])
    }
}

/// Configuration of [`LovaszHingeLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::LovaszHingeLossConfig;
///
/// let loss = LovaszHingeLossConfig::new().with_ignore_index(Some(255)).init();
/// assert_eq!(loss.ignore_index, Some(255));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct LovaszHingeLossConfig {
    /// Whether each image has a loss of its own, or the batch is one large image. Default: the batch.
    #[config(default = false)]
    pub per_image: bool,
    /// Positions with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl LovaszHingeLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::LovaszHingeLossConfig;
    ///
    /// let device = Default::default();
    /// // Right, and more than a margin of 1 away.
    /// let logits = Tensor::<NdArray, 2>::from_floats([[2.0, -3.0]], &device);
    /// let targets = Tensor::from_floats([[1.0, 0.0]], &device);
    /// assert_eq!(LovaszHingeLossConfig::new().init().forward(logits, targets).into_scalar(), 0.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> LovaszHingeLoss {
        check::reduction("LovaszHingeLossConfig", self.reduction);
        LovaszHingeLoss {
            per_image: self.per_image,
            ignore_index: self.ignore_index,
            reduction: self.reduction,
        }
    }
}

/// The Lovász extension of one minus the Jaccard index of one region: `sum_k max(m_(k), 0) (J_k - J_(k - 1))`, with the hinge
/// errors `m = 1 - x` of positions in the region and `1 + x` of others, sorted from the largest down, and the Jaccard loss `J_k` of
/// getting the first `k` wrong.
///
/// For binary segmentation that is judged by intersection over union. It looks at the sign of a logit and a margin of 1, so its
/// logits are no good probabilities; where those matter take [`DiceLoss`](crate::DiceLoss) beside
/// [`BceWithLogitsLoss`](crate::BceWithLogitsLoss).
///
/// - `logits`: any real numbers `[N, d1, ..]`
/// - `targets`: of the same shape, 1 in the region and 0 elsewhere; on NdArray and Flex a number outside `[0, 1]` panics, elsewhere
///   it makes the loss NaN
/// - regions of up to 2^24 positions: f32, in which they are counted, holds no larger number with all its digits
/// - with weights, the Jaccard index adds up weights instead of counting positions: a position of weight 2 counts as two
/// - segmentation-models-pytorch: [`LovaszLoss`](https://smp.readthedocs.io/en/latest/losses.html#lovaszloss) in the modes `binary`
///   and `multilabel`. MONAI has none
/// - [The Lovász hinge](https://arxiv.org/abs/1512.07797), [The Lovász-Softmax loss](https://arxiv.org/abs/1705.08790)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::LovaszHingeLossConfig;
///
/// let device = Default::default();
/// // Errors of 1.5 outside and 0.5 inside: the first alone makes the Jaccard loss 1/2, both make it 1.
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.5, 0.5]], &device);
/// let targets = Tensor::from_floats([[1.0, 0.0]], &device);
/// let loss = LovaszHingeLossConfig::new().init().forward(logits, targets);
/// assert!((loss.into_scalar() - (1.5 * 0.5 + 0.5 * 0.5)).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct LovaszHingeLoss {
    /// Whether each image has a loss of its own, or the batch is one large image.
    pub per_image: bool,
    /// Positions with this target do not count.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] LovaszHingeLoss: {} per_image, ignore_index, reduction);

impl LovaszHingeLoss {
    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: `[N, d1, ..]`; targets of 0 and 1, or the ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, or, on NdArray and Flex, if a target is neither in `[0, 1]` nor ignored.
    #[track_caller]
    pub fn forward<B: LossBackend, const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let losses = self.losses(logits, targets, None);
        self.reduction.reduce(losses)
    }

    /// Computes one loss per region.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: as for [`forward`](Self::forward)
    /// - output: `[G]`: one per image, or one of the batch
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_no_reduction<B: LossBackend, const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        self.losses(logits, targets, None)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per position: a position of weight 2 is as two of them.
    ///
    /// A position of weight 0 is dropped, whatever its logit and its target: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`, `weights`: `[N, d1, ..]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), also for the weights.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::LovaszHingeLossConfig;
    ///
    /// let device = Default::default();
    /// // Right by the margin, wrong by 2, and unknown.
    /// let logits = Tensor::<NdArray, 2>::from_floats([[1.0, 1.0, f32::NAN]], &device);
    /// let targets = Tensor::from_floats([[1.0, 0.0, 0.0]], &device);
    /// let weights = Tensor::from_floats([[3.0, 1.0, 0.0]], &device);
    /// let loss = LovaszHingeLossConfig::new().init().forward_weighted(logits, targets, weights);
    /// assert!((loss.into_scalar() - 2.0 * 0.25).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_weighted<B: LossBackend, const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let losses = self.losses(logits, targets, Some(weights));
        self.reduction.reduce(losses)
    }

    /// One loss per region, `[G]`.
    #[track_caller]
    fn losses<B: LossBackend, const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
        weights: Option<Tensor<B, D>>,
    ) -> Tensor<B, 1> {
        let (name, dtype) = ("LovaszHingeLoss", logits.dtype());
        check::reduction(name, self.reduction);
        let (positions, truth) =
            Positions::of_numbers(name, self.ignore_index, logits, targets, weights, 1);
        let [n, _, s] = positions.logits.dims();
        let sign = truth.clone() * 2.0 - 1.0;
        // NaN stays: a diverged model is not right.
        let errors = hinge((positions.logits * sign).neg() + 1.0);
        // Without images the batch is no region, either.
        let is_many = self.per_image || n == 0;
        let shape = if is_many { [n, s] } else { [1, n * s] };
        let counts = positions.counts.map(|counts| counts.reshape(shape));
        let losses = extension(errors.reshape(shape), truth.reshape(shape), counts);
        losses.cast(dtype)
    }
}

/// The Lovász extension of the Jaccard loss at errors `[G, P]` of at least 0, one per row. `truth` is 1 in the region and 0
/// elsewhere; each position counts 1, or as much as `counts` has for it.
fn extension<B: LossBackend>(
    errors: Tensor<B, 2>,
    truth: Tensor<B, 2>,
    counts: Option<Tensor<B, 2>>,
) -> Tensor<B, 1> {
    let [g, p] = errors.dims();
    if p == 0 {
        return errors.sum_dim(1).reshape([g]);
    }
    let order = errors.clone().detach().argsort_descending(1);
    let sorted = |numbers: Tensor<B, 2>| numbers.gather(1, order.clone());
    let slopes = slopes(sorted(truth), counts.map(sorted));
    sum_in_blocks(sorted(errors) * slopes).reshape([g])
}

/// How much the Jaccard loss grows with each further mistake, of sorted positions `[G, P]`.
fn slopes<B: LossBackend>(truth: Tensor<B, 2>, counts: Option<Tensor<B, 2>>) -> Tensor<B, 2> {
    let truth = truth.detach();
    let [_, p] = truth.dims();
    let (mut inside, mut outside) = (truth.clone(), truth.neg() + 1.0);
    if let Some(counts) = counts {
        (inside, outside) = (inside * counts.clone(), outside * counts);
    }
    let missed = running_sums(inside);
    // Not a sum of its own, which may be rounded to another number: in the end nothing is left.
    let all = missed.clone().narrow(1, p - 1, 1);
    let (left, union) = (all.clone() - missed, all + running_sums(outside));
    // As long as nothing counts there is no union, and nothing is lost.
    let nothing = union.clone().equal_elem(0.0);
    let union = union.mask_fill(nothing.clone(), 1.0);
    let loss = quotient(left.mask_fill(nothing, 1.0), union).neg() + 1.0;
    if p == 1 {
        return loss;
    }
    let first = loss.clone().narrow(1, 0, 1);
    let steps = loss.clone().narrow(1, 1, p - 1) - loss.narrow(1, 0, p - 1);
    Tensor::cat(vec![first, steps], 1)
}

/// The sums of each row of `[G, P]` up to each place: in blocks, because one long sum of weights loses digits, and because on a GPU
/// Burn adds up all numbers before a place for each place.
fn running_sums<B: Backend>(numbers: Tensor<B, 2>) -> Tensor<B, 2> {
    let [g, p] = numbers.dims();
    if p <= BLOCK {
        return numbers.cumsum(1);
    }
    let (blocks, whole) = (p.div_ceil(BLOCK), p.next_multiple_of(BLOCK));
    let numbers = match whole - p {
        0 => numbers,
        missing => {
            let zeros = Tensor::zeros([g, missing], (&numbers.device(), numbers.dtype()));
            Tensor::cat(vec![numbers, zeros], 1)
        }
    };
    let within = numbers.reshape([g * blocks, BLOCK]).cumsum(1);
    let sums = within.clone().narrow(1, BLOCK - 1, 1).reshape([g, blocks]);
    let before = running_sums(sums.clone()) - sums;
    let all = within + before.reshape([g * blocks, 1]);
    all.reshape([g, whole]).narrow(1, 0, p)
}

/// How many numbers a running sum is of in one go.
const BLOCK: usize = 256;
