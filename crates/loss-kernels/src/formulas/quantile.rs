//! Pinball loss, whose minimum is a quantile.

use super::examples::{Accuracy, Example, Examples, Parameter, REAL, UNIT};
use super::{Formula, Input, Number, Twin, compile_passes};

/// With `e = y - x` and the level `q`, `q e` where `e > 0` and `(q - 1) e` elsewhere; its slope at an error of 0 is 0.
///
/// The level is the third input, and one factor for all.
#[derive(Clone, Copy, Debug)]
pub struct Quantile {
    /// The level; 1 where the third input is the level of each.
    pub level: f64,
}

impl Quantile {
    /// The factor of the error.
    #[inline(always)]
    fn factor<N: Number>(&self, e: N, q: N) -> N {
        let q = q * self.level;
        N::select(e.is_below(0.0), q + -1.0, q)
    }
}

impl Formula for Quantile {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, q]: [N; 3]) -> N {
        let e = y - x;
        self.factor(e, q) * e
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, q]: [N; 3]) -> N {
        let e = y - x;
        let factor = self.factor(e, q);
        match of {
            // 0 at 0; NaN stays NaN.
            Input::Prediction => N::select(e.is(0.0), e, -(factor * e.one_or_nan())),
            Input::Target => N::select(e.is(0.0), e, factor * e.one_or_nan()),
            Input::Third => e * self.level,
        }
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Quantile([self.level as f32]))
    }
}

impl Examples for Quantile {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |level| Example::new(Self { level }, [REAL, REAL, UNIT]);
        [1.0, parameter(0.25, [0.0, 1.0])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self { level: 0.25 }, [1.0, 1.0])]
    }
}
