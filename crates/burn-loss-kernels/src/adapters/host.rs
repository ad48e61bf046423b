//! The kernels of `loss-kernels` on the tensors of any backend whose memory is this process's own.

use std::borrow::Cow;

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{DType, FloatDType, Int, Tensor, TensorMetadata};
use loss_kernels::cpu::ctc::Ctc;
use loss_kernels::cpu::elementwise::Passes;
use loss_kernels::cpu::elementwise::host::{self as kernels, HostInput};
use loss_kernels::cpu::simd::{Arch, Float};
use loss_kernels::cpu::softmax_terms::{Classes, HostRows, Logits, RowFormula};
use loss_kernels::cpu::{
    distillation, in_place, multi_label_margin, multi_margin, sum as sums,
    target_scores as scores_kernel,
};
use loss_kernels::formulas::Violation;

use crate::ops::check::{self, rows_shape};
use crate::ops::softmax_terms;
use crate::ops::tensors::at_least_f32;
use crate::{
    Adjustment, Columns, CtcTargets, Distillation, Elements, Fault, Formula, LOG_SUM_EXP,
    LossBackend, Losses, MultiMargin, Reduced, Reduction, RowTargets, RowWeights, SampleLosses,
    SmoothWeights, SoftmaxTerms, composed,
};

/// A tensor whose elements, if they are of type `E`, can be read and written where they lie.
pub(super) trait HostTensor<E: Copy>: Sized + TensorMetadata {
    /// The elements in row-major order, in place where they already are; `None` if they are of another type.
    fn read(&self) -> Option<Cow<'_, [E]>>;
    /// The elements in column-major order, likewise.
    fn read_columns(&self) -> Option<Cow<'_, [E]>>;
    /// The elements of a matrix, and whether they are in column-major order: in place where they are in either order.
    fn matrix(&self) -> Option<(Cow<'_, [E]>, bool)>;
    /// The elements in row-major order, if they are in place and nothing else holds them.
    fn alone(&mut self) -> Option<&mut [E]>;
    /// A tensor of these elements in row-major order.
    fn new(shape: &[usize], elements: Vec<E>) -> Self;
    /// A tensor `[M, K]` of these elements in column-major order.
    fn of_columns(shape: [usize; 2], elements: Vec<E>) -> Self;
}

/// A tensor of every type that the kernels know.
pub(super) trait HostTensors:
    HostTensor<f32> + HostTensor<f64> + HostTensor<i32> + HostTensor<i64>
{
}
impl<T: HostTensor<f32> + HostTensor<f64> + HostTensor<i32> + HostTensor<i64>> HostTensors for T {}

/// A backend with such tensors.
pub(super) trait HostBackend:
    LossBackend<FloatTensorPrimitive: HostTensors, IntTensorPrimitive: HostTensors>
{
}
impl<B: LossBackend<FloatTensorPrimitive: HostTensors, IntTensorPrimitive: HostTensors>> HostBackend
    for B
{
}

/// Runs an expression with `F` as the type of the elements, or `other` for those that the kernels do not have.
macro_rules! with_float {
    ($dtype:expr, $body:expr, $other:expr) => {
        match $dtype {
            DType::F32 => {
                type F = f32;
                $body
            }
            DType::F64 => {
                type F = f64;
                $body
            }
            _ => $other,
        }
    };
}

pub(super) use with_float;

/// [`LossBackend::sum`].
pub(super) fn sum<B: HostBackend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    with_float!(
        tensor.dtype(),
        {
            let numbers: Cow<'_, [F]> = tensor.read().expect("the type is known");
            let sum = sums::sum(Arch::detect(), &numbers);
            HostTensor::<F>::new(&[1], vec![F::from_f64(sum)])
        },
        composed::sum::<B>(tensor)
    )
}

/// [`LossBackend::scale`].
pub(super) fn scale<B: HostBackend>(
    mut gradient: FloatTensor<B>,
    by: FloatTensor<B>,
) -> FloatTensor<B> {
    check::factor::<B>(&gradient, &by);
    let done = with_float!(gradient.dtype(), scale_of::<F, B>(&mut gradient, &by), None);
    match done {
        Some(product) => product.unwrap_or(gradient),
        None => crate::ops::sum::composed::scale::<B>(gradient, by),
    }
}

/// The product, if it has memory of its own; `None` where the tensors are of types that the kernels do not have.
fn scale_of<F: Float, B: HostBackend>(
    gradient: &mut FloatTensor<B>,
    by: &FloatTensor<B>,
) -> Option<Option<FloatTensor<B>>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let by = match *HostTensor::<F>::read(by)? {
        [by] => by,
        _ => return None,
    };
    if by == F::ONE {
        return Some(None);
    }
    let (_, product) = in_place_or_new(gradient, |numbers| ((), in_place::scale(numbers, by)))?;
    Some(product)
}

