//! Losses of regions: predictions and targets boiled down to what they have in common, class by class.

use burn::config::Config;
use burn::tensor::backend::Backend;
use burn::tensor::{Bool, DType, Int, Tensor};
use burn_loss_kernels::{LossBackend, Reduction};

use super::probabilities::{sigmoid, softmax};
use super::{ClassOptions, Rows, expanded, wide};
use crate::check;

/// The loss of a class that no position of the target has.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{AbsentClasses, DiceLossConfig};
///
/// let device = Default::default();
/// let loss = |absent_classes| {
///     // Probabilities of one half; all positions have class 0, whose loss is 1 - 2 * 1 / (1 + 2).
///     let logits = Tensor::<NdArray, 3>::zeros([1, 2, 2], &device);
///     let targets = Tensor::<NdArray, 2, Int>::zeros([1, 2], &device);
///     let config = DiceLossConfig::new().with_absent_classes(absent_classes);
///     config.init(&device).forward(logits, targets).into_scalar()
/// };
/// assert!((loss(AbsentClasses::Zero) - (1.0 / 3.0 + 0.0) / 2.0).abs() < 1e-6);
/// assert!((loss(AbsentClasses::Count) - (1.0 / 3.0 + 1.0) / 2.0).abs() < 1e-6);
/// assert!((loss(AbsentClasses::Skip) - 1.0 / 3.0).abs() < 1e-6);
/// ```
#[derive(Config, Debug, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbsentClasses {
    /// Its loss is 0, and counts as one: as in segmentation-models-pytorch.
    Zero,
    /// Its loss is computed as any other's: without a smooth term 1, however little was predicted. As in MONAI.
    Count,
    /// It does not count: the mean is over the classes that are there.
    Skip,
}

/// The options of every loss of regions.
#[derive(Clone, Debug)]
pub struct RegionOptions<'a, B: Backend> {
    /// One weight per class, `[C]`.
    pub class_weights: Option<&'a Tensor<B, 1>>,
    /// The classes that count, in this order; all without.
    pub classes: Option<&'a [usize]>,
    /// Positions with this target do not count.
    pub ignore_index: Option<i64>,
    /// Whether each image has a loss of its own, or the batch is one large image.
    pub per_image: bool,
    /// The loss of a class that no position of the target has.
    pub absent_classes: AbsentClasses,
    /// How the losses become one number.
    pub reduction: Reduction,
}

impl<B: Backend> RegionOptions<'_, B> {
    /// The batch as one image, every class counts 1, and the loss is their mean.
    pub fn none() -> Self {
        Self {
            class_weights: None,
            classes: None,
            ignore_index: None,
            per_image: false,
            absent_classes: AbsentClasses::Zero,
            reduction: Reduction::Mean,
        }
    }
}

/// What predicted and true regions have in common, `[G, C]`: a row per image, or one of the batch, and a column per class.
///
/// With a probability `p` and a target `y` in `[0, 1]` per position these are sums over positions, each times its weight.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overlap<B: Backend> {
    /// `sum min(p, y)`.
    pub true_positives: Tensor<B, 2>,
    /// `sum max(p - y, 0)`.
    pub false_positives: Tensor<B, 2>,
    /// `sum max(y - p, 0)`.
    pub false_negatives: Tensor<B, 2>,
}

/// A loss of regions: logits `[N, C, d1, ..]` against classes `[N, d1, ..]`, or binary logits against numbers in `[0, 1]`.
///
/// A loss of your own implements [`losses`](Self::losses) from the [`Overlap`] of each class, and has the other methods, with
/// their checks, class weights, ignored positions, masks and reductions, for nothing.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{LossBackend, Overlap, RegionLoss, RegionOptions};
///
/// /// How many positions of a class are missed.
/// struct Missed;
///
/// impl<B: LossBackend> RegionLoss<B> for Missed {
///     fn name(&self) -> &'static str {
///         "Missed"
///     }
///
///     fn options(&self) -> RegionOptions<'_, B> {
///         RegionOptions::none()
///     }
///
///     fn losses(&self, overlap: Overlap<B>) -> Tensor<B, 2> {
///         overlap.false_negatives
///     }
/// }
///
/// let device = Default::default();
/// // Two classes, three positions, all taken for class 0.
/// let logits = Tensor::<NdArray, 3>::from_floats([[[99.0, 99.0, 99.0], [0.0, 0.0, 0.0]]], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
/// assert_eq!(Missed.forward(logits, targets).into_scalar(), 1.0);
/// ```
pub trait RegionLoss<B: LossBackend> {
    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// Which classes count and how much, what is ignored, and the reduction.
    fn options(&self) -> RegionOptions<'_, B>;

