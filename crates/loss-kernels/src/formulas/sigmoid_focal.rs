//! Focal loss of a binary logit.

use super::binary_logit::{sigmoid, softplus};
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

    /// `gamma (1 - p_t)' / (1 - p_t)`, given the slope of `1 - p_t`; the limit where both are 0 is 0.
    #[inline(always)]
    fn relative<N: Number>(&self, slope: N, wrong: N) -> N {
        N::select(wrong.is(0.0), slope.constant(0.0), slope / wrong) * self.gamma
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
        self.alpha(y) * (wrong(x, y).pow(self.gamma) * cross_entropy(x, y))
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let [s, not_s] = sigmoid(x);
        let (wrong, cross_entropy) = (wrong(x, y), cross_entropy(x, y));
        let focus = wrong.pow(self.gamma);
        match of {
            Input::Prediction => {
                let of_wrong = self.relative((y.complement() - y) * s * not_s, wrong);
                let of_cross_entropy = y.complement() * s - y * not_s;
                self.alpha(y) * (focus * (of_cross_entropy + of_wrong * cross_entropy))
            }
            _ => {
                let [positive, negative] = self.sides();
                let of_product = self.relative(not_s - s, wrong) * cross_entropy - x;
                focus * (cross_entropy * (positive - negative) + self.alpha(y) * of_product)
            }
        }
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