/// [`LossBackend::add_per_class`].
pub(super) fn add_per_class<B: HostBackend>(
    mut scores: FloatTensor<B>,
    offsets: FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = check::offsets::<B>(&scores, &offsets);
    let done = with_float!(
        scores.dtype(),
        per_class_of::<F, B>(&mut scores, &offsets, shape, in_place::add_per_class),
        None
    );
    match done {
        Some(sum) => sum.unwrap_or(scores),
        None => composed::add_per_class::<B>(scores, offsets),
    }
}

/// [`LossBackend::scale_along`].
pub(super) fn scale_along<B: HostBackend>(
    mut numbers: FloatTensor<B>,
    axis: usize,
    factors: FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = check::along::<B>("factors", &numbers, axis, &factors);
    let done = with_float!(
        numbers.dtype(),
        per_class_of::<F, B>(&mut numbers, &factors, shape, in_place::scale_per_class),
        None
    );
    match done {
        Some(product) => product.unwrap_or(numbers),
        None => composed::scale_along::<B>(numbers, axis, factors),
    }
}

/// What a pass makes of the numbers, if it has memory of its own; `None` where the tensors are of types that the kernels do not
/// have.
fn per_class_of<F: Float, B: HostBackend>(
    numbers: &mut FloatTensor<B>,
    of_classes: &FloatTensor<B>,
    shape: [usize; 3],
    pass: impl Fn(Logits<'_, F>, [usize; 3], &[F]) -> Option<Vec<F>>,
) -> Option<Option<FloatTensor<B>>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let of_classes: Cow<'_, [F]> = of_classes.read()?;
    let pass = |numbers: Logits<'_, F>| ((), pass(numbers, shape, &of_classes));
    let (_, found) = in_place_or_new(numbers, pass)?;
    Some(found)
}

/// [`LossBackend::first_invalid_class`].
pub(super) fn first_invalid_class<B: HostBackend>(
    classes: &IntTensor<B>,
    num_classes: usize,
    ignore_index: Option<i64>,
) -> Option<usize> {
    let rows = HostRows::<f32> {
        shape: [classes.shape().num_elements(), num_classes, 1],
        classes: Some(read_classes::<B>(classes)?),
        ignore_index,
        smooth: SmoothWeights::Zero,
        row_weights: None,
    };
    rows.count(None).invalid
}

fn read_classes<B: HostBackend>(classes: &IntTensor<B>) -> Option<Classes<'_>> {
    match classes.dtype() {
        DType::I64 => Some(Classes::I64(classes.read()?)),
        DType::I32 => Some(Classes::I32(classes.read()?)),
        _ => None,
    }
}

/// [`LossBackend::elementwise`].
pub(super) fn elementwise<B: HostBackend, L: Formula>(
    formula: &L,
    inputs: Elements<B>,
) -> Losses<B> {
    check::elements(&inputs);
    let dtype = inputs.prediction.dtype();
    if dtype != at_least_f32(dtype) {
        let found = B::elementwise(formula, widened(inputs));
        return Losses {
            losses: B::float_cast(found.losses, dtype.into()),
            ..found
        };
    }
    with_float!(
        dtype,
        elementwise_of::<F, B>(formula, inputs),
        composed::elementwise(formula, inputs)
    )
}

fn elementwise_of<F: Float, B: HostBackend>(
    formula: &dyn Passes<F>,
    inputs: Elements<B>,
) -> Losses<B>
where
    FloatTensor<B>: HostTensor<F>,
{
    let shape = inputs.prediction.shape();
    let mut held = Held::<F, B>::new(inputs);
    let inputs = held.inputs(&shape, [false; 3]);
    let (losses, violation) = kernels::losses(formula, inputs, shape.num_elements());
    Losses {
        losses: HostTensor::new(&shape, losses),
        fault: violation.map(Fault::OutOfBounds),
    }
}

/// [`LossBackend::elementwise_backward`].
pub(super) fn elementwise_backward<B: HostBackend, L: Formula>(
    formula: &L,
    inputs: Elements<B>,
    grad: FloatTensor<B>,
    wanted: [bool; 3],
) -> [Option<FloatTensor<B>>; 3] {
    check::elements(&inputs);
    check::per_element::<B>("grad", &grad, &inputs.prediction);
    let dtype = inputs.prediction.dtype();
    if dtype != at_least_f32(dtype) {
        let grad = B::float_cast(grad, FloatDType::F32);
        let gradients = B::elementwise_backward(formula, widened(inputs), grad, wanted);
        return gradients.map(|gradient| Some(B::float_cast(gradient?, dtype.into())));
    }
    if wants_repeated(&inputs, wanted) {
        return composed::elementwise_backward(formula, inputs, grad, wanted);
    }
    with_float!(
        dtype,
        {
            let shape = inputs.prediction.shape();
            let mut held = Held::<F, B>::new(inputs);
            let grad: Cow<'_, [F]> = grad.read().expect("the type is known");
            let new = kernels::backward(formula, held.inputs(&shape, wanted), &grad);
            held.gradients(new, wanted)
        },
        composed::elementwise_backward(formula, inputs, grad, wanted)
    )
}

