//! Sums in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorMetadata};

use crate::ops::tensors::{cast, unwrap, widen_half, wrap};

/// Numbers per partial sum: few enough that a running total in `f32` does not swallow them.
const BLOCK: usize = 64;

/// Computes what [`LossBackend::sum`](crate::LossBackend::sum) promises, in stages of short sums; the example there holds for
/// this function, too.
pub fn sum<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let (count, dtype) = (tensor.shape().num_elements(), tensor.dtype());
    let tensor = B::float_reshape(widen_half::<B>(tensor), [count].into());
    let mut numbers: Tensor<B, 1> = wrap(tensor);
    while numbers.dims()[0] > BLOCK {
        let [count] = numbers.dims();
        let whole = count / BLOCK * BLOCK;
        let blocks = numbers.clone().narrow(0, 0, whole);
        let sums = blocks.reshape([count / BLOCK, BLOCK]).sum_dim(1);
        let mut parts = vec![sums.reshape([count / BLOCK])];
        if whole < count {
            parts.push(numbers.narrow(0, whole, count - whole));
        }
        numbers = Tensor::cat(parts, 0);
    }
    cast::<B>(unwrap(numbers.sum()), dtype)
}

/// Computes what [`LossBackend::scale`](crate::LossBackend::scale) promises.
pub(crate) fn scale<B: Backend>(gradient: FloatTensor<B>, by: FloatTensor<B>) -> FloatTensor<B> {
    let shape = gradient.shape();
    let one = vec![1; shape.num_dims()];
    let by = B::float_expand(B::float_reshape(by, one.into()), shape);
    B::float_mul(gradient, by)
}
