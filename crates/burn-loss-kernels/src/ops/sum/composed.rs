//! Sums in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorMetadata};

use crate::ops::check;
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

/// The sum of the rows of `[R, L]`, `[1, L]`, in stages of short sums.
pub(crate) fn sum_of_rows<B: Backend>(mut rows: Tensor<B, 2>) -> Tensor<B, 2> {
    loop {
        let [count, len] = rows.dims();
        if count <= BLOCK {
            return rows.sum_dim(0);
        }
        let blocks = count / BLOCK;
        let whole = rows.clone().narrow(0, 0, blocks * BLOCK);
        let sums = whole.reshape([blocks, BLOCK, len]).sum_dim(1);
        let mut parts = vec![sums.reshape([blocks, len])];
        if blocks * BLOCK < count {
            parts.push(rows.narrow(0, blocks * BLOCK, count - blocks * BLOCK));
        }
        rows = Tensor::cat(parts, 0);
    }
}

/// Computes what [`LossBackend::scale`](crate::LossBackend::scale) promises.
pub(crate) fn scale<B: Backend>(gradient: FloatTensor<B>, by: FloatTensor<B>) -> FloatTensor<B> {
    check::factor::<B>(&gradient, &by);
    let shape = gradient.shape();
    let one = vec![1; shape.num_dims()];
    let by = B::float_expand(B::float_reshape(by, one.into()), shape);
    B::float_mul(gradient, by)
}