/// [`LossBackend::elementwise_reduced`].
pub(super) fn elementwise_reduced<B: HostBackend, L: Formula>(
    formula: &L,
    inputs: Elements<B>,
    weights: Option<FloatTensor<B>>,
    reduction: Reduction,
    wanted: [bool; 3],
) -> Reduced<B> {
    check::elements(&inputs);
    if let Some(weights) = &weights {
        check::per_element::<B>("weights", weights, &inputs.prediction);
    }
    let dtype = inputs.prediction.dtype();
    if dtype != at_least_f32(dtype) {
        let weights = weights.map(|weights| B::float_cast(weights, FloatDType::F32));
        let found = B::elementwise_reduced(formula, widened(inputs), weights, reduction, wanted);
        return Reduced {
            loss: B::float_cast(found.loss, dtype.into()),
            gradients: found
                .gradients
                .map(|gradient| Some(B::float_cast(gradient?, dtype.into()))),
            fault: found.fault,
        };
    }
    if wants_repeated(&inputs, wanted) {
        return composed::elementwise_reduced(formula, inputs, weights, reduction, wanted);
    }
    with_float!(
        dtype,
        reduced_of::<F, B>(formula, inputs, weights, reduction, wanted),
        composed::elementwise_reduced(formula, inputs, weights, reduction, wanted)
    )
}

fn reduced_of<F: Float, B: HostBackend>(
    formula: &dyn Passes<F>,
    inputs: Elements<B>,
    weights: Option<FloatTensor<B>>,
    reduction: Reduction,
    wanted: [bool; 3],
) -> Reduced<B>
where
    FloatTensor<B>: HostTensor<F>,
{
    let shape = inputs.prediction.shape();
    let len = shape.num_elements();
    let weights = weights.as_ref();
    let weights: Option<Cow<'_, [F]>> = weights.map(|w| w.read().expect("the type is known"));
    let counted = match &weights {
        Some(weights) if reduction.is_of_counts() => sums::sum(Arch::detect(), weights),
        _ => len as f64,
    };
    let divisor = reduction.divisor(counted);
    let mut held = Held::<F, B>::new(inputs);
    let inputs = held.inputs(&shape, wanted);
    let scale = 1.0 / divisor;
    let (sum, violation, new) = kernels::reduced(formula, inputs, weights.as_deref(), scale, len);
    Reduced {
        loss: HostTensor::new(&[1], vec![F::from_f64(sum / divisor)]),
        gradients: held.gradients(new, wanted),
        fault: violation.map(Fault::OutOfBounds),
    }
}

/// Whether a gradient is wanted of numbers that repeat.
fn wants_repeated<B: HostBackend>(inputs: &Elements<B>, wanted: [bool; 3]) -> bool {
    let third = inputs.third.as_ref();
    wanted[2] && third.is_some_and(|third| third.shape() != inputs.prediction.shape())
}

fn widened<B: HostBackend>(inputs: Elements<B>) -> Elements<B> {
    let widen = |tensor| B::float_cast(tensor, FloatDType::F32);
    Elements {
        prediction: widen(inputs.prediction),
        target: widen(inputs.target),
        third: inputs.third.map(widen),
    }
}

/// The inputs of a formula, while a pass reads and writes them.
struct Held<F: Float, B: HostBackend> {
    tensors: [Option<FloatTensor<B>>; 3],
    /// Of tensors that do not lie in order, the elements in order.
    copies: [Vec<F>; 3],
}

impl<F: Float, B: HostBackend> Held<F, B>
where
    FloatTensor<B>: HostTensor<F>,
{
    fn new(inputs: Elements<B>) -> Self {
        Self {
            tensors: [Some(inputs.prediction), Some(inputs.target), inputs.third],
            copies: [Vec::new(), Vec::new(), Vec::new()],
        }
    }

    fn inputs(&mut self, shape: &[usize], wanted: [bool; 3]) -> [HostInput<'_, F>; 3] {
        let mut wanted = wanted.into_iter();
        let mut copies = self.copies.iter_mut();
        self.tensors.each_mut().map(|tensor| {
            let wanted = wanted.next().expect("one per input");
            let copy = copies.next().expect("one per input");
            let Some(tensor) = tensor else {
                return HostInput::One;
            };
            let repeats = tensor.shape()[..] != *shape;
            if wanted && HostTensor::<F>::alone(tensor).is_some() {
                return HostInput::Owned(tensor.alone().expect("it was a moment ago"));
            }
            let numbers = match HostTensor::<F>::read(tensor).expect("the type is known") {
                Cow::Borrowed(numbers) => numbers,
                Cow::Owned(numbers) => {
                    *copy = numbers;
                    copy
                }
            };
            match (repeats, wanted) {
                (true, _) => HostInput::Repeated(numbers),
                (_, true) => HostInput::Shared(numbers),
                _ => HostInput::Read(numbers),
            }
        })
    }

    /// The gradients that were wanted: new ones, or in place of the inputs.
    fn gradients(
        self,
        mut new: [Option<Vec<F>>; 3],
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<B>>; 3] {
        let mut index = 0;
        self.tensors.map(|tensor| {
            let (wanted, new) = (wanted[index], new[index].take());
            index += 1;
            let tensor = tensor.filter(|_| wanted)?;
            Some(match new {
                Some(gradient) => HostTensor::new(&tensor.shape(), gradient),
                None => tensor,
            })
        })
    }
}

