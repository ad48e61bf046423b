//! Continuous ranked probability score of a normal distribution.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;
use loss_kernels::formulas::{FAR_OVER, FAR_UNDER, NEAR_OVER, NEAR_UNDER};

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{
    at_least, at_most, complement, constant, exp, negative, zero_or_nan,
};

/// With `z = (y - x) / s`, `s (z erf(z / sqrt 2) + 2 phi(z) - 1 / sqrt pi)`, with the standard deviation as the third number.
pub struct GaussianCrps;

/// `sqrt(2 / pi)` and `1 / sqrt pi`.
const TWICE_PEAK: f32 = 0.797_884_6;
const LEAST: f32 = 0.564_189_6;

/// A polynomial, from its highest power down.
#[cube]
#[allow(clippy::needless_range_loop, reason = "a kernel unrolls ranges alone")]
fn polynomial<N: Size>(x: Vector<f32, N>, #[comptime] coefficients: Vec<f64>) -> Vector<f32, N> {
    let mut sum = constant::<N>(0.0);
    #[unroll]
    for k in 0..comptime!(coefficients.len()) {
        sum = sum * x + constant(comptime!(coefficients[k] as f32));
    }
    sum
}

/// `erf(x)`, as in `loss_kernels::formulas`.
#[cube]
fn erf<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let small = at_most(at_least(x, constant(-0.5)), constant(0.5));
    let square = small * small;
    let near = small * polynomial(square, comptime!(NEAR_OVER.to_vec()))
        / polynomial(square, comptime!(NEAR_UNDER.to_vec()));
    let size = at_most(x.abs(), constant(6.0));
    let decay = exp(negative(size * size));
    let quotient = polynomial(size, comptime!(FAR_OVER.to_vec()))
        / polynomial(size, comptime!(FAR_UNDER.to_vec()));
    let far = complement(decay * quotient);
    let far = select_many(x.less_than(constant(0.0)), negative(far), far);
    select_many(x.abs().less_than(constant(0.46875)), near, far)
}

/// The error in standard deviations; no error is none of them, also of a deviation of 0.
#[cube]
fn standardized<N: Size>(inputs: &Numbers<N>) -> Vector<f32, N> {
    let e = inputs.y - inputs.x;
    select_many(e.equal(constant(0.0)), zero_or_nan(inputs.w), e / inputs.w)
}

/// `2 phi(z) - 1 / sqrt pi`.
#[cube]
fn of_deviation<N: Size>(z: Vector<f32, N>) -> Vector<f32, N> {
    exp(z * z * constant(-0.5)) * constant(TWICE_PEAK) - constant(LEAST)
}

#[cube]
impl CubeFormula for GaussianCrps {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        let z = standardized(inputs);
        let of_error = erf(z * constant(core::f32::consts::FRAC_1_SQRT_2));
        (inputs.y - inputs.x) * of_error + inputs.w * of_deviation(z)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let z = standardized(inputs);
        if comptime!(of == Input::Third) {
            of_deviation(z)
        } else {
            let slope = erf(z * constant(core::f32::consts::FRAC_1_SQRT_2));
            if comptime!(of == Input::Prediction) {
                negative(slope)
            } else {
                slope
            }
        }
    }
}
