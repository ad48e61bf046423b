//! The fused operation behind the classification losses of `burn-loss`, as a Burn backend extension.
//!
//! Cross entropy, and everything derived from it, needs three numbers of each row of logits. [`LossBackend`] computes
//! them in one operation and turns their gradients into the gradient of the logits in another:
//!
//! | column | value | its gradient with respect to logit `j` |
//! | --- | --- | --- |
//! | [`TARGET_LOG_PROB`] | `x_t - lse` | `1[j = t] - p_j` |
//! | [`SMOOTH_LOG_PROB`] | `sum_c w_c (x_c - lse)` | `w_j - p_j * sum_c w_c` |
//! | [`LOG_SUM_EXP`] | `lse = log sum_c exp(x_c)` | `p_j` |
//!
//! with `p = softmax(x)`. Everything else a loss does (class weights, smoothing, masks, reductions) is arithmetic on
//! one number a row, in ordinary Burn operations.
//!
//! ```
//! use burn::backend::NdArray;
//! use burn::tensor::{Int, Tensor, TensorPrimitive};
//! use burn_loss_kernels::{
//!     LOG_SUM_EXP, LossBackend, RowTargets, SMOOTH_LOG_PROB, SmoothWeights, TARGET_LOG_PROB,
//! };
//!
//! type B = NdArray;
//!
//! let device = Default::default();
//! // The softmax of a row's logarithms is the row over its sum.
//! let logits = Tensor::<B, 2>::from_floats([[1.0, 3.0], [4.0, 1.0]], &device).log();
//! let classes = Tensor::<B, 1, Int>::from_ints([1, -100], &device);
//! let targets = RowTargets {
//!     classes: Some(classes.into_primitive()),
//!     ignore_index: Some(-100),
//!     smooth: SmoothWeights::Uniform(0.5),
//! };
//! let terms = B::softmax_terms(logits.into_primitive().tensor(), targets).terms;
//! let terms = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(terms));
//! let terms = terms.into_data().to_vec::<f32>().unwrap();
//!
//! assert!((terms[TARGET_LOG_PROB] - 0.75f32.ln()).abs() < 1e-6);
//! // (ln 1/4 + ln 3/4) / 2, and ln(1 + 3).
//! assert!((terms[SMOOTH_LOG_PROB] - 0.5 * 0.1875f32.ln()).abs() < 1e-6);
//! assert!((terms[LOG_SUM_EXP] - 4f32.ln()).abs() < 1e-6);
//! // The second row is ignored.
//! assert_eq!(terms[3..], [0.0; 3]);
//! ```
//!
//! The default bodies, in [`composed`], are plain Burn operations and serve every backend; they are also the reference
//! against which the kernels are tested.

pub mod composed;
#[cfg(feature = "cubecl")]
mod cube;
#[cfg(feature = "fusion")]
mod fusion;

#[cfg(feature = "autodiff")]
mod autodiff;
mod check;
#[cfg(feature = "cpu")]
mod cpu;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{FloatTensor, IntTensor};

use check::rows_shape;

/// Column of the terms that holds the log-probability of the target class; the example at the crate's root reads it.
pub const TARGET_LOG_PROB: usize = 0;
/// Column of the terms that holds the weighted sum of all log-probabilities; the example at the crate's root reads it.
pub const SMOOTH_LOG_PROB: usize = 1;
/// Column of the terms that holds the log of the sum of the exponentials of the logits; the example at the crate's root reads it.
pub const LOG_SUM_EXP: usize = 2;

/// The weights `w` of [`SMOOTH_LOG_PROB`].
///
/// # Example
///
/// ```
/// use burn_loss_kernels::SmoothWeights;
///
/// let weights = SmoothWeights::PerClass(vec![0.25, 0.75]);
/// // Of every kind of tensor, what `f` makes of it.
/// let sum = weights.as_ref().map(|weights| weights.iter().sum::<f64>());
/// assert!(matches!(sum, SmoothWeights::PerClass(1.0)));
/// let absent: Option<SmoothWeights<f64>> = SmoothWeights::PerLogit(None).transpose();
/// assert!(absent.is_none());
/// ```
#[derive(Clone, Debug)]
pub enum SmoothWeights<T> {
    /// No weights: the column is 0.
    Zero,
    /// The same weight for every class of every row.
    Uniform(f64),
    /// One weight a class, `[C]`, the same in every row.
    PerClass(T),
    /// One weight a logit, of the shape of the logits: target probabilities.
    PerLogit(T),
}