/// [`LossBackend::softmax_rows`]: the gradient of the log-sum-exp.
pub(super) fn softmax_rows<B: HostBackend>(logits: FloatTensor<B>) -> FloatTensor<B> {
    let [rows, ..] = rows_shape(&logits.shape());
    with_float!(
        logits.dtype(),
        {
            let targets = RowTargets {
                classes: None,
                ignore_index: None,
                smooth: SmoothWeights::Zero,
            };
            let found = softmax_terms::<B>(logits.clone(), targets.clone(), Columns::All);
            let mut by_terms = vec![F::ZERO; 3 * rows];
            by_terms[LOG_SUM_EXP * rows..][..rows].fill(F::ONE);
            let by_terms = HostTensor::of_columns([rows, 3], by_terms);
            softmax_terms_backward::<B>(logits, targets, found.normalizer, by_terms)
        },
        composed::softmax_rows::<B>(logits)
    )
}

/// [`LossBackend::softmax_terms`].
pub(super) fn softmax_terms<B: HostBackend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    columns: Columns,
) -> SoftmaxTerms<B> {
    check::targets(&logits, &targets);
    let done = with_float!(
        logits.dtype(),
        softmax_terms_of::<F, B>(&logits, &targets, columns),
        None
    );
    done.unwrap_or_else(|| composed::softmax_terms(logits, targets, columns))
}

/// `None` where the tensors are of types that the kernels do not have.
fn softmax_terms_of<F: Float, B: HostBackend>(
    logits: &FloatTensor<B>,
    targets: &RowTargets<B>,
    columns: Columns,
) -> Option<SoftmaxTerms<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let rows = rows::<F, B>(logits, targets, None)?;
    let count = rows.shape[0] * rows.shape[2];
    let (terms, normalizer) = rows.forward(&HostTensor::<F>::read(logits)?, columns);
    Some(SoftmaxTerms {
        terms: match columns {
            Columns::TargetLoss => HostTensor::new(&[count], terms),
            Columns::All => HostTensor::of_columns([count, 3], terms),
        },
        normalizer: HostTensor::of_columns([count, 2], normalizer),
    })
}

/// [`LossBackend::softmax_terms_backward`].
pub(super) fn softmax_terms_backward<B: HostBackend>(
    mut logits: FloatTensor<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let columns = check::backward(&logits, &targets, &normalizer, &grad);
    let done = with_float!(
        logits.dtype(),
        softmax_terms_backward_of::<F, B>(&mut logits, &targets, &normalizer, &grad, columns),
        None
    );
    match done {
        Some(Some(gradient)) => gradient,
        Some(None) => logits,
        None => composed::softmax_terms_backward(logits, targets, normalizer, grad),
    }
}

/// The gradient, if it has memory of its own; `None` where the tensors are of types that the kernels do not have.
fn softmax_terms_backward_of<F: Float, B: HostBackend>(
    logits: &mut FloatTensor<B>,
    targets: &RowTargets<B>,
    normalizer: &FloatTensor<B>,
    grad: &FloatTensor<B>,
    columns: Columns,
) -> Option<Option<FloatTensor<B>>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let rows = rows::<F, B>(logits, targets, None)?;
    let normalizer = HostTensor::<F>::read_columns(normalizer)?;
    let grad = HostTensor::<F>::read_columns(grad)?;
    in_place_or_new(logits, |logits| {
        let new = rows.backward(logits, &normalizer, &grad, columns);
        ((), new)
    })
    .map(|((), gradient)| gradient)
}

