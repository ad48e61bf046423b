//! Negative log-likelihood of an amount that is gamma distributed.

use super::examples::{AMOUNT, Accuracy, Example, Examples, LOG, Numbers, ONE, Parameter, Unit};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `x + y exp(-x)` of the logarithm `x` of the mean.
#[derive(Clone, Copy, Debug)]
pub struct GammaNll;

impl Formula for GammaNll {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        x + y.times_or_zero((-x).exp_of_any())
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let decay = (-x).exp_of_any();
        match of {
            Input::Prediction => y.times_or_zero(decay).complement(),
            _ => decay,
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        [None, Some([0.0, f64::INFINITY]), None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::GammaNll)
    }
}

impl Examples for GammaNll {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [LOG, AMOUNT, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let accuracy = Accuracy::new(
            Self,
            [LOG.into(), Numbers::Counts, ONE.into()],
            [[4.0, 4.0]; 2],
        );
        vec![accuracy.in_units([Unit::OfOne; 2])]
    }
}
