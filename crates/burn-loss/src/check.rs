//! Shape, type, argument and target checks with their messages: the only place that checks.

use core::fmt::{self, Debug, Display};

use burn::tensor::backend::Backend;
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};
use burn_loss_kernels::formulas::{LARGEST_LOG_PROB, Violation};
use burn_loss_kernels::{Fault, Formula, LossBackend, Reduction};

use crate::forms::{LinearHead, RegionOptions, Rows};

/// A target that is neither a class nor the ignored index.
///
/// Returned by [`check_targets`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
///
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 2, 7], &Default::default());
/// let error = burn_loss::check_targets(&targets, 3, None).unwrap_err();
/// assert!(error.to_string().starts_with("`targets` at row 2 is 7, expected a class in [0, 3)"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetError {
    /// The position of the target, counted through the flattened targets.
    pub row: usize,
    /// The target found there.
    pub target: i64,
    /// The number of classes.
    pub num_classes: usize,
    /// The index that may stand for "ignore this row".
    pub ignore_index: Option<i64>,
}

impl Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &[])
    }
}

impl TargetError {
    /// Writes the message, with the further ignored indices of a loss.
    fn write(&self, f: &mut fmt::Formatter<'_>, ignore_indices: &[i64]) -> fmt::Result {
        let Self {
            row,
            target,
            num_classes,
            ignore_index,
        } = self;
        write!(
            f,
            "`targets` at row {row} is {target}, expected a class in [0, {num_classes}) (C = {num_classes}"
        )?;
        if ignore_index.is_none() && ignore_indices.is_empty() {
            return write!(f, "; there is no ignore_index)");
        }
        write!(f, ")")?;
        if let Some(index) = ignore_index {
            write!(f, " or ignore_index = {index}")?;
        }
        if !ignore_indices.is_empty() {
            write!(f, " or one of ignore_indices = {ignore_indices:?}")?;
        }
        Ok(())
    }
}

/// The message of a loss that may ignore several indices.
struct WithIndices<'a> {
    error: TargetError,
    ignore_indices: &'a [i64],
}

impl Display for WithIndices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.write(f, self.ignore_indices)
    }
}

impl core::error::Error for TargetError {}

/// Finds the first target that is neither in `[0, num_classes)` nor `ignore_index`.
///
/// On NdArray and Flex the class losses do this by themselves. On a GPU it would stall the device at every step, so there
/// a wrong target makes its row's loss and gradient NaN (of [`NllLoss`](crate::NllLoss), the gradient of the row's first
/// log-probability); call this on the data once, or when a NaN appears.
///
/// # Errors
///
/// The first such target.
///
/// # Shapes
///
/// - `targets`: any shape; rows are counted through the flattened targets.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::check_targets;
///
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 2, 7], &Default::default());
/// let error = check_targets(&targets, 3, None).unwrap_err();
/// assert_eq!((error.row, error.target), (2, 7));
/// assert!(check_targets(&targets, 3, Some(7)).is_ok());
/// ```
pub fn check_targets<B: Backend, const D: usize>(
    targets: &Tensor<B, D, Int>,
    num_classes: usize,
    ignore_index: Option<i64>,
) -> Result<(), TargetError> {
    let data = targets.to_data();
    let is_wrong =
        |target: i64| !(0..num_classes as i64).contains(&target) && Some(target) != ignore_index;
    let find = |mut targets: &mut dyn Iterator<Item = i64>| {
        let mut rows = (&mut targets).enumerate();
        rows.find(|(_, target)| is_wrong(*target))
    };
    // The common element types without the cost of a conversion an element.
    let found = if let Ok(targets) = data.as_slice::<i64>() {
        find(&mut targets.iter().copied())
    } else if let Ok(targets) = data.as_slice::<i32>() {
        find(&mut targets.iter().map(|&target| target.into()))
    } else if let Ok(targets) = data.as_slice::<u64>() {
        let mut rows = targets.iter().enumerate();
        let found = rows.find(|(_, target)| i64::try_from(**target).map_or(true, is_wrong));
        found.map(|(row, target)| (row, saturated(*target)))
    } else {
        find(&mut data.iter::<i64>())
    };
    match found {
        None => Ok(()),
        Some((row, target)) => Err(TargetError {
            row,
            target,
            num_classes,
            ignore_index,
        }),
    }
}

