//! Huber's loss.

use super::examples::{Accuracy, Example, Examples, ONE, Parameter, REAL};
use super::{Formula, Input, Number, Twin, compile_passes};

/// Quadratic up to an error of `delta`, linear beyond: with `e = |x - y|` and `c = min(e, delta)`, `c (e - c / 2)`.
#[derive(Clone, Copy, Debug)]
pub struct Huber {
    /// Where it turns from quadratic to linear.
    pub delta: f64,
}

impl Formula for Huber {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        // Both branches in one. It does not square large errors, which would overflow.
        let e = (x - y).abs();
        let c = e.at_most(self.delta);
        c * (e - c * 0.5)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = match of {
            Input::Prediction => x - y,
            _ => y - x,
        };
        e.at_least(-self.delta).at_most(self.delta)
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Huber([self.delta as f32]))
    }
}

impl Examples for Huber {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let delta = parameter(0.5, [0.01, 5.0]);
        vec![Example::new(Self { delta }, [REAL, REAL, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self { delta: 0.5 }, [2.0, 1.0])]
    }
}
