//! Negative log-likelihood of a number that is normally distributed.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, complement, constant, ln};

/// `(log v + (x - y)^2 / v) / 2`, with the variance as the third number; the parameters are 1 for the constant, and `eps`.
pub struct GaussianNll;

/// `log(2 pi) / 2`.
const HALF_LN_TAU: f32 = 0.918_938_5;

#[cube]
impl CubeFormula for GaussianNll {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let v = at_least(inputs.w, Vector::new(parameters.second));
        let z = (inputs.x - inputs.y) / v.sqrt();
        (ln(v) + z * z) * constant(0.5) + Vector::new(parameters.first * HALF_LN_TAU)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let v = at_least(inputs.w, Vector::new(parameters.second));
        let e = inputs.x - inputs.y;
        if comptime!(of == Input::Prediction) {
            e / v
        } else if comptime!(of == Input::Target) {
            (inputs.y - inputs.x) / v
        } else {
            let z = e / v.sqrt();
            complement(z * z) / v * constant(0.5)
        }
    }
}