/// The number, or the largest that there is: no class, either.
fn saturated(target: u64) -> i64 {
    i64::try_from(target).unwrap_or(i64::MAX)
}

/// The first number of integers of any type.
fn first_integer(data: &TensorData) -> Option<i64> {
    match data.as_slice::<u64>() {
        Ok(numbers) => numbers.first().map(|number| saturated(*number)),
        Err(_) => data.iter::<i64>().next(),
    }
}

/// Panics on the first target that is neither a class nor ignored.
#[track_caller]
pub(crate) fn first_invalid<B: LossBackend>(loss: &str, rows: &Rows<B>) {
    let classes = rows.classes.clone().into_primitive();
    let row = B::first_invalid_class(&classes, rows.num_classes, rows.ignore_index);
    no_class(loss, rows, row.map(|row| Fault::NoClass { row }));
}

/// Panics on a row without a class, if an operation found one.
#[track_caller]
pub(crate) fn no_class<B: LossBackend>(loss: &str, rows: &Rows<B>, fault: Option<Fault>) {
    if let Some(Fault::NoClass { row }) = fault {
        let target = rows.as_given.clone().narrow(0, row, 1).into_data();
        let error = TargetError {
            row,
            target: first_integer(&target).expect("there is such a row"),
            num_classes: rows.num_classes,
            ignore_index: rows.named_index,
        };
        let ignore_indices = &rows.named_indices;
        panic!(
            "{loss}: {}",
            WithIndices {
                error,
                ignore_indices
            }
        );
    }
}

/// Panics on a score that is no log-probability, if an operation found one.
#[track_caller]
pub(crate) fn no_log_prob(loss: &str, fault: Option<Fault>) {
    if let Some(Fault::OutOfBounds(Violation { index, value, .. })) = fault {
        above_0(loss, value, format_args!("element {index}"));
    }
}

/// Panics unless the losses of the rows that count, not weighted, are those of log-probabilities.
#[track_caller]
pub(crate) fn of_log_probs<B: Backend>(loss: &str, losses: &Tensor<B, 1>, counts: &Tensor<B, 1>) {
    let [losses, counts] = [losses, counts].map(|tensor| tensor.to_data());
    for (row, (found, count)) in losses.iter::<f64>().zip(counts.iter::<f64>()).enumerate() {
        if -found > LARGEST_LOG_PROB && count != 0.0 {
            above_0(loss, -found, format_args!("row {row}"));
        }
    }
}

#[track_caller]
fn above_0(loss: &str, value: f64, place: std::fmt::Arguments<'_>) -> ! {
    panic!(
        "{loss}: expected `log_probs` of at most 0, got {value} at {place}; of logits, take CrossEntropyLoss"
    );
}

/// Panics on a number outside the bounds of a formula, if an operation found one.
#[track_caller]
pub(crate) fn fault(loss: &str, formula: &impl Formula, fault: Option<Fault>) {
    let names = ["prediction", "target", "third input"];
    fault_of(loss, formula, names, fault);
}

/// As [`fault`], of a loss that has other names for the inputs.
#[track_caller]
pub(crate) fn fault_of(loss: &str, formula: &impl Formula, names: [&str; 3], fault: Option<Fault>) {
    if let Some(Fault::OutOfBounds(Violation {
        input,
        index,
        value,
    })) = fault
    {
        let name = names[input as usize];
        let [least, most] = formula.bounds()[input as usize].expect("it has bounds");
        panic!("{loss}: expected `{name}` in [{least}, {most}], got {value} at element {index}");
    }
}

/// Where a target is not a class.
pub(crate) fn outside_classes<B: Backend, const D: usize>(
    targets: &Tensor<B, D, Int>,
    num_classes: usize,
) -> Tensor<B, D, Bool> {
    let above = targets.clone().greater_equal_elem(num_classes as i64);
    targets.clone().lower_elem(0).bool_or(above)
}

