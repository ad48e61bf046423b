//! Focal loss of a binary logit.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::binary_logit::{Sides, sigmoid, softplus};
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{complement, constant, pow};

/// `a_t (1 - p_t)^gamma (y softplus(-x) + (1 - y) softplus(x))`; the parameters are `gamma` and the weights of the positive and
/// of the negative side.
pub struct SigmoidFocal;

/// The weight of the sides, mixed as the target is.
#[cube]
fn alpha<N: Size>(y: Vector<f32, N>, parameters: &Parameters) -> Vector<f32, N> {
    y * Vector::new(parameters.second) + complement(y) * Vector::new(parameters.third)
}

/// `1 - p_t`, without a difference of numbers near 1.
#[cube]
fn wrong<N: Size>(sigmoid: &Sides<N>, y: Vector<f32, N>) -> Vector<f32, N> {
    y * sigmoid.negative + complement(y) * sigmoid.positive
}

#[cube]
fn cross_entropy<N: Size>(x: Vector<f32, N>, y: Vector<f32, N>) -> Vector<f32, N> {
    let softplus = softplus(x);
    y * softplus.negative + complement(y) * softplus.positive
}

/// `gamma slope / wrong`, whose limit where both are 0 is 0.
#[cube]
fn relative<N: Size>(
    slope: Vector<f32, N>,
    wrong: Vector<f32, N>,
    parameters: &Parameters,
) -> Vector<f32, N> {
    let zero = constant(0.0);
    let quotient = select_many(wrong.equal(zero), zero, slope / wrong);
    quotient * Vector::new(parameters.first)
}

#[cube]
impl CubeFormula for SigmoidFocal {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let (x, y) = (inputs.x, inputs.y);
        let focus = pow(wrong(&sigmoid(x), y), parameters.first);
        alpha(y, parameters) * (focus * cross_entropy(x, y))
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let (x, y) = (inputs.x, inputs.y);
        let sigmoid = sigmoid(x);
        let wrong = wrong(&sigmoid, y);
        let cross_entropy = cross_entropy(x, y);
        let focus = pow(wrong, parameters.first);
        if comptime!(of == Input::Prediction) {
            let change = (complement(y) - y) * sigmoid.positive * sigmoid.negative;
            let of_wrong = relative(change, wrong, parameters);
            let of_cross_entropy = complement(y) * sigmoid.positive - y * sigmoid.negative;
            alpha(y, parameters) * (focus * (of_cross_entropy + of_wrong * cross_entropy))
        } else {
            let change = sigmoid.negative - sigmoid.positive;
            let of_product = relative(change, wrong, parameters) * cross_entropy - x;
            let sides = Vector::new(parameters.second - parameters.third);
            focus * (cross_entropy * sides + alpha(y, parameters) * of_product)
        }
    }
}
