//! Poly-1 cross entropy of a row, given its target loss.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::focal::others;
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_most, complement, constant};

/// `x + epsilon (1 - p)` of a row's target loss `x = -log p`; the parameters are `epsilon` and `1 + epsilon`,
/// which has digits that `f32` would lose.
pub struct Poly;

#[cube]
impl CubeFormula for Poly {
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N> {
        // As (1 + epsilon) (1 - p) and what the loss exceeds 1 - p by: with epsilon near -1 two terms would cancel.
        let others = others(inputs.x);
        others * Vector::new(parameters.second) + excess(inputs.x, others)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        if comptime!(of == Input::Prediction) {
            // 1 + epsilon p
            let of_others = others(inputs.x) * Vector::new(0.0 - parameters.first);
            of_others + Vector::new(parameters.second)
        } else {
            constant(0.0)
        }
    }
}

/// `x - (1 - exp(-x))` for `x >= 0`, with its digits where it is almost 0.
#[cube]
fn excess<N: Size>(x: Vector<f32, N>, others: Vector<f32, N>) -> Vector<f32, N> {
    // x^2/2 (1 - x/3 (1 - x/4 (..))): for x <= 1/4 six terms reach the last digit.
    let small = at_most(x, constant(0.25));
    let mut series = complement(small * constant(1.0 / 8.0));
    series = complement(small * series * constant(1.0 / 7.0));
    series = complement(small * series * constant(1.0 / 6.0));
    series = complement(small * series * constant(1.0 / 5.0));
    series = complement(small * series * constant(1.0 / 4.0));
    series = complement(small * series * constant(1.0 / 3.0));
    let near = series * small * small * constant(0.5);
    select_many(x.less_than(constant(0.25)), near, x - others)
}