/// Panics unless hidden states are `[.., H]`, a weight `[H, C]` with a class, and targets `[..]`.
#[track_caller]
pub(crate) fn hidden_shapes<const D: usize, const T: usize>(
    loss: &str,
    hidden: [usize; D],
    [width, num_classes]: [usize; 2],
    targets: [usize; T],
) {
    assert!(
        D == T + 1 && hidden[..T] == targets[..],
        "{loss}: expected `hidden` [.., H] and `targets` [..], got {hidden:?} and {targets:?}"
    );
    hidden_width(loss, hidden, [width, num_classes]);
}

/// Panics unless hidden states are `[.., H]`, a weight `[H, C]` with a class, and the named tensor `[.., C]`.
#[track_caller]
pub(crate) fn hidden_and_classes<const D: usize>(
    loss: &str,
    hidden: [usize; D],
    weight: [usize; 2],
    (name, dims): (&str, [usize; D]),
) {
    hidden_width(loss, hidden, weight);
    let mut expected = hidden;
    expected[D - 1] = weight[1];
    assert!(
        dims == expected,
        "{loss}: expected `{name}` [.., C] beside `hidden` [.., H], {expected:?}, got {dims:?}"
    );
}

/// Panics unless something of rank `T`, such as a result, has an axis less than the named tensor.
#[track_caller]
pub(crate) fn one_rank_less<const D: usize, const T: usize>(loss: &str, what: &str, name: &str) {
    let rank = D - 1;
    assert!(
        T == rank,
        "{loss}: expected {what} of rank {rank}, one less than `{name}`, got {T}"
    );
}

/// Panics unless hidden states are `[.., H]`, and a weight `[H, C]` with a class.
#[track_caller]
fn hidden_width<const D: usize>(loss: &str, hidden: [usize; D], [width, num_classes]: [usize; 2]) {
    assert!(
        hidden[D - 1] == width,
        "{loss}: expected `hidden` with {width} features, as many as `head.weight` has rows, got {hidden:?}"
    );
    assert!(
        num_classes > 0,
        "{loss}: expected `head.weight` [H, C] with at least one class, got [{width}, {num_classes}]"
    );
}

/// Panics unless a head is a product alone, which of vectors of length 1 is their cosines.
#[track_caller]
pub(crate) fn plain_head<B: Backend>(loss: &str, head: &LinearHead<B>) {
    let (has_bias, scale, cap) = (head.bias.is_some(), head.logit_scale, head.softcap);
    assert!(
        !has_bias && scale == 1.0 && cap.is_none(),
        "{loss}: expected `head` without bias, logit scale and softcap, whose logits are cosines, got \
         {} bias, logit_scale = {scale}, softcap = {cap:?}",
        if has_bias { "a" } else { "no" }
    );
}

/// Panics unless the named tensors have the same shape.
#[track_caller]
pub(crate) fn same_shape<const D: usize, const E: usize>(
    loss: &str,
    (reference, reference_dims): (&str, [usize; D]),
    (name, dims): (&str, [usize; E]),
) {
    assert!(
        dims.as_slice() == reference_dims.as_slice(),
        "{loss}: expected `{name}` of the shape of `{reference}`, {reference_dims:?}, got {dims:?}"
    );
}

/// Panics unless the named tensors have the same element type.
#[track_caller]
pub(crate) fn same_dtype(
    loss: &str,
    (reference, reference_dtype): (&str, DType),
    (name, dtype): (&str, DType),
) {
    assert!(
        dtype == reference_dtype,
        "{loss}: expected `{name}` of the element type of `{reference}`, {reference_dtype:?}, got {dtype:?}"
    );
}

/// Panics unless the named tensors are on the same device.
#[track_caller]
pub(crate) fn same_device<B: Backend>(
    loss: &str,
    (reference, reference_device): (&str, &B::Device),
    (name, device): (&str, &B::Device),
) {
    assert!(
        device == reference_device,
        "{loss}: expected `{name}` on the device of `{reference}`, {reference_device:?}, got {device:?}"
    );
}

