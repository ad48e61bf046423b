//! Binary cross entropy of a logit.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::binary_logit::{sigmoid, softplus};
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::complement;

/// `w y softplus(-x) + (1 - y) softplus(x)`, of the smoothed target; the first parameter is the label smoothing.
pub struct BceWithLogits;

/// `(1 - a) y + a / 2`.
#[cube]
fn smooth<N: Size>(y: Vector<f32, N>, parameters: &Parameters) -> Vector<f32, N> {
    let smoothing = parameters.first;
    y * Vector::new(1.0 - smoothing) + Vector::new(smoothing * 0.5)
}

#[cube]
impl CubeFormula for BceWithLogits {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let y = smooth(inputs.y, parameters);
        let softplus = softplus(inputs.x);
        inputs.w * y * softplus.negative + complement(y) * softplus.positive
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let y = smooth(inputs.y, parameters);
        if comptime!(of == Input::Prediction) {
            let sigmoid = sigmoid(inputs.x);
            complement(y) * sigmoid.positive - inputs.w * y * sigmoid.negative
        } else {
            let softplus = softplus(inputs.x);
            if comptime!(of == Input::Target) {
                let keep = Vector::new(1.0 - parameters.first);
                (inputs.w * softplus.negative - softplus.positive) * keep
            } else {
                y * softplus.negative
            }
        }
    }
}
