//! Generalized cross entropy of a row, given its target loss.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{constant, exp, exp_m1};

/// `(1 - p^q) / q` of a row's target loss `x = -log p`; the parameter is `q`.
pub struct GeneralizedCrossEntropy;

#[cube]
impl CubeFormula for GeneralizedCrossEntropy {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let q = parameters.first;
        exp_m1(inputs.x * Vector::new(0.0 - q)) * Vector::new(-1.0 / q)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        if comptime!(of == Input::Prediction) {
            exp(inputs.x * Vector::new(0.0 - parameters.first))
        } else {
            constant(0.0)
        }
    }
}
