//! Squared error of logarithms.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{constant, ln_1p, negative};

/// `(log(1 + x) - log(1 + y))^2`.
pub struct Msle;

/// `log(1 + x) - log(1 + y)`, of the ratio of both, as in `loss_kernels`.
#[cube]
fn error<N: Size>(inputs: &Numbers<N>) -> Vector<f32, N> {
    let distance = inputs.x - inputs.y;
    let is_negative = distance.less_than(constant(0.0));
    let smaller = select_many(is_negative, inputs.x, inputs.y);
    let size = ln_1p(distance.abs() / (smaller + constant(1.0)));
    select_many(is_negative, negative(size), size)
}

#[cube]
impl CubeFormula for Msle {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        let e = error(inputs);
        e * e
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let e = error(inputs) * constant(2.0);
        if comptime!(of == Input::Prediction) {
            e / (inputs.x + constant(1.0))
        } else {
            negative(e) / (inputs.y + constant(1.0))
        }
    }
}
