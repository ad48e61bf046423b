//! Logarithm of the hyperbolic cosine of the error.

use std::f64::consts::LN_2;

use super::{Formula, Input, Number, Twin, compile_passes};

/// `log cosh(x - y)`, for errors of any size.
#[derive(Clone, Copy, Debug)]
pub struct LogCosh;

impl Formula for LogCosh {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let e = (x - y).abs();
        // cosh e - 1 = (1 - exp(-e))^2 / (2 exp(-e)), which keeps the digits of a small error; a large one would divide by 0.
        let m = (-e.at_most(1.0)).exp_m1();
        let small = (m * m / (m + 1.0) * 0.5).ln_1p();
        let large = e + ((e * -2.0).exp().ln_1p() + -LN_2);
        N::select(e.is_below(1.0), small, large)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = match of {
            Input::Prediction => x - y,
            _ => y - x,
        };
        // tanh |e| from exp - 1, which keeps the digits of a small error.
        let m = (e.abs() * -2.0).exp_m1();
        let tanh = -m / (m + 2.0);
        N::select(e.is_below(0.0), -tanh, tanh)
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::LogCosh)
    }
}
