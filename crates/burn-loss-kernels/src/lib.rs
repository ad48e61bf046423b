//! The fused operations behind the losses of `burn-loss`, as a Burn backend extension.
//!
//! [`LossBackend`] is a backend with these operations:
//!
//! | operation | what it computes |
//! | --- | --- |
//! | [`elementwise`](LossBackend::elementwise) | a [`Formula`] of each element: its loss, its gradient, or both with the sum |
//! | [`softmax_terms`](LossBackend::softmax_terms) | the [terms](loss_kernels::softmax_terms) of rows of logits, their gradient, or the reduced loss with it |
//! | [`linear`](LossBackend::linear_reduced) | the same of logits that are a product of hidden states and a weight, a few rows at a time |
//! | [`target_scores`](LossBackend::target_scores_reduced) | the scores of the target classes, summed, with their gradient |
//! | [`multi_margin`](LossBackend::multi_margin_reduced) | what the target classes are short of a margin, summed, with its gradient |
//! | [`multi_label_margin`](LossBackend::multi_label_margin) | what the labels of each row are short of a margin, with its gradient |
//! | [`distillation`](LossBackend::distillation_reduced) | how far a student is from its teacher and from the target classes, summed, with its gradient |
//! | [`ctc`](LossBackend::ctc) | the loss of all ways to spread a target over the steps of an input, with its gradient |
//! | [`sum`](LossBackend::sum) | a sum that is right at any length |
//!
//! Each has a body in plain Burn operations, in [`composed`], which serves every backend and is the reference of the kernels.
//!
//! | folder | what it holds |
//! | --- | --- |
//! | `ops` | one folder per operation: its words, its composed form, its backward node, its place among fused operations |
//! | `adapters` | who implements the trait, and with what |
//! | `cube` | the kernels of GPUs |
//!
//! ```
//! use burn::backend::NdArray;
//! use burn::tensor::{Int, Tensor, TensorPrimitive};
//! use burn_loss_kernels::{
//!     Columns, LOG_SUM_EXP, LossBackend, RowTargets, SMOOTH_LOSS, SmoothWeights, TARGET_LOSS,
//! };
//!
//! type B = NdArray;
//!
//! let device = Default::default();
//! // The softmax of a row's logarithms is the row over its sum.
//! let logits = Tensor::<B, 2>::from_floats([[1.0, 3.0], [4.0, 1.0]], &device).log();
//! let classes = Tensor::<B, 1, Int>::from_ints([1, -100], &device);
//! let targets = RowTargets {
//!     classes: Some(classes.into_primitive()),
//!     ignore_index: Some(-100),
//!     smooth: SmoothWeights::Uniform(0.5),
//! };
//! let terms = B::softmax_terms(logits.into_primitive().tensor(), targets, Columns::All).terms;
//! let terms = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(terms));
//! let terms = terms.into_data().to_vec::<f32>().unwrap();
//!
//! assert!((terms[TARGET_LOSS] + 0.75f32.ln()).abs() < 1e-6);
//! // -(ln 1/4 + ln 3/4) / 2, and ln(1 + 3).
//! assert!((terms[SMOOTH_LOSS] + 0.5 * 0.1875f32.ln()).abs() < 1e-6);
//! assert!((terms[LOG_SUM_EXP] - 4f32.ln()).abs() < 1e-6);
//! // The second row is ignored.
//! assert_eq!(terms[3..], [0.0; 3]);
//! ```

mod adapters;
mod backend;
pub mod composed;
#[cfg(feature = "cubecl")]
mod cube;
mod ops;
mod reduction;

pub use backend::{AutodiffLossBackend, LossBackend};
pub use ops::ctc::CtcTargets;
pub use ops::elementwise::{Elements, Losses};
pub use ops::linear::{Linear, LinearReduced, RowPredictions};
pub use ops::sample_losses::SampleLosses;
pub use ops::softmax_terms::{RowTargets, RowWeights, SoftmaxTerms};
pub use reduction::{Fault, Reduced, Reduction};

#[cfg(feature = "cpu")]
pub use loss_kernels::cpu::memory::keep_freed_memory;
pub use loss_kernels::formulas::{self, Violation};
pub use loss_kernels::{
    Adjustment, Columns, Distillation, Formula, HeadOptions, Input, LOG_SUM_EXP, MultiMargin,
    Number, SMOOTH_LOSS, SmoothWeights, TARGET_LOSS,
};
