//! Absolute error.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::mse::error;
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, at_most, constant};

/// `|x - y|`; its slope at an error of 0 is 0.
pub struct L1;

#[cube]
impl CubeFormula for L1 {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        (inputs.x - inputs.y).abs()
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        // The sign by a division, so that NaN stays NaN; of a bounded error, so that infinity has one.
        let bounded = at_most(at_least(error(inputs, of), constant(-1.0)), constant(1.0));
        select_many(
            bounded.equal(constant(0.0)),
            bounded,
            bounded / bounded.abs(),
        )
    }
}
