//! Half the deviance of an amount that is often 0.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{exp_of_any, times_or_zero};

/// `y exp(-a x) / a + exp(b x) / b`; the parameters are `a` and `b`: the power less 1, and 2 less the power.
pub struct Tweedie;

#[cube]
impl CubeFormula for Tweedie {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let (a, b) = (parameters.first, parameters.second);
        times_or_zero(inputs.y, of_target(inputs.x, a)) / Vector::new(a)
            + exp_of_any(inputs.x * Vector::new(b)) / Vector::new(b)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let (a, b) = (parameters.first, parameters.second);
        let of_target = of_target(inputs.x, a);
        if comptime!(of == Input::Prediction) {
            exp_of_any(inputs.x * Vector::new(b)) - times_or_zero(inputs.y, of_target)
        } else {
            of_target / Vector::new(a)
        }
    }
}

#[cube]
fn of_target<N: Size>(x: Vector<f32, N>, a: f32) -> Vector<f32, N> {
    exp_of_any(x * Vector::new(0.0 - a))
}
