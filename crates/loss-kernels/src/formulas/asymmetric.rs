//! Focal loss of a binary logit with a side's own focus, blind to easy negatives.

use super::binary_logit::{sigmoid, softplus};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `-y (1 - p)^gamma_positive log p - (1 - y) q^gamma_negative log(1 - q)` with `p = sigmoid(x)` and `q = max(p - clip, 0)`.
#[derive(Clone, Copy, Debug)]
pub struct Asymmetric {
    /// How strongly positives that are already right are weighted down.
    pub gamma_positive: f64,
    /// How strongly negatives that are already right are weighted down.
    pub gamma_negative: f64,
    /// The probability up to which a negative does not count at all.
    pub clip: f64,
}

/// The negative side: `q`, `-log(1 - q)`, and `(1 - p) / (1 - q)`.
struct Negative<N> {
    q: N,
    loss: N,
    share: N,
}

impl Asymmetric {
    #[inline(always)]
    fn negative<N: Number>(&self, x: N) -> Negative<N> {
        let [p, not_p] = sigmoid(x);
        if self.clip == 0.0 {
            let [loss, _] = softplus(x);
            let share = x.one_or_nan();
            return Negative { q: p, loss, share };
        }
        let q = (p + -self.clip).at_least(0.0);
        let not_q = (not_p + self.clip).at_most(1.0);
        // Of the smaller of the two, which has the digits.
        let loss = N::select(q.is_below(0.5), -(-q).ln_1p(), -not_q.ln());
        let share = not_p / not_q;
        Negative { q, loss, share }
    }

    /// The positive and the negative side's loss.
    #[inline(always)]
    fn sides<N: Number>(&self, x: N) -> [N; 2] {
        let ([_, wrong], [_, softplus]) = (sigmoid(x), softplus(x));
        let negative = self.negative(x);
        [
            wrong.pow(self.gamma_positive) * softplus,
            negative.q.pow(self.gamma_negative) * negative.loss,
        ]
    }
}

impl Formula for Asymmetric {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let [of_positive, of_negative] = self.sides(x);
        y * of_positive + y.complement() * of_negative
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        if of != Input::Prediction {
            let [of_positive, of_negative] = self.sides(x);
            return of_positive - of_negative;
        }
        let ([p, wrong], [_, softplus]) = (sigmoid(x), softplus(x));
        let of_positive =
            -(wrong.pow(self.gamma_positive) * (p * softplus * self.gamma_positive + wrong));
        let Negative { q, loss, share } = self.negative(x);
        let relative = wrong * loss / q * self.gamma_negative + share;
        // Up to the clip nothing depends on the logit.
        let of_negative = N::select(
            q.is(0.0),
            x.zero_or_nan(),
            p * q.pow(self.gamma_negative) * relative,
        );
        y * of_positive + y.complement() * of_negative
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        // Of a target outside, the loss has no lowest value.
        [None, Some([0.0, 1.0]), None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        let parameters = [self.gamma_positive, self.gamma_negative, self.clip];
        Some(Twin::Asymmetric(parameters.map(|number| number as f32)))
    }
}
