//! Losses of real-valued predictions.

mod huber;
mod l1;
mod log_cosh;
mod mse;

pub use huber::{HuberLoss, HuberLossConfig};
pub use l1::{L1Loss, L1LossConfig};
pub use log_cosh::{LogCoshLoss, LogCoshLossConfig};
pub use mse::{MseLoss, MseLossConfig};
