//! Logistic loss of a score whose sign is the class.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::binary_logit::{sigmoid, softplus};
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::negative;

/// `log(1 + exp(-y x))`.
pub struct SoftMargin;

#[cube]
impl CubeFormula for SoftMargin {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        softplus(inputs.x * inputs.y).negative
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let sigmoid = sigmoid(inputs.x * inputs.y).negative;
        if comptime!(of == Input::Prediction) {
            negative(inputs.y * sigmoid)
        } else {
            negative(inputs.x * sigmoid)
        }
    }
}
