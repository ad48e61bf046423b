//! Tensors as numbers on the host, in f64: the only place that reads a device.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

/// The tensor's elements in row-major order.
pub(crate) fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    // A device has nothing to read for a tensor without elements, and some panic when asked.
    match tensor.shape().num_elements() {
        0 => Vec::new(),
        _ => tensor.into_data().iter::<f64>().collect(),
    }
}

/// The tensor's elements in row-major order.
pub(crate) fn integers<B: Backend, const D: usize>(tensor: Tensor<B, D, Int>) -> Vec<i64> {
    match tensor.shape().num_elements() {
        0 => Vec::new(),
        _ => tensor.into_data().iter::<i64>().collect(),
    }
}
