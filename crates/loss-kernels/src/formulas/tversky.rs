//! Tversky's loss of a region, given what it has in common with its target.

use super::examples::{AMOUNT, Accuracy, Example, Examples, Parameter};
use super::{Formula, Input, Number, compile_passes};

/// `(1 - (t + s) / max(t + alpha p + beta n + s, eps))^gamma` of a region's true positives `t`, false positives `p` and false
/// negatives `n`, the three inputs in this order.
#[derive(Clone, Copy, Debug)]
pub struct Tversky {
    /// What a false positive counts.
    pub alpha: f64,
    /// What a false negative counts.
    pub beta: f64,
    /// The power of the loss.
    pub gamma: f64,
    /// What is added to the numerator and to the denominator.
    pub smooth: f64,
    /// The least denominator.
    pub eps: f64,
}

impl Tversky {
    /// What is wrong, and all there is.
    #[inline(always)]
    fn wrong_and_all<N: Number>(&self, [t, p, n]: [N; 3]) -> (N, N) {
        let wrong = p * self.alpha + n * self.beta;
        (wrong, t + wrong + self.smooth)
    }

    /// The loss with the power 1.
    #[inline(always)]
    fn plain<N: Number>(&self, inputs: [N; 3]) -> N {
        let (wrong, all) = self.wrong_and_all(inputs);
        let tiny = all.constant(1.0) - (inputs[0] + self.smooth) / all.constant(self.eps);
        // What is missing to 1 without the 1, so that a small loss keeps its digits.
        N::select(all.is_below(self.eps), tiny, wrong / all)
    }
}

impl Formula for Tversky {
    #[inline(always)]
    fn loss<N: Number>(&self, inputs: [N; 3]) -> N {
        let plain = self.plain(inputs);
        if self.gamma == 1.0 {
            return plain;
        }
        plain.at_least(0.0).pow(self.gamma)
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, inputs: [N; 3]) -> N {
        let (_, all) = self.wrong_and_all(inputs);
        let plain = self.plain(inputs);
        let zero = all.constant(0.0);
        let score = plain.complement() / all;
        let (tiny, slope) = match of {
            Input::Prediction => (all.constant(-1.0 / self.eps), -plain / all),
            Input::Target => (zero, score * self.alpha),
            Input::Third => (zero, score * self.beta),
        };
        let slope = N::select(all.is_below(self.eps), tiny, slope);
        if self.gamma == 1.0 {
            return slope;
        }
        let plain = plain.at_least(0.0);
        let power = if self.gamma > 1.0 {
            plain.pow(self.gamma - 1.0)
        } else {
            // Steeper than any slope where the loss is 0, which is as small as it gets.
            let steep = plain.constant(1.0) / plain.pow(1.0 - self.gamma);
            N::select(plain.is(0.0), zero, steep)
        };
        slope * (power * self.gamma)
    }

    compile_passes!();
}

impl Examples for Tversky {
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>> {
        let [alpha, beta] = [0.25, 0.75].map(|usual| parameter(usual, [0.0, 1.0]));
        let (smooth, eps) = (parameter(0.5, [0.0, 1.0]), parameter(1e-7, [1e-7, 1.0]));
        let of = |gamma| {
            let formula = Self {
                alpha,
                beta,
                gamma,
                smooth,
                eps,
            };
            Example::new(formula, [AMOUNT; 3])
        };
        [1.0, 0.5, 2.0, parameter(1.3, [0.0, 5.0])].map(of).into()
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        // Of sums of many elements, which are less exact than it.
        Vec::new()
    }
}
