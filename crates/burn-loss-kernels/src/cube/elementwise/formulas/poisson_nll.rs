//! Negative log-likelihood of a count that is Poisson distributed.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{complement, constant, exp_of_any, ln, negative, zero_or_nan};

/// `exp(x) - y x`, or `x - y log(x + eps)`; the parameters are 1 for the first of the two, 1 for Stirling's `log y!`, and `eps`.
pub struct PoissonNll;

/// `log(2 pi)`.
const LN_TAU: f32 = 1.837_877_1;

/// `y log y - y + log(2 pi y) / 2` where `y > 1`, else 0.
#[cube]
fn log_factorial<N: Size>(y: Vector<f32, N>) -> Vector<f32, N> {
    let log_y = ln(y);
    let stirling = y * log_y - y + (log_y + constant(LN_TAU)) * constant(0.5);
    select_many(y.greater_than(constant(1.0)), stirling, zero_or_nan(y))
}

/// The logarithm of the mean.
#[cube]
fn log_mean<N: Size>(x: Vector<f32, N>, parameters: &Parameters) -> Vector<f32, N> {
    let mut log = x;
    if parameters.first < 0.5 {
        log = ln(x + Vector::new(parameters.third));
    }
    log
}

#[cube]
impl CubeFormula for PoissonNll {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        let mut mean = inputs.x;
        if parameters.first > 0.5 {
            mean = exp_of_any(inputs.x);
        }
        let mut loss = mean - inputs.y * log_mean(inputs.x, parameters);
        if parameters.second > 0.5 {
            loss += log_factorial(inputs.y);
        }
        loss
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let (x, y) = (inputs.x, inputs.y);
        if comptime!(of == Input::Prediction) {
            let mut slope = complement(y / (x + Vector::new(parameters.third)));
            if parameters.first > 0.5 {
                slope = exp_of_any(x) - y;
            }
            slope
        } else {
            let mut slope = negative(log_mean(x, parameters));
            if parameters.second > 0.5 {
                let of_factorial = ln(y) + constant(0.5) / y;
                let large = y.greater_than(constant(1.0));
                slope = select_many(large, of_factorial + slope, slope);
            }
            slope
        }
    }
}
