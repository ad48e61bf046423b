//! Connectionist temporal classification.

pub(crate) mod composed;

use burn::tensor::backend::Backend;
use burn::tensor::ops::IntTensor;

/// The targets of samples, each spread over the steps of its input.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::{CtcTargets, LossBackend};
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let ints = |number| Tensor::<B, 1, Int>::from_ints([number], &device);
/// // Two steps, one sample, a blank and one class, each with the probability 1/2.
/// let log_probs = Tensor::<B, 3>::full([2, 1, 2], 0.5f32.ln(), &device);
/// let targets = CtcTargets {
///     classes: ints(1).reshape([1, 1]).into_primitive(),
///     input_lengths: ints(2).into_primitive(),
///     target_lengths: ints(1).into_primitive(),
///     blank: 0,
/// };
/// let found = B::ctc(log_probs.into_primitive().tensor(), targets, true);
/// let loss = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(found.losses));
/// // Of four ways three give the class once.
/// assert!((loss.into_scalar() + 0.75f32.ln()).abs() < 1e-6);
/// assert!(found.gradient.is_some());
/// ```
#[derive(Clone, Debug)]
pub struct CtcTargets<B: Backend> {
    /// The classes of each sample's target, `[N, S]`, in `[0, C)`; what is beyond its length is not looked at.
    pub classes: IntTensor<B>,
    /// The steps of each sample, `[N]`, in `[0, T]`.
    pub input_lengths: IntTensor<B>,
    /// The classes of each sample's target, `[N]`, in `[0, S]`.
    pub target_lengths: IntTensor<B>,
    /// The class that stands for nothing.
    pub blank: usize,
}
