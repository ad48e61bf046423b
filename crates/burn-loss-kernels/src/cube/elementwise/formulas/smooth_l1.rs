//! Smooth absolute error.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::huber::Huber;
use super::{CubeFormula, Numbers, Parameters};

/// Huber's loss over its threshold; the first parameter is `beta`, above 0.
pub struct SmoothL1;

#[cube]
impl CubeFormula for SmoothL1 {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        Huber::loss::<N>(inputs, parameters) / Vector::new(parameters.first)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        Huber::slope::<N>(inputs, parameters, of) / Vector::new(parameters.first)
    }
}
