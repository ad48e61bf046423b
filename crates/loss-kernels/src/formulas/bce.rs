//! Binary cross entropy of a probability.

use super::examples::{Accuracy, Example, Examples, LABEL, Numbers, ONE, Parameter, UNIT};
use super::{Formula, Input, Number, Twin, compile_passes};

/// The least `p (1 - p)` that the slope divides by. PyTorch's 1e-12 is a `float`, for doubles, too.
pub const LEAST_VARIANCE: f64 = 1e-12f32 as f64;

/// `-(y log p + (1 - y) log(1 - p))`, both logarithms at least -100.
#[derive(Clone, Copy, Debug)]
pub struct Bce;

/// `log p` and `log(1 - p)`, at least -100.
#[inline(always)]
fn logarithms<N: Number>(p: N) -> [N; 2] {
    // The smaller of p and 1 - p is exact, and the logarithm of the larger one that of 1 - smaller.
    let unlikely = p.is_below(0.5);
    let smaller = N::select(unlikely, p, p.complement());
    let (of_smaller, of_larger) = (smaller.ln().at_least(-100.0), smaller.ln_1m_to_half());
    [
        N::select(unlikely, of_smaller, of_larger),
        N::select(unlikely, of_larger, of_smaller),
    ]
}

impl Formula for Bce {
    #[inline(always)]
    fn loss<N: Number>(&self, [p, y, _]: [N; 3]) -> N {
        let [log_p, log_not_p] = logarithms(p);
        // Not log(1 - p) and what y adds to it: where p and y are almost 1, that is a difference of large numbers.
        -(y * log_p + y.complement() * log_not_p)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [p, y, _]: [N; 3]) -> N {
        match of {
            Input::Prediction => (p - y) / (p * p.complement()).at_least(LEAST_VARIANCE),
            _ => {
                let [log_p, log_not_p] = logarithms(p);
                log_not_p - log_p
            }
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        [Some([0.0, 1.0]), Some([0.0, 1.0]), None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Bce)
    }
}

impl Examples for Bce {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [UNIT, UNIT, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::new(
            Self,
            [Numbers::Probabilities, LABEL.into(), ONE.into()],
            [[1.0, 2.0]; 2],
        )]
    }
}
