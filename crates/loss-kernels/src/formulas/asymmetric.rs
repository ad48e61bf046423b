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

/// A side's loss, and its slope.
struct Side<N>([N; 2]);

impl Asymmetric {
    #[inline(always)]
    fn positive<N: Number>(&self, x: N) -> Side<N> {
        let ([p, wrong], [_, softplus]) = (sigmoid(x), softplus(x));
        let weight = wrong.pow(self.gamma_positive);
        let relative = p * softplus * self.gamma_positive + wrong;
        Side([weight * softplus, -(weight * relative)])
    }

    #[inline(always)]
    fn negative<N: Number>(&self, x: N) -> Side<N> {
        let [p, not_p] = sigmoid(x);
        // `-log(1 - q)`, and `(1 - p) / (1 - q)`.
        let (q, log, share) = if self.clip == 0.0 {
            (p, softplus(x)[0], x.one_or_nan())
        } else {
            let q = (p + -self.clip).at_least(0.0);
            let not_q = (not_p + self.clip).at_most(1.0);
            // Of the smaller of the two, which has the digits.
            let small = q.at_most(0.5).ln_1m_to_half();
            let log = -N::select(q.is_below(0.5), small, not_q.ln());
            (q, log, not_p / not_q)
        };
        let gamma = self.gamma_negative;
        if gamma >= 1.0 {
            // Up to the clip it is 0, and nothing depends on the logit.
            let less = q.pow(gamma - 1.0);
            let slope = p * less * (not_p * log * gamma + q * share);
            return Side([less * q * log, slope]);
        }
        let weight = q.pow(gamma);
        let slope = p * weight * (not_p * log / q * gamma + share);
        let slope = N::select(q.is(0.0), x.zero_or_nan(), slope);
        Side([weight * log, slope])
    }
}

impl Formula for Asymmetric {
    #[inline(always)]
    fn loss<N: Number>(&self, inputs: [N; 3]) -> N {
        self.loss_and_slope(inputs)[0]
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, z]: [N; 3]) -> N {
        if of == Input::Prediction {
            return self.loss_and_slope([x, y, z])[1];
        }
        let (Side([of_positive, _]), Side([of_negative, _])) = (self.positive(x), self.negative(x));
        of_positive - of_negative
    }

    #[inline(always)]
    fn loss_and_slope<N: Number>(&self, [x, y, _]: [N; 3]) -> [N; 2] {
        let (Side(positive), Side(negative)) = (self.positive(x), self.negative(x));
        let not_y = y.complement();
        [0, 1].map(|of| y * positive[of] + not_y * negative[of])
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