/// Hands out a tensor's numbers to be changed in place, if nothing else holds them; else to be read, and makes a tensor of what
/// comes in new memory.
fn in_place_or_new<F: Float, T: HostTensor<F>, R>(
    logits: &mut T,
    run: impl FnOnce(Logits<'_, F>) -> (R, Option<Vec<F>>),
) -> Option<(R, Option<T>)> {
    if let Some(cells) = logits.alone() {
        let (result, _) = run(Logits::Owned(cells));
        return Some((result, None));
    }
    let (result, gradient) = run(Logits::Shared(&logits.read()?));
    let gradient = gradient.map(|gradient| T::new(&logits.shape(), gradient));
    Some((result, gradient))
}

/// As [`in_place_or_new`], or only lends them where no gradient is wanted.
fn with_scores<F: Float, T: HostTensor<F>, R>(
    scores: &mut T,
    wanted: bool,
    run: impl FnOnce(Logits<'_, F>) -> (R, Option<Vec<F>>),
) -> Option<(R, Option<T>)> {
    if wanted {
        return in_place_or_new(scores, run);
    }
    let (result, _) = run(Logits::Shared(&scores.read()?));
    Some((result, None))
}

fn rows<'a, F: Float, B: HostBackend>(
    logits: &FloatTensor<B>,
    targets: &'a RowTargets<B>,
    row_weights: Option<Cow<'a, [F]>>,
) -> Option<HostRows<'a, F>>
where
    FloatTensor<B>: HostTensor<F>,
{
    rows_of::<F, B>(rows_shape(&logits.shape()), targets, row_weights)
}

/// The rows of logits `[N, C, S]` as the kernels take them; `None` where the tensors are of types that the kernels do not have.
pub(super) fn rows_of<'a, F: Float, B: HostBackend>(
    shape: [usize; 3],
    targets: &'a RowTargets<B>,
    row_weights: Option<Cow<'a, [F]>>,
) -> Option<HostRows<'a, F>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let classes = match &targets.classes {
        None => None,
        Some(classes) => Some(read_classes::<B>(classes)?),
    };
    let smooth = targets.smooth.as_ref();
    Some(HostRows {
        shape,
        classes,
        ignore_index: targets.ignore_index,
        smooth: smooth.map(|weights| weights.read()).transpose()?,
        row_weights,
    })
}

/// [`LossBackend::softmax_terms_reduced`], or [`LossBackend::adjusted_reduced`] if there is an adjustment.
pub(super) fn rows_reduced<B: HostBackend, L: Formula>(
    formula: &L,
    mut logits: FloatTensor<B>,
    by: Option<Adjustment<FloatTensor<B>>>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    let shape @ [_, _, inner] = check::targets(&logits, &targets);
    check::row_weights(&logits, &weights, shape);
    if let Some(offsets) = by.as_ref().and_then(|by| by.per_class.as_ref()) {
        check::offsets::<B>(&logits, offsets);
    }
    // A loss alone writes nothing that could hold what is adjusted, and positions interleave the rows.
    let done = match by.is_none() || wanted && inner == 1 {
        true => with_float!(
            logits.dtype(),
            rows_reduced_of::<F, B>(
                formula,
                &mut logits,
                by.as_ref(),
                &targets,
                &weights,
                reduction,
                wanted
            ),
            None
        ),
        false => None,
    };
    match done {
        Some(found) => in_place_of(logits, found, wanted),
        None => softmax_terms::composed::reduced(
            formula, logits, by, targets, weights, reduction, wanted,
        ),
    }
}

/// A loss, and its gradient if that has memory of its own.
struct FoundLoss<B: LossBackend> {
    loss: FloatTensor<B>,
    gradient: Option<FloatTensor<B>>,
    fault: Option<Fault>,
}

/// The gradient that has no memory of its own has that of the input.
fn in_place_of<B: LossBackend>(
    input: FloatTensor<B>,
    found: FoundLoss<B>,
    wanted: bool,
) -> Reduced<B> {
    let gradient = wanted.then(|| found.gradient.unwrap_or(input));
    Reduced {
        loss: found.loss,
        gradients: [gradient, None, None],
        fault: found.fault,
    }
}

fn rows_reduced_of<F: Float, B: HostBackend>(
    formula: &dyn RowFormula<F>,
    logits: &mut FloatTensor<B>,
    by: Option<&Adjustment<FloatTensor<B>>>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Option<FoundLoss<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let counted = Counted::<F>::new::<B>(logits, targets, weights, reduction)?;
    let by = match by {
        None => None,
        Some(by) => Some(by.as_ref().map(|offsets| offsets.read()).transpose()?),
    };
    counted.reduce::<B>(logits, wanted, |counted, scale, logits| {
        let (rows, per_class) = (&counted.rows, counted.class_weights.as_deref());
        let (sum, gradient) = match logits {
            Logits::Shared(logits) if !wanted => {
                (rows.sum_of_losses(formula, per_class, logits), None)
            }
            logits => {
                let by = by.as_ref().map(|by| by.as_ref().map(|offsets| &**offsets));
                rows.with_gradient(formula, per_class, scale, by, logits)
            }
        };
        ((sum, None), gradient)
    })
}

/// The rows of a reduced loss, and what their sum is divided by.
struct Counted<'a, F: Float> {
    rows: HostRows<'a, F>,
    class_weights: Option<Cow<'a, [F]>>,
    divisor: f64,
    invalid: Option<usize>,
}

