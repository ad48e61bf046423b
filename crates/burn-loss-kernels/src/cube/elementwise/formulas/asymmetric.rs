//! Focal loss of a binary logit with a side's own focus, blind to easy negatives.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::binary_logit::{sigmoid, softplus};
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{
    at_least, at_most, complement, constant, ln, ln_1p, negative, pow, zero_or_nan,
};

/// `-y (1 - p)^a log p - (1 - y) q^b log(1 - q)` with `p = sigmoid(x)` and `q = max(p - clip, 0)`; the parameters are `a`, `b` and
/// `clip`.
pub struct Asymmetric;

/// The negative side: `q`, `-log(1 - q)`, and `(1 - p) / (1 - q)`.
#[derive(CubeType, Clone, Copy)]
struct Negative<N: Size> {
    q: Vector<f32, N>,
    loss: Vector<f32, N>,
    share: Vector<f32, N>,
}

#[cube]
fn negative_side<N: Size>(x: Vector<f32, N>, clip: f32) -> Negative<N> {
    let sigmoid = sigmoid(x);
    let mut q = sigmoid.positive;
    let mut loss = softplus(x).positive;
    let mut share = constant(1.0);
    if clip > 0.0 {
        let zero = constant(0.0);
        q = at_least(sigmoid.positive - Vector::new(clip), zero);
        let not_q = at_most(sigmoid.negative + Vector::new(clip), constant(1.0));
        // Of the smaller of the two, which has the digits.
        let small = q.less_than(constant(0.5));
        loss = negative(select_many(small, ln_1p(negative(q)), ln(not_q)));
        share = sigmoid.negative / not_q;
    }
    Negative::<N> { q, loss, share }
}

/// The losses of both sides, each times what it counts.
#[cube]
fn mixed<N: Size>(
    x: Vector<f32, N>,
    of_positive: Vector<f32, N>,
    of_negative: Vector<f32, N>,
    parameters: &Parameters,
) -> Vector<f32, N> {
    let wrong = sigmoid(x).negative;
    let side = negative_side(x, parameters.third);
    pow(wrong, parameters.first) * softplus(x).negative * of_positive
        + pow(side.q, parameters.second) * side.loss * of_negative
}

#[cube]
impl CubeFormula for Asymmetric {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        mixed(inputs.x, inputs.y, complement(inputs.y), parameters)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let (x, y) = (inputs.x, inputs.y);
        if comptime!(of == Input::Prediction) {
            let sigmoid = sigmoid(x);
            let (p, wrong) = (sigmoid.positive, sigmoid.negative);
            let relative = p * softplus(x).negative * Vector::new(parameters.first) + wrong;
            let of_positive = negative(pow(wrong, parameters.first) * relative);
            let side = negative_side(x, parameters.third);
            let relative = wrong * side.loss / side.q * Vector::new(parameters.second) + side.share;
            let of_negative = p * pow(side.q, parameters.second) * relative;
            // Up to the clip nothing depends on the logit.
            let easy = side.q.equal(constant(0.0));
            let of_negative = select_many(easy, zero_or_nan(x), of_negative);
            y * of_positive + complement(y) * of_negative
        } else {
            mixed(x, constant(1.0), constant(-1.0), parameters)
        }
    }
}
