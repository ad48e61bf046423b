//! Focal loss of a binary logit with a side's own focus, blind to easy negatives.

use super::binary_logit::{sigmoid, softplus};
use super::examples::{
    Accuracy, Example, Examples, LABEL, LOGIT, Numbers, ONE, Parameter, UNIT, Unit,
};
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

impl Asymmetric {
    /// The negative side: `q`, and `-log(1 - q)`.
    #[inline(always)]
    fn negative<N: Number>(&self, x: N) -> [N; 2] {
        let [p, not_p] = sigmoid(x);
        if self.clip == 0.0 {
            return [p, softplus(x)[0]];
        }
        let q = (p + -self.clip).at_least(0.0);
        let not_q = (not_p + self.clip).at_most(1.0);
        [q, -q.ln_1m(not_q)]
    }

    /// `q^gamma_negative`, and `q^(gamma_negative - 1)`, which may be infinite for a `gamma_negative` below 1.
    #[inline(always)]
    fn focus<N: Number>(&self, q: N) -> [N; 2] {
        let gamma = self.gamma_negative;
        if gamma >= 1.0 {
            let less = q.pow(gamma - 1.0);
            return [less * q, less];
        }
        let focus = q.pow(gamma);
        [focus, focus / q]
    }

    /// The losses of the positive and of the negative side.
    #[inline(always)]
    fn sides<N: Number>(&self, x: N) -> [N; 2] {
        let ([_, wrong], [_, softplus]) = (sigmoid(x), softplus(x));
        let [q, log] = self.negative(x);
        [
            wrong.pow(self.gamma_positive) * softplus,
            self.focus(q)[0] * log,
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
    fn slope<N: Number>(&self, of: Input, [x, y, z]: [N; 3]) -> N {
        if of == Input::Prediction {
            return self.loss_and_slope([x, y, z])[1];
        }
        let [of_positive, of_negative] = self.sides(x);
        of_positive - of_negative
    }

    #[inline(always)]
    fn loss_and_slope<N: Number>(&self, [x, y, _]: [N; 3]) -> [N; 2] {
        let ([p, wrong], [_, softplus]) = (sigmoid(x), softplus(x));
        let weight = wrong.pow(self.gamma_positive);
        let of_positive = -(weight * (p * softplus * self.gamma_positive + wrong));

        let [q, log] = self.negative(x);
        let [focus, less] = self.focus(q);
        // `(1 - p) / (1 - q)`.
        let share = if self.clip == 0.0 {
            x.one_or_nan()
        } else {
            wrong / (wrong + self.clip).at_most(1.0)
        };
        let relative = wrong * log * self.gamma_negative + q * share;
        // Up to the clip nothing depends on the logit.
        let of_negative = N::select(q.is(0.0), x.zero_or_nan(), p * less * relative);

        let not_y = y.complement();
        [
            y * (weight * softplus) + not_y * (focus * log),
            y * of_positive + not_y * of_negative,
        ]
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

impl Examples for Asymmetric {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let options = [
            [1.0, 4.0, 0.05],
            [0.0, 1.5, 0.0],
            [2.0, 0.0, 0.2],
            [
                parameter(1.3, [0.0, 5.0]),
                parameter(2.0, [0.0, 5.0]),
                parameter(0.1, [0.0, 0.5]),
            ],
        ];
        let of = |[gamma_positive, gamma_negative, clip]: [f64; 3]| {
            let formula = Self {
                gamma_positive,
                gamma_negative,
                clip,
            };
            Example::new(formula, [LOGIT, UNIT, ONE])
        };
        options.map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // The probability less the clip may be next to 0.
        let formula = Self {
            gamma_positive: 1.0,
            gamma_negative: 4.0,
            clip: 0.05,
        };
        let accuracy = Accuracy::new(
            formula,
            [Numbers::Magnitudes(20.0), LABEL.into(), ONE.into()],
            [[7.0, 3.0]; 2],
        );
        vec![accuracy.in_units([Unit::OfOne; 2])]
    }
}