impl<'a, F: Float> Counted<'a, F> {
    fn new<B: HostBackend>(
        logits: &FloatTensor<B>,
        targets: &'a RowTargets<B>,
        weights: &'a RowWeights<B>,
        reduction: Reduction,
    ) -> Option<Self>
    where
        FloatTensor<B>: HostTensor<F>,
    {
        let read = |weights: &'a Option<FloatTensor<B>>| match weights {
            None => Some(None),
            Some(weights) => weights.read().map(Some),
        };
        let rows = rows::<F, B>(logits, targets, read(&weights.per_row)?)?;
        let class_weights = read(&weights.per_class)?;
        let counted = rows.count(class_weights.as_deref());
        Some(Self {
            divisor: reduction.divisor(counted.weight),
            invalid: counted.invalid,
            rows,
            class_weights,
        })
    }

    /// The reduced loss. `run` gets what the sum's gradient is multiplied by, and the scores to replace, or to read if something else
    /// holds them or no gradient is wanted; it gives the sum, the first score out of bounds, and a gradient in new memory.
    fn reduce<B: HostBackend>(
        &self,
        scores: &mut FloatTensor<B>,
        wanted: bool,
        run: impl FnOnce(&Self, f64, Logits<'_, F>) -> ((f64, Option<Violation>), Option<Vec<F>>),
    ) -> Option<FoundLoss<B>>
    where
        FloatTensor<B>: HostTensor<F>,
    {
        let (loss, gradient, fault) = match self.invalid {
            Some(row) => (f64::NAN, None, Some(Fault::NoClass { row })),
            None => {
                let scale = 1.0 / self.divisor;
                let run = |scores: Logits<'_, F>| run(self, scale, scores);
                let ((sum, violation), gradient) = with_scores(scores, wanted, run)?;
                let fault = violation.map(Fault::OutOfBounds);
                (sum / self.divisor, gradient, fault)
            }
        };
        Some(FoundLoss {
            loss: HostTensor::new(&[1], vec![F::from_f64(loss)]),
            gradient,
            fault,
        })
    }
}

/// [`LossBackend::target_scores_reduced`].
pub(super) fn target_scores_reduced<B: HostBackend>(
    mut scores: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    check::classes(&scores, &targets, &weights);
    let done = with_float!(
        scores.dtype(),
        target_scores_reduced_of::<F, B>(&mut scores, &targets, &weights, reduction, wanted),
        None
    );
    match done {
        Some(found) => in_place_of(scores, found, wanted),
        None => composed::target_scores_reduced(scores, targets, weights, reduction, wanted),
    }
}

fn target_scores_reduced_of<F: Float, B: HostBackend>(
    scores: &mut FloatTensor<B>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Option<FoundLoss<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let counted = Counted::<F>::new::<B>(scores, targets, weights, reduction)?;
    counted.reduce::<B>(scores, wanted, |counted, scale, scores| {
        let (rows, per_class) = (&counted.rows, counted.class_weights.as_deref());
        let found = scores_kernel::reduced(rows, per_class, scale, scores, wanted);
        ((found.sum, found.violation), found.gradient)
    })
}

/// [`LossBackend::multi_margin_reduced`].
pub(super) fn multi_margin_reduced<B: HostBackend>(
    loss: MultiMargin,
    mut scores: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    check::multi_margin(&scores, &targets, &weights);
    let done = with_float!(
        scores.dtype(),
        multi_margin_reduced_of::<F, B>(loss, &mut scores, &targets, &weights, reduction, wanted),
        None
    );
    match done {
        Some(found) => in_place_of(scores, found, wanted),
        None => composed::multi_margin_reduced(loss, scores, targets, weights, reduction, wanted),
    }
}

fn multi_margin_reduced_of<F: Float, B: HostBackend>(
    loss: MultiMargin,
    scores: &mut FloatTensor<B>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Option<FoundLoss<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let mut counted = Counted::<F>::new::<B>(scores, targets, weights, reduction)?;
    // The weights of the classes do not matter to what a mean divides by.
    let rows = &counted.rows;
    counted.divisor = reduction.divisor(rows.count(None).weight) * rows.shape[1] as f64;
    counted.reduce::<B>(scores, wanted, |counted, scale, scores| {
        let (rows, per_class) = (&counted.rows, counted.class_weights.as_deref());
        let arch = Arch::detect();
        let (sum, gradient) =
            multi_margin::reduced(arch, loss, rows, per_class, scale, scores, wanted);
        ((sum, None), gradient)
    })
}

/// [`LossBackend::distillation_reduced`].
pub(super) fn distillation_reduced<B: HostBackend>(
    loss: Distillation,
    mut student: FloatTensor<B>,
    teacher: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    check::distillation(&student, &teacher, &targets, &weights);
    let done = with_float!(
        student.dtype(),
        distillation_reduced_of::<F, B>(
            loss,
            &mut student,
            &teacher,
            &targets,
            &weights,
            reduction,
            wanted
        ),
        None
    );
    match done {
        Some(found) => in_place_of(student, found, wanted),
        None => composed::distillation_reduced(
            loss, student, teacher, targets, weights, reduction, wanted,
        ),
    }
}

