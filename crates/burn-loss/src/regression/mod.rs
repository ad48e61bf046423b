//! Losses of real-valued predictions.
//!
//! | loss | when to take it |
//! | --- | --- |
//! | [`MseLoss`] | few outliers: it fits the mean |
//! | [`L1Loss`] | many outliers: it fits the median |
//! | [`HuberLoss`] | some outliers, and the size of an ordinary error is known |
//! | [`SmoothL1Loss`] | the same, scaled so that all large errors pull alike; boxes |
//! | [`LogCoshLoss`] | some outliers, smooth, and without a threshold |
//! | [`CharbonnierLoss`] | restored images, where the edges are to stay sharp |
//! | [`QuantileLoss`] | a bound or an interval instead of the mean |
//! | [`MsleLoss`] | amounts over orders of magnitude: errors count by their ratio |

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
