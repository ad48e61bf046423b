//! Smooth absolute error.

use super::examples::{Accuracy, Example, Examples, ONE, Parameter, REAL};
use super::{Formula, Huber, Input, L1, Number, Twin, compile_passes};

/// Huber's loss over its threshold `beta`: with `e = |x - y|` and `c = min(e, beta)`, `c (e - c / 2) / beta`; of a `beta` of 0,
/// `|x - y|`.
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1 {
    /// Where it turns from quadratic to linear.
    pub beta: f64,
}

impl SmoothL1 {
    fn huber(&self) -> Huber {
        Huber { delta: self.beta }
    }
}

impl Formula for SmoothL1 {
    #[inline(always)]
    fn loss<N: Number>(&self, inputs: [N; 3]) -> N {
        if self.beta == 0.0 {
            return L1.loss(inputs);
        }
        self.huber().loss(inputs) * self.beta.recip()
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, inputs: [N; 3]) -> N {
        if self.beta == 0.0 {
            return L1.slope(of, inputs);
        }
        self.huber().slope(of, inputs) * self.beta.recip()
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(match self.beta {
            0.0 => Twin::L1,
            beta => Twin::SmoothL1([beta as f32]),
        })
    }
}

impl Examples for SmoothL1 {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        [0.0, 1.0, parameter(0.5, [0.01, 5.0])]
            .map(|beta| Example::new(Self { beta }, [REAL, REAL, ONE]))
            .into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self { beta: 0.5 }, [2.0, 1.0])]
    }
}
