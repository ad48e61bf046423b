//! The operations in plain Burn operations: what every backend gets by default, and the reference of the kernels.
//!
//! Logits of 16 bits are computed in 32, as by the kernels, and so is the normalizer; terms and gradients are of the
//! logits' type.
//!
//! Shapes and panics are those of the methods of [`LossBackend`] with the same names.
//!
//! # Example
//!
//! ```
//! use burn::backend::NdArray;
//! use burn::tensor::{Int, Tensor, TensorPrimitive};
//! use burn_loss_kernels::{LossBackend, RowTargets, SmoothWeights, composed};
//!
//! type B = NdArray;
//!
//! let device = Default::default();
//! let logits = || Tensor::<B, 2>::from_floats([[1.0, 3.0]], &device).log().into_primitive().tensor();
//! let targets = RowTargets::<B> {
//!     classes: Some(Tensor::<B, 1, Int>::from_ints([1], &device).into_primitive()),
//!     ignore_index: None,
//!     smooth: SmoothWeights::Zero,
//! };
//! let numbers = |tensor| Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(tensor));
//! let close = |a: Tensor<B, 2>, b: Tensor<B, 2>| (a - b).abs().max().into_scalar() < 1e-6;
//!
//! // The reference, and the kernels of the backend.
//! let reference = composed::softmax_terms::<B>(logits(), targets.clone());
//! let kernel = B::softmax_terms(logits(), targets.clone());
//! assert!(close(numbers(reference.terms.clone()), numbers(kernel.terms.clone())));
//!
//! let minus = || Tensor::<B, 2>::from_floats([[-1.0, 0.0, 0.0]], &device).into_primitive().tensor();
//! let reference = composed::softmax_terms_backward::<B>(
//!     logits(), targets.clone(), reference.normalizer, minus(),
//! );
//! let kernel = B::softmax_terms_backward(logits(), targets, kernel.normalizer, minus());
//! assert!(close(numbers(reference), numbers(kernel.clone())));
//! // p - 1 at the class, p elsewhere.
//! assert!(close(numbers(kernel), Tensor::from_floats([[0.25, -0.25]], &device)));
//! ```

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Bool, DType, FloatDType, Int, Tensor, TensorMetadata, TensorPrimitive};

use crate::{
    LossBackend, RowTargets, SmoothWeights, SoftmaxTerms, TARGET_LOG_PROB, check, rows_shape,
};

/// Computes what [`LossBackend::softmax_terms`] promises; the example at the [module's](self) root compares them.
pub fn softmax_terms<B: Backend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
) -> SoftmaxTerms<B> {
    let [n, num_classes, s] = check::targets(&logits, &targets);
    let dtype = logits.dtype();
    let logits = as_rows::<B>(widen_half::<B>(logits));
    let max = logits.clone().max_dim(1);
    let shifted = logits.clone() - max.clone();

    // The largest logits are counted, not summed, so that what the others add to 1 is not rounded away.
    let at_max = shifted.clone().equal_elem(0.0);
    let ties = at_max.clone().float().cast(max.dtype()).sum_dim(1);
    let below = shifted.clone().exp().mask_fill(at_max, 0.0).sum_dim(1);
    let relative_lse = ties.clone().log() + log1p(below / ties);

    let rows = Rows::new(targets.classes, targets.ignore_index, [n, num_classes, s]);
    let target_log_prob = match &rows {
        Some(rows) => shifted.gather(1, rows.classes.clone()) - relative_lse.clone(),
        None => max.zeros_like(),
    };
    let smooth_log_prob = smooth_weights::<B>(targets.smooth, num_classes)
        .map(|smooth| smooth.sum_log_probs(logits, &max, &relative_lse));
    let log_sum_exp = max.clone() + relative_lse.clone();

    // A column that was not asked for is 0, also of a row with a wrong class.
    let absent = max.zeros_like().reshape([n * s, 1]);
    let of_rows = |column: Tensor<B, 3>| {
        let column = match &rows {
            Some(rows) => column
                .mask_fill(rows.invalid.clone(), f64::NAN)
                .mask_fill(rows.ignored.clone(), 0.0),
            None => column,
        };
        column.reshape([n * s, 1])
    };
    let terms = vec![
        of_rows(target_log_prob),
        smooth_log_prob.map_or(absent, of_rows),
        of_rows(log_sum_exp),
    ];
    SoftmaxTerms {
        terms: unwrap(Tensor::cat(terms, 1).cast(dtype)),
        normalizer: unwrap(Tensor::cat(vec![of_rows(max), of_rows(relative_lse)], 1)),
    }
}

