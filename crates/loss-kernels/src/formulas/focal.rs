//! Focal loss of a row, given its target loss.

use super::examples::{Accuracy, Example, Examples, Numbers, ONE, Parameter, TARGET_LOSS};
use super::{Formula, Input, Number, Twin};

/// `(1 - p)^gamma l` of a row's target loss `l = -log p`.
#[derive(Clone, Copy, Debug)]
pub struct Focal {
    /// How strongly rows that are already right are weighted down.
    pub gamma: f64,
}

impl Formula for Focal {
    #[inline(always)]
    fn loss<N: Number>(&self, [l, ..]: [N; 3]) -> N {
        let others = -(-l).exp_m1();
        others.pow(self.gamma) * l
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [l, ..]: [N; 3]) -> N {
        if of != Input::Prediction {
            return l.constant(0.0);
        }
        let others = -(-l).exp_m1();
        let p = (-l).exp();
        // p l / (1 - p), whose limits are 0 at p = 0 and 1 at p = 1.
        let ratio = p * l / others;
        let ratio = N::select(p.is(0.0), l.constant(0.0), ratio);
        let ratio = N::select(others.is(0.0), l.constant(1.0), ratio);
        others.pow(self.gamma) * (ratio * self.gamma + 1.0)
    }

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Focal([self.gamma as f32]))
    }
}

impl Examples for Focal {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |gamma| Example::new(Self { gamma }, [TARGET_LOSS, ONE, ONE]);
        [0.0, 0.3, 2.0, parameter(1.3, [0.0, 5.0])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let of = |(gamma, in_f32, in_f64)| {
            let inputs = [Numbers::Sizes(80.0), ONE.into(), ONE.into()];
            Accuracy::new(Self { gamma }, inputs, [[in_f32; 2], [in_f64; 2]])
        };
        [(2.0, 5.0, 5.0), (1.3, 80.0, 60.0)].map(of).into()
    }
}
