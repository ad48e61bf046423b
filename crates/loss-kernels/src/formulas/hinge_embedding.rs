//! A distance, small where two things are alike and beyond a margin where they are not.

use super::examples::{Accuracy, Example, Examples, Numbers, ONE, Parameter, REAL, SIGN};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `x` where the target is 1, `max(0, margin - x)` where it is -1; of any other target PyTorch's sum of both.
#[derive(Clone, Copy, Debug)]
pub struct HingeEmbedding {
    /// How far apart things that are not alike should be.
    pub margin: f64,
}

/// What counts of the distance and of the hinge: 1 or 0 each, NaN for a target that is NaN.
#[inline(always)]
fn parts<N: Number>(y: N) -> [N; 2] {
    let (one, zero) = (y.one_or_nan(), y.zero_or_nan());
    [
        N::select(y.is(-1.0), zero, one),
        N::select(y.is(1.0), zero, one),
    ]
}

impl Formula for HingeEmbedding {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let [of_distance, of_hinge] = parts(y);
        let hinge = (-x + self.margin).at_least(0.0);
        // Not a product alone: infinity times nothing is nothing here.
        let zero = y.zero_or_nan();
        N::select(of_distance.is(0.0), zero, x * of_distance)
            + N::select(of_hinge.is(0.0), zero, hinge * of_hinge)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let zero = x.zero_or_nan();
        if of != Input::Prediction {
            return zero;
        }
        let [of_distance, of_hinge] = parts(y);
        let within = (-x + self.margin).is_above(0.0);
        of_distance - N::select(within, of_hinge, zero) + zero
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::HingeEmbedding([self.margin as f32]))
    }
}

impl Examples for HingeEmbedding {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let margin = parameter(0.75, [0.0, 3.0]);
        vec![Example::new(Self { margin }, [REAL, SIGN, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::new(
            Self { margin: 0.75 },
            [Numbers::Sizes(1e6), SIGN.into(), ONE.into()],
            [[1.0; 2]; 2],
        )]
    }
}
