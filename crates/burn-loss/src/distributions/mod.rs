//! Losses of distributions: divergences, and likelihoods of their parameters.
//!
//! | loss | inputs | for |
//! | --- | --- | --- |
//! | [`KlDivLoss`] | log-probabilities, and probabilities or their logarithms | a whole target distribution |
//! | [`JsDivLoss`] | two rows of log-probabilities | a divergence that treats both sides alike, or leans to one by `beta` |
//! | [`DistillationLoss`] | logits of a student and of a teacher, and classes | a small model that learns from a large one |
//! | [`PoissonNllLoss`] | rates or their logarithms, and counts | counts |
//! | [`GammaNllLoss`] | logarithms of means, and amounts above 0 | amounts whose error grows with them |
//! | [`TweedieLoss`] | logarithms of means, and amounts | amounts of which many are exactly 0 |
//! | [`GaussianNllLoss`] | means, targets and variances | a number with its uncertainty |
//! | [`GaussianCrpsLoss`] | means, targets and standard deviations | the same, robust to outliers |

mod distillation;
mod gamma_nll;
mod gaussian_crps;
mod gaussian_nll;
mod js_div;
mod kl_div;
mod poisson_nll;
mod tweedie;

pub use distillation::{DistillationLoss, DistillationLossConfig};
pub use gamma_nll::{GammaNllLoss, GammaNllLossConfig};
pub use gaussian_crps::{GaussianCrpsLoss, GaussianCrpsLossConfig};
pub use gaussian_nll::{GaussianNllLoss, GaussianNllLossConfig};
pub use js_div::{JsDivLoss, JsDivLossConfig};
pub use kl_div::{KlDivLoss, KlDivLossConfig};
pub use poisson_nll::{PoissonNllLoss, PoissonNllLossConfig};
pub use tweedie::{TweedieLoss, TweedieLossConfig};
