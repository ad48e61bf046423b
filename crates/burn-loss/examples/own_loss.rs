//! A loss of your own: one method, and masks, weights and reductions come with it.

use burn::backend::NdArray;
use burn::tensor::Tensor;
use burn_loss::{ElementwiseLoss, LossBackend};

/// The error relative to the size of the target.
struct RelativeError;

impl<B: LossBackend> ElementwiseLoss<B> for RelativeError {
    fn name(&self) -> &'static str {
        "RelativeError"
    }

    fn losses<const D: usize>(&self, x: Tensor<B, D>, y: Tensor<B, D>) -> Tensor<B, D> {
        (x - y.clone()).abs() / (y.abs() + 1.0)
    }
}

fn main() {
    let device = Default::default();
    let prediction = Tensor::<NdArray, 1>::from_floats([2.0, f32::NAN], &device);
    let target = Tensor::from_floats([3.0, 1.0], &device);
    let mask = Tensor::from_floats([1.0, 0.0], &device);
    let mean = RelativeError.forward_weighted(prediction, target, mask);
    // NaN under the mask reaches nothing.
    assert_eq!(mean.into_scalar(), 0.25);
}
