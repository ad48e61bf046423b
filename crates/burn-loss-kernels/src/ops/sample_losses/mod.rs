//! Losses of samples, one each, whose gradient is found with them.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use crate::ops::tensors::{cast, widen_half};

/// What [`LossBackend::ctc`](crate::LossBackend::ctc) and [`LossBackend::multi_label_margin`](crate::LossBackend::multi_label_margin)
/// return; the examples there read it.
#[derive(Clone, Debug)]
pub struct SampleLosses<B: Backend> {
    /// One loss per sample, `[N]`.
    pub losses: FloatTensor<B>,
    /// The gradient of their sum, of the shape of the predictions, if it was wanted.
    pub gradient: Option<FloatTensor<B>>,
}

impl<B: Backend> SampleLosses<B> {
    /// What is found for predictions, those of 16 bits in 32, in their own type.
    pub(crate) fn in_f32(
        predictions: FloatTensor<B>,
        find: impl FnOnce(FloatTensor<B>) -> Self,
    ) -> Self {
        let dtype = predictions.dtype();
        let Self { losses, gradient } = find(widen_half::<B>(predictions));
        Self {
            losses: cast::<B>(losses, dtype),
            gradient: gradient.map(|gradient| cast::<B>(gradient, dtype)),
        }
    }
}