/// Computes what [`LossBackend::softmax_terms_backward`] promises; the example at the [module's](self) root compares them.
pub fn softmax_terms_backward<B: Backend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    check::backward(&logits, &targets, &normalizer, &grad, 3);
    let (shape, dtype) = (logits.shape(), logits.dtype());
    let logits = as_rows::<B>(widen_half::<B>(logits));
    let [n, num_classes, s] = logits.dims();
    let [max, relative_lse] = columns::<B, 2>(normalizer, [n, s]);
    let grads = columns::<B, 3>(grad, [n, s]);
    let [grad_target, grad_smooth, grad_lse] = &grads;

    let shifted = logits - max;
    let at_max = shifted.clone().equal_elem(0.0);
    let probs = (shifted - relative_lse.clone()).exp();
    let mut out = probs.clone() * grad_lse.clone();
    let rows = Rows::new(targets.classes, targets.ignore_index, [n, num_classes, s]);
    if let Some(rows) = &rows {
        let elsewhere = probs.clone() * (grad_lse.clone() - grad_target.clone());
        // 1 - p of the target as the sum of the others: where p is almost 1, subtracting would leave no digits.
        let at_target = rows.at_target(num_classes);
        let others = probs.clone().mask_fill(at_target.clone(), 0.0).sum_dim(1);
        let here = (grad_target.clone() * others).expand([n, num_classes, s]) + out;
        out = elsewhere.mask_where(at_target, here);
    }
    if let Some(smooth) = smooth_weights::<B>(targets.smooth, num_classes) {
        // 1 - p, which a confident row's largest logit would lose its digits to.
        let not_max = one_minus_exp_neg(relative_lse);
        let others =
            (probs.clone().neg() + 1.0).mask_where(at_max, not_max.expand([n, num_classes, s]));
        out = out + smooth.grad(probs, others, grad_smooth);
    }

    let mut dead = grads
        .iter()
        .map(|grad| grad.clone().equal_elem(0.0))
        .reduce(|a, b| a.bool_and(b))
        .expect("there are three columns");
    if let Some(rows) = rows {
        out = out.mask_fill(rows.invalid.expand([n, num_classes, s]), f64::NAN);
        dead = dead.bool_or(rows.ignored);
    }
    let out = out.mask_fill(dead.expand([n, num_classes, s]), 0.0);
    B::float_reshape(unwrap(out.cast(dtype)), shape)
}

/// Computes what [`LossBackend::target_log_prob`] promises, from the operation that computes all three terms; the example
/// there holds for this function, too.
pub fn target_log_prob<B: LossBackend>(
    logits: FloatTensor<B>,
    mut targets: RowTargets<B>,
) -> SoftmaxTerms<B> {
    targets.smooth = SmoothWeights::Zero;
    let SoftmaxTerms { terms, normalizer } = B::softmax_terms(logits, targets);
    SoftmaxTerms {
        terms: unwrap(column::<B>(wrap(terms), TARGET_LOG_PROB)),
        normalizer,
    }
}

/// Computes what [`LossBackend::target_log_prob_backward`] promises, likewise.
pub fn target_log_prob_backward<B: LossBackend>(
    logits: FloatTensor<B>,
    mut targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    targets.smooth = SmoothWeights::Zero;
    let grad: Tensor<B, 1> = wrap(grad);
    let [rows] = grad.dims();
    let others = Tensor::zeros([rows, 2], (&grad.device(), grad.dtype()));
    let grad = Tensor::cat(vec![grad.reshape([rows, 1]), others], 1);
    B::softmax_terms_backward(logits, targets, normalizer, unwrap(grad))
}

