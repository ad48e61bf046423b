//! The shapes of the operations' tensors: checked where tensors are still tensors, because the kernels check no index.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata, backend::Backend};

use crate::{RowTargets, SmoothWeights};

/// The shape `[N, C, d1, ..]` of logits as `[N, C, S]`.
///
/// # Panics
///
/// If there are fewer than two dimensions, or no class.
pub(crate) fn rows_shape(shape: &[usize]) -> [usize; 3] {
    assert!(
        shape.len() >= 2 && shape[1] > 0,
        "softmax terms: expected `logits` [N, C, d1, ..] with at least one class, got {shape:?}"
    );
    [shape[0], shape[1], shape[2..].iter().product()]
}

/// Checks the targets against the logits, and gives `[N, C, S]`.
pub(crate) fn targets<B: Backend>(logits: &FloatTensor<B>, targets: &RowTargets<B>) -> [usize; 3] {
    let logits = logits.shape();
    let shape @ [n, num_classes, s] = rows_shape(&logits);
    if let Some(classes) = &targets.classes {
        same("classes", &classes.shape(), &[n * s]);
    }
    match &targets.smooth {
        SmoothWeights::Zero | SmoothWeights::Uniform(_) => {}
        SmoothWeights::PerClass(weights) => same("smooth", &weights.shape(), &[num_classes]),
        SmoothWeights::PerLogit(weights) => same("smooth", &weights.shape(), &logits),
    }
    shape
}

/// Checks all tensors of a backward pass, the gradient's shape `[M]` or `[M, 3]` by the columns it has.
pub(crate) fn backward<B: Backend>(
    logits: &FloatTensor<B>,
    of: &RowTargets<B>,
    normalizer: &FloatTensor<B>,
    grad: &FloatTensor<B>,
    columns: usize,
) {
    let [n, _, s] = targets(logits, of);
    let rows = n * s;
    same("normalizer", &normalizer.shape(), &[rows, 2]);
    match columns {
        1 => same("grad", &grad.shape(), &[rows]),
        _ => same("grad", &grad.shape(), &[rows, columns]),
    }
}

fn same(argument: &str, got: &Shape, expected: &[usize]) {
    assert!(
        got[..] == *expected,
        "softmax terms: expected `{argument}` of shape {expected:?}, got {:?}",
        &got[..]
    );
}
