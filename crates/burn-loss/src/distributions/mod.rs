//! Losses of distributions: divergences, and likelihoods of their parameters.

mod gamma_nll;
mod gaussian_crps;
mod gaussian_nll;
mod kl_div;
mod poisson_nll;
mod tweedie;

pub use gamma_nll::{GammaNllLoss, GammaNllLossConfig};
pub use gaussian_crps::{GaussianCrpsLoss, GaussianCrpsLossConfig};
pub use gaussian_nll::{GaussianNllLoss, GaussianNllLossConfig};
pub use kl_div::{KlDivLoss, KlDivLossConfig};
pub use poisson_nll::{PoissonNllLoss, PoissonNllLossConfig};
pub use tweedie::{TweedieLoss, TweedieLossConfig};
