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
    let [_, classes, _] = check::per_class::<B>("offsets", &scores, &offsets);
    let offsets = along_classes::<B>(offsets, classes, scores.shape().num_dims());
    B::float_add(scores, offsets)
}

/// Computes what [`LossBackend::scale_per_class`](crate::LossBackend::scale_per_class) promises; the example there holds for this
/// function, too.
pub fn scale_per_class<B: Backend>(
    numbers: FloatTensor<B>,
    factors: FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = check::per_class::<B>("factors", &numbers, &factors);
    let whole = numbers.shape();
    if shape.contains(&0) {
        return numbers;
    }
    let numbers: Tensor<B, 3> = wrap(B::float_reshape(numbers, shape.into()));
    let factors: Tensor<B, 3> = wrap(along_classes::<B>(factors, shape[1], 3));
    let factors = factors.expand(shape);
    let none = factors.clone().equal_elem(0.0);
    let product = (numbers * factors).mask_fill(none, 0.0);
    B::float_reshape(unwrap(product), whole)
}

/// One number per class, to be broadcast along all other axes.
fn along_classes<B: Backend>(
    numbers: FloatTensor<B>,
    classes: usize,
    rank: usize,
) -> FloatTensor<B> {
    let mut shape = vec![1; rank];
    shape[1] = classes;
    B::float_reshape(numbers, Shape::from(shape))
}
