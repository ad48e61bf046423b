//! The losses as formulas: value and slopes of one element, written once for every kind of number.
//!
//! | file | loss |
//! | --- | --- |
//! | `mse`, `l1`, `smooth_l1`, `huber`, `log_cosh`, `charbonnier`, `quantile` | of a real number |
//! | `msle`, `poisson_nll`, `gamma_nll`, `tweedie` | of a count or an amount, or of its logarithm |
//! | `gaussian_nll`, `gaussian_crps` | of a real number and its variance or deviation |
//! | `margin_ranking` | of two scores, and which is to be the larger |
//! | `bce` | of a probability |
//! | `kl_div`, `js_div` | of log-probabilities |
//! | `bce_with_logits`, `sigmoid_focal`, `asymmetric` | of a binary logit |
//! | `soft_margin` | of a score, whose sign is the class |
//! | `hinge_embedding` | of a distance |
//! | `cross_entropy`, `focal`, `poly`, `generalized_cross_entropy` | of a row of class scores, given its terms |
//! | `tversky` | of a region, given its sums |
//! | `number` | what a formula asks of a number |
//! | `examples` | what each is tried on, for tests and fuzzers |
//! | `rounded` | a number with a bound of its rounding, by which tests measure |

mod asymmetric;
mod bce;
mod bce_with_logits;
mod binary_logit;
mod charbonnier;
mod cross_entropy;
#[doc(hidden)]
pub mod examples;
mod focal;
mod gamma_nll;
mod gaussian_crps;
mod gaussian_nll;
mod generalized_cross_entropy;
mod hinge_embedding;
mod huber;
mod js_div;
mod kl_div;
mod l1;
mod log_cosh;
mod margin_ranking;
mod mse;
mod msle;
mod number;
mod poisson_nll;
mod poly;
mod quantile;
mod rounded;
mod sigmoid_focal;
mod smooth_l1;
mod soft_margin;
#[cfg(test)]
mod tests;
mod tversky;
mod tweedie;

pub use asymmetric::Asymmetric;
pub use bce::{Bce, LEAST_VARIANCE};
pub use bce_with_logits::BceWithLogits;
pub use charbonnier::Charbonnier;
pub use cross_entropy::CrossEntropy;
pub use focal::Focal;
pub use gamma_nll::GammaNll;
pub use gaussian_crps::{FAR_OVER, FAR_UNDER, GaussianCrps, NEAR_OVER, NEAR_UNDER};
pub use gaussian_nll::GaussianNll;
pub use generalized_cross_entropy::GeneralizedCrossEntropy;
pub use hinge_embedding::HingeEmbedding;
pub use huber::Huber;
pub use js_div::JsDiv;
pub use kl_div::KlDiv;
pub use l1::L1;
pub use log_cosh::LogCosh;
pub use margin_ranking::MarginRanking;
pub use mse::Mse;
pub use msle::Msle;
pub use number::Number;
pub use poisson_nll::PoissonNll;
pub use poly::Poly;
pub use quantile::Quantile;
pub use rounded::Rounded;
pub use sigmoid_focal::SigmoidFocal;
pub use smooth_l1::SmoothL1;
pub use soft_margin::SoftMargin;
pub use tversky::Tversky;
pub use tweedie::Tweedie;

use std::fmt::Debug;

#[cfg(feature = "cpu")]
use crate::cpu::elementwise::{self, Found, Pass};
#[cfg(feature = "cpu")]
use crate::cpu::simd::Arch;
#[cfg(feature = "cpu")]
use crate::cpu::softmax_terms::{self, PanelLosses};

/// One of the numbers that a formula is a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The prediction; of a row of class scores its target loss, [`TARGET_LOSS`](crate::TARGET_LOSS).
    Prediction,
    /// The target; of a row of class scores its log-sum-exp, [`LOG_SUM_EXP`](crate::LOG_SUM_EXP).
    Target,
    /// The third number, if there is one.
    Third,
}

impl Input {
    /// All of them, in the order in which a formula takes them.
    pub const ALL: [Self; 3] = [Self::Prediction, Self::Target, Self::Third];
}

/// The names of the three inputs in messages.
pub const INPUT_NAMES: [&str; 3] = ["prediction", "target", "third"];

