//! Kullback-Leibler divergence, one summand.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{constant, exp_of_any, ln, zero_or_nan};

/// `y (log y - x)`; the first parameter is 1 where the target is a logarithm.
pub struct KlDiv;

/// A probability and its logarithm.
#[derive(CubeType, Clone, Copy)]
struct Probability<N: Size> {
    value: Vector<f32, N>,
    log: Vector<f32, N>,
}

#[cube]
fn target<N: Size>(y: Vector<f32, N>, parameters: &Parameters) -> Probability<N> {
    let mut value = y;
    let mut log = y;
    if parameters.first > 0.5 {
        value = exp_of_any(y);
    } else {
        log = ln(y);
    }
    Probability::<N> { value, log }
}

#[cube]
impl CubeFormula for KlDiv {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let y = target(inputs.y, parameters);
        // Nothing times an infinite logarithm is nothing; NaN stays.
        let nothing = y.value.equal(constant(0.0));
        select_many(nothing, zero_or_nan(inputs.x), y.value * (y.log - inputs.x))
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let y = target(inputs.y, parameters);
        let zero = zero_or_nan(inputs.x);
        if comptime!(of == Input::Prediction) {
            zero - y.value
        } else {
            let mut slope = y.log - inputs.x + constant(1.0);
            if parameters.first > 0.5 {
                slope = select_many(y.value.equal(constant(0.0)), zero, y.value * slope);
            }
            slope
        }
    }
}
