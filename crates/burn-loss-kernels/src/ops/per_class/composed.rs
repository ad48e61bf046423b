//! A number per class in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, Tensor, TensorMetadata};

use crate::ops::check;
use crate::ops::tensors::{unwrap, wrap};

/// Computes what [`LossBackend::add_per_class`](crate::LossBackend::add_per_class) promises; the example there holds for this
/// function, too.
pub fn add_per_class<B: Backend>(
    scores: FloatTensor<B>,
    offsets: FloatTensor<B>,
) -> FloatTensor<B> {
    check::offsets::<B>(&scores, &offsets);
    let offsets = along_classes::<B>(offsets, scores.shape().num_dims());
    B::float_add(scores, offsets)
}

/// Computes what [`LossBackend::scale_along`](crate::LossBackend::scale_along) promises; the example there holds for this function,
/// too.
pub fn scale_along<B: Backend>(
    numbers: FloatTensor<B>,
    axis: usize,
    factors: FloatTensor<B>,
) -> FloatTensor<B> {
    let sizes = check::along::<B>("factors", &numbers, axis, &factors);
    if sizes.contains(&0) {
        return numbers;
    }
    let whole = numbers.shape();
    let numbers: Tensor<B, 3> = wrap(B::float_reshape(numbers, sizes.into()));
    let factors: Tensor<B, 3> = wrap(along_classes::<B>(factors, 3));
    let factors = factors.expand(sizes);
    let none = factors.clone().equal_elem(0.0);
    let product = (numbers * factors).mask_fill(none, 0.0);
    B::float_reshape(unwrap(product), whole)
}

/// One number for each place along the second axis, to be broadcast along all others.
fn along_classes<B: Backend>(numbers: FloatTensor<B>, rank: usize) -> FloatTensor<B> {
    let mut shape = vec![1; rank];
    shape[1] = numbers.shape().num_elements();
    B::float_reshape(numbers, Shape::from(shape))
}
