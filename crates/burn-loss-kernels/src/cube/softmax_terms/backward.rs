//! The kernel of the backward pass: the gradient of each logit from the logit and a few numbers of its row.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use loss_kernels::{LOG_SUM_EXP, SMOOTH_LOSS};

use super::inputs::{Blueprint, Inputs, Part};
use crate::cube::shared::crew::{Crew, sum_of_crew};
use crate::cube::shared::lanes::{horizontal_sum, lane};
use crate::cube::shared::math::{
    exp_of_negative, exp_of_negatives, is_nan, magnitude, one_minus_exp,
};
use crate::cube::shared::rows::{RowAddress, Target};

/// What the gradient of a row's logits is made of.
#[derive(CubeType, Clone, Copy)]
struct RowGrad {
    max: f32,
    relative_lse: f32,
    /// The gradients of the three terms, those of the losses negated: of `log p_t` and `sum_c w_c log p_c`.
    target: f32,
    smooth: f32,
    lse: f32,
    /// The sum of the smooth weights.
    weight: f32,
    /// Whether all logits have the gradient `filler`.
    filled: bool,
    filler: f32,
}

/// Computes the gradient of the logits, in place if `output` is an alias of the logits.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn grad_kernel<F: Float, I: Int, W: Float, P: Float, G: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    normalizer: &Array<P>,
    grad: &Array<G>,
    output: &mut Tensor<Vector<F, N>>,
    #[comptime] blueprint: Blueprint,
    #[define(F, I, W, P, G)] _dtypes: [StorageType; 5],
) {
    let part = inputs.part(blueprint);
    if part.row >= inputs.rows() {
        terminate!();
    }
    let weight = weight_of_row(inputs, &part, blueprint);
    let target = inputs.target(part.row, blueprint.ignores);
    let row = row_grad(inputs, normalizer, grad, &part, &target, weight, blueprint);
    let address = RowAddress::of(output, part.row, inputs.logits.shape(2));
    if row.filled {
        fill(output, &part, &address, row.filler);
    } else {
        // The unit that writes the target's gradient reads its logit first: in place, nobody else can.
        let at = target.class / N::value();
        let mine = at >= part.first && at < part.end && (at - part.first).is_multiple_of(part.step);
        let mut exception = f32::new(0.0);
        if comptime!(blueprint.classes) {
            if mine {
                exception = grad_at_target(inputs, &row, part.row, target.class, blueprint);
            }
        }
        write_grad(inputs, output, &row, &part, &address, blueprint);
        if comptime!(blueprint.classes) {
            if mine {
                replace(output, address.at(at), target.class % N::value(), exception);
            }
        }
    }
}

/// Sums smooth weights that are the same in every row, with one cube.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn weights_total_kernel<W: Float, N: Size>(
    weights: &Tensor<Vector<W, N>>,
    total: &mut Array<f32>,
    #[comptime] crew: Crew,
    #[define(W)] _dtype: StorageType,
) {
    let address = RowAddress::of(weights, 0, 1);
    let vectors = weights.shape(1) / N::value();
    let sum = sum_weights(
        weights,
        &address,
        UNIT_POS as usize,
        vectors,
        CUBE_DIM as usize,
    );
    let sum = sum_of_crew(sum, crew);
    if UNIT_POS == 0 {
        total[0] = sum;
    }
}

/// The sum of a row's smooth weights. All units of the cube must call it.
#[cube]
fn weight_of_row<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    part: &Part,
    #[comptime] blueprint: Blueprint,
) -> f32 {
    #[comptime]
    match &inputs.weights_total {
        ComptimeOption::Some(total) => total[0],
        ComptimeOption::None => sum_row(inputs, part, blueprint),
    }
}

#[cube]
fn sum_row<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    part: &Part,
    #[comptime] blueprint: Blueprint,
) -> f32 {
    #[comptime]
    match &inputs.weights {
        ComptimeOption::Some(weights) => {
            let address = inputs.weights_of(part.row);
            match comptime!(blueprint.crew) {
                Some(crew) => {
                    let first = UNIT_POS as usize;
                    let sum = sum_weights(weights, &address, first, inputs.vectors(), part.step);
                    sum_of_crew(sum, crew)
                }
                None => sum_weights(weights, &address, 0, inputs.vectors(), part.step),
            }
        }
        ComptimeOption::None => inputs.uniform_weight * f32::cast_from(inputs.logits.shape(1)),
    }
}

#[cube]
fn sum_weights<W: Float, N: Size>(
    weights: &Tensor<Vector<W, N>>,
    row: &RowAddress,
    first: usize,
    end: usize,
    step: usize,
) -> f32 {
    let mut lanes = Vector::<f32, N>::new(f32::new(0.0));
    let mut i = first;
    while i < end {
        lanes += Vector::cast_from(weights[row.at(i)]);
        i += step;
    }
    horizontal_sum(lanes)
}