    /// One loss per region, `[G, C]`.
    fn losses(&self, overlap: Overlap<B>) -> Tensor<B, 2>;

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
    fn forward<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        reduce(self, against_classes(self, logits, targets, None), dtype)
    }

    /// Computes one loss per region, without its class weight.
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
    fn forward_no_reduction<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 2> {
        let dtype = logits.dtype();
        let overlap = against_classes(self, logits, targets, None);
        region_losses(self, overlap).0.cast(dtype)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per position.
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
    #[track_caller]
    fn forward_weighted<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        let overlap = against_classes(self, logits, targets, Some(weights));
        reduce(self, overlap, dtype)
    }

    /// Computes the loss of one region per image, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: `[N, d1, ..]`; targets in `[0, 1]`, or the ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, if class weights or classes are set for more than one class, or, on NdArray
    /// and Flex, if the target of a position that counts is outside `[0, 1]` (elsewhere the loss is NaN then).
    #[track_caller]
    fn forward_binary<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        reduce(self, against_numbers(self, logits, targets, None, 1), dtype)
    }

    /// Computes one loss per region, `[G, 1]`.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: as for [`forward_binary`](Self::forward_binary)
    /// - output: `[G, 1]`: a row per image, or one of the batch
    ///
    /// # Panics
    ///
    /// As [`forward_binary`](Self::forward_binary).
    #[track_caller]
    fn forward_binary_no_reduction<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Tensor<B, 2> {
        let dtype = logits.dtype();
        let overlap = against_numbers(self, logits, targets, None, 1);
        region_losses(self, overlap).0.cast(dtype)
    }

    /// Computes the loss of one region per image with one weight, or one 0 or 1 of a mask, per position.
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
    /// As [`forward_binary`](Self::forward_binary), also for the weights.
    #[track_caller]
    fn forward_binary_weighted<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        let overlap = against_numbers(self, logits, targets, Some(weights), 1);
        reduce(self, overlap, dtype)
    }

    /// Computes the loss of several regions per image that may lie over each other, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: `[N, C, d1, ..]`; targets in `[0, 1]`, or the ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, if there is no class, if the class weights do not have the length of the
    /// class axis, if `classes` names a class that does not exist, or, on NdArray and Flex, if the target of a position that counts
    /// is outside `[0, 1]` (elsewhere the loss is NaN then).
    #[track_caller]
    fn forward_labels<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        let overlap = against_labels(self, logits, targets, None);
        reduce(self, overlap, dtype)
    }

    /// Computes one loss per region, of regions that may lie over each other.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: as for [`forward_labels`](Self::forward_labels)
    /// - output: `[G, K]`: a row per image, or one of the batch, and a column per class that counts
    ///
    /// # Panics
    ///
    /// As [`forward_labels`](Self::forward_labels).
    #[track_caller]
    fn forward_labels_no_reduction<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Tensor<B, 2> {
        let dtype = logits.dtype();
        let overlap = against_labels(self, logits, targets, None);
        region_losses(self, overlap).0.cast(dtype)
    }

    /// Computes the loss of several regions per image that may lie over each other, with one weight, or one 0 or 1 of a mask, per
    /// position and class.
    ///
    /// Where a weight is 0, the position is dropped for that class, whatever its logit and its target: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`, `weights`: `[N, C, d1, ..]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_labels`](Self::forward_labels), also for the weights.
    #[track_caller]
    fn forward_labels_weighted<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        let overlap = against_labels(self, logits, targets, Some(weights));
        reduce(self, overlap, dtype)
    }
}

