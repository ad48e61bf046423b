//! Kullback-Leibler divergence, one summand.

use super::examples::{
    Accuracy, Domain, Example, Examples, LOG_PROBABILITY, Numbers, ONE, Parameter, UNIT, Unit,
};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `y (log y - x)` of a log-probability `x`, and of a probability `y` or its logarithm; 0 where `y` is 0, whatever `x`.
#[derive(Clone, Copy, Debug)]
pub struct KlDiv {
    /// Whether the target is a logarithm.
    pub log_target: bool,
}

impl KlDiv {
    /// The probability that the target says, and its logarithm.
    #[inline(always)]
    fn target<N: Number>(&self, y: N) -> [N; 2] {
        match self.log_target {
            true => [y.exp_of_any(), y],
            false => [y, y.ln()],
        }
    }
}

impl Formula for KlDiv {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let [y, log_y] = self.target(y);
        // Nothing times an infinite logarithm is nothing; NaN stays.
        N::select(y.is(0.0), x.zero_or_nan(), y * (log_y - x))
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let [y, log_y] = self.target(y);
        match of {
            Input::Prediction => x.zero_or_nan() - y,
            _ if self.log_target => N::select(y.is(0.0), x.zero_or_nan(), y * (log_y - x + 1.0)),
            _ => log_y - x + 1.0,
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        let of_target = (!self.log_target).then_some([0.0, f64::INFINITY]);
        [None, of_target, None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::KlDiv([f32::from(self.log_target)]))
    }
}

impl Examples for KlDiv {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |(log_target, target)| {
            Example::new(Self { log_target }, [LOG_PROBABILITY, target, ONE])
        };
        [(true, LOG_PROBABILITY), (false, UNIT)].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // The logarithms of two probabilities may be almost the same.
        let of = |(log_target, target)| {
            let accuracy = Accuracy::new(
                Self { log_target },
                [LOG_PROBABILITY.into(), target, ONE.into()],
                [[2.0, 2.0]; 2],
            );
            accuracy.in_units([Unit::OfOne, Unit::OfResult])
        };
        [
            (true, Domain::Between(-30.0, 0.0).into()),
            (false, Numbers::Probabilities),
        ]
        .map(of)
        .into()
    }
}
