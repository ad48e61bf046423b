//! Negative log-likelihood of a count that is Poisson distributed.

use std::f64::consts::TAU;

use super::examples::{AMOUNT, Accuracy, Example, Examples, LOG, Numbers, ONE, Parameter, Unit};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `exp(x) - y x` of the logarithm `x` of the mean, or `x - y log(x + eps)` of the mean; with `full`, `log y!` by Stirling's formula
/// is added where `y > 1`.
#[derive(Clone, Copy, Debug)]
pub struct PoissonNll {
    /// Whether the prediction is a logarithm.
    pub log_input: bool,
    /// Whether the term that does not depend on the prediction is added.
    pub full: bool,
    /// What keeps the logarithm of a mean finite.
    pub eps: f64,
}

/// `y log y - y + log(2 pi y) / 2` where `y > 1`, else 0.
#[inline(always)]
fn log_factorial<N: Number>(y: N) -> N {
    let log_y = y.ln();
    let stirling = y * log_y - y + (log_y + TAU.ln()) * 0.5;
    N::select(y.is_above(1.0), stirling, y.zero_or_nan())
}

impl Formula for PoissonNll {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let loss = match self.log_input {
            true => x.exp_of_any() - y * x,
            false => x - y * (x + self.eps).ln(),
        };
        match self.full {
            true => loss + log_factorial(y),
            false => loss,
        }
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        match (of, self.log_input) {
            (Input::Prediction, true) => x.exp_of_any() - y,
            (Input::Prediction, false) => (y / (x + self.eps)).complement(),
            (_, log_input) => {
                let log = if log_input { x } else { (x + self.eps).ln() };
                if !self.full {
                    return -log;
                }
                let of_factorial = y.ln() + y.constant(0.5) / y;
                N::select(y.is_above(1.0), of_factorial - log, -log)
            }
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        let of_mean = (!self.log_input).then_some([0.0, f64::INFINITY]);
        [of_mean, None, None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        let flags = [self.log_input, self.full].map(f32::from);
        Some(Twin::PoissonNll([flags[0], flags[1], self.eps as f32]))
    }
}

impl Examples for PoissonNll {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let eps = parameter(1e-8, [1e-8, 1.0]);
        let options = [(true, false), (true, true), (false, false), (false, true)];
        let example = |(log_input, full)| {
            let mean = if log_input { LOG } else { AMOUNT };
            Example::new(
                Self {
                    log_input,
                    full,
                    eps,
                },
                [mean, AMOUNT, ONE],
            )
        };
        options.map(example).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // The mean's term and the target's may cancel, and the slope is 0 where the mean is right.
        let of = |full| {
            let formula = Self {
                log_input: true,
                full,
                eps: 1e-8,
            };
            Accuracy::new(
                formula,
                [LOG.into(), Numbers::Counts, ONE.into()],
                [[30.0, 8.0], [12.0, 9.0]],
            )
            .in_units([Unit::OfOne; 2])
        };
        [false, true].map(of).into()
    }
}
