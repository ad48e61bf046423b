//! What losses of one form have in common: their methods, their checks, their masks and reductions.
//!
//! | form | trait | its losses |
//! | --- | --- | --- |
//! | element-wise | [`ElementwiseLoss`]: a prediction against a target of the same shape | MSE, L1, Huber, log-cosh, BCE, sigmoid focal |
//! | class rows | [`ClassLoss`]: scores `[N, C, d1, ..]` against classes | cross entropy, NLL, focal, poly-1, GCE |
//! | regions | [`RegionLoss`]: logits `[N, C, d1, ..]` against classes, or binary logits against numbers in `[0, 1]` | Dice, Jaccard, Tversky |

pub(crate) mod class_rows;
mod delegate;
pub(crate) mod elementwise;
pub(crate) mod probabilities;
mod regions;
mod rows;

pub(crate) use class_rows::ClassFormula;
pub use class_rows::{ClassFormulaLoss, ClassLoss};
pub(crate) use delegate::{
    class_formula, class_forwards, elementwise_formula, elementwise_forwards, region_forwards,
};
pub(crate) use elementwise::ElementwiseFormula;
pub use elementwise::{ElementwiseFormulaLoss, ElementwiseLoss};
pub use regions::{AbsentClasses, Overlap, RegionLoss, RegionOptions};
pub(crate) use regions::{Positions, count_regions, reduce_regions};
pub use rows::{ClassOptions, Rows};

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorPrimitive};
use burn_loss_kernels::LossBackend;

/// The backend's own tensor, whose rank the type does not fix.
pub(crate) fn primitive<B: LossBackend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

/// A tensor whose rank the caller knows.
pub(crate) fn tensor<B: LossBackend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}
