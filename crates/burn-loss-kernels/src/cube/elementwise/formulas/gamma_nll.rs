//! Negative log-likelihood of an amount that is gamma distributed.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{complement, exp_of_any, negative, times_or_zero};

/// `x + y exp(-x)` of the logarithm `x` of the mean.
pub struct GammaNll;

#[cube]
impl CubeFormula for GammaNll {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        inputs.x + times_or_zero(inputs.y, exp_of_any(negative(inputs.x)))
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let decay = exp_of_any(negative(inputs.x));
        if comptime!(of == Input::Prediction) {
            complement(times_or_zero(inputs.y, decay))
        } else {
            decay
        }
    }
}
