//! Binary cross entropy of a logit.

use super::binary_logit::{sigmoid, softplus};
use super::examples::{
    Accuracy, Domain, Example, Examples, LABEL, LOGIT, Numbers, ONE, Parameter, UNIT,
};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `w y softplus(-x) + (1 - y) softplus(x)`, of the smoothed target `(1 - a) y + a / 2`; the third number is the weight
/// `w` of the positive side.
#[derive(Clone, Copy, Debug)]
pub struct BceWithLogits {
    /// The share `a` of the target that is replaced by one half.
    pub label_smoothing: f64,
}

impl BceWithLogits {
    #[inline(always)]
    fn smooth<N: Number>(&self, y: N) -> N {
        if self.label_smoothing == 0.0 {
            return y;
        }
        y * (1.0 - self.label_smoothing) + self.label_smoothing / 2.0
    }
}

impl Formula for BceWithLogits {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, w]: [N; 3]) -> N {
        let y = self.smooth(y);
        let [of_negative, of_positive] = softplus(x);
        w * y * of_positive + y.complement() * of_negative
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, w]: [N; 3]) -> N {
        let y = self.smooth(y);
        match of {
            Input::Prediction => {
                let [s, not_s] = sigmoid(x);
                y.complement() * s - w * y * not_s
            }
            Input::Target => {
                let [of_negative, of_positive] = softplus(x);
                (w * of_positive - of_negative) * (1.0 - self.label_smoothing)
            }
            Input::Third => y * softplus(x)[1],
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        // Of a target outside, the loss has no lowest value.
        [None, Some([0.0, 1.0]), None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::BceWithLogits([self.label_smoothing as f32]))
    }
}

impl Examples for BceWithLogits {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let weight = Domain::Between(0.0, 3.0);
        let of = |label_smoothing| Example::new(Self { label_smoothing }, [LOGIT, UNIT, weight]);
        [0.0, parameter(0.125, [0.0, 1.0])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let plain = Self {
            label_smoothing: 0.0,
        };
        vec![Accuracy::new(
            plain,
            [Numbers::Magnitudes(80.0), LABEL.into(), ONE.into()],
            [[2.0, 3.0]; 2],
        )]
    }
}
