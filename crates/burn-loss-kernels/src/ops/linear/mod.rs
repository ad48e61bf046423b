//! Losses of class rows whose logits are a product of hidden states and a weight: no more than a few rows of logits are ever
//! held.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use loss_kernels::HeadOptions;

use crate::Reduced;

/// Hidden states and the head that makes logits of them, `cap * tanh(scale * (h W + b) / cap)`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::formulas::CrossEntropy;
/// use burn_loss_kernels::{
///     HeadOptions, Linear, LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights,
/// };
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let float = |tensor: Tensor<B, 2>| tensor.into_primitive().tensor();
/// let linear = Linear::<B> {
///     hidden: float(Tensor::from_floats([[1.0, 2.0]], &device)),
///     weight: float(Tensor::from_floats([[0.0, 1.0], [0.0, 0.5]], &device)),
///     bias: None,
///     options: HeadOptions::default(),
/// };
/// let targets = RowTargets::<B> {
///     classes: Some(Tensor::<B, 1, Int>::from_ints([0], &device).into_primitive()),
///     ignore_index: None,
///     smooth: SmoothWeights::Zero,
/// };
/// let formula = CrossEntropy { keep: 1.0, z_loss: 0.0 };
/// let wanted = [false, true, false];
/// let found = B::linear_reduced(
///     &formula, linear, targets, RowWeights::none(), Reduction::Mean, wanted, false,
/// );
/// let loss = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(found.reduced.loss));
/// // The logits are 0 and 2.
/// assert!((loss.into_scalar() - (1.0 + 2f32.exp()).ln()).abs() < 1e-6);
/// let [_, weight, _] = found.reduced.gradients;
/// let weight = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(weight.unwrap()));
/// let p = 2f32.exp() / (1.0 + 2f32.exp());
/// let expected = Tensor::from_floats([[-p, p], [-2.0 * p, 2.0 * p]], &device);
/// assert!((weight - expected).abs().max().into_scalar() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct Linear<B: Backend> {
    /// `[M, H]`.
    pub hidden: FloatTensor<B>,
    /// `[H, C]`; the transposed view of `[C, H]` is read where it lies.
    pub weight: FloatTensor<B>,
    /// `[C]`.
    pub bias: Option<FloatTensor<B>>,
    /// Scale, cap and memory.
    pub options: HeadOptions,
}

/// What [`LossBackend::linear_reduced`](crate::LossBackend::linear_reduced) returns; the example of [`Linear`] reads it.
#[derive(Clone, Debug)]
pub struct LinearReduced<B: Backend> {
    /// The loss, and the gradients of hidden states, weight and bias.
    pub reduced: Reduced<B>,
    /// What the logits said of each row, if that was asked for and there is no fault.
    pub rows: Option<RowPredictions<B>>,
}

/// What the logits said of each row.
#[derive(Clone, Debug)]
pub struct RowPredictions<B: Backend> {
    /// The log-probability of the row's class, `[M]`; 0 for rows that do not count.
    pub log_probs: FloatTensor<B>,
    /// The class of the largest logit, `[M]`, in the type of [`RowTargets::classes`](crate::RowTargets::classes); -1 for rows that
    /// do not count.
    pub predicted: IntTensor<B>,
}