/// One column of the terms `[M, 3]`, `[M]`.
///
/// # Panics
///
/// If there is no such column.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::{LOG_SUM_EXP, composed::column};
///
/// let terms = Tensor::<NdArray, 2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Default::default());
/// assert_eq!(column(terms, LOG_SUM_EXP).into_data().to_vec::<f32>().unwrap(), [3.0, 6.0]);
/// ```
pub fn column<B: Backend>(terms: Tensor<B, 2>, index: usize) -> Tensor<B, 1> {
    let [rows, _] = terms.dims();
    if rows == 0 {
        // Burn's slice of nothing leaves the graph; this sum of nothing does not.
        return terms.sum_dim(1).reshape([0]);
    }
    // A row of the transposed terms, which NdArray copies a hundred times faster than a column.
    let transposed = terms.swap_dims(0, 1);
    transposed
        .slice([index..index + 1, 0..rows])
        .reshape([rows])
}

/// The gradient of the weights of [`SMOOTH_LOG_PROB`](crate::SMOOTH_LOG_PROB), of the shape of the logits and of the
/// weights' type: the log-probabilities times the row's gradient. Ignored rows and rows with the gradient 0 give 0.
///
/// # Shapes
///
/// - `logits`, output: `[N, C, d1, ..]`
/// - `normalizer`: `[M, 2]`, `grad`: `[M, 3]`
///
/// # Panics
///
/// As [`LossBackend::softmax_terms_backward`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Tensor, TensorPrimitive};
/// use burn_loss_kernels::{LossBackend, RowTargets, SmoothWeights, composed};
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let logits = Tensor::<B, 2>::from_floats([[1.0, 3.0]], &device).log().into_primitive().tensor();
/// let weights = Tensor::<B, 1>::from_floats([0.5, 0.5], &device).into_primitive().tensor();
/// let targets = RowTargets::<B> {
///     classes: None,
///     ignore_index: None,
///     smooth: SmoothWeights::PerClass(weights),
/// };
/// let found = B::softmax_terms(logits.clone(), targets.clone());
/// let grad = Tensor::<B, 2>::from_floats([[0.0, 1.0, 0.0]], &device).into_primitive().tensor();
/// let grad = composed::smooth_weights_grad::<B>(logits, targets, found.normalizer, grad);
/// let grad = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(grad)).into_data();
/// // The log-probabilities.
/// let grad = grad.to_vec::<f32>().unwrap();
/// assert!((grad[0] - 0.25f32.ln()).abs() < 1e-6 && (grad[1] - 0.75f32.ln()).abs() < 1e-6);
/// ```
pub fn smooth_weights_grad<B: Backend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    check::backward(&logits, &targets, &normalizer, &grad, 3);
    let (shape, mut dtype) = (logits.shape(), logits.dtype());
    if let SmoothWeights::PerClass(weights) | SmoothWeights::PerLogit(weights) = &targets.smooth {
        dtype = weights.dtype();
    }
    let logits = as_rows::<B>(widen_half::<B>(logits));
    let [n, num_classes, s] = logits.dims();
    let [max, relative_lse] = columns::<B, 2>(normalizer, [n, s]);
    let [_, grad, _] = columns::<B, 3>(grad, [n, s]);
    let mut dead = grad.clone().equal_elem(0.0);
    if let Some(rows) = Rows::new(targets.classes, targets.ignore_index, [n, num_classes, s]) {
        dead = dead.bool_or(rows.ignored);
    }
    let dead = dead.expand([n, num_classes, s]);
    let log_probs = logits - max - relative_lse;
    let out = (log_probs * grad).mask_fill(dead, 0.0);
    B::float_reshape(unwrap(out.cast(dtype)), shape)
}

/// The columns of `[M, K]`, each as `[N, 1, S]`.
fn columns<B: Backend, const K: usize>(
    tensor: FloatTensor<B>,
    [n, s]: [usize; 2],
) -> [Tensor<B, 3>; K] {
    let tensor: Tensor<B, 2> = wrap(widen_half::<B>(tensor));
    core::array::from_fn(|i| {
        let column = tensor.clone().slice([0..n * s, i..i + 1]);
        column.reshape([n, 1, s])
    })
}

