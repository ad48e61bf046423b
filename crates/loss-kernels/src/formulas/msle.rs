//! Squared error of logarithms.

use super::{Formula, Input, Number, Twin, compile_passes};

/// `(log(1 + x) - log(1 + y))^2`.
#[derive(Clone, Copy, Debug)]
pub struct Msle;

impl Formula for Msle {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let e = x.ln_1p() - y.ln_1p();
        e * e
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = (x.ln_1p() - y.ln_1p()) * 2.0;
        match of {
            Input::Prediction => e / (x + 1.0),
            _ => -(e / (y + 1.0)),
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        let bounds = Some([-1.0, f64::INFINITY]);
        [bounds, bounds, None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Msle)
    }
}
