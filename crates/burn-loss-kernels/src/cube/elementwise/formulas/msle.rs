//! Squared error of logarithms.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{constant, ln_1p, negative};

/// `(log(1 + x) - log(1 + y))^2`.
pub struct Msle;

#[cube]
impl CubeFormula for Msle {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        let e = ln_1p(inputs.x) - ln_1p(inputs.y);
        e * e
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let e = (ln_1p(inputs.x) - ln_1p(inputs.y)) * constant(2.0);
        if comptime!(of == Input::Prediction) {
            e / (inputs.x + constant(1.0))
        } else {
            negative(e) / (inputs.y + constant(1.0))
        }
    }
}