/// The type in which to compute with numbers of this type: 32 bits for those of 16, or a sum would overflow, a small number
/// would become 0, and the probabilities of the backward pass would be off by more than their own rounding.
///
/// # Example
///
/// ```
/// use burn::tensor::DType;
/// use burn_loss_kernels::composed::at_least_f32;
///
/// assert_eq!([DType::BF16, DType::F64].map(at_least_f32), [DType::F32, DType::F64]);
/// ```
pub fn at_least_f32(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        dtype => dtype,
    }
}

/// Numbers of 16 bits in 32.
fn widen_half<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    if at_least_f32(tensor.dtype()) == tensor.dtype() {
        return tensor;
    }
    B::float_cast(tensor, FloatDType::F32)
}

/// Logits `[N, C, d1, ..]`, or as many weights, as `[N, C, S]`.
pub(crate) fn as_rows<B: Backend>(logits: FloatTensor<B>) -> Tensor<B, 3> {
    let shape = rows_shape(&logits.shape());
    wrap(B::float_reshape(logits, shape.into()))
}

/// The classes of the rows as `[N, 1, S]`, and which of them do not count.
struct Rows<B: Backend> {
    /// Safe to gather with: 0 where the row is ignored or invalid.
    classes: Tensor<B, 3, Int>,
    ignored: Tensor<B, 3, Bool>,
    invalid: Tensor<B, 3, Bool>,
}

impl<B: Backend> Rows<B> {
    fn new(
        classes: Option<IntTensor<B>>,
        ignore_index: Option<i64>,
        [n, num_classes, s]: [usize; 3],
    ) -> Option<Self> {
        let classes: Tensor<B, 1, Int> = Tensor::from_primitive(classes?);
        let classes = classes.reshape([n, 1, s]);
        let outside = classes
            .clone()
            .lower_elem(0)
            .bool_or(classes.clone().greater_equal_elem(num_classes as i64));
        let (ignored, invalid) = match ignore_index {
            Some(index) => {
                let ignored = classes.clone().equal_elem(index);
                let invalid = outside.clone().bool_and(ignored.clone().bool_not());
                (ignored, invalid)
            }
            None => (classes.clone().not_equal(classes.clone()), outside.clone()),
        };
        Some(Self {
            classes: classes.mask_fill(outside, 0),
            ignored,
            invalid,
        })
    }

    /// Where in `[N, C, S]` the target classes are.
    fn at_target(&self, num_classes: usize) -> Tensor<B, 3, Bool> {
        let [n, _, s] = self.classes.dims();
        Tensor::<B, 1, Int>::arange(0..num_classes as i64, &self.classes.device())
            .reshape([1, num_classes, 1])
            .expand([n, num_classes, s])
            .equal(self.classes.clone().expand([n, num_classes, s]))
    }
}

/// The smooth weights as something that broadcasts with `[N, C, S]`, with their sum over the classes.
struct Smooth<B: Backend> {
    weights: Weights<B>,
    total: Weights<B>,
}

enum Weights<B: Backend> {
    Scalar(f64),
    Tensor(Tensor<B, 3>),
}

impl<B: Backend> Weights<B> {
    fn times(&self, tensor: Tensor<B, 3>) -> Tensor<B, 3> {
        match self {
            Weights::Scalar(weight) => tensor * *weight,
            Weights::Tensor(weights) => tensor * weights.clone(),
        }
    }
}

fn smooth_weights<B: Backend>(
    smooth: SmoothWeights<FloatTensor<B>>,
    num_classes: usize,
) -> Option<Smooth<B>> {
    let weights: Tensor<B, 3> = match smooth {
        SmoothWeights::Zero => return None,
        SmoothWeights::Uniform(weight) => {
            return Some(Smooth {
                weights: Weights::Scalar(weight),
                total: Weights::Scalar(weight * num_classes as f64),
            });
        }
        SmoothWeights::PerClass(weights) => {
            wrap::<B, 1>(widen_half::<B>(weights)).reshape([1, num_classes, 1])
        }
        SmoothWeights::PerLogit(weights) => as_rows::<B>(widen_half::<B>(weights)),
    };
    Some(Smooth {
        total: Weights::Tensor(weights.clone().sum_dim(1)),
        weights: Weights::Tensor(weights),
    })
}

