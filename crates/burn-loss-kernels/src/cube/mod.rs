//! The operations as CubeCL kernels, for every runtime that CubeCL has: wgpu, CUDA, ROCm, Metal.
//!
//! | folder | what it holds |
//! | --- | --- |
//! | `softmax_terms` | the terms of rows of logits, and their gradient |
//! | `elementwise` | formulas of single elements: losses, gradients, both with the sum in one pass |
//! | `rows` | the reduced losses of rows: of their terms, and of the scores of their classes |
//! | `sum` | sums that are right at any length, and a gradient times one number |
//! | `shared` | what they share |
//!
//! Numbers of 16 bits are computed in 32; those of 64 bits are left to the composed operations. Sums are merged in a fixed
//! order, never by atomics, so that the same input gives the same bits. Nothing waits for the device. A result takes the place
//! of its input if nothing else holds that.

#![allow(
    clippy::collapsible_if,
    clippy::len_zero,
    reason = "a comptime condition must stand alone, and comptime lists know only their length"
)]

mod elementwise;
mod rows;
mod shared;
mod softmax_terms;
mod sum;
#[cfg(all(test, feature = "wgpu"))]
mod testing;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, TensorMetadata};
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};

use crate::ops::check;
use crate::{
    Columns, Elements, Formula, LossBackend, Losses, Reduced, Reduction, RowTargets, RowWeights,
    SoftmaxTerms, composed,
};

impl<R, F, I, BT> LossBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    fn sum(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        if !has_kernels(tensor.dtype()) {
            return composed::sum::<Self>(tensor);
        }
        sum::sum(tensor)
    }

    fn scale(gradient: FloatTensor<Self>, by: FloatTensor<Self>) -> FloatTensor<Self> {
        check::factor::<Self>(&gradient, &by);
        if !has_kernels(gradient.dtype()) || !has_kernels(by.dtype()) {
            return crate::ops::sum::composed::scale::<Self>(gradient, by);
        }
        sum::scale(gradient, by)
    }

    fn elementwise<L: Formula>(formula: &L, inputs: Elements<Self>) -> Losses<Self> {
        let kernel = elementwise::kernel::<R, L>(formula);
        match kernel.filter(|_| has_kernels(inputs.prediction.dtype())) {
            Some(kernel) => {
                check::elements(&inputs);
                elementwise::losses(&kernel, inputs)
            }
            None => composed::elementwise(formula, inputs),
        }
    }

    fn elementwise_backward<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        grad: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        check::elements(&inputs);
        check::per_element::<Self>("grad", &grad, &inputs.prediction);
        let serves = has_kernels(inputs.prediction.dtype()) && elementwise::serves(&inputs, wanted);
        match elementwise::kernel::<R, L>(formula).filter(|_| serves) {
            Some(kernel) => elementwise::gradients(&kernel, inputs, grad, wanted),
            None => composed::elementwise_backward(formula, inputs, grad, wanted),
        }
    }

    fn elementwise_reduced<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        weights: Option<FloatTensor<Self>>,
        reduction: Reduction,
        wanted: [bool; 3],
    ) -> Reduced<Self> {
        check::elements(&inputs);
        if let Some(weights) = &weights {
            check::per_element::<Self>("weights", weights, &inputs.prediction);
        }
        let serves = has_kernels(inputs.prediction.dtype()) && elementwise::serves(&inputs, wanted);
        match elementwise::kernel::<R, L>(formula).filter(|_| serves) {
            Some(kernel) => elementwise::reduced(&kernel, inputs, weights, reduction, wanted),
            None => composed::elementwise_reduced(formula, inputs, weights, reduction, wanted),
        }
    }

    fn softmax_terms(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        columns: Columns,
    ) -> SoftmaxTerms<Self> {
        if !has_kernels(logits.dtype()) {
            return composed::softmax_terms(logits, targets, columns);
        }
        check::targets(&logits, &targets);
        softmax_terms::terms(logits, targets, columns)
    }

    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        if !has_kernels(logits.dtype()) {
            return composed::softmax_terms_backward(logits, targets, normalizer, grad);
        }
        let columns = check::backward(&logits, &targets, &normalizer, &grad);
        softmax_terms::grad(logits, targets, normalizer, grad, columns)
    }

    fn softmax_terms_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        let shape @ [n, _, s] = check::targets(&logits, &targets);
        check::row_weights(&logits, &weights, shape);
        let serves = has_kernels(logits.dtype()) && n * s > 0;
        match rows::kernel::<R>(formula.twin()).filter(|_| serves) {
            Some(kernel) => {
                rows::softmax_terms(&kernel, logits, targets, weights, reduction, wanted)
            }
            None => composed::softmax_terms_reduced(
                formula, logits, targets, weights, reduction, wanted,
            ),
        }
    }

    fn target_scores_reduced(
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        let [n, _, s] = check::classes(&scores, &targets, &weights);
        if !has_kernels(scores.dtype()) || n * s == 0 {
            return composed::target_scores_reduced(scores, targets, weights, reduction, wanted);
        }
        rows::target_scores(scores, &targets, weights, reduction, wanted)
    }
}

/// The kernels compute in `f32`, which would be a loss for `f64`.
fn has_kernels(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::Flex32 | DType::F16 | DType::BF16)
}
