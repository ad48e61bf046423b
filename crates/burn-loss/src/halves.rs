//! Numbers of 16 bits, computed in 32 where a sum would overflow and a small number would become 0.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_loss_kernels::composed::at_least_f32;

/// The same numbers in the type in which to compute with them; no copy of those that are in it already.
pub(crate) fn widen_halves<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let dtype = at_least_f32(tensor.dtype());
    tensor.cast(dtype)
}
