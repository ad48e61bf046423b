//! Pinball loss, whose minimum is a quantile.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{constant, negative, one_or_nan};

/// With `e = y - x` and the level `q`, `q e` where `e > 0` and `(q - 1) e` elsewhere; the level is the third number times the first
/// parameter.
pub struct Quantile;

/// The factor of the error.
#[cube]
fn factor<N: Size>(
    e: Vector<f32, N>,
    q: Vector<f32, N>,
    parameters: &Parameters,
) -> Vector<f32, N> {
    let q = q * Vector::new(parameters.first);
    select_many(e.less_than(constant(0.0)), q - constant(1.0), q)
}

#[cube]
impl CubeFormula for Quantile {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let e = inputs.y - inputs.x;
        factor(e, inputs.w, parameters) * e
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let e = inputs.y - inputs.x;
        if comptime!(of == Input::Third) {
            e * Vector::new(parameters.first)
        } else {
            // 0 at 0; NaN stays NaN.
            let mut slope = factor(e, inputs.w, parameters) * one_or_nan(e);
            if comptime!(of == Input::Prediction) {
                slope = negative(slope);
            }
            select_many(e.equal(constant(0.0)), e, slope)
        }
    }
}
