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
    /// `x - m` and `y - m`, which keep their digits where `x` and `y` are almost the same.
    #[inline(always)]
    fn above_mixture<N: Number>(&self, x: N, y: N) -> [N; 2] {
        // From the smaller one's distance to the larger one, whose exponential does not overflow. A probability of 0 is at no
        // distance from another 0.
        let both_zero = N::select(x.is(f64::NEG_INFINITY), y, x);
        let d = N::select(both_zero.is(f64::NEG_INFINITY), x.constant(0.0), y - x);
        let down = (-d.abs()).exp_m1();
        let x_above = -(down * self.beta).ln_1p();
        let y_above = -(down * (1.0 - self.beta)).ln_1p();
        let below = d.is_below(0.0);
        [
            N::select(below, x_above, y_above - d),
            N::select(below, x_above + d, y_above),
        ]
    }
}

/// `e^log_p log_ratio`, 0 for a probability of 0.
#[inline(always)]
fn share<N: Number>(log_p: N, log_ratio: N) -> N {
    let p = log_p.exp();
    N::select(p.is(0.0), p, p * log_ratio)
}

impl Formula for JsDiv {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        if self.beta == 0.0 {
            return share(y, y - x);
        }
        if self.beta == 1.0 {
            return share(x, x - y);
        }
        let [x_above, y_above] = self.above_mixture(x, y);
        share(y, y_above) * self.beta + share(x, x_above) * (1.0 - self.beta)
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
                _ if of == of_p => share(p, p - q) + p.exp(),
                _ => q.zero_or_nan() - p.exp(),
            };
        }
        let [x_above, y_above] = self.above_mixture(x, y);
        match of {
            Input::Prediction => share(x, x_above) * (1.0 - self.beta),
            Input::Target => share(y, y_above) * self.beta,
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
        let accuracy = Accuracy::new(
            Self { beta: 0.5 },
            [LOG_PROBABILITY.into(), OTHERS.into(), ONE.into()],
            [[1.0, 4.0]; 2],
        );
        vec![accuracy.in_units([Unit::OfOne, Unit::OfResult])]
    }
}
