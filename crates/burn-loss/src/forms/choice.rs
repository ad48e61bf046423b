//! The larger and the smaller of two tensors, element by element; where they are equal each has half of the gradient, as in PyTorch.

use burn::tensor::backend::Backend;
use burn::tensor::{Bool, Tensor};

/// The larger of each two numbers.
pub(crate) fn larger<B: Backend, const D: usize>(
    a: &Tensor<B, D>,
    b: &Tensor<B, D>,
) -> Tensor<B, D> {
    chosen(a, b, b.clone().greater(a.clone()))
}

/// The smaller of each two numbers.
pub(crate) fn smaller<B: Backend, const D: usize>(
    a: &Tensor<B, D>,
    b: &Tensor<B, D>,
) -> Tensor<B, D> {
    chosen(a, b, b.clone().lower(a.clone()))
}

/// `b` where it is to be taken, else `a`.
fn chosen<B: Backend, const D: usize>(
    a: &Tensor<B, D>,
    b: &Tensor<B, D>,
    takes_b: Tensor<B, D, Bool>,
) -> Tensor<B, D> {
    let equal = a.clone().equal(b.clone());
    let half = (a.clone() + b.clone()) * 0.5;
    a.clone()
        .mask_where(takes_b, b.clone())
        .mask_where(equal, half)
}
