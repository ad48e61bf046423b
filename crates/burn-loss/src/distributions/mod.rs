//! Losses between distributions.
//!
//! | loss | inputs | for |
//! | --- | --- | --- |
//! | [`DistillationLoss`] | logits of a student and of a teacher, and classes | a small model that learns from a large one |
//! | [`JsDivLoss`] | two rows of log-probabilities | a divergence without a favourite side, and those between the two |

mod distillation;
mod js_div;

pub use distillation::{DistillationLoss, DistillationLossConfig};
pub use js_div::{JsDivLoss, JsDivLossConfig};