impl<T> SmoothWeights<T> {
    /// The same weights by reference.
    pub fn as_ref(&self) -> SmoothWeights<&T> {
        match self {
            SmoothWeights::Zero => SmoothWeights::Zero,
            SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(*weight),
            SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(weights),
            SmoothWeights::PerLogit(weights) => SmoothWeights::PerLogit(weights),
        }
    }

    /// The same weights in another tensor type.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> SmoothWeights<U> {
        match self {
            SmoothWeights::Zero => SmoothWeights::Zero,
            SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(weight),
            SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(f(weights)),
            SmoothWeights::PerLogit(weights) => SmoothWeights::PerLogit(f(weights)),
        }
    }
}

impl<T> SmoothWeights<Option<T>> {
    /// The weights if there are any to be had, like [`Option::transpose`].
    pub fn transpose(self) -> Option<SmoothWeights<T>> {
        Some(match self {
            SmoothWeights::Zero => SmoothWeights::Zero,
            SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(weight),
            SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(weights?),
            SmoothWeights::PerLogit(weights) => SmoothWeights::PerLogit(weights?),
        })
    }
}

/// What the rows of logits are compared with; the example at the crate's root makes one.
///
/// The logits are `[N, C, d1, ..]`, of any rank from 2. With the positions `S = d1 * ..` (1 of plain `[N, C]` logits) there
/// is one row a pair of `n` and position, `M = N * S` rows in that order, so that dense prediction (`[N, C, H, W]`) needs no
/// transposed copy. The rank is not fixed, because changing it costs a copy on some backends (NdArray).
#[derive(Clone, Debug)]
pub struct RowTargets<B: Backend> {
    /// The class of each row, `[M]`; without it [`TARGET_LOG_PROB`] is 0.
    ///
    /// A row whose class is outside `[0, C)` and is not `ignore_index` has NaN terms and a NaN gradient.
    pub classes: Option<IntTensor<B>>,
    /// Rows of this class are ignored: their terms and their gradient are 0, whatever their logits.
    pub ignore_index: Option<i64>,
    /// The weights of [`SMOOTH_LOG_PROB`].
    pub smooth: SmoothWeights<FloatTensor<B>>,
}

/// What [`LossBackend::softmax_terms`] and [`LossBackend::target_log_prob`] return; the example at the crate's root reads it.
#[derive(Clone, Debug)]
pub struct SoftmaxTerms<B: Backend> {
    /// The three numbers of each row, `[M, 3]`, or the first of them alone, `[M]`.
    pub terms: FloatTensor<B>,
    /// What the backward pass needs beside the logits, `[M, 2]`: the row's largest logit, and its log-sum-exp relative
    /// to that. Their sum would lose the digits that matter when all logits are large.
    pub normalizer: FloatTensor<B>,
}

