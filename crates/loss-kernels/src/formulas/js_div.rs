//! Generalized Jensen-Shannon divergence of two log-probabilities.

use super::examples::{Accuracy, Domain, Example, Examples, LOG_PROBABILITY, ONE, Parameter, Unit};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `beta e^y (y - m) + (1 - beta) e^x (x - m)` of log-probabilities `x` and `y`, with `m = log(beta e^y + (1 - beta) e^x)`;
/// at `beta = 0` it is `e^y (y - x)`, at 1 `e^x (x - y)`.
#[derive(Clone, Copy, Debug)]
pub struct JsDiv {
    /// What the target counts in the mixture, in `[0, 1]`.
    pub beta: f64,
}

impl JsDiv {
    /// `e^x (x - m)` and `e^y (y - m)`, of logarithms that keep their digits where `x` and `y` are almost the same.
    #[inline(always)]
    fn shares<N: Number>(&self, x: N, y: N) -> [N; 2] {
        // From the smaller one's distance to the larger one, whose exponential does not overflow. A probability of 0 is at no
        // distance from another 0.
        let both_zero = N::select(x.is(f64::NEG_INFINITY), y, x);
        let d = N::select(both_zero.is(f64::NEG_INFINITY), x.constant(0.0), y - x);
        let y_is_less = d.is_below(0.0);
        let [decay, down] = (-d.abs()).exp_and_exp_m1();
        // The mixture as a share of the larger one, and what it lacks of that: each keeps its digits where it is small.
        let [of_y, of_x] = [self.beta, 1.0 - self.beta].map(|beta| x.constant(beta));
        let of_smaller = N::select(y_is_less, of_y, of_x);
        let of_larger = N::select(y_is_less, of_x, of_y);
        let lacking = -(down * of_smaller);
        let larger_above = -lacking.ln_1m(decay * of_smaller + of_larger);
        let smaller_above = larger_above - d.abs();
        let larger = N::select(y_is_less, x, y).exp();
        let [larger, smaller] = [
            times_log(larger, larger_above),
            times_log(larger * decay, smaller_above),
        ];
        [
            N::select(y_is_less, larger, smaller),
            N::select(y_is_less, smaller, larger),
        ]
    }
}

/// A probability times a logarithm, 0 for a probability of 0.
#[inline(always)]
fn times_log<N: Number>(p: N, log: N) -> N {
    N::select(p.is(0.0), p, p * log)
}

impl Formula for JsDiv {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        if self.beta == 0.0 {
            return times_log(y.exp(), y - x);
        }
        if self.beta == 1.0 {
            return times_log(x.exp(), x - y);
        }
        let [of_x, of_y] = self.shares(x, y);
        of_y * self.beta + of_x * (1.0 - self.beta)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        if self.beta == 0.0 || self.beta == 1.0 {
            // Of the divergence from `p` to `q`.
            let (p, q, of_p) = match self.beta {
                0.0 => (y, x, Input::Target),
                _ => (x, y, Input::Prediction),
            };
            return match of {
                Input::Third => x.constant(0.0),
                _ if of == of_p => times_log(p.exp(), p - q) + p.exp(),
                _ => q.zero_or_nan() - p.exp(),
            };
        }
        let [of_x, of_y] = self.shares(x, y);
        match of {
            Input::Prediction => of_x * (1.0 - self.beta),
            Input::Target => of_y * self.beta,
            Input::Third => x.constant(0.0),
        }
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        // What f32 rounds to 0 or 1 is neither.
        let mode = match self.beta {
            0.0 => 0.0,
            1.0 => 2.0,
            _ => 1.0,
        };
        let parameters = [self.beta, 1.0 - self.beta, mode];
        Some(Twin::JsDiv(parameters.map(|number| number as f32)))
    }
}

impl Examples for JsDiv {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |beta| Example::new(Self { beta }, [LOG_PROBABILITY, LOG_PROBABILITY, ONE]);
        [0.0, 0.9999, 1.0, parameter(0.3, [0.0, 1.0])]
            .map(of)
            .into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // The two divergences from the mixture, of which one is negative.
        const OTHERS: Domain =
            Domain::Of(&[0.0, -7.0, -4.0, -1.0, -8.0, -5.0, -2.0, -9.0, -6.0, -3.0]);
        // A mixture that is almost the target lies far below the prediction where the target does.
        let of = |(beta, ulps)| {
            Accuracy::new(
                Self { beta },
                [LOG_PROBABILITY.into(), OTHERS.into(), ONE.into()],
                [[1.0, ulps]; 2],
            )
            .in_units([Unit::OfOne, Unit::OfResult])
        };
        [(0.5, 4.0), (0.9999, 5.0)].map(of).into()
    }
}