fn distillation_reduced_of<F: Float, B: HostBackend>(
    loss: Distillation,
    student: &mut FloatTensor<B>,
    teacher: &FloatTensor<B>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Option<FoundLoss<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let counted = Counted::<F>::new::<B>(student, targets, weights, reduction)?;
    let teacher: Cow<'_, [F]> = teacher.read()?;
    counted.reduce::<B>(student, wanted, |counted, scale, student| {
        let (arch, rows) = (Arch::detect(), &counted.rows);
        let (sum, gradient) =
            distillation::reduced(arch, loss, rows, &teacher, scale, student, wanted);
        ((sum, None), gradient)
    })
}

/// [`LossBackend::multi_label_margin`].
pub(super) fn multi_label_margin<B: HostBackend>(
    scores: FloatTensor<B>,
    labels: IntTensor<B>,
    wanted: bool,
) -> SampleLosses<B> {
    check::multi_label_margin::<B>(&scores, &labels);
    SampleLosses::<B>::in_f32(scores, |scores| {
        with_float!(
            scores.dtype(),
            multi_label_margin_of::<F, B>(&scores, &labels, wanted),
            composed::multi_label_margin(scores, labels, wanted)
        )
    })
}

fn multi_label_margin_of<F: Float, B: HostBackend>(
    scores: &FloatTensor<B>,
    labels: &IntTensor<B>,
    wanted: bool,
) -> SampleLosses<B>
where
    FloatTensor<B>: HostTensor<F>,
{
    let (arch, shape) = (Arch::detect(), scores.shape());
    let numbers: Cow<'_, [F]> = scores.read().expect("the type is known");
    let in_place = read_classes::<B>(labels);
    let labels = in_place.unwrap_or_else(|| Classes::I64(read_integers::<B>(labels).into()));
    let (losses, gradient) = match labels {
        Classes::I64(labels) => {
            multi_label_margin::losses(arch, &numbers, &labels, shape[1], wanted)
        }
        Classes::I32(labels) => {
            multi_label_margin::losses(arch, &numbers, &labels, shape[1], wanted)
        }
    };
    SampleLosses {
        losses: HostTensor::new(&[losses.len()], losses),
        gradient: gradient.map(|gradient| HostTensor::new(&shape, gradient)),
    }
}

/// [`LossBackend::ctc`].
pub(super) fn ctc<B: HostBackend>(
    log_probs: FloatTensor<B>,
    targets: CtcTargets<B>,
    wanted: bool,
) -> SampleLosses<B> {
    check::ctc::<B>(&log_probs, &targets);
    SampleLosses::<B>::in_f32(log_probs, |log_probs| {
        with_float!(
            log_probs.dtype(),
            ctc_of::<F, B>(&log_probs, &targets, wanted),
            composed::ctc(log_probs, targets, wanted)
        )
    })
}

fn ctc_of<F: Float, B: HostBackend>(
    log_probs: &FloatTensor<B>,
    targets: &CtcTargets<B>,
    wanted: bool,
) -> SampleLosses<B>
where
    FloatTensor<B>: HostTensor<F>,
{
    let shape = log_probs.shape();
    let numbers: Cow<'_, [F]> = log_probs.read().expect("the type is known");
    let integers = [
        &targets.classes,
        &targets.input_lengths,
        &targets.target_lengths,
    ]
    .map(|tensor| read_integers::<B>(tensor));
    let problem = Ctc {
        log_probs: &numbers,
        shape: [shape[0], shape[1], shape[2]],
        targets: &integers[0],
        input_lengths: &integers[1],
        target_lengths: &integers[2],
        blank: targets.blank,
    };
    let (losses, gradient) = problem.run(wanted);
    SampleLosses {
        losses: HostTensor::new(&[losses.len()], losses),
        gradient: gradient.map(|gradient| HostTensor::new(&shape, gradient)),
    }
}

/// Whole numbers of any type, which are few.
fn read_integers<B: HostBackend>(tensor: &IntTensor<B>) -> Vec<i64> {
    let data = Tensor::<B, 1, Int>::from_primitive(B::int_reshape(
        tensor.clone(),
        [tensor.shape().num_elements()].into(),
    ));
    data.into_data().iter::<i64>().collect()
}

