//! Cross entropy of a row, given its terms.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::constant;

/// `k x + z y^2` of a row's target loss `x` and log-sum-exp `y`; the parameters are `k` and `z`.
pub struct CrossEntropy;

#[cube]
impl CubeFormula for CrossEntropy {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let mut loss = inputs.x * Vector::new(parameters.first);
        // 0 times an infinite square would be NaN.
        if parameters.second != 0.0 {
            loss += inputs.y * inputs.y * Vector::new(parameters.second);
        }
        loss
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        if comptime!(of == Input::Prediction) {
            Vector::new(parameters.first)
        } else {
            let mut slope = constant(0.0);
            if parameters.second != 0.0 {
                slope = inputs.y * Vector::new(2.0 * parameters.second);
            }
            slope
        }
    }
}
