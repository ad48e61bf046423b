//! Squared error of logarithms.

use super::examples::{Accuracy, Domain, Example, Examples, Numbers, ONE, Parameter, ZERO};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `(log(1 + x) - log(1 + y))^2`.
#[derive(Clone, Copy, Debug)]
pub struct Msle;

/// `log(1 + x) - log(1 + y)`, as `log(1 + (larger - smaller) / (1 + smaller))`: two logarithms that are almost the same would
/// leave no digits.
#[inline(always)]
fn error<N: Number>(x: N, y: N) -> N {
    let distance = x - y;
    let is_negative = distance.is_below(0.0);
    let smaller = N::select(is_negative, x, y);
    let ratio = distance.abs() / (smaller + 1.0);
    // It is infinite where the smaller one is -1.
    let size = N::select(ratio.is(f64::INFINITY), ratio, ratio.ln_1p());
    N::select(is_negative, -size, size)
}

impl Formula for Msle {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let e = error(x, y);
        e * e
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = error(x, y) * 2.0;
        match of {
            Input::Prediction => e / (x + 1.0),
            _ => -(e / (y + 1.0)),
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        let bounds = Some([-1.0, f64::INFINITY]);
        [bounds, bounds, None]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Msle)
    }
}

impl Examples for Msle {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        // At -1 the logarithm is infinite.
        let amount = Domain::Between(-0.9, 50.0);
        vec![Example::new(Self, [amount, amount, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let sizes = Numbers::Sizes(1e6);
        vec![
            Accuracy::new(Self, [sizes, ZERO.into(), ONE.into()], [[3.0, 3.0]; 2]),
            Accuracy::new(
                Self,
                [sizes, Numbers::OfPrediction(1.001), ONE.into()],
                [[5.0, 4.0]; 2],
            ),
        ]
    }
}
