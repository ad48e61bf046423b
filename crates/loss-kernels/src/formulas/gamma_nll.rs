//! Negative log-likelihood of an amount that is gamma distributed.

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
