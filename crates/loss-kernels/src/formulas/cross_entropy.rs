//! Cross entropy of a row, given its terms.

use super::examples::{Accuracy, Example, Examples, Numbers, ONE, Parameter, REAL, TARGET_LOSS};
use super::{Formula, Input, Number, Twin};

/// `(1 - a) l + z lse^2` of a row's target loss `l` and log-sum-exp.
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy {
    /// What label smoothing leaves to the target, `1 - a`.
    pub keep: f64,
    /// The weight `z` of the auxiliary loss.
    pub z_loss: f64,
}

impl Formula for CrossEntropy {
    #[inline(always)]
    fn loss<N: Number>(&self, [l, lse, _]: [N; 3]) -> N {
        if self.z_loss == 0.0 {
            return l * self.keep;
        }
        l * self.keep + lse * lse * self.z_loss
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [l, lse, _]: [N; 3]) -> N {
        match of {
            Input::Prediction => l.constant(self.keep),
            _ if self.z_loss == 0.0 => lse.constant(0.0),
            _ => lse * (2.0 * self.z_loss),
        }
    }

    fn twin(&self) -> Option<Twin> {
        let parameters = [self.keep, self.z_loss];
        Some(Twin::CrossEntropy(parameters.map(|number| number as f32)))
    }
}

impl Examples for CrossEntropy {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let options = [
            (1.0, 0.0),
            (0.875, 0.25),
            (parameter(0.9, [0.0, 1.0]), parameter(1e-4, [0.0, 0.5])),
        ];
        let of = |(keep, z_loss)| {
            let lse = if z_loss == 0.0 { ONE } else { REAL };
            Example::new(Self { keep, z_loss }, [TARGET_LOSS, lse, ONE])
        };
        options.map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::new(
            Self {
                keep: 1.0,
                z_loss: 0.0,
            },
            [Numbers::Sizes(80.0), ONE.into(), ONE.into()],
            [[1.0, 1.0]; 2],
        )]
    }
}