/// The positions of a batch `[N, C, S]`, and what each counts.
pub(crate) struct Positions<B: LossBackend> {
    pub(crate) logits: Tensor<B, 3>,
    /// What each position counts, `[N, 1, S]` or `[N, C, S]`, if they do not all count 1.
    pub(crate) counts: Option<Tensor<B, 3>>,
    /// Which positions do not count, of the shape of the counts, if there may be any.
    pub(crate) dropped: Option<Tensor<B, 3, Bool>>,
}

impl<B: LossBackend> Positions<B> {
    /// With a good logit in place of what does not count, so that NaN in it reaches nothing.
    fn new(
        logits: Tensor<B, 3>,
        counts: Option<Tensor<B, 3>>,
        dropped: Option<Tensor<B, 3, Bool>>,
    ) -> Self {
        let logits = match &dropped {
            Some(dropped) => {
                let dropped = expanded(dropped.clone(), logits.dims());
                logits.mask_fill(dropped, 0.5)
            }
            None => logits,
        };
        Self {
            logits,
            counts,
            dropped,
        }
    }

    /// Logits against classes, checked, with where each position has each class, `[N, C, S]`.
    #[track_caller]
    pub(crate) fn of_classes<const D: usize, const T: usize>(
        name: &str,
        ignore_index: Option<i64>,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Option<Tensor<B, T>>,
    ) -> (Self, Tensor<B, 3, Bool>) {
        let num_classes = check::class_shapes(name, "logits", logits.dims(), targets.dims());
        check::positions(name, logits.dims(), &logits.dims()[2..]);
        let reference = ("logits", &logits.device());
        check::same_device::<B>(name, reference, ("targets", &targets.device()));
        let (n, s) = (logits.dims()[0], logits.dims()[2..].iter().product());
        let options = ClassOptions {
            ignore_index,
            ..ClassOptions::none()
        };
        let mut rows = match &weights {
            None => Rows::new(&options, targets, num_classes),
            Some(weights) => {
                check::same_shape(
                    name,
                    ("targets", targets.dims()),
                    ("weights", weights.dims()),
                );
                let dtype = ("logits", logits.dtype());
                check::same_dtype(name, dtype, ("weights", weights.dtype()));
                check::same_device::<B>(name, reference, ("weights", &weights.device()));
                // The target of a position that does not count may be anything.
                let dropped = weights.clone().equal_elem(0.0);
                Rows::new(&options, targets.mask_fill(dropped, 0), num_classes)
            }
        };
        if let Some(weights) = weights {
            rows = rows.weigh(weights.reshape([n * s]));
        }
        if B::ON_HOST {
            check::first_invalid::<B>(name, &rows);
        }
        let logits = wide(logits).reshape([n, num_classes, s]);
        // On a device the counts are NaN where a target is no class.
        let alike = B::ON_HOST && rows.count_alike();
        let counts = (!alike).then(|| rows.counts(logits.dtype()).reshape([n, 1, s]));
        let dropped = rows.dropped().map(|dropped| dropped.reshape([n, 1, s]));
        let of_class = one_hot(rows.valid_classes().reshape([n, 1, s]), num_classes);
        (Self::new(logits, counts, dropped), of_class)
    }

    /// Logits against numbers, checked, as `[N, labels, S]`, with the targets.
    #[track_caller]
    pub(crate) fn of_numbers<const D: usize>(
        name: &str,
        ignore_index: Option<i64>,
        logits: Tensor<B, D>,
        targets: Tensor<B, D>,
        weights: Option<Tensor<B, D>>,
        labels: usize,
    ) -> (Self, Tensor<B, 3>) {
        check::alike(name, ("logits", &logits), ("targets", &targets));
        if let Some(weights) = &weights {
            check::alike(name, ("logits", &logits), ("weights", weights));
        }
        check::positions(name, logits.dims(), &logits.dims()[1..]);
        let n = logits.dims()[0];
        let each = logits.dims()[1..].iter().product::<usize>();
        let shape = [n, labels, each / labels];
        let targets = wide(targets).reshape(shape);
        let ignored = ignore_index.map(|index| targets.clone().equal_elem(index as f64));
        let weights = weights.map(|weights| wide(weights).reshape(shape));
        let zero = weights
            .as_ref()
            .map(|weights| weights.clone().equal_elem(0.0));
        let dropped = match (ignored, zero) {
            (Some(ignored), Some(zero)) => Some(ignored.bool_or(zero)),
            (ignored, zero) => ignored.or(zero),
        };
        let (mut counts, mut known) = (weights, targets);
        if let Some(dropped) = &dropped {
            counts = Some(
                counts
                    .unwrap_or_else(|| known.ones_like())
                    .mask_fill(dropped.clone(), 0.0),
            );
            known = known.mask_fill(dropped.clone(), 0.0);
        }
        let known = check::unit_interval(name, "targets", known);
        let logits = wide(logits).reshape(shape);
        (Self::new(logits, counts, dropped), known)
    }
}

