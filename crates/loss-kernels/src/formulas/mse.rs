//! Squared error.

use super::examples::{Accuracy, Example, Examples, ONE, Parameter, REAL};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `(x - y)^2`.
#[derive(Clone, Copy, Debug)]
pub struct Mse;

impl Formula for Mse {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let e = x - y;
        e * e
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        match of {
            Input::Prediction => (x - y) * 2.0,
            _ => (y - x) * 2.0,
        }
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Mse)
    }
}

impl Examples for Mse {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [REAL, REAL, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self, [1.0, 1.0])]
    }
}
