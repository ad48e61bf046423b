//! Margin ranking loss of two scores.

use super::examples::{Accuracy, Domain, Example, Examples, Numbers, Parameter, REAL, SIGN, ZERO};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `max(0, -t (x - y) + margin)` with the third input `t`, which is 1 or -1; its slope at a loss of 0 is 0.
#[derive(Clone, Copy, Debug)]
pub struct MarginRanking {
    /// How much larger the one score has to be.
    pub margin: f64,
}

impl Formula for MarginRanking {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, t]: [N; 3]) -> N {
        ((y - x) * t + self.margin).at_least(0.0)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, t]: [N; 3]) -> N {
        let loss = self.loss([x, y, t]);
        let slope = match of {
            Input::Prediction => -t,
            Input::Target => t,
            Input::Third => y - x,
        };
        N::select(loss.is(0.0), loss, slope) + loss.zero_or_nan()
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::MarginRanking([self.margin as f32]))
    }
}

impl Examples for MarginRanking {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let margin = parameter(0.5, [-2.0, 2.0]);
        vec![Example::new(
            Self { margin },
            [REAL, REAL, Domain::Between(-2.0, 2.0)],
        )]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let inputs = [Numbers::Magnitudes(1e6), ZERO.into(), SIGN.into()];
        vec![Accuracy::new(Self { margin: 0.5 }, inputs, [[1.0; 2]; 2])]
    }
}
