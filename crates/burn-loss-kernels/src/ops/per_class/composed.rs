//! An offset per class in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use crate::ops::check;

/// Computes what [`LossBackend::add_per_class`](crate::LossBackend::add_per_class) promises; the example there holds for this
/// function, too.
pub fn add_per_class<B: Backend>(
    scores: FloatTensor<B>,
    offsets: FloatTensor<B>,
) -> FloatTensor<B> {
    let [_, classes, _] = check::offsets::<B>(&scores, &offsets);
    let mut shape = vec![1; scores.shape().num_dims()];
    shape[1] = classes;
    let offsets = B::float_reshape(offsets, Shape::from(shape));
    B::float_add(scores, offsets)
}
