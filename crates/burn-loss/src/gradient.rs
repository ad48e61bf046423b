//! Values with a hand-written derivative, for formulas whose automatic one loses digits or is NaN at the ends.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_loss_kernels::composed::one_minus_exp_neg;

/// `value`, with `derivative` as its first derivative with respect to `input`, element by element.
///
/// `value` and `derivative` are to be computed from `input.detach()`.
pub(crate) fn with_gradient<B: Backend, const D: usize>(
    input: Tensor<B, D>,
    value: Tensor<B, D>,
    derivative: impl FnOnce() -> Tensor<B, D>,
) -> Tensor<B, D> {
    if !B::ad_enabled(&input.device()) {
        return value;
    }
    // The difference is 0, and so is the term; only its derivative remains. Of an infinite input it is infinite, like the
    // value, where infinity minus infinity would be NaN.
    let infinite = input.clone().is_inf();
    let difference = input.clone() - input.detach().mask_fill(infinite, 0.0);
    value + derivative().detach() * difference
}

/// `1 - exp(x)` for `x <= 0` that keeps its digits where `exp(x)` is almost 1.
pub(crate) fn one_minus_exp<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    let precise = one_minus_exp_neg(x.clone().detach().neg());
    if !B::ad_enabled(&x.device()) {
        return precise;
    }
    // The derivative has its digits from the plain formula.
    let plain = x.exp().neg() + 1.0;
    plain.clone() + (precise - plain.detach())
}
