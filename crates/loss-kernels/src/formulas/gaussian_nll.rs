//! Negative log-likelihood of a number that is normally distributed.

use std::f64::consts::TAU;

use super::examples::{Accuracy, Domain, Example, Examples, Parameter, REAL, SPREAD, Unit, ZERO};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `(log v + (x - y)^2 / v) / 2` of the mean `x` and the variance `v`, of at least `eps`; with `full`, `log(2 pi) / 2` is added.
#[derive(Clone, Copy, Debug)]
pub struct GaussianNll {
    /// Whether the constant is added.
    pub full: bool,
    /// The least variance; a smaller one is taken for it, and has its slope.
    pub eps: f64,
}

impl Formula for GaussianNll {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, v]: [N; 3]) -> N {
        let v = v.at_least(self.eps);
        let z = (x - y) / v.sqrt();
        let constant = if self.full { 0.5 * TAU.ln() } else { 0.0 };
        (v.ln() + z * z) * 0.5 + constant
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, v]: [N; 3]) -> N {
        let v = v.at_least(self.eps);
        match of {
            Input::Prediction => (x - y) / v,
            Input::Target => (y - x) / v,
            Input::Third => {
                let z = (x - y) / v.sqrt();
                (z * z).complement() / v * 0.5
            }
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        [None, None, Some([0.0, f64::INFINITY])]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::GaussianNll([f32::from(self.full), self.eps as f32]))
    }
}

impl Examples for GaussianNll {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let least = [(false, parameter(1e-6, [1e-6, 1.0])), (true, 0.01)];
        least
            .map(|(full, eps)| Example::new(Self { full, eps }, [REAL, REAL, SPREAD]))
            .into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // The logarithm of the variance may be negative.
        let inputs = [
            Domain::Between(-6.0, 6.0).into(),
            ZERO.into(),
            Domain::Between(0.5, 2.0).into(),
        ];
        let of = |full| {
            let formula = Self { full, eps: 1e-6 };
            Accuracy::new(formula, inputs, [[5.0, 1.0]; 2]).in_units([Unit::OfOne, Unit::OfResult])
        };
        [false, true].map(of).into()
    }
}
