//! Generalized Jensen-Shannon divergence of two log-probabilities.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{
    constant, exp, exp_m1, exp_of_any, ln, ln_1p, negative, zero_or_nan,
};

/// `beta e^y (y - m) + (1 - beta) e^x (x - m)` of log-probabilities `x` and `y`, with `m = log(beta e^y + (1 - beta) e^x)`; the
/// parameters are `beta`, `1 - beta`, and 0, 1 or 2 where `beta` is 0, between, or 1: `f32` does not tell.
pub struct JsDiv;

/// How far `x` and `y` are above the mixture.
#[derive(CubeType, Clone, Copy)]
struct Above<N: Size> {
    x: Vector<f32, N>,
    y: Vector<f32, N>,
}

/// Whether each number is the logarithm of 0, by its bits: a shading language has no infinite constant.
#[cube]
fn is_of_nothing<N: Size>(x: Vector<f32, N>) -> Vector<bool, N> {
    Vector::<u32, N>::reinterpret(x).equal(Vector::new(0xff80_0000u32))
}

#[cube]
fn above_mixture<N: Size>(
    x: Vector<f32, N>,
    y: Vector<f32, N>,
    parameters: &Parameters,
) -> Above<N> {
    let zero = constant(0.0);
    // From the smaller one's distance to the larger one, whose exponential does not overflow. A probability of 0 is at no
    // distance from another 0.
    let both = select_many(is_of_nothing(x), y, x);
    let d = select_many(is_of_nothing(both), zero, y - x);
    let y_is_less = d.less_than(zero);
    let (decay, down) = (exp(negative(d.abs())), exp_m1(negative(d.abs())));
    // The mixture as a share of the larger one, and what it lacks of that: each keeps its digits where it is small.
    let (of_y, of_x) = (
        Vector::new(parameters.first),
        Vector::new(parameters.second),
    );
    let of_smaller = select_many(y_is_less, of_y, of_x);
    let of_larger = select_many(y_is_less, of_x, of_y);
    let share = decay * of_smaller + of_larger;
    let is_small = share.less_than(constant(core::f32::consts::FRAC_1_SQRT_2));
    let larger = negative(select_many(is_small, ln(share), ln_1p(down * of_smaller)));
    let smaller = larger - d.abs();
    Above::<N> {
        x: select_many(y_is_less, larger, smaller),
        y: select_many(y_is_less, smaller, larger),
    }
}

/// `e^log_p log_ratio`, 0 for a probability of 0.
#[cube]
fn share<N: Size>(log_p: Vector<f32, N>, log_ratio: Vector<f32, N>) -> Vector<f32, N> {
    let p = exp_of_any(log_p);
    select_many(p.equal(constant(0.0)), constant(0.0), p * log_ratio)
}

#[cube]
impl CubeFormula for JsDiv {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let (x, y, mode) = (inputs.x, inputs.y, parameters.third);
        let mut loss = share(y, y - x);
        if mode == 2.0 {
            loss = share(x, x - y);
        } else if mode == 1.0 {
            let above = above_mixture(x, y, parameters);
            loss = share(y, above.y) * Vector::new(parameters.first)
                + share(x, above.x) * Vector::new(parameters.second);
        }
        loss
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let (x, y, mode) = (inputs.x, inputs.y, parameters.third);
        let mut slope = zero_or_nan(x) + zero_or_nan(y);
        if comptime!(of == Input::Prediction) {
            if mode == 0.0 {
                slope -= exp_of_any(y);
            } else if mode == 2.0 {
                slope += share(x, x - y) + exp_of_any(x);
            } else {
                slope +=
                    share(x, above_mixture(x, y, parameters).x) * Vector::new(parameters.second);
            }
        } else {
            if mode == 0.0 {
                slope += share(y, y - x) + exp_of_any(y);
            } else if mode == 2.0 {
                slope -= exp_of_any(x);
            } else {
                slope +=
                    share(y, above_mixture(x, y, parameters).y) * Vector::new(parameters.first);
            }
        }
        slope
    }
}
