//! What the losses of `burn-loss` compute, and how a CPU computes it, on slices: no Burn, no CubeCL.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`formulas`] | one file per loss: its value and its slopes, written once for every kind of number |
//! | [`softmax_terms`] | the three terms of a row of logits, their options, and both passes in pseudo-code |
//! | `cpu` | the kernels of a CPU (feature `cpu`) |

mod distillation;
pub mod formulas;
mod linear;
mod multi_margin;
pub mod softmax_terms;

#[cfg(feature = "cpu")]
pub mod cpu;

pub use distillation::Distillation;
pub use formulas::{Formula, Input, Number, Twin};
pub use linear::HeadOptions;
pub use multi_margin::MultiMargin;
pub use softmax_terms::{
    Adjustment, Columns, LOG_SUM_EXP, SMOOTH_LOSS, SmoothWeights, TARGET_LOSS,
};
