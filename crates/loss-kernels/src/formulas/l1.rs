//! Absolute error.

use super::examples::{Accuracy, Example, Examples, ONE, Parameter, REAL};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `|x - y|`; its slope at an error of 0 is 0.
#[derive(Clone, Copy, Debug)]
pub struct L1;

impl Formula for L1 {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        (x - y).abs()
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = match of {
            Input::Prediction => x - y,
            _ => y - x,
        };
        // The sign by a division, so that NaN stays NaN; of a bounded error, so that infinity has one.
        let bounded = e.at_least(-1.0).at_most(1.0);
        N::select(bounded.is(0.0), bounded, bounded / bounded.abs())
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::L1)
    }
}

impl Examples for L1 {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [REAL, REAL, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self, [1.0, 1.0])]
    }
}
