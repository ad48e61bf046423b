//! Losses of samples, one each, whose gradient is found with them.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use crate::ops::tensors::cast;

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
    /// The same numbers in another type.
    pub(crate) fn cast(self, dtype: DType) -> Self {
        Self {
            losses: cast::<B>(self.losses, dtype),
            gradient: self.gradient.map(|gradient| cast::<B>(gradient, dtype)),
        }
    }
}
