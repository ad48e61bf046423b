//! Half the deviance of an amount that is often 0.

use super::examples::{AMOUNT, Accuracy, Example, Examples, LOG, Numbers, ONE, Parameter, Unit};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `y exp(-(p - 1) x) / (p - 1) + exp((2 - p) x) / (2 - p)` of the logarithm `x` of the mean, with the power `p` between 1 and 2.
#[derive(Clone, Copy, Debug)]
pub struct Tweedie {
    /// The power of the mean that the variance grows with.
    pub power: f64,
}

impl Tweedie {
    /// `exp(-(p - 1) x)` and `exp((2 - p) x)`.
    #[inline(always)]
    fn powers<N: Number>(&self, x: N) -> [N; 2] {
        // One by one: a closure of `map` is compiled without the instructions that the loop around it has.
        let of_target = (x * (1.0 - self.power)).exp_of_any();
        [of_target, (x * (2.0 - self.power)).exp_of_any()]
    }
}

impl Formula for Tweedie {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let [of_target, of_mean] = self.powers(x);
        y.times_or_zero(of_target) * (self.power - 1.0).recip()
            + of_mean * (2.0 - self.power).recip()
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let [of_target, of_mean] = self.powers(x);
        match of {
            Input::Prediction => of_mean - y.times_or_zero(of_target),
            _ => of_target * (self.power - 1.0).recip(),
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        [None, Some([0.0, f64::INFINITY]), None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        // The powers less what is known of them: a difference in f32 would lose digits.
        let parameters = [self.power - 1.0, 2.0 - self.power].map(|number| number as f32);
        Some(Twin::Tweedie(parameters))
    }
}

impl Examples for Tweedie {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let of = |power| Example::new(Self { power }, [LOG, AMOUNT, ONE]);
        [1.1, 1.9, parameter(1.5, [1.05, 1.95])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // The slope is 0 where the mean is right.
        let accuracy = Accuracy::new(
            Self { power: 1.5 },
            [LOG.into(), Numbers::Counts, ONE.into()],
            [[3.0, 6.0]; 2],
        );
        vec![accuracy.in_units([Unit::OfResult, Unit::OfOne])]
    }
}
