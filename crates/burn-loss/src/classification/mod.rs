//! Losses of class scores and of probabilities.

mod bce;
mod bce_with_logits;
mod cross_entropy;
mod nll;

pub use bce::{BceLoss, BceLossConfig};
pub use bce_with_logits::{BceWithLogitsLoss, BceWithLogitsLossConfig};
pub use cross_entropy::{CrossEntropyLoss, CrossEntropyLossConfig};
pub use nll::{NllLoss, NllLossConfig};