/// Panics unless the named tensors have the same shape and element type, and are on the same device.
#[track_caller]
pub(crate) fn alike<B: Backend, const D: usize>(
    loss: &str,
    (reference, reference_tensor): (&str, &Tensor<B, D>),
    (name, tensor): (&str, &Tensor<B, D>),
) {
    let reference_shape = (reference, reference_tensor.dims());
    same_shape(loss, reference_shape, (name, tensor.dims()));
    let reference_dtype = (reference, reference_tensor.dtype());
    same_dtype(loss, reference_dtype, (name, tensor.dtype()));
    let reference_device = (reference, &reference_tensor.device());
    same_device::<B>(loss, reference_device, (name, &tensor.device()));
}

/// Panics unless an element-wise loss has two tensors of one shape and element type.
#[track_caller]
pub(crate) fn prediction_and_target<B: Backend, const D: usize>(
    loss: &str,
    prediction: &Tensor<B, D>,
    target: &Tensor<B, D>,
) {
    alike(loss, ("prediction", prediction), ("target", target));
}

/// Panics unless a spread has the shape of the prediction, or one axis of length 1 instead, and is like it else.
#[track_caller]
pub(crate) fn spread<B: Backend, const D: usize>(
    loss: &str,
    prediction: &Tensor<B, D>,
    (name, spread): (&str, &Tensor<B, D>),
) {
    let (expected, got) = (prediction.dims(), spread.dims());
    let different: Vec<usize> = (0..D).filter(|&axis| got[axis] != expected[axis]).collect();
    assert!(
        matches!(different[..], [] | [_]) && different.iter().all(|&axis| got[axis] == 1),
        "{loss}: expected `{name}` of the shape of `prediction`, {expected:?}, or with one axis of length 1, got {got:?}"
    );
    let reference = ("prediction", prediction.dtype());
    same_dtype(loss, reference, (name, spread.dtype()));
    let reference = ("prediction", &prediction.device());
    same_device::<B>(loss, reference, (name, &spread.device()));
}

/// Panics unless class weights fit the scores.
#[track_caller]
pub(crate) fn class_weights<B: Backend>(
    loss: &str,
    weights: Option<&Tensor<B, 1>>,
    num_classes: usize,
    scores: (&str, &B::Device),
) {
    if let Some(weights) = weights {
        let [length] = weights.dims();
        weights_length(loss, "class_weights", "class axis", num_classes, length);
        let got = ("class_weights", &weights.device());
        same_device::<B>(loss, scores, got);
    }
}

/// Panics on an ignored index that is a class: where every row has some of all classes, none can be ignored.
#[track_caller]
pub(crate) fn no_ignored_class(loss: &str, ignore_index: Option<i64>) {
    assert!(
        ignore_index.is_none_or(|index| index < 0),
        "{loss}: expected no `ignore_index` with probabilities, got {ignore_index:?}"
    );
}

/// Panics on images without positions, for which there is no region; no images at all are a batch like any other.
#[track_caller]
pub(crate) fn positions<const D: usize>(loss: &str, logits: [usize; D], places: &[usize]) {
    assert!(
        logits[0] == 0 || places.iter().all(|&size| size > 0),
        "{loss}: expected `logits` with at least one position per image, got {logits:?}"
    );
}

/// Checks the class axis of scores `[N, C, d1, ..]` and gives `C`.
#[track_caller]
pub(crate) fn class_axis<const D: usize>(
    loss: &str,
    scores_name: &str,
    scores: [usize; D],
) -> usize {
    assert!(
        D >= 2,
        "{loss}: expected `{scores_name}` of rank 2 or more, [N, C, d1, ..], got rank {D}, {scores:?}"
    );
    assert!(
        scores[1] > 0,
        "{loss}: expected `{scores_name}` with at least one class on axis 1, got {scores:?}"
    );
    scores[1]
}

/// Checks scores `[N, C, d1, ..]` against targets `[N, d1, ..]` and gives `C`.
#[track_caller]
pub(crate) fn class_shapes<const D: usize, const T: usize>(
    loss: &str,
    scores_name: &str,
    scores: [usize; D],
    targets: [usize; T],
) -> usize {
    assert!(
        D >= 2,
        "{loss}: expected `{scores_name}` of rank 2 or more, [N, C, d1, ..], got rank {D}, {scores:?}"
    );
    assert!(
        T == D - 1,
        "{loss}: expected `targets` of rank {} for `{scores_name}` of rank {D}, got rank {T}, {targets:?}",
        D - 1
    );
    assert!(
        scores[1] > 0,
        "{loss}: expected `{scores_name}` with at least one class on axis 1, got {scores:?}"
    );
    per_row(loss, (scores_name, scores), ("targets", targets));
    scores[1]
}