#[cube]
#[allow(clippy::too_many_arguments)]
fn row_grad<F: Float, I: Int, W: Float, P: Float, G: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    normalizer: &Array<P>,
    grad: &Array<G>,
    part: &Part,
    target: &Target,
    weight: f32,
    #[comptime] blueprint: Blueprint,
) -> RowGrad {
    let max = f32::cast_from(normalizer[part.row * 2]);
    let relative_lse = f32::cast_from(normalizer[part.row * 2 + 1]);
    let zero = f32::new(0.0);
    let columns = comptime!(blueprint.columns);
    // The losses fall as the logits of the classes rise.
    let target_grad = zero - f32::cast_from(grad[part.row * columns]);
    let mut smooth = zero;
    let mut lse = zero;
    if comptime!(columns > 1) {
        smooth = zero - f32::cast_from(grad[part.row * columns + SMOOTH_LOSS]);
        lse = f32::cast_from(grad[part.row * columns + LOG_SUM_EXP]);
    }

    let dead = (target_grad == 0.0 && smooth == 0.0 && lse == 0.0) || target.ignored;
    let undefined = target.invalid || is_nan(magnitude(max)) || is_nan(magnitude(relative_lse));
    RowGrad {
        max,
        relative_lse,
        target: if comptime!(blueprint.classes) {
            target_grad
        } else {
            zero
        },
        smooth,
        lse,
        weight,
        filled: dead || undefined,
        filler: select(dead, zero, inputs.nan),
    }
}

/// The gradient of the target's logit.
#[cube]
fn grad_at_target<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    grad: &RowGrad,
    row: usize,
    class: usize,
    #[comptime] blueprint: Blueprint,
) -> f32 {
    let log_prob = inputs.logit(row, class) - grad.max - grad.relative_lse;
    let prob = exp_of_negative(log_prob);
    // 1 - p from p's logarithm: where p is almost 1, subtracting would leave no digits.
    let rest = one_minus_exp(log_prob);
    let mut value = grad.target * rest + grad.lse * prob;
    if comptime!(blueprint.weighted()) {
        if grad.smooth != 0.0 {
            let weights = inputs.weight(&inputs.weights_of(row), class / N::value());
            let weight = lane(weights, class % N::value());
            value += grad.smooth * (weight * rest - prob * (grad.weight - weight));
        }
    }
    value
}

/// Writes the gradient of a part as if no logit were the target's.
#[cube]
fn write_grad<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    output: &mut Tensor<Vector<F, N>>,
    grad: &RowGrad,
    part: &Part,
    to: &RowAddress,
    #[comptime] blueprint: Blueprint,
) {
    let from = inputs.logits_of(part.row);
    let weights = inputs.weights_of(part.row);
    let rest_at_max = one_minus_exp(0.0 - grad.relative_lse);
    let mut i = part.first;
    while i < part.end {
        let x = Vector::<f32, N>::cast_from(inputs.logits[from.at(i)]);
        let max = Vector::new(grad.max);
        let probs = exp_of_negatives(x - max - Vector::new(grad.relative_lse));
        let mut value = probs * Vector::new(grad.lse - grad.target);
        if comptime!(blueprint.weighted()) {
            // w - p sum w, in an order that leaves the digits of a confident row's 1 - p.
            let at_max = x.equal(max);
            let one = Vector::new(f32::new(1.0));
            let rest = select_many(at_max, Vector::new(rest_at_max), one - probs);
            let weight = inputs.weight(&weights, i);
            let smooth = weight * rest - probs * (Vector::new(grad.weight) - weight);
            let zero = Vector::new(f32::new(0.0));
            value += select(grad.smooth == 0.0, zero, smooth * Vector::new(grad.smooth));
        }
        output[to.at(i)] = Vector::cast_from(value);
        i += part.step;
    }
}

/// Replaces one number of a vector.
#[cube]
fn replace<F: Float, N: Size>(output: &mut Tensor<Vector<F, N>>, at: usize, i: usize, value: f32) {
    let size = N::value();
    if comptime!(size > 1) {
        let mut vector = output[at];
        vector[i] = F::cast_from(value);
        output[at] = vector;
    } else {
        output[at] = Vector::cast_from(value);
    }
}

/// Writes the same number to all of a part.
#[cube]
fn fill<F: Float, N: Size>(
    output: &mut Tensor<Vector<F, N>>,
    part: &Part,
    to: &RowAddress,
    value: f32,
) {
    let value = Vector::<F, N>::cast_from(Vector::<f32, N>::new(value));
    let mut i = part.first;
    while i < part.end {
        output[to.at(i)] = value;
        i += part.step;
    }
}
