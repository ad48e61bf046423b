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
    let detached = x.clone().detach();
    let value = one_minus_exp_neg(detached.clone().neg());
    // Where x is infinite the derivative is 0, and nothing is to be multiplied by it.
    let infinite = x.clone().is_inf();
    let x = x.mask_fill(infinite, 0.0);
    with_gradient(x, value, || detached.exp().neg())
}

/// `x - (1 - exp(-x))` for `x >= 0` that keeps its digits where it is almost 0. Not to be differentiated.
pub(crate) fn minus_one_minus_exp_neg<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    // x^2/2 (1 - x/3 (1 - x/4 (..))): for x <= 1/4 twelve terms reach the last digit of an f64.
    let series = (3..=13).rev().fold(x.ones_like(), |sum, n| {
        (x.clone() * sum / f64::from(n)).neg() + 1.0
    });
    let small = series * x.clone() * x.clone() * 0.5;
    let is_large = x.clone().greater_elem(0.25);
    let large = x.clone() - one_minus_exp_neg(x);
    small.mask_where(is_large, large)
}
