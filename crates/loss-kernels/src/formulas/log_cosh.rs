//! Logarithm of the hyperbolic cosine of the error.

use std::f64::consts::LN_2;

use super::examples::{Accuracy, Example, Examples, ONE, Parameter, REAL};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `log cosh(x - y)`, for errors of any size.
#[derive(Clone, Copy, Debug)]
pub struct LogCosh;

impl Formula for LogCosh {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let e = (x - y).abs();
        let m = decay_m1(e);
        let decay = m + 1.0;
        // Half of log(1 + sinh^2 e) keeps the digits of a small error, e + log(1 + exp(-2 e)) - log 2 those of a large one.
        let square_of_sinh = m * m / decay * 0.25;
        let large = decay.is_below(0.18);
        let log = N::select(large, decay, square_of_sinh).ln_1p_to_1();
        N::select(large, e + (log + -LN_2), log * 0.5)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = match of {
            Input::Prediction => x - y,
            _ => y - x,
        };
        let m = decay_m1(e.abs());
        let tanh = -m / (m + 2.0);
        N::select(e.is_below(0.0), -tanh, tanh)
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::LogCosh)
    }
}

impl Examples for LogCosh {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [REAL, REAL, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self, [5.0, 3.0])]
    }
}

/// `exp(-2 e) - 1`, from which all else comes with the digits of a small error.
#[inline(always)]
fn decay_m1<N: Number>(e: N) -> N {
    (e * -2.0).exp_m1()
}
