//! Formulas in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Bool, Shape, Tensor, TensorMetadata};
use loss_kernels::{Formula, Input};

use super::number::Arena;
use super::{Elements, Losses};
use crate::ops::check;
use crate::ops::sum::composed::sum_of_rows;
use crate::ops::tensors::{at_least_f32, cast, quotient, unwrap, widen_half, wrap};
use crate::{LossBackend, Reduced, Reduction};

/// Computes what [`LossBackend::elementwise`] promises; the example of [`Elements`] holds for this function, too.
pub fn elementwise<B: Backend, L: Formula>(formula: &L, inputs: Elements<B>) -> Losses<B> {
    check::elements(&inputs);
    let (shape, dtype) = (inputs.prediction.shape(), inputs.prediction.dtype());
    let numbers = flat(inputs);
    let outside = outside_bounds(formula, &numbers);
    let arena = Arena::new();
    let inputs = numbers.map(|number| arena.number(number));
    let mut losses = formula.loss(inputs).tensor();
    if let Some(outside) = outside {
        losses = losses.mask_fill(outside, f64::NAN);
    }
    Losses {
        losses: B::float_reshape(cast::<B>(unwrap(losses), dtype), shape),
        fault: None,
    }
}

/// Computes what [`LossBackend::elementwise_backward`] promises, likewise.
pub fn elementwise_backward<B: Backend, L: Formula>(
    formula: &L,
    inputs: Elements<B>,
    grad: FloatTensor<B>,
    wanted: [bool; 3],
) -> [Option<FloatTensor<B>>; 3] {
    check::elements(&inputs);
    check::per_element::<B>("grad", &grad, &inputs.prediction);
    let (shape, dtype) = (inputs.prediction.shape(), inputs.prediction.dtype());
    let third = inputs.third.as_ref().map(|third| third.shape());
    let grad: Tensor<B, 1> = wrap(flatten::<B>(widen_half::<B>(grad)));
    let dead = grad.clone().equal_elem(0.0);
    let arena = Arena::new();
    let inputs = flat(inputs).map(|number| arena.number(number));
    let mut gradients = [None, None, None];
    for (of, gradient) in Input::ALL.into_iter().zip(&mut gradients) {
        if !wanted[of as usize] {
            continue;
        }
        let slope = formula.slope(of, inputs).tensor() * grad.clone();
        let slope = unwrap(slope.mask_fill(dead.clone(), 0.0));
        let full = B::float_reshape(slope, shape.clone());
        let full = match &third {
            Some(third) if of == Input::Third && *third != shape => {
                sum_over_all_but_last::<B>(full)
            }
            _ => full,
        };
        *gradient = Some(cast::<B>(full, dtype));
    }
    gradients
}

/// Computes what [`LossBackend::elementwise_reduced`] promises, from the operations of which it is made.
pub fn elementwise_reduced<B: LossBackend, L: Formula>(
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
    let (shape, dtype) = (inputs.prediction.shape(), inputs.prediction.dtype());
    let count = shape.num_elements();
    let mut inputs = Elements::<B> {
        prediction: widen_half::<B>(inputs.prediction),
        target: widen_half::<B>(inputs.target),
        third: inputs.third.map(widen_half::<B>),
    };
    let device = B::float_device(&inputs.prediction);
    let one: Tensor<B, 1> = Tensor::ones([1], (&device, at_least_f32(dtype)));

    // What each loss counts, and what their sum is divided by.
    let (weights, divisor) = match weights {
        None => (None, one * reduction.divisor(count as f64)),
        Some(weights) => {
            let weights: Tensor<B, 1> = wrap(flatten::<B>(widen_half::<B>(weights)));
            let dropped = weights.clone().equal_elem(0.0);
            inputs = without_dropped(inputs, &dropped, &shape);
            let divisor = match reduction {
                reduction if !reduction.is_of_counts() => one,
                _ => divisor_of(reduction, wrap(B::sum(unwrap(weights.clone())))),
            };
            (Some((weights, dropped)), divisor)
        }
    };
    let Losses { losses, fault } = B::elementwise(formula, inputs.clone());
    let mut losses: Tensor<B, 1> = wrap(flatten::<B>(losses));
    if let Some((weights, dropped)) = &weights {
        losses = (losses * weights.clone()).mask_fill(dropped.clone(), 0.0);
    }
    let loss = quotient(wrap(B::sum(unwrap(losses))), divisor.clone());

    let mut gradients = [None, None, None];
    if wanted.contains(&true) {
        let factor = (divisor.ones_like() / divisor).expand([count]);
        let factor = match weights {
            // Also where nothing counts and the product is 0 times infinity.
            Some((weights, dropped)) => (weights * factor).mask_fill(dropped, 0.0),
            None => factor,
        };
        let factor = B::float_reshape(unwrap(factor), shape);
        gradients = B::elementwise_backward(formula, inputs, factor, wanted)
            .map(|gradient| gradient.map(|gradient| cast::<B>(gradient, dtype)));
    }
    Reduced {
        loss: cast::<B>(unwrap(loss), dtype),
        gradients,
        fault,
    }
}

