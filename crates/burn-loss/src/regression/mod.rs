//! Losses of real-valued predictions.

mod charbonnier;
mod huber;
mod l1;
mod log_cosh;
mod mse;
mod msle;
mod quantile;
mod smooth_l1;

pub use charbonnier::{CharbonnierLoss, CharbonnierLossConfig};
pub use huber::{HuberLoss, HuberLossConfig};
pub use l1::{L1Loss, L1LossConfig};
pub use log_cosh::{LogCoshLoss, LogCoshLossConfig};
pub use mse::{MseLoss, MseLossConfig};
pub use msle::{MsleLoss, MsleLossConfig};
pub use quantile::{QuantileLoss, QuantileLossConfig};
pub use smooth_l1::{SmoothL1Loss, SmoothL1LossConfig};
