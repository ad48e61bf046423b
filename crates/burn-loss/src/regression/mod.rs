//! Losses of real-valued predictions.

mod huber;
mod l1;
mod mse;

pub use huber::{HuberLoss, HuberLossConfig};
pub use l1::{L1Loss, L1LossConfig};
pub use mse::{MseLoss, MseLossConfig};
