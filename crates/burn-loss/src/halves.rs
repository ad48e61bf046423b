//! Numbers of 16 bits, computed in 32 where a sum would overflow and a small number would become 0.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

/// The type in which to compute with numbers of this type.
pub(crate) fn at_least_f32(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        dtype => dtype,
    }
}

/// The same numbers in the type in which to compute with them; no copy of those that are in it already.
pub(crate) fn widen_halves<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let dtype = at_least_f32(tensor.dtype());
    tensor.cast(dtype)
}