/// A loss of single elements, written once: its value, and its slope with respect to each input.
///
/// The inputs are the prediction, the target and a third number that most formulas do not look at.
///
/// # Example
///
/// ```
/// use loss_kernels::{Formula, Input, Number};
///
/// /// The squared error of logarithms.
/// #[derive(Clone, Copy, Debug)]
/// struct SquaredLogError;
///
/// impl Formula for SquaredLogError {
///     fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
///         let e = x.ln_1p() - y.ln_1p();
///         e * e
///     }
///
///     fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
///         let e = x.ln_1p() - y.ln_1p();
///         match of {
///             Input::Prediction => e * 2.0 / (x + 1.0),
///             _ => e * -2.0 / (y + 1.0),
///         }
///     }
/// }
///
/// assert!((SquaredLogError.loss([1f64.exp() - 1.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
/// ```
pub trait Formula: Clone + Debug + Send + Sync + 'static {
    /// The loss of one element.
    fn loss<N: Number>(&self, inputs: [N; 3]) -> N;

    /// The derivative of the loss with respect to one input.
    fn slope<N: Number>(&self, of: Input, inputs: [N; 3]) -> N;

    /// The loss, and its slope with respect to the prediction: what training asks for. To be written out where they share
    /// work that a compiler does not find.
    #[inline(always)]
    fn loss_and_slope<N: Number>(&self, inputs: [N; 3]) -> [N; 2] {
        [self.loss(inputs), self.slope(Input::Prediction, inputs)]
    }

    /// The least and the largest number that each input may be. Outside, the loss is NaN or a panic; NaN itself passes:
    /// it is what a diverged model predicts.
    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        [None; 3]
    }

    /// The kernel that computes the same on a GPU; without one the formula runs in plain tensor operations there.
    fn twin(&self) -> Option<Twin> {
        None
    }

    /// Runs a pass over elements.
    #[cfg(feature = "cpu")]
    #[doc(hidden)]
    fn pass_f32(&self, pass: &Pass<f32>, loss: bool) -> Found {
        elementwise::run(self, pass, loss)
    }

    /// Runs a pass over elements.
    #[cfg(feature = "cpu")]
    #[doc(hidden)]
    fn pass_f64(&self, pass: &Pass<f64>, loss: bool) -> Found {
        elementwise::run(self, pass, loss)
    }

    /// Turns the terms of panels of rows into losses and slopes.
    #[cfg(feature = "cpu")]
    #[doc(hidden)]
    fn panels_f32(&self, arch: Arch, panels: &mut [PanelLosses<f32>]) {
        softmax_terms::apply(self, arch, panels);
    }

    /// Turns the terms of panels of rows into losses and slopes.
    #[cfg(feature = "cpu")]
    #[doc(hidden)]
    fn panels_f64(&self, arch: Arch, panels: &mut [PanelLosses<f64>]) {
        softmax_terms::apply(self, arch, panels);
    }
}

/// Stamps the passes over elements in an `impl Formula`: written out there they are compiled once, in this crate, and not in
/// each program that calls them.
macro_rules! compile_passes {
    () => {
        #[cfg(feature = "cpu")]
        fn pass_f32(
            &self,
            pass: &crate::cpu::elementwise::Pass<f32>,
            loss: bool,
        ) -> crate::cpu::elementwise::Found {
            crate::cpu::elementwise::run(self, pass, loss)
        }

        #[cfg(feature = "cpu")]
        fn pass_f64(
            &self,
            pass: &crate::cpu::elementwise::Pass<f64>,
            loss: bool,
        ) -> crate::cpu::elementwise::Found {
            crate::cpu::elementwise::run(self, pass, loss)
        }
    };
}
use compile_passes;

/// The largest number that rounding may leave of a log-probability of 0: a larger one is a logit or a probability.
pub const LARGEST_LOG_PROB: f64 = 0.01;

/// The first number that lies outside the bounds of its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Violation {
    /// Which input.
    pub input: Input,
    /// Which element.
    pub index: usize,
    /// The number found there.
    pub value: f64,
}

/// A formula that a GPU has kernels for, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Twin {
    /// [`Mse`].
    Mse,
    /// [`L1`].
    L1,
    /// [`Huber`], with `delta`.
    Huber([f32; 1]),
    /// [`LogCosh`].
    LogCosh,
    /// [`Bce`].
    Bce,
    /// [`BceWithLogits`], with `label_smoothing`.
    BceWithLogits([f32; 1]),
    /// [`SigmoidFocal`], with `gamma` and the weights of the positive and the negative side.
    SigmoidFocal([f32; 3]),
    /// [`SmoothL1`], with `beta`.
    SmoothL1([f32; 1]),
    /// [`KlDiv`], with 1 for `log_target`.
    KlDiv([f32; 1]),
    /// [`PoissonNll`], with 1 for `log_input`, 1 for `full`, and `eps`.
    PoissonNll([f32; 3]),
    /// [`SoftMargin`].
    SoftMargin,
    /// [`HingeEmbedding`], with `margin`.
    HingeEmbedding([f32; 1]),
    /// [`Quantile`], with `level`.
    Quantile([f32; 1]),
    /// [`Charbonnier`], with `eps`.
    Charbonnier([f32; 1]),
    /// [`Msle`].
    Msle,
    /// [`Tweedie`], with `power - 1` and `2 - power`.
    Tweedie([f32; 2]),
    /// [`GammaNll`].
    GammaNll,
    /// [`Asymmetric`], with `gamma_positive`, `gamma_negative` and `clip`.
    Asymmetric([f32; 3]),
    /// [`GaussianNll`], with 1 for `full`, and `eps`.
    GaussianNll([f32; 2]),
    /// [`GaussianCrps`].
    GaussianCrps,
    /// [`JsDiv`], with `beta`, `1 - beta`, and 0, 1 or 2 where `beta` is 0, between, or 1.
    JsDiv([f32; 3]),
    /// [`MarginRanking`], with `margin`.
    MarginRanking([f32; 1]),
    /// [`CrossEntropy`], with `keep` and `z_loss`.
    CrossEntropy([f32; 2]),
    /// [`Focal`], with `gamma`.
    Focal([f32; 1]),
    /// [`Poly`], with `epsilon` and `1 + epsilon`.
    Poly([f32; 2]),
    /// [`GeneralizedCrossEntropy`], with `q`.
    GeneralizedCrossEntropy([f32; 1]),
}
