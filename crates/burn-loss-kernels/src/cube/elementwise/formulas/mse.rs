//! Squared error.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::constant;

/// `(x - y)^2`.
pub struct Mse;

#[cube]
impl CubeFormula for Mse {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        let e = inputs.x - inputs.y;
        e * e
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        error(inputs, of) * constant(2.0)
    }
}

/// The error, with the sign that it has in the slope with respect to an input.
#[cube]
pub fn error<N: Size>(inputs: &Numbers<N>, #[comptime] of: Input) -> Vector<f32, N> {
    if comptime!(of == Input::Prediction) {
        inputs.x - inputs.y
    } else {
        inputs.y - inputs.x
    }
}
