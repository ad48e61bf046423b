//! A distance, small where two things are alike and beyond a margin where they are not.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, constant, one_or_nan, zero_or_nan};

/// `x` where the target is 1, `max(0, margin - x)` where it is -1, else both; the first parameter is `margin`.
pub struct HingeEmbedding;

/// What counts: 1 or 0, NaN for a target that is NaN.
#[cube]
fn unless<N: Size>(y: Vector<f32, N>, #[comptime] target: f32) -> Vector<f32, N> {
    select_many(y.equal(constant(target)), zero_or_nan(y), one_or_nan(y))
}

#[cube]
impl CubeFormula for HingeEmbedding {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let zero = constant(0.0);
        let hinge = at_least(Vector::new(parameters.first) - inputs.x, zero);
        // Not a product alone: infinity times nothing is nothing here. NaN is the pass's business.
        select_many(inputs.y.equal(constant(-1.0)), zero, inputs.x)
            + select_many(inputs.y.equal(constant(1.0)), zero, hinge)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let zero = constant(0.0);
        if comptime!(of == Input::Prediction) {
            let within = (Vector::new(parameters.first) - inputs.x).greater_than(zero);
            unless(inputs.y, -1.0) - select_many(within, unless(inputs.y, 1.0), zero)
        } else {
            zero
        }
    }
}
