//! The operation as CubeCL kernels, for every runtime that CubeCL has: wgpu, CUDA, ROCm, Metal.
//!
//! The forward pass reads the logits once and writes five numbers a row; the backward pass reads them once more and
//! writes the gradient, into the logits' own buffer if nothing else holds it. A row is the work of one cube, of several
//! cubes whose sums are then merged (few long rows), or of one unit (short rows, and rows that lie side by side in
//! memory): see [`plan`]. Logits of 16 bits are computed in 32. Sums are merged in a fixed order, never by atomics, so
//! that the same input gives the same bits.

#![allow(
    clippy::collapsible_if,
    clippy::len_zero,
    reason = "a comptime condition must stand alone, and comptime lists know only their length"
)]

mod args;
mod backward;
mod forward;
mod inputs;
mod launch;
mod math;
mod merge;
mod plan;
mod row;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, TensorMetadata};
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};

use crate::{LossBackend, RowTargets, SoftmaxTerms, check, composed};

impl<R, F, I, BT> LossBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        if !has_kernel(logits.dtype()) {
            return composed::softmax_terms(logits, targets);
        }
        check::targets(&logits, &targets);
        launch::terms(logits, targets)
    }

    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        if !has_kernel(logits.dtype()) {
            return composed::softmax_terms_backward(logits, targets, normalizer, grad);
        }
        check::backward(&logits, &targets, &normalizer, &grad, 3);
        launch::grad(logits, targets, normalizer, grad)
    }
}

/// The kernels compute in `f32`, which would be a loss for `f64`.
fn has_kernel(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::Flex32 | DType::F16 | DType::BF16)
}
