//! What the losses of binary logits are made of, without overflow and without lost digits. Not to be differentiated.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_loss_kernels::composed::log1p;

/// Detached logits `x` and `exp(-|x|)`.
pub(super) struct BinaryLogits<B: Backend, const D: usize> {
    x: Tensor<B, D>,
    decay: Tensor<B, D>,
}

impl<B: Backend, const D: usize> BinaryLogits<B, D> {
    pub(super) fn new(x: Tensor<B, D>) -> Self {
        let decay = x.clone().abs().neg().exp();
        Self { x, decay }
    }

    /// `softplus(x)` and `softplus(-x)`, as `max(+-x, 0) + log(1 + exp(-|x|))`.
    pub(super) fn softplus(&self) -> (Tensor<B, D>, Tensor<B, D>) {
        let tail = log1p(self.decay.clone());
        let above = self.x.clone().clamp_min(0.0);
        let below = self.x.clone().neg().clamp_min(0.0);
        (above + tail.clone(), below + tail)
    }

    /// `sigmoid(x)` and `sigmoid(-x)`.
    pub(super) fn sigmoid(&self) -> (Tensor<B, D>, Tensor<B, D>) {
        // s(-|x|) and s(|x|); the smaller comes first, because 1 - s of the larger would cancel.
        // Nor `recip`: NdArray's, vectorised, is good to 1e-5 only.
        let doubtful = self.decay.clone() / (self.decay.clone() + 1.0);
        let certain = doubtful.clone().neg() + 1.0;
        let is_negative = self.x.clone().lower_elem(0.0);
        (
            certain
                .clone()
                .mask_where(is_negative.clone(), doubtful.clone()),
            doubtful.mask_where(is_negative, certain),
        )
    }
}
