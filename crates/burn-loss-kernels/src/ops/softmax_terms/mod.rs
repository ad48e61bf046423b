//! The terms of rows of logits, and the losses made of them.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
#[cfg(feature = "fusion")]
pub(crate) mod fusion;

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};

use crate::SmoothWeights;

/// What the rows of logits are compared with; the example at the crate's root makes one.
///
/// The logits are `[N, C, d1, ..]`, of any rank from 2. With the positions `S = d1 * ..` (1 of plain `[N, C]` logits) there
/// is one row per pair of `n` and position, `M = N * S` rows in that order, so that dense prediction (`[N, C, H, W]`) needs no
/// transposed copy. The rank is not fixed, because changing it costs a copy on some backends (NdArray).
#[derive(Clone, Debug)]
pub struct RowTargets<B: Backend> {
    /// The class of each row, `[M]`, of 32 or 64 bits with a sign; without it [`TARGET_LOSS`](crate::TARGET_LOSS) is 0.
    ///
    /// A row whose class is outside `[0, C)` and is not `ignore_index` has NaN terms and a NaN gradient.
    pub classes: Option<IntTensor<B>>,
    /// Rows of this class are ignored: their terms and their gradient are 0, whatever their logits.
    pub ignore_index: Option<i64>,
    /// The weights of [`SMOOTH_LOSS`](crate::SMOOTH_LOSS).
    pub smooth: SmoothWeights<FloatTensor<B>>,
}

/// What rows count in a reduced loss.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::formulas::Focal;
/// use burn_loss_kernels::{LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights};
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let float = |numbers: [f32; 2]| Tensor::<B, 1>::from_floats(numbers, &device).into_primitive().tensor();
/// let logits = Tensor::<B, 2>::from_floats([[1.0, 3.0], [f32::NAN, 1.0]], &device).log();
/// let targets = RowTargets::<B> {
///     classes: Some(Tensor::<B, 1, Int>::from_ints([0, 1], &device).into_primitive()),
///     ignore_index: None,
///     smooth: SmoothWeights::Zero,
/// };
/// // The first class counts three times, the second row nothing.
/// let weights = RowWeights {
///     per_class: Some(float([3.0, 1.0])),
///     per_row: Some(float([2.0, 0.0])),
/// };
/// let focal = Focal { gamma: 1.0 };
/// let logits = logits.into_primitive().tensor();
/// let sum = B::softmax_terms_reduced(&focal, logits, targets, weights, Reduction::Sum, false);
/// let sum = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(sum.loss)).into_scalar();
/// assert!((sum - 2.0 * 3.0 * -0.75 * 0.25f32.ln()).abs() < 1e-5);
/// ```
#[derive(Clone, Debug)]
pub struct RowWeights<B: Backend> {
    /// The weight of each class, `[C]`.
    pub per_class: Option<FloatTensor<B>>,
    /// The weight of each row, `[M]`.
    pub per_row: Option<FloatTensor<B>>,
}

impl<B: Backend> RowWeights<B> {
    /// Every row counts 1.
    pub fn none() -> Self {
        Self {
            per_class: None,
            per_row: None,
        }
    }
}

/// What [`LossBackend::softmax_terms`](crate::LossBackend::softmax_terms) returns; the example at the crate's root reads it.
#[derive(Clone, Debug)]
pub struct SoftmaxTerms<B: Backend> {
    /// The columns of each row, `[M, 3]`, or the first of them alone, `[M]`.
    pub terms: FloatTensor<B>,
    /// What the backward pass needs beside the logits, `[M, 2]`: the row's largest logit, and its log-sum-exp relative
    /// to that. Their sum would lose the digits that matter when all logits are large.
    pub normalizer: FloatTensor<B>,
}