/// Where each position `[N, 1, S]` has each class, `[N, C, S]`.
fn one_hot<B: Backend>(classes: Tensor<B, 3, Int>, num_classes: usize) -> Tensor<B, 3, Bool> {
    let [n, _, s] = classes.dims();
    let shape = [n, num_classes, s];
    if n * s == 0 {
        // Burn expands nothing to nothing.
        return Tensor::<B, 3, Int>::zeros(shape, &classes.device()).equal_elem(1);
    }
    let options = (&classes.device(), classes.dtype());
    let all = Tensor::<B, 1, Int>::arange(0..num_classes as i64, options);
    let all = all.reshape([1, num_classes, 1]).expand(shape);
    classes.expand(shape).equal(all)
}

#[track_caller]
fn against_classes<B: LossBackend, L, const D: usize, const T: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    targets: Tensor<B, T, Int>,
    weights: Option<Tensor<B, T>>,
) -> Overlap<B>
where
    L: RegionLoss<B> + ?Sized,
{
    let options = loss.options();
    let (positions, of_class) =
        Positions::of_classes(loss.name(), options.ignore_index, logits, targets, weights);
    let num_classes = positions.logits.dims()[1];
    check::region_options(
        loss.name(),
        &options,
        num_classes,
        &positions.logits.device(),
    );
    let p = softmax(positions.logits);
    let other = of_class.clone().bool_not();
    let sum = |numbers| sum_positions(numbers, positions.counts.as_ref(), options.per_image);
    Overlap {
        true_positives: sum(p.clone().mask_fill(other.clone(), 0.0)),
        false_positives: sum(p.clone().mask_fill(of_class, 0.0)),
        false_negatives: sum((p.neg() + 1.0).mask_fill(other, 0.0)),
    }
}

#[track_caller]
fn against_numbers<B: LossBackend, L, const D: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    targets: Tensor<B, D>,
    weights: Option<Tensor<B, D>>,
    labels: usize,
) -> Overlap<B>
where
    L: RegionLoss<B> + ?Sized,
{
    let options = loss.options();
    let ignored = options.ignore_index;
    let (positions, y) =
        Positions::of_numbers(loss.name(), ignored, logits, targets, weights, labels);
    check::region_options(loss.name(), &options, labels, &positions.logits.device());
    let p = sigmoid(positions.logits);
    let sum = |numbers| sum_positions(numbers, positions.counts.as_ref(), options.per_image);
    let above = p.clone().greater(y.clone());
    let difference = p.clone() - y.clone();
    Overlap {
        true_positives: sum(p.mask_where(above.clone(), y)),
        false_positives: sum(difference.clone().mask_fill(above.clone().bool_not(), 0.0)),
        false_negatives: sum(difference.neg().mask_fill(above, 0.0)),
    }
}

#[track_caller]
fn against_labels<B: LossBackend, L, const D: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    targets: Tensor<B, D>,
    weights: Option<Tensor<B, D>>,
) -> Overlap<B>
where
    L: RegionLoss<B> + ?Sized,
{
    let labels = check::class_axis(loss.name(), "logits", logits.dims());
    against_numbers(loss, logits, targets, weights, labels)
}

