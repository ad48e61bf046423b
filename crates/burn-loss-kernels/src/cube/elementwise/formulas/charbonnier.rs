//! Absolute error, rounded off at 0.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::mse::error;
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, at_most, constant};

/// `sqrt((x - y)^2 + eps^2)`, for errors of any size; the first parameter is `eps`.
pub struct Charbonnier;

/// Errors beyond it have the slope of an infinite one; a larger one could not be divided by itself.
const LARGEST: f32 = 1e38;

/// The root over the larger of the two lengths.
#[cube]
fn root<N: Size>(size: Vector<f32, N>, eps: f32) -> Vector<f32, N> {
    let ratio = at_most(size, Vector::new(eps)) / at_least(size, Vector::new(eps));
    (ratio * ratio + constant(1.0)).sqrt()
}

#[cube]
impl CubeFormula for Charbonnier {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let size = (inputs.x - inputs.y).abs();
        at_least(size, Vector::new(parameters.first)) * root(size, parameters.first)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let e = at_most(
            at_least(error(inputs, of), constant(-LARGEST)),
            constant(LARGEST),
        );
        let size = e.abs();
        e / at_least(size, Vector::new(parameters.first)) / root(size, parameters.first)
    }
}
