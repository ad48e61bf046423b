//! Logarithm of the hyperbolic cosine of the error.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::mse::error;
use super::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::number::{at_most, constant, exp, exp_m1, ln_1p, negative};

/// `log cosh(x - y)`, for errors of any size.
pub struct LogCosh;

#[cube]
impl CubeFormula for LogCosh {
    fn loss<N: Size>(inputs: &Numbers<N>, _parameters: &Parameters) -> Vector<f32, N> {
        let e = (inputs.x - inputs.y).abs();
        let one = constant(1.0);
        // cosh e - 1 = (1 - exp(-e))^2 / (2 exp(-e)), which keeps the digits of a small error; a large one would divide by 0.
        let m = exp_m1(negative(at_most(e, one)));
        let small = ln_1p(m * m / (m + one) * constant(0.5));
        let large = e + (ln_1p(exp(e * constant(-2.0))) - constant(core::f32::consts::LN_2));
        select_many(e.less_than(one), small, large)
    }

    fn slope<N: Size>(
        inputs: &Numbers<N>,
        _parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N> {
        let e = error(inputs, of);
        // tanh |e| from exp - 1, which keeps the digits of a small error.
        let m = exp_m1(e.abs() * constant(-2.0));
        let tanh = negative(m) / (m + constant(2.0));
        select_many(e.less_than(constant(0.0)), negative(tanh), tanh)
    }
}
