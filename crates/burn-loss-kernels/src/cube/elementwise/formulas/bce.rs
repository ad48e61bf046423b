//! Binary cross entropy of a probability.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use loss_kernels::formulas::LEAST_VARIANCE;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, complement, constant, ln, ln_1p, negative};

/// `-(y log p + (1 - y) log(1 - p))`, both logarithms at least -100.
pub struct Bce;

/// The least logarithm.
const LEAST: f32 = -100.0;

#[cube]
impl CubeFormula for Bce {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        let (p, y) = (inputs.x, inputs.y);
        // Not log(1 - p) and what y adds to it: where p and y are almost 1, that is a difference of large numbers.
        negative(y * log_p(p) + complement(y) * log_not_p(p))
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let p = inputs.x;
        if comptime!(of == Input::Prediction) {
            let least = constant(comptime!(LEAST_VARIANCE as f32));
            (p - inputs.y) / at_least(p * complement(p), least)
        } else {
            log_not_p(p) - log_p(p)
        }
    }
}

/// `log p`, at least -100. The logarithm of 0 is not looked at: a shading language leaves open what it is.
#[cube]
fn log_p<N: Size>(p: Vector<f32, N>) -> Vector<f32, N> {
    let log = at_least(ln(p), constant(LEAST));
    select_many(p.equal(constant(0.0)), constant(LEAST), log)
}

/// `log(1 - p)`, likewise.
#[cube]
fn log_not_p<N: Size>(p: Vector<f32, N>) -> Vector<f32, N> {
    let log = at_least(ln_1p(negative(p)), constant(LEAST));
    select_many(p.equal(constant(1.0)), constant(LEAST), log)
}