/// A backend with the fused loss operations.
///
/// Write `B: LossBackend` where generic code says `B: Backend`. A backend of your own joins with an empty `impl`, and computes
/// the operations in plain Burn operations until it overrides them.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::{LossBackend, RowTargets, SmoothWeights};
///
/// /// The log-probabilities of the classes, on any backend.
/// fn log_probs<B: LossBackend>(logits: Tensor<B, 2>, classes: Tensor<B, 1, Int>) -> Tensor<B, 1> {
///     let targets = RowTargets {
///         classes: Some(classes.into_primitive()),
///         ignore_index: None,
///         smooth: SmoothWeights::Zero,
///     };
///     let found = B::target_log_prob(logits.into_primitive().tensor(), targets);
///     Tensor::from_primitive(TensorPrimitive::Float(found.terms))
/// }
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[1.0, 3.0]], &device).log();
/// let found = log_probs(logits, Tensor::from_ints([1], &device)).into_scalar();
/// assert!((found - 0.75f32.ln()).abs() < 1e-6);
/// ```
pub trait LossBackend: Backend {
    /// Computes the three terms of every row of the logits `[N, C, d1, ..]`; the example at the crate's root calls it.
    ///
    /// The values are computed relative to the row's largest logit, so that neither a confident row nor a common offset
    /// loses digits. A row that holds NaN or `+inf`, or only `-inf`, gives NaN, as in PyTorch.
    ///
    /// # Panics
    ///
    /// If the logits have fewer than two dimensions or no class, if the classes or weights do not have the shapes that
    /// [`RowTargets`] says, or if a device cannot index them.
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        composed::softmax_terms(logits, targets)
    }

    /// Turns the gradient of the terms, `[M, 3]`, into the gradient of the logits, `[N, C, d1, ..]`; the example of
    /// [`composed`] calls it.
    ///
    /// `logits` and `targets` are those of the forward pass and `normalizer` is what it returned. A row whose three
    /// gradients are all 0 has the gradient 0, whatever its logits. An implementation may write the result into the
    /// logits' buffer if nothing else holds it.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`], and under `Autodiff`: the losses have first derivatives only.
    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::softmax_terms_backward(logits, targets, normalizer, grad)
    }

    /// Computes [`TARGET_LOG_PROB`] alone, `[M]`: all that most losses need, at a third of the memory.
    ///
    /// The weights of the targets are not looked at.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`].
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor, TensorPrimitive};
    /// use burn_loss_kernels::{LossBackend, RowTargets, SmoothWeights};
    ///
    /// type B = NdArray;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<B, 2>::from_floats([[1.0, 3.0]], &device).log();
    /// let classes = Tensor::<B, 1, Int>::from_ints([1], &device);
    /// let targets = RowTargets {
    ///     classes: Some(classes.into_primitive()),
    ///     ignore_index: None,
    ///     smooth: SmoothWeights::Zero,
    /// };
    /// let logits = logits.into_primitive().tensor();
    /// let found = B::target_log_prob(logits.clone(), targets.clone());
    /// let log_prob = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(found.terms));
    /// assert!((log_prob.into_scalar() - 0.75f32.ln()).abs() < 1e-6);
    ///
    /// // The gradient of -log p is p, and p - 1 at the class.
    /// let minus = Tensor::<B, 1>::from_floats([-1.0], &device).into_primitive().tensor();
    /// let gradient = B::target_log_prob_backward(logits, targets, found.normalizer, minus);
    /// let gradient = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(gradient));
    /// let gradient = gradient.into_data().to_vec::<f32>().unwrap();
    /// assert!((gradient[0] - 0.25).abs() < 1e-6 && (gradient[1] + 0.25).abs() < 1e-6);
    /// ```
    fn target_log_prob(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        composed::target_log_prob(logits, targets)
    }

    /// Turns the gradient of [`Self::target_log_prob`], `[M]`, into the gradient of the logits; the example there calls it.
    ///
    /// As [`Self::softmax_terms_backward`] with the gradient 0 for the other two terms, panics included.
    fn target_log_prob_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::target_log_prob_backward(logits, targets, normalizer, grad)
    }
}

/// A [`LossBackend`] that differentiates, and whose inner backend is a [`LossBackend`] too.
///
/// Write it where generic training code says `B: AutodiffBackend`.
///
/// # Example
///
/// ```
/// use burn::backend::{Autodiff, NdArray};
/// use burn_loss_kernels::{AutodiffLossBackend, LossBackend};
///
/// /// What trains on `B` and validates on its inner backend.
/// fn backends<B: AutodiffLossBackend>(device: &B::Device) -> [String; 2] {
///     fn name<B: LossBackend>(device: &B::Device) -> String {
///         B::name(device)
///     }
///     [name::<B>(device), name::<B::InnerBackend>(device)]
/// }
///
/// let names = backends::<Autodiff<NdArray>>(&Default::default());
/// assert_eq!(names, ["autodiff<ndarray>", "ndarray"]);
/// ```
pub trait AutodiffLossBackend: AutodiffBackend<InnerBackend: LossBackend> + LossBackend {}

impl<B> AutodiffLossBackend for B where B: AutodiffBackend<InnerBackend: LossBackend> + LossBackend {}