/// Panics unless the named tensor has one number for each row of scores `[N, C, d1, ..]`.
#[track_caller]
pub(crate) fn per_row<const D: usize, const T: usize>(
    loss: &str,
    (scores_name, scores): (&str, [usize; D]),
    (name, got): (&str, [usize; T]),
) {
    let mut expected = scores.to_vec();
    expected.remove(1);
    assert!(
        got[..] == expected,
        "{loss}: expected `{name}` of shape {expected:?} for `{scores_name}` of shape {scores:?}, got {got:?}"
    );
}

/// Panics unless a per-class or per-label weight vector has the length of its axis.
#[track_caller]
pub(crate) fn weights_length(loss: &str, name: &str, axis: &str, expected: usize, got: usize) {
    assert!(
        got == expected,
        "{loss}: expected `{name}` of length {expected}, the size of the {axis}, got {got}"
    );
}

/// Panics unless a config's field is as it must be.
#[track_caller]
pub(crate) fn config(valid: bool, config: &str, field: &str, expected: &str, got: impl Debug) {
    assert!(
        valid,
        "{config}: expected `{field}` {expected}, got {got:?}"
    );
}

/// Panics unless a config's weights are usable.
#[track_caller]
pub(crate) fn config_weights(name: &str, field: &str, weights: Option<&Vec<f32>>) {
    for (index, weight) in weights.into_iter().flatten().enumerate() {
        config(
            weight.is_finite() && *weight >= 0.0,
            name,
            &format!("{field}[{index}]"),
            "finite and at least 0",
            weight,
        );
    }
}

/// The sizes that a config's number may have beside 0. Its square and its reciprocal, too, are then numbers of f32 with all their
/// digits; a `beta` of 1e-40 has an infinite reciprocal there, and an `eps` of 1e-50 is 0.
const SIZES: [f64; 2] = [1e-18, 1e18];

/// Panics unless a config's number is as it must be, and one that f32 computes with.
#[track_caller]
pub(crate) fn config_number(valid: bool, name: &str, field: &str, expected: &str, got: f64) {
    let [least, most] = SIZES;
    let has_size = got == 0.0 || (least..=most).contains(&got.abs());
    let expected = format!("{expected}, and if not 0 of a size in [{least:e}, {most:e}]");
    config(valid && has_size, name, field, &expected, got);
}

/// Panics unless a config's number is finite.
#[track_caller]
pub(crate) fn config_finite(name: &str, field: &str, got: f64) {
    config_number(got.is_finite(), name, field, "finite", got);
}

/// Panics unless a config's number is finite and not negative.
#[track_caller]
pub(crate) fn config_at_least_zero(name: &str, field: &str, got: f64) {
    config_number(got >= 0.0, name, field, "finite and at least 0", got);
}

/// Panics unless a config's number is finite and above 0.
#[track_caller]
pub(crate) fn config_above_zero(name: &str, field: &str, got: f64) {
    config_number(got > 0.0, name, field, "finite and above 0", got);
}

/// Panics unless a loss, or its config, has a use for a reduction; for [`KlDivLoss`](crate::KlDivLoss) every one is of use.
///
/// The fields of losses are public: what their configs refuse may be set later.
#[track_caller]
pub(crate) fn reduction(name: &str, reduction: Reduction) {
    config(
        reduction != Reduction::BatchMean,
        name,
        "reduction",
        "Mean, MeanOrZero or Sum (BatchMean is for KlDivLoss)",
        reduction,
    );
}

/// Panics unless a config's label smoothing is a proportion.
#[track_caller]
pub(crate) fn config_label_smoothing(name: &str, label_smoothing: f64) {
    config_number(
        (0.0..=1.0).contains(&label_smoothing),
        name,
        "label_smoothing",
        "in [0, 1]",
        label_smoothing,
    );
}