/// Sums over positions, `[N, C]`, or over all of the batch, `[1, C]`.
fn sum_positions<B: Backend>(
    numbers: Tensor<B, 3>,
    counts: Option<&Tensor<B, 3>>,
    per_image: bool,
) -> Tensor<B, 2> {
    let [n, num_classes, s] = numbers.dims();
    let numbers = match counts {
        Some(counts) => numbers * counts.clone(),
        None => numbers,
    };
    let sums = sum_in_blocks(numbers.reshape([n * num_classes, s]));
    let sums = sums.reshape([n, num_classes]);
    if per_image { sums } else { sums.sum_dim(0) }
}

/// The sum of each row of `[R, S]`, `[R, 1]`: in blocks, because one long sum of small numbers loses digits.
pub(crate) fn sum_in_blocks<B: Backend>(mut numbers: Tensor<B, 2>) -> Tensor<B, 2> {
    loop {
        let [rows, len] = numbers.dims();
        if len <= LONGEST_SUM {
            return numbers.sum_dim(1);
        }
        let short = LONGEST_SUM / 16;
        let block = (short..=LONGEST_SUM).rev().find(|block| len % block == 0);
        let block = block.unwrap_or_else(|| {
            let missing = len.next_multiple_of(LONGEST_SUM) - len;
            let zeros = numbers.clone().narrow(1, 0, missing).zeros_like().detach();
            numbers = Tensor::cat(vec![numbers.clone(), zeros], 1);
            LONGEST_SUM
        });
        let blocks = numbers.dims()[1] / block;
        let sums = numbers.reshape([rows * blocks, block]).sum_dim(1);
        numbers = sums.reshape([rows, blocks]);
    }
}

/// How many numbers are summed in one go.
const LONGEST_SUM: usize = 1024;

/// One loss per region that counts, and what each counts if they do not all count 1.
fn region_losses<B: LossBackend, L>(
    loss: &L,
    overlap: Overlap<B>,
) -> (Tensor<B, 2>, Option<Tensor<B, 2>>)
where
    L: RegionLoss<B> + ?Sized,
{
    let (t, n) = (&overlap.true_positives, &overlap.false_negatives);
    // Exactly 0 where no position has the class, and only there.
    let absent = (t.clone() + n.clone()).detach().lower_equal_elem(0.0);
    count_regions(loss.losses(overlap), absent, &loss.options())
}

/// Of the losses of all regions, `[G, C]`, those that count, and what each counts if they do not all count 1.
pub(crate) fn count_regions<B: LossBackend>(
    losses: Tensor<B, 2>,
    absent: Tensor<B, 2, Bool>,
    options: &RegionOptions<'_, B>,
) -> (Tensor<B, 2>, Option<Tensor<B, 2>>) {
    let shape = losses.dims();
    let counts = options.class_weights.map(|weights| {
        let weights = weights.clone().cast(losses.dtype());
        weights.reshape([1, shape[1]]).expand(shape)
    });
    let (losses, counts) = match options.absent_classes {
        AbsentClasses::Count => (losses, counts),
        AbsentClasses::Zero => (losses.mask_fill(absent, 0.0), counts),
        AbsentClasses::Skip => {
            let counts = counts.unwrap_or_else(|| losses.clone().detach().ones_like());
            let counts = counts.mask_fill(absent.clone(), 0.0);
            (losses.mask_fill(absent, 0.0), Some(counts))
        }
    };
    let Some(classes) = options.classes else {
        return (losses, counts);
    };
    let classes: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(classes.as_slice(), &losses.device());
    let only = |numbers: Tensor<B, 2>| numbers.select(1, classes.clone());
    (only(losses), counts.map(only))
}

fn reduce<B: LossBackend, L>(loss: &L, overlap: Overlap<B>, dtype: DType) -> Tensor<B, 1>
where
    L: RegionLoss<B> + ?Sized,
{
    let (losses, counts) = region_losses(loss, overlap);
    let reduction = loss.options().reduction;
    reduce_regions(reduction, losses, counts).cast(dtype)
}

/// Reduces one loss per region.
pub(crate) fn reduce_regions<B: LossBackend>(
    reduction: Reduction,
    losses: Tensor<B, 2>,
    counts: Option<Tensor<B, 2>>,
) -> Tensor<B, 1> {
    match counts {
        None => reduction.reduce(losses),
        Some(counts) => reduction.reduce_counted(losses * counts.clone(), Some(counts)),
    }
}
