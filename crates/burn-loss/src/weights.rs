//! The weights of a config as tensors.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// A config's weights as a tensor.
pub(crate) fn weights_tensor<B: Backend>(
    weights: Option<&Vec<f32>>,
    device: &B::Device,
) -> Option<Tensor<B, 1>> {
    weights.map(|weights| Tensor::from_data(TensorData::from(weights.as_slice()), device))
}