impl<B: Backend> Smooth<B> {
    fn sum_log_probs(
        &self,
        logits: Tensor<B, 3>,
        max: &Tensor<B, 3>,
        relative_lse: &Tensor<B, 3>,
    ) -> Tensor<B, 3> {
        // Halved, because the distance of two finite logits need not be finite, while its product with a weight is.
        let halved = logits * 0.5 - max.clone() * 0.5;
        (self.weights.times(halved) * 2.0).sum_dim(1) - self.total.times(relative_lse.clone())
    }

    /// `w_j - p_j * sum w` as `w_j (1 - p_j) - p_j (sum w - w_j)`, given `1 - p` as `others`.
    fn grad(&self, probs: Tensor<B, 3>, others: Tensor<B, 3>, grad: &Tensor<B, 3>) -> Tensor<B, 3> {
        let of_others = match (&self.weights, &self.total) {
            (Weights::Tensor(weights), Weights::Tensor(total)) => {
                probs * (total.clone() - weights.clone())
            }
            (Weights::Scalar(weight), Weights::Scalar(total)) => probs * (total - weight),
            _ => unreachable!("the sum of the weights is of their kind"),
        };
        (self.weights.times(others) - of_others) * grad.clone()
    }
}

/// `1 - exp(-x)` for `x >= 0` that keeps the digits of a small `x`. Not to be differentiated, like [`log1p`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::one_minus_exp_neg;
///
/// let x = Tensor::<NdArray, 1>::from_floats([1e-6], &Default::default());
/// let found = one_minus_exp_neg(x).into_scalar();
/// assert!((found / 9.999995e-7 - 1.0).abs() < 1e-6);
/// ```
pub fn one_minus_exp_neg<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    // The series, because a device's exp and log near 1 may be too coarse to cancel each other's rounding.
    let small = (2..=9).rev().fold(x.ones_like(), |sum, n| {
        (x.clone() * sum / f64::from(n)).neg() + 1.0
    });
    let small = small * x.clone();
    let is_large = x.clone().greater_elem(0.1);
    let large = x.neg().exp().neg() + 1.0;
    small.mask_where(is_large, large)
}

/// `log(1 + x)` that keeps the digits of a small `x` also where the device's own does not. Not to be differentiated:
/// only its value is meant to be exact.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::log1p;
///
/// let x = Tensor::<NdArray, 1>::from_floats([1e-6], &Default::default());
/// let found = log1p(x).into_scalar();
/// assert!((found / 9.999995e-7 - 1.0).abs() < 1e-6);
/// ```
pub fn log1p<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    log_of_one_plus(x.clone(), x + 1.0)
}

/// `log(y)`, given `x = y - 1` as well, that keeps its digits where `y` is almost 1. Not to be differentiated, like
/// [`log1p`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::log_of_one_plus;
///
/// let x = Tensor::<NdArray, 1>::from_floats([1e-6], &Default::default());
/// let found = log_of_one_plus(x.clone(), x + 1.0).into_scalar();
/// assert!((found / 9.999995e-7 - 1.0).abs() < 1e-6);
/// ```
pub fn log_of_one_plus<B: Backend, const D: usize>(
    x: Tensor<B, D>,
    y: Tensor<B, D>,
) -> Tensor<B, D> {
    // The series, because near 1 the logarithm of a shading language is only good to 4e-8 in all, not relatively:
    // 2 artanh(z) with z = x / (2 + x), in which five terms reach the last digit of an f64 for |x| < 1/16.
    let is_small = x.clone().abs().lower_elem(1.0 / 16.0);
    let z = x.clone() / (x + 2.0);
    let z2 = z.clone() * z.clone();
    let series = z2.clone() * (1.0 / 9.0) + 1.0 / 7.0;
    let series = [1.0 / 5.0, 1.0 / 3.0, 1.0]
        .into_iter()
        .fold(series, |series, term| series * z2.clone() + term);
    y.log().mask_where(is_small, z * series * 2.0)
}

fn wrap<B: Backend, const D: usize>(tensor: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}

fn unwrap<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}