/// The divisor of a weighted mean.
pub(crate) fn divisor_of<B: Backend>(reduction: Reduction, counted: Tensor<B, 1>) -> Tensor<B, 1> {
    match reduction {
        Reduction::Sum | Reduction::BatchMean => counted.ones_like(),
        Reduction::Mean => counted,
        Reduction::MeanOrZero => {
            let nothing = counted.clone().equal_elem(0.0);
            counted.mask_fill(nothing, 1.0)
        }
    }
}

/// The inputs with a good number in place of those that do not count, so that NaN in them reaches nothing.
fn without_dropped<B: Backend>(
    inputs: Elements<B>,
    dropped: &Tensor<B, 1, Bool>,
    shape: &Shape,
) -> Elements<B> {
    let fill = |input: FloatTensor<B>| {
        // One half is a good prediction and a good target for every loss, probabilities among them.
        let filled = wrap::<B, 1>(flatten::<B>(input)).mask_fill(dropped.clone(), 0.5);
        B::float_reshape(unwrap(filled), shape.clone())
    };
    Elements {
        prediction: fill(inputs.prediction),
        target: fill(inputs.target),
        third: match inputs.third {
            Some(third) if third.shape() == *shape => Some(fill(third)),
            third => third,
        },
    }
}

/// The three inputs as vectors of one length.
fn flat<B: Backend>(inputs: Elements<B>) -> [Tensor<B, 1>; 3] {
    let shape = inputs.prediction.shape();
    let [prediction, target] = [inputs.prediction, inputs.target]
        .map(|input| wrap::<B, 1>(flatten::<B>(widen_half::<B>(input))));
    let third = match inputs.third {
        None => prediction.ones_like(),
        Some(third) => {
            let third = widen_half::<B>(third);
            wrap(flatten::<B>(B::float_expand(third, shape)))
        }
    };
    [prediction, target, third]
}

/// `[..]` as a vector.
fn flatten<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let count = tensor.shape().num_elements();
    B::float_reshape(tensor, [count].into())
}

/// Where an input is outside its bounds, if it has any; NaN is inside.
fn outside_bounds<B: Backend, L: Formula>(
    formula: &L,
    numbers: &[Tensor<B, 1>; 3],
) -> Option<Tensor<B, 1, Bool>> {
    let bounded = formula.bounds().into_iter().zip(numbers);
    let outside = bounded.filter_map(|(bounds, number)| {
        let [least, most] = bounds?;
        let below = number.clone().lower_elem(least);
        Some(below.bool_or(number.clone().greater_elem(most)))
    });
    outside.reduce(|a, b| a.bool_or(b))
}

/// `[.., L]` to `[L]`.
fn sum_over_all_but_last<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let shape = tensor.shape();
    let labels = shape[shape.num_dims() - 1];
    let rows = shape.num_elements() / labels.max(1);
    let dtype = tensor.dtype();
    let rows: Tensor<B, 2> = wrap(widen_half::<B>(B::float_reshape(
        tensor,
        [rows, labels].into(),
    )));
    let sums = unwrap(sum_of_rows(rows).reshape([labels]));
    cast::<B>(sums, dtype)
}
