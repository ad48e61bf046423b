//! Probabilities of logits, and quotients, whose derivatives keep their digits on every backend: Burn's NdArray rounds a
//! reciprocal, and so the derivatives of a quotient and a logarithm, to 12 bits where there is AVX2.

use burn::tensor::Tensor;
use burn_loss_kernels::composed::column;
use burn_loss_kernels::{
    Columns, Elements, Formula, Input, LOG_SUM_EXP, LossBackend, Number, RowTargets, SmoothWeights,
    formulas,
};

use super::{primitive, tensor, wide};

/// The logarithms of the sums over the exponentials of each row of `[N, C, S]`, `[N, 1, S]`.
pub(crate) fn log_sum_exp<B: LossBackend>(logits: Tensor<B, 3>) -> Tensor<B, 3> {
    let [n, _, s] = logits.dims();
    let targets = RowTargets {
        classes: None,
        ignore_index: None,
        smooth: SmoothWeights::Zero,
    };
    let terms = B::softmax_terms(primitive(logits), targets, Columns::All).terms;
    column(tensor(terms), LOG_SUM_EXP).reshape([n, 1, s])
}

/// The softmax of `[N, C, S]` along `C`.
pub(crate) fn softmax<B: LossBackend>(logits: Tensor<B, 3>) -> Tensor<B, 3> {
    // Relative to the largest, so that a common offset loses no digits.
    let largest = logits.clone().detach().max_dim(1);
    let logits = logits - largest;
    (logits.clone() - log_sum_exp(logits)).exp()
}

/// `1 / (1 + exp(-x))`.
pub(crate) fn sigmoid<B: LossBackend, const D: usize>(logits: Tensor<B, D>) -> Tensor<B, D> {
    // Its logarithm is the negated loss of a target of 1.
    let formula = formulas::BceWithLogits {
        label_smoothing: 0.0,
    };
    let inputs = Elements {
        target: primitive(logits.clone().detach().ones_like()),
        prediction: primitive(logits),
        third: None,
    };
    let losses: Tensor<B, D> = tensor(B::elementwise(&formula, inputs).losses);
    losses.neg().exp()
}

/// `x / y`.
#[derive(Clone, Copy, Debug)]
struct Quotient;

impl Formula for Quotient {
    fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
        x / y
    }

    fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
        match of {
            Input::Prediction => x.constant(1.0) / y,
            Input::Target => -(x / y / y),
            Input::Third => x.constant(0.0),
        }
    }
}

/// `x / y`.
pub(crate) fn quotient<B: LossBackend, const D: usize>(
    x: Tensor<B, D>,
    y: Tensor<B, D>,
) -> Tensor<B, D> {
    let inputs = Elements {
        prediction: primitive(x),
        target: primitive(y),
        third: None,
    };
    tensor(B::elementwise(&Quotient, inputs).losses)
}

/// The vectors along an axis, each over its Euclidean length; a vector of zeros stays one.
pub(crate) fn normalized<B: LossBackend>(vectors: Tensor<B, 2>, axis: usize) -> Tensor<B, 2> {
    // 16 bits do not hold the square of 300, nor of 1e-4.
    let dtype = vectors.dtype();
    let vectors = wide(vectors);
    let squares = (vectors.clone() * vectors.clone()).sum_dim(axis);
    // PyTorch's `normalize` divides by at least 1e-12.
    let tiny = squares.clone().lower_elem(1e-24);
    (vectors * squares.mask_fill(tiny, 1e-24).powf_scalar(-0.5)).cast(dtype)
}