/// Panics unless what every config of regions has is of use: a reduction, class weights, and the classes that count.
#[track_caller]
pub(crate) fn config_regions(
    name: &str,
    reduction: Reduction,
    class_weights: Option<&Vec<f32>>,
    classes: Option<&Vec<usize>>,
) {
    self::reduction(name, reduction);
    config_weights(name, "class_weights", class_weights);
    config_classes(name, "classes", classes);
}

/// Panics unless a config's classes are some, and no class twice.
#[track_caller]
fn config_classes(name: &str, field: &str, classes: Option<&Vec<usize>>) {
    let Some(classes) = classes else {
        return;
    };
    let mut sorted = classes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let valid = !classes.is_empty() && sorted.len() == classes.len();
    let expected = "with at least one class, and none twice";
    config(valid, name, field, expected, classes);
}

/// Panics unless class weights and classes of regions fit, and the reduction is of use.
#[track_caller]
pub(crate) fn region_options<B: Backend>(
    loss: &str,
    options: &RegionOptions<'_, B>,
    num_classes: usize,
    device: &B::Device,
) {
    reduction(loss, options.reduction);
    class_weights(loss, options.class_weights, num_classes, ("logits", device));
    for class in options.classes.into_iter().flatten() {
        assert!(
            *class < num_classes,
            "{loss}: expected `classes` in [0, {num_classes}), got {class}"
        );
    }
}

/// Panics unless there is one number for each sample of an input `[N, ..]`, of the same element type and on the same device.
#[track_caller]
pub(crate) fn per_sample<B: Backend, const D: usize>(
    loss: &str,
    (reference, reference_tensor): (&str, &Tensor<B, D>),
    (name, tensor): (&str, &Tensor<B, 1>),
) {
    let ([got], dims) = (tensor.dims(), reference_tensor.dims());
    assert!(
        got == dims[0],
        "{loss}: expected `{name}` of shape [{}] for `{reference}` of shape {dims:?}, got [{got}]",
        dims[0]
    );
    let reference_dtype = (reference, reference_tensor.dtype());
    same_dtype(loss, reference_dtype, (name, tensor.dtype()));
    let reference_device = (reference, &reference_tensor.device());
    same_device::<B>(loss, reference_device, (name, &tensor.device()));
}

/// Panics on a number outside `[0, 1]` where looking does not wait for a device; elsewhere it becomes NaN. NaN stays in any case.
#[track_caller]
pub(crate) fn unit_interval<B: LossBackend, const D: usize>(
    loss: &str,
    name: &str,
    numbers: Tensor<B, D>,
) -> Tensor<B, D> {
    if !B::ON_HOST {
        let below = numbers.clone().lower_elem(0.0);
        let outside = below.bool_or(numbers.clone().greater_elem(1.0));
        return numbers.mask_fill(outside, f64::NAN);
    }
    let data = numbers.to_data();
    let is_outside = |number: f64| !(0.0..=1.0).contains(&number) && !number.is_nan();
    // The common element type without the cost of a conversion an element.
    let found = match data.as_slice::<f32>() {
        Ok(numbers) => numbers
            .iter()
            .position(|number| is_outside((*number).into())),
        Err(_) => data.iter::<f64>().position(is_outside),
    };
    if let Some(element) = found {
        let got = data.iter::<f64>().nth(element).expect("it was found");
        panic!("{loss}: expected `{name}` in [0, 1], got {got} at element {element}");
    }
    numbers
}

/// Panics on a target that is neither 1 nor -1 where looking does not wait for a device; elsewhere says which ones are not.
#[track_caller]
pub(crate) fn signs<B: LossBackend>(
    loss: &str,
    target: &Tensor<B, 1>,
) -> Option<Tensor<B, 1, Bool>> {
    if !B::ON_HOST {
        return Some(target.clone().abs().not_equal_elem(1.0));
    }
    let data = target.to_data();
    if let Some((sample, got)) = data
        .iter::<f64>()
        .enumerate()
        .find(|(_, target)| target.abs() != 1.0)
    {
        panic!("{loss}: expected `target` of 1 or -1, got {got} at sample {sample}");
    }
    None
}
