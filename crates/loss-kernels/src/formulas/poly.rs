//! Poly-1 cross entropy of a row, given its target loss.

use super::examples::{Accuracy, Example, Examples, Numbers, ONE, Parameter, TARGET_LOSS};
use super::{Formula, Input, Number, Twin};

/// `l + epsilon (1 - p)` of a row's target loss `l = -log p`.
#[derive(Clone, Copy, Debug)]
pub struct Poly {
    /// What is added to the first coefficient of the cross entropy's series.
    pub epsilon: f64,
}

/// `l - (1 - exp(-l))` for `l >= 0`, with its digits where it is almost 0.
#[inline(always)]
fn excess<N: Number>(l: N, others: N) -> N {
    // l^2/2 (1 - l/3 (1 - l/4 (..))): for l <= 1/4 twelve terms reach the last digit of an f64.
    let small = l.at_most(0.25);
    let mut series = l.constant(1.0);
    for n in (3..=13).rev() {
        series = (small * series * (1.0 / f64::from(n))).complement();
    }
    let small = series * small * small * 0.5;
    N::select(l.is_below(0.25), small, l - others)
}

impl Formula for Poly {
    /// As `(1 + epsilon) (1 - p)` and what `l` exceeds `1 - p` by: with `epsilon` near -1 two terms that are almost equal
    /// would cancel, and again in the derivative.
    #[inline(always)]
    fn loss<N: Number>(&self, [l, ..]: [N; 3]) -> N {
        let others = -(-l).exp_m1();
        others * (1.0 + self.epsilon) + excess(l, others)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [l, ..]: [N; 3]) -> N {
        if of != Input::Prediction {
            return l.constant(0.0);
        }
        // 1 + epsilon p
        let others = -(-l).exp_m1();
        others * -self.epsilon + (1.0 + self.epsilon)
    }

    fn twin(&self) -> Option<Twin> {
        let parameters = [self.epsilon, 1.0 + self.epsilon];
        Some(Twin::Poly(parameters.map(|number| number as f32)))
    }
}

impl Examples for Poly {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |epsilon| Example::new(Self { epsilon }, [TARGET_LOSS, ONE, ONE]);
        [-1.0, -0.9999, parameter(1.0, [-1.0, 5.0])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::new(
            Self { epsilon: 1.0 },
            [Numbers::Sizes(80.0), ONE.into(), ONE.into()],
            [[3.0, 2.0]; 2],
        )]
    }
}
