//! What losses of one form have in common: their methods, their checks, their masks and reductions.
//!
//! | form | trait | its losses |
//! | --- | --- | --- |
//! | element-wise | [`ElementwiseLoss`]: a prediction against a target of the same shape | MSE, Huber, quantile, BCE, KL divergence and all others of single elements |
//! | spreads | [`SpreadLoss`]: a mean and its variance or deviation against a target | Gaussian NLL, CRPS |
//! | class rows | [`ClassLoss`]: scores `[N, C, d1, ..]` against classes | cross entropy, NLL, focal, poly-1, GCE, logit-adjusted, ArcFace, CosFace |
//! | samples | [`SampleLoss`]: several tensors, of which each has its part of every sample | triplet margin, cosine embedding, multi-class, multi-label and multi-label soft margins, JSD, distillation, CTC |
//! | regions | [`RegionLoss`]: logits `[N, C, d1, ..]` against classes, or binary logits against numbers in `[0, 1]` | Dice, Jaccard, Tversky |
//!
//! Margin ranking, InfoNCE, SupCon, box IoU and the two of Lovász are of no form: each takes inputs that no other loss takes, and has
//! its own methods of the same names.

pub(crate) mod choice;
pub(crate) mod class_rows;
mod delegate;
pub(crate) mod elementwise;
pub(crate) mod linear;
pub(crate) mod probabilities;
mod regions;
mod rows;
pub(crate) mod samples;
mod spread;

pub(crate) use class_rows::ClassFormula;
pub use class_rows::{ClassFormulaLoss, ClassLoss};
pub(crate) use delegate::{
    class_formula, class_forwards, elementwise_formula, elementwise_forwards, elementwise_loss,
    region_forwards, sample_forwards, spread_loss,
};
pub(crate) use elementwise::ElementwiseFormula;
pub use elementwise::{ElementwiseFormulaLoss, ElementwiseLoss};
pub use linear::{LinearHead, LinearOutput};
pub use regions::{AbsentClasses, Overlap, RegionLoss, RegionOptions};
pub(crate) use regions::{Positions, count_regions, reduce_regions, sum_in_blocks};
pub use rows::{ClassOptions, Rows};
pub(crate) use rows::{row_weights, signed};
pub use samples::{SampleLoss, Samples, fill_samples};
pub use spread::SpreadLoss;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{BasicOps, Tensor, TensorPrimitive};
use burn_loss_kernels::LossBackend;
use burn_loss_kernels::composed::at_least_f32;

/// The backend's own tensor, whose rank the type does not fix.
pub(crate) fn primitive<B: LossBackend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

/// A tensor whose rank the caller knows.
pub(crate) fn tensor<B: LossBackend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// The tensor repeated along its axes of length 1. Burn expands nothing to nothing: without elements only the shape changes.
pub(crate) fn expanded<B: Backend, K: BasicOps<B>, const D: usize>(
    tensor: Tensor<B, D, K>,
    shape: [usize; D],
) -> Tensor<B, D, K> {
    match shape.contains(&0) {
        true => tensor.reshape(shape),
        false => tensor.expand(shape),
    }
}

/// Numbers of 16 bits in 32; others as they are.
pub(crate) fn wide<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let dtype = at_least_f32(tensor.dtype());
    tensor.cast(dtype)
}
