//! Margin ranking loss of two scores.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_least, constant, negative, zero_or_nan};

/// `max(0, -w (x - y) + margin)` with the third number `w`, which is 1 or -1; the parameter is `margin`.
pub struct MarginRanking;

#[cube]
impl CubeFormula for MarginRanking {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let missing = (inputs.y - inputs.x) * inputs.w + Vector::new(parameters.first);
        at_least(missing, constant(0.0))
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let loss = MarginRanking::loss::<N>(inputs, parameters);
        let slope = match comptime!(of) {
            Input::Prediction => negative(inputs.w),
            Input::Target => inputs.w,
            Input::Third => inputs.y - inputs.x,
        };
        let zero = constant(0.0);
        select_many(loss.equal(zero), zero, slope) + zero_or_nan(loss)
    }
}
