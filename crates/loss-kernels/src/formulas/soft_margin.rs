//! Logistic loss of a score whose sign is the class.

use super::binary_logit::{sigmoid, softplus};
use super::examples::{Accuracy, Example, Examples, LOGIT, Numbers, ONE, Parameter, SIGN};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `log(1 + exp(-y x))`.
#[derive(Clone, Copy, Debug)]
pub struct SoftMargin;

impl Formula for SoftMargin {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let [_, of_negative] = softplus(x * y);
        of_negative
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let [_, of_negative] = sigmoid(x * y);
        match of {
            Input::Prediction => -(y * of_negative),
            _ => -(x * of_negative),
        }
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::SoftMargin)
    }
}

impl Examples for SoftMargin {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [LOGIT, SIGN, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::new(
            Self,
            [Numbers::Magnitudes(80.0), SIGN.into(), ONE.into()],
            [[2.0, 3.0]; 2],
        )]
    }
}
