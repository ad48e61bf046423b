//! Absolute error, rounded off at 0.

use super::examples::{Accuracy, Example, Examples, ONE, Parameter, REAL};
use super::{Formula, Input, Number, Twin, compile_passes};

/// `sqrt((x - y)^2 + eps^2)`, for errors of any size.
#[derive(Clone, Copy, Debug)]
pub struct Charbonnier {
    /// The loss of an error of 0.
    pub eps: f64,
}

/// Errors beyond it have the slope of an infinite one; a larger one could not be divided by itself.
const LARGEST: f64 = 1e38;

impl Charbonnier {
    /// The larger of the two lengths, and the root over it.
    #[inline(always)]
    fn root<N: Number>(&self, size: N) -> [N; 2] {
        let larger = size.at_least(self.eps);
        let ratio = size.at_most(self.eps) / larger;
        [larger, (ratio * ratio + 1.0).sqrt()]
    }
}

impl Formula for Charbonnier {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        let [larger, root] = self.root((x - y).abs());
        larger * root
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        let e = match of {
            Input::Prediction => x - y,
            _ => y - x,
        };
        let e = e.at_least(-LARGEST).at_most(LARGEST);
        let [larger, root] = self.root(e.abs());
        e / larger / root
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::Charbonnier([self.eps as f32]))
    }
}

impl Examples for Charbonnier {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let eps = parameter(0.25, [1e-3, 5.0]);
        vec![Example::new(Self { eps }, [REAL, REAL, ONE])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        vec![Accuracy::of_errors(Self { eps: 1e-3 }, [2.0, 3.0])]
    }
}