/// Stamps [`LossBackend`] for a backend on the host.
macro_rules! on_host {
    ([$($generics:tt)*] $backend:ty [$($bounds:tt)*]) => {
        impl<$($generics)*> $crate::LossBackend for $backend $($bounds)* {
            const ON_HOST: bool = true;

            fn sum(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
                host::sum::<Self>(tensor)
            }

            fn scale(gradient: FloatTensor<Self>, by: FloatTensor<Self>) -> FloatTensor<Self> {
                host::scale::<Self>(gradient, by)
            }

            fn softmax_rows(logits: FloatTensor<Self>) -> FloatTensor<Self> {
                host::softmax_rows::<Self>(logits)
            }

            fn add_per_class(
                scores: FloatTensor<Self>,
                offsets: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                host::add_per_class::<Self>(scores, offsets)
            }

            fn scale_along(
                numbers: FloatTensor<Self>,
                axis: usize,
                factors: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                host::scale_along::<Self>(numbers, axis, factors)
            }

            fn elementwise<L: Formula>(formula: &L, inputs: Elements<Self>) -> Losses<Self> {
                host::elementwise(formula, inputs)
            }

            fn elementwise_backward<L: Formula>(
                formula: &L,
                inputs: Elements<Self>,
                grad: FloatTensor<Self>,
                wanted: [bool; 3],
            ) -> [Option<FloatTensor<Self>>; 3] {
                host::elementwise_backward(formula, inputs, grad, wanted)
            }

            fn elementwise_reduced<L: Formula>(
                formula: &L,
                inputs: Elements<Self>,
                weights: Option<FloatTensor<Self>>,
                reduction: Reduction,
                wanted: [bool; 3],
            ) -> Reduced<Self> {
                host::elementwise_reduced(formula, inputs, weights, reduction, wanted)
            }

            fn softmax_terms(
                logits: FloatTensor<Self>,
                targets: RowTargets<Self>,
                columns: Columns,
            ) -> SoftmaxTerms<Self> {
                host::softmax_terms(logits, targets, columns)
            }

            fn softmax_terms_backward(
                logits: FloatTensor<Self>,
                targets: RowTargets<Self>,
                normalizer: FloatTensor<Self>,
                grad: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                host::softmax_terms_backward::<Self>(logits, targets, normalizer, grad)
            }

            fn adjusted_reduced<L: Formula>(
                formula: &L,
                logits: FloatTensor<Self>,
                by: Adjustment<FloatTensor<Self>>,
                targets: RowTargets<Self>,
                weights: RowWeights<Self>,
                reduction: Reduction,
                wanted: bool,
            ) -> Reduced<Self> {
                host::rows_reduced(formula, logits, Some(by), targets, weights, reduction, wanted)
            }

            fn softmax_terms_reduced<L: Formula>(
                formula: &L,
                logits: FloatTensor<Self>,
                targets: RowTargets<Self>,
                weights: RowWeights<Self>,
                reduction: Reduction,
                wanted: bool,
            ) -> Reduced<Self> {
                host::rows_reduced(formula, logits, None, targets, weights, reduction, wanted)
            }

            fn linear_reduced<L: Formula>(
                formula: &L,
                linear: Linear<Self>,
                targets: RowTargets<Self>,
                weights: RowWeights<Self>,
                reduction: Reduction,
                wanted: [bool; 3],
                describe: bool,
            ) -> LinearReduced<Self> {
                host_linear::linear_reduced(
                    formula, linear, targets, weights, reduction, wanted, describe,
                )
            }

            fn linear_terms(
                linear: Linear<Self>,
                targets: RowTargets<Self>,
                columns: Columns,
            ) -> SoftmaxTerms<Self> {
                host_linear::linear_terms(linear, targets, columns)
            }

            fn linear_terms_backward(
                linear: Linear<Self>,
                targets: RowTargets<Self>,
                normalizer: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                wanted: [bool; 3],
            ) -> [Option<FloatTensor<Self>>; 3] {
                host_linear::linear_terms_backward(linear, targets, normalizer, grad, wanted)
            }

            fn target_scores_reduced(
                scores: FloatTensor<Self>,
                targets: RowTargets<Self>,
                weights: RowWeights<Self>,
                reduction: Reduction,
                wanted: bool,
            ) -> Reduced<Self> {
                host::target_scores_reduced(scores, targets, weights, reduction, wanted)
            }

            fn multi_margin_reduced(
                loss: MultiMargin,
                scores: FloatTensor<Self>,
                targets: RowTargets<Self>,
                weights: RowWeights<Self>,
                reduction: Reduction,
                wanted: bool,
            ) -> Reduced<Self> {
                host::multi_margin_reduced(loss, scores, targets, weights, reduction, wanted)
            }

            fn distillation_reduced(
                loss: Distillation,
                student: FloatTensor<Self>,
                teacher: FloatTensor<Self>,
                targets: RowTargets<Self>,
                weights: RowWeights<Self>,
                reduction: Reduction,
                wanted: bool,
            ) -> Reduced<Self> {
                host::distillation_reduced(
                    loss, student, teacher, targets, weights, reduction, wanted,
                )
            }

            fn multi_label_margin(
                scores: FloatTensor<Self>,
                labels: IntTensor<Self>,
                wanted: bool,
            ) -> SampleLosses<Self> {
                host::multi_label_margin::<Self>(scores, labels, wanted)
            }

            fn ctc(
                log_probs: FloatTensor<Self>,
                targets: CtcTargets<Self>,
                wanted: bool,
            ) -> SampleLosses<Self> {
                host::ctc::<Self>(log_probs, targets, wanted)
            }

            fn first_invalid_class(
                classes: &IntTensor<Self>,
                num_classes: usize,
                ignore_index: Option<i64>,
            ) -> Option<usize> {
                host::first_invalid_class::<Self>(classes, num_classes, ignore_index)
            }
        }
    };
}
pub(super) use on_host;
