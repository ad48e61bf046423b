//! Huber's loss.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::mse::error;
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, at_most, constant};

/// With `e = |x - y|` and `c = min(e, delta)`, `c (e - c / 2)`; the first parameter is `delta`.
pub struct Huber;

#[cube]
impl CubeFormula for Huber {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        // Both branches in one. It does not square large errors, which would overflow.
        let e = (inputs.x - inputs.y).abs();
        let c = at_most(e, Vector::new(parameters.first));
        c * (e - c * constant(0.5))
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let delta = Vector::new(parameters.first);
        let least = Vector::new(0.0 - parameters.first);
        at_most(at_least(error(inputs, of), least), delta)
    }
}
