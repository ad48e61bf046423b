//! Focal loss of a row, given its target loss.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{constant, exp, exp_m1, negative, pow};

/// `(1 - p)^gamma x` of a row's target loss `x = -log p`; the parameter is `gamma`.
pub struct Focal;

#[cube]
impl CubeFormula for Focal {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        pow(others(inputs.x), parameters.first) * inputs.x
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        if comptime!(of == Input::Prediction) {
            let others = others(inputs.x);
            let p = exp(negative(inputs.x));
            // p x / (1 - p), whose limits are 0 at p = 0 and 1 at p = 1.
            let ratio = p * inputs.x / others;
            let ratio = select_many(p.equal(constant(0.0)), constant(0.0), ratio);
            let ratio = select_many(others.equal(constant(0.0)), constant(1.0), ratio);
            let relative = ratio * Vector::new(parameters.first) + constant(1.0);
            pow(others, parameters.first) * relative
        } else {
            constant(0.0)
        }
    }
}

/// `1 - p`.
#[cube]
pub fn others<N: Size>(loss: Vector<f32, N>) -> Vector<f32, N> {
    negative(exp_m1(negative(loss)))
}
