//! Focal loss of a binary logit.

use super::binary_logit::{sigmoid, softplus};
use super::examples::{Accuracy, Example, Examples, LABEL, LOGIT, Numbers, ONE, Parameter, UNIT};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `a_t (1 - p_t)^gamma (y softplus(-x) + (1 - y) softplus(x))`.
#[derive(Clone, Copy, Debug)]
pub struct SigmoidFocal {
    /// The weight of the positive side; the negative side weighs `1 - alpha`; with none both weigh 1.
    pub alpha: Option<f64>,
    /// How strongly labels that are already right are weighted down.
    pub gamma: f64,
}

impl SigmoidFocal {
    /// The weights of the positive and of the negative side.
    #[inline(always)]
    fn sides(&self) -> [f64; 2] {
        self.alpha.map_or([1.0; 2], |alpha| [alpha, 1.0 - alpha])
    }

    /// `(1 - p_t)^gamma`, and its slope with respect to `1 - p_t`. Where that is infinite it is 0: the slope of `1 - p_t`,
    /// which it is multiplied by, is 0 there, and the limit of the product, too.
    #[inline(always)]
    fn focus<N: Number>(&self, wrong: N) -> [N; 2] {
        if self.gamma >= 1.0 {
            let less = wrong.pow(self.gamma - 1.0);
            return [less * wrong, less * self.gamma];
        }
        let focus = wrong.pow(self.gamma);
        let slope = N::select(wrong.is(0.0), wrong, focus / wrong);
        [focus, slope * self.gamma]
    }

    #[inline(always)]
    fn alpha<N: Number>(&self, y: N) -> N {
        let [positive, negative] = self.sides();
        y * positive + y.complement() * negative
    }
}

/// `1 - p_t`, without a difference of numbers near 1.
#[inline(always)]
fn wrong<N: Number>(x: N, y: N) -> N {
    let [s, not_s] = sigmoid(x);
    y * not_s + y.complement() * s
}

#[inline(always)]
fn cross_entropy<N: Number>(x: N, y: N) -> N {
    let [of_negative, of_positive] = softplus(x);
    y * of_positive + y.complement() * of_negative
}

impl Formula for SigmoidFocal {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        self.alpha(y) * (self.focus(wrong(x, y))[0] * cross_entropy(x, y))
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, z]: [N; 3]) -> N {
        if of == Input::Prediction {
            return self.loss_and_slope([x, y, z])[1];
        }
        let [s, not_s] = sigmoid(x);
        let cross_entropy = cross_entropy(x, y);
        let [focus, of_focus] = self.focus(wrong(x, y));
        let [positive, negative] = self.sides();
        let of_product = of_focus * (not_s - s) * cross_entropy - focus * x;
        focus * cross_entropy * (positive - negative) + self.alpha(y) * of_product
    }

    #[inline(always)]
    fn loss_and_slope<N: Number>(&self, [x, y, _]: [N; 3]) -> [N; 2] {
        let [s, not_s] = sigmoid(x);
        let cross_entropy = cross_entropy(x, y);
        let [focus, of_focus] = self.focus(wrong(x, y));
        let of_wrong = (y.complement() - y) * s * not_s;
        let of_cross_entropy = y.complement() * s - y * not_s;
        let slope = focus * of_cross_entropy + of_focus * of_wrong * cross_entropy;
        let alpha = self.alpha(y);
        [alpha * (focus * cross_entropy), alpha * slope]
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        // Of a target outside, the loss has no lowest value.
        [None, Some([0.0, 1.0]), None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        let [positive, negative] = self.sides();
        let parameters = [self.gamma, positive, negative].map(|parameter| parameter as f32);
        Some(Twin::SigmoidFocal(parameters))
    }
}

impl Examples for SigmoidFocal {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let options = [
            (Some(parameter(0.25, [0.0, 1.0])), 2.0),
            (Some(0.75), parameter(1.3, [0.0, 5.0])),
            (None, 0.0),
            (None, 0.5),
            (None, 3.0),
        ];
        let of = |(alpha, gamma)| Example::new(Self { alpha, gamma }, [LOGIT, UNIT, ONE]);
        options.map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let of = |(gamma, in_f32, in_f64)| {
            let formula = Self { alpha: None, gamma };
            let inputs = [Numbers::Magnitudes(20.0), LABEL.into(), ONE.into()];
            Accuracy::new(formula, inputs, [[in_f32; 2], [in_f64; 2]])
        };
        [(2.0, 8.0, 6.0), (1.3, 12.0, 9.0)].map(of).into()
    }
}
