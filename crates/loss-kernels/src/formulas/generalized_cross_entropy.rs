//! Generalized cross entropy of a row, given its target loss.

use super::examples::{Accuracy, Example, Examples, Numbers, ONE, Parameter, TARGET_LOSS};
use super::{Formula, Input, Number, Twin};

/// `(1 - p^q) / q` of a row's target loss `l = -log p`.
#[derive(Clone, Copy, Debug)]
pub struct GeneralizedCrossEntropy {
    /// Between cross entropy (towards 0) and the mean absolute error (1).
    pub q: f64,
}

impl Formula for GeneralizedCrossEntropy {
    #[inline(always)]
    fn loss<N: Number>(&self, [l, ..]: [N; 3]) -> N {
        (l * -self.q).exp_m1() * (-1.0 / self.q)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [l, ..]: [N; 3]) -> N {
        match of {
            Input::Prediction => (l * -self.q).exp(),
            _ => l.constant(0.0),
        }
    }

    fn twin(&self) -> Option<Twin> {
        Some(Twin::GeneralizedCrossEntropy([self.q as f32]))
    }
}

impl Examples for GeneralizedCrossEntropy {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |q| Example::new(Self { q }, [TARGET_LOSS, ONE, ONE]);
        [0.5, 1.0, parameter(0.75, [0.05, 1.0])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::new(
            Self { q: 0.7 },
            [Numbers::Sizes(80.0), ONE.into(), ONE.into()],
            [[4.0, 45.0], [4.0, 36.0]],
        )]
    }
}
