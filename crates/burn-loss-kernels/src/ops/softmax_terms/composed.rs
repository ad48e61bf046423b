//! The terms of rows in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Bool, DType, Int, IntDType, Tensor, TensorMetadata};
use loss_kernels::Formula;

use crate::ops::check;
use crate::ops::elementwise::composed::divisor_of;
use crate::ops::tensors::{
    as_rows, at_least_f32, cast, column, log1p, one_minus_exp_neg, quotient, unwrap, widen_half,
    wrap,
};
use crate::{
    Adjustment, Columns, Elements, Fault, LOG_SUM_EXP, LossBackend, Reduced, Reduction, RowTargets,
    RowWeights, SMOOTH_LOSS, SmoothWeights, SoftmaxTerms, TARGET_LOSS,
};

/// Computes what [`LossBackend::softmax_terms`] promises; the example of [`composed`](crate::composed) compares them.
pub fn softmax_terms<B: Backend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    columns: Columns,
) -> SoftmaxTerms<B> {
    let [n, num_classes, s] = check::targets(&logits, &targets);
    let dtype = logits.dtype();
    let logits = as_rows::<B>(widen_half::<B>(logits));
    let max = logits.clone().max_dim(1);
    let shifted = logits.clone() - max.clone();

    // The largest logits are counted, not summed, so that what the others add to 1 is not rounded away.
    let at_max = shifted.clone().equal_elem(0.0);
    let ties = at_max.clone().float().cast(max.dtype()).sum_dim(1);
    let exponentials = shifted.clone().exp();
    // 0, or NaN if one is: Burn's NdArray holds NaN to be equal to 0 on some processors, and the mask would hide it.
    let poison = exponentials.clone().sum_dim(1) * 0.0;
    let below = exponentials.mask_fill(at_max, 0.0).sum_dim(1);
    let relative_lse = ties.clone().log() + log1p(below / ties) + poison;

    let rows = Rows::new(targets.classes, targets.ignore_index, [n, num_classes, s]);
    let target_loss = match &rows {
        Some(rows) => relative_lse.clone() - shifted.gather(1, rows.classes.clone()),
        None => max.zeros_like(),
    };
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
    let terms = match columns {
        Columns::TargetLoss => {
            let alone: Tensor<B, 1> = of_rows(target_loss).reshape([n * s]);
            unwrap(alone)
        }
        Columns::All => {
            let smooth_loss = smooth_weights::<B>(targets.smooth, num_classes)
                .map(|smooth| smooth.sum_log_probs(logits, &max, &relative_lse).neg());
            let terms = vec![
                of_rows(target_loss),
                smooth_loss.map_or(absent, of_rows),
                of_rows(log_sum_exp),
            ];
            unwrap(Tensor::cat(terms, 1))
        }
    };
    SoftmaxTerms {
        terms: cast::<B>(terms, dtype),
        normalizer: unwrap(Tensor::cat(vec![of_rows(max), of_rows(relative_lse)], 1)),
    }
}

/// Computes what [`LossBackend::adjusted_reduced`] promises by passes of their own; the example there holds for this function, too.
pub fn adjusted_reduced<B: LossBackend, L: Formula>(
    formula: &L,
    logits: FloatTensor<B>,
    by: Adjustment<FloatTensor<B>>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    let mut adjusted = multiplied::<B>(logits, by.factor);
    if let Some(offsets) = by.per_class {
        adjusted = B::add_per_class(adjusted, offsets);
    }
    let mut found =
        B::softmax_terms_reduced(formula, adjusted, targets, weights, reduction, wanted);
    found.gradients = found
        .gradients
        .map(|gradient| Some(multiplied::<B>(gradient?, by.factor)));
    found
}

/// Burn's own operation, which it fuses with its neighbours on a GPU.
fn multiplied<B: Backend>(numbers: FloatTensor<B>, factor: f64) -> FloatTensor<B> {
    match factor {
        1.0 => numbers,
        _ => B::float_mul_scalar(numbers, factor.into()),
    }
}

/// [`softmax_terms_reduced`], or [`adjusted_reduced`] if there is an adjustment.
#[cfg(any(feature = "autodiff", feature = "cpu"))]
pub(crate) fn reduced<B: LossBackend, L: Formula>(
    formula: &L,
    logits: FloatTensor<B>,
    by: Option<Adjustment<FloatTensor<B>>>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    match by {
        None => softmax_terms_reduced(formula, logits, targets, weights, reduction, wanted),
        Some(by) => adjusted_reduced(formula, logits, by, targets, weights, reduction, wanted),
    }
}

/// Computes what [`LossBackend::softmax_terms_backward`] promises; the example of [`composed`](crate::composed) compares them.
pub fn softmax_terms_backward<B: Backend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let present = check::backward(&logits, &targets, &normalizer, &grad);
    let (shape, dtype) = (logits.shape(), logits.dtype());
    let logits = as_rows::<B>(widen_half::<B>(logits));
    let [n, num_classes, s] = logits.dims();
    let [max, relative_lse] = columns::<B, 2>(normalizer, [n, s]);
    let [grad_target, grad_smooth, grad_lse] = match present {
        Columns::All => columns::<B, 3>(grad, [n, s]),
        Columns::TargetLoss => {
            let grad = wrap::<B, 1>(widen_half::<B>(grad)).reshape([n, 1, s]);
            let absent = grad.zeros_like();
            [grad, absent.clone(), absent]
        }
    };
    // From here on of `log p_t` and of the sum of `w log p`: the terms are their negatives.
    let grads = [grad_target.neg(), grad_smooth.neg(), grad_lse];
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

/// Computes what [`LossBackend::softmax_terms_reduced`] promises, from the operations of which it is made.
pub fn softmax_terms_reduced<B: LossBackend, L: Formula>(
    formula: &L,
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    let shape = check::targets(&logits, &targets);
    check::row_weights(&logits, &weights, shape);
    let targets = ignore_dropped_rows(targets, &weights);
    let [n, num_classes, s] = shape;
    let dtype = logits.dtype();
    if let Some(classes) = &targets.classes
        && let Some(row) = B::first_invalid_class(classes, num_classes, targets.ignore_index)
    {
        return Reduced::broken(B::sum(logits), Fault::NoClass { row });
    }
    let counted = CountedRows::new(&logits, &targets, &weights, [n, num_classes, s]);
    let found = B::softmax_terms(logits.clone(), targets.clone(), Columns::All);
    let terms: Tensor<B, 2> = wrap(widen_half::<B>(found.terms));
    let [target, smooth, lse] =
        [TARGET_LOSS, SMOOTH_LOSS, LOG_SUM_EXP].map(|index| column(terms.clone(), index));
    let inputs = Elements::<B> {
        prediction: unwrap(target),
        target: unwrap(lse),
        third: None,
    };
    let losses: Tensor<B, 1> = wrap(B::elementwise(formula, inputs.clone()).losses);
    let losses = counted.total(losses, smooth);
    let divisor = counted.divisor(reduction);
    let loss = quotient(wrap(B::sum(unwrap(losses))), divisor.clone());

    let gradient = wanted.then(|| {
        let scale = divisor.ones_like() / divisor;
        let [of_class, of_row] = counted.each().map(|counts| counts * scale.clone());
        let wanted = [true, true, false];
        let slopes = B::elementwise_backward(formula, inputs, unwrap(of_class), wanted);
        let [Some(of_target), Some(of_lse), _] = slopes else {
            unreachable!("both were wanted")
        };
        let of_row = match targets.smooth {
            SmoothWeights::Zero => of_row.zeros_like(),
            _ => of_row,
        };
        let columns = [wrap(of_target), of_row, wrap(of_lse)];
        let columns = columns.map(|column: Tensor<B, 1>| column.reshape([n * s, 1]));
        let grad = Tensor::<B, 2>::cat(columns.into(), 1);
        B::softmax_terms_backward(logits, targets, found.normalizer, unwrap(grad))
    });
    Reduced {
        loss: cast::<B>(unwrap(loss), dtype),
        gradients: [gradient, None, None],
        fault: None,
    }
}

/// Sentinel target for rows of weight 0 when no `ignore_index` is set.
const DROPPED: i64 = -(1 << 30);

/// Makes rows of weight 0 ignored ones: their loss and their gradient are then 0, whatever their logits and their class.
/// Multiplying by 0 would let NaN through.
pub(crate) fn ignore_dropped_rows<B: Backend>(
    targets: RowTargets<B>,
    weights: &RowWeights<B>,
) -> RowTargets<B> {
    let (Some(classes), Some(weights)) = (&targets.classes, &weights.per_row) else {
        return targets;
    };
    let dropped = wrap::<B, 1>(weights.clone()).equal_elem(0.0);
    let mut classes: Tensor<B, 1, Int> = Tensor::from_primitive(classes.clone());
    let index = targets.ignore_index.unwrap_or_else(|| {
        // Where the sentinel already stands it is a mistake, and stays one.
        let mistaken = classes.clone().equal_elem(DROPPED);
        classes = classes.clone().mask_fill(mistaken, DROPPED + 1);
        DROPPED
    });
    RowTargets {
        classes: Some(classes.mask_fill(dropped, index).into_primitive()),
        ignore_index: Some(index),
        smooth: targets.smooth,
    }
}

/// Rows that share a copy of the classes' weights, and copies that are made of one.
const SHORT_SUM: usize = 64;

/// Weights in all copies, per row.
const COPIED: usize = 16;

/// The weight of each class `[M]`, of weights `[C]`.
///
/// The gradient of the weights is Burn's sum over the rows, a running total. So that it is short, few rows share a copy of the
/// weights, as far as the copies take little memory, and copies are made of copies.
pub fn weights_of<B: Backend>(weights: Tensor<B, 1>, classes: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let ([rows], [num_classes]) = (classes.dims(), weights.dims());
    let copies = rows.div_ceil(SHORT_SUM).min(COPIED * rows / num_classes);
    if rows <= SHORT_SUM * SHORT_SUM || copies < 2 {
        return weights.gather(0, classes);
    }
    let mut counts = vec![copies];
    while counts[counts.len() - 1] > SHORT_SUM {
        counts.push(counts[counts.len() - 1].div_ceil(SHORT_SUM));
    }
    let mut table: Tensor<B, 2> = weights.reshape([1, num_classes]);
    for count in counts.into_iter().rev() {
        let [made, _] = table.dims();
        let each = count.div_ceil(made);
        let copied = table.reshape([made, 1, num_classes]);
        let copied = copied.expand([made, each, num_classes]);
        let copied: Tensor<B, 2> = copied.reshape([made * each, num_classes]);
        table = copied.narrow(0, 0, count);
    }
    let copy = Tensor::<B, 1, Int>::arange(0..copies as i64, &classes.device());
    let copy = copy.cast(classes.dtype()).reshape([copies, 1]);
    let each = rows.div_ceil(copies);
    let of_rows = copy.expand([copies, each]);
    let of_rows = of_rows.reshape([copies * each]).narrow(0, 0, rows);
    let index = classes + of_rows * num_classes as i64;
    table.reshape([copies * num_classes]).gather(0, index)
}

/// What each row counts, `[M]`, in at least 32 bits; ignored rows count 0, rows without a class NaN.
pub(crate) struct CountedRows<B: Backend> {
    /// With the weight of its class.
    of_class: Tensor<B, 1>,
    /// Without.
    of_row: Tensor<B, 1>,
    /// Whether any row counts other than 1.
    weighted: bool,
}

impl<B: LossBackend> CountedRows<B> {
    pub(crate) fn new(
        logits: &FloatTensor<B>,
        targets: &RowTargets<B>,
        weights: &RowWeights<B>,
        [n, num_classes, s]: [usize; 3],
    ) -> Self {
        let dtype = at_least_f32(logits.dtype());
        let device = B::float_device(logits);
        let ones = Tensor::<B, 1>::ones([n * s], (&device, dtype));
        let mut weighted = false;
        let mut of_row = match &weights.per_row {
            Some(weights) => {
                weighted = true;
                wrap(cast::<B>(weights.clone(), dtype))
            }
            None => ones,
        };
        let mut of_class = of_row.clone();
        if let Some(rows) = Rows::<B>::new(
            targets.classes.clone(),
            targets.ignore_index,
            [n, num_classes, s],
        ) {
            let [ignored, invalid] = [rows.ignored, rows.invalid].map(|mask| mask.reshape([n * s]));
            if let Some(weights) = &weights.per_class {
                let weights: Tensor<B, 1> = wrap(cast::<B>(weights.clone(), dtype));
                of_class = of_class * weights_of(weights, rows.classes.reshape([n * s]));
                weighted = true;
            }
            weighted |= targets.ignore_index.is_some();
            // NaN, so that the weight of another class, which may be 0, does not make a wrong target harmless.
            of_class = of_class
                .mask_fill(invalid, f64::NAN)
                .mask_fill(ignored.clone(), 0.0);
            of_row = of_row.mask_fill(ignored, 0.0);
        }
        Self {
            of_class,
            of_row,
            weighted,
        }
    }

    /// With the class weights, and without.
    pub(crate) fn each(&self) -> [Tensor<B, 1>; 2] {
        [self.of_class.clone(), self.of_row.clone()]
    }

    /// The rows' losses.
    pub(crate) fn total(&self, losses: Tensor<B, 1>, smooth: Tensor<B, 1>) -> Tensor<B, 1> {
        let dropped = self.of_row.clone().equal_elem(0.0);
        let total = losses * self.of_class.clone() + smooth * self.of_row.clone();
        total.mask_fill(dropped, 0.0)
    }

    /// What their sum is divided by.
    pub(crate) fn divisor(&self, reduction: Reduction) -> Tensor<B, 1> {
        if !reduction.is_of_counts() || !self.weighted {
            let count = self.of_class.dims()[0] as f64;
            let divisor = reduction.divisor(count);
            return Tensor::full(
                [1],
                divisor,
                (&self.of_class.device(), self.of_class.dtype()),
            );
        }
        divisor_of(reduction, wrap(B::sum(unwrap(self.of_class.clone()))))
    }

    /// What their sum is divided by where the weights of the classes do not matter to that.
    pub(crate) fn divisor_without_classes(&self, reduction: Reduction) -> Tensor<B, 1> {
        let [_, of_row] = self.each();
        let of_class = of_row.clone();
        let weighted = self.weighted;
        Self {
            of_class,
            of_row,
            weighted,
        }
        .divisor(reduction)
    }
}

/// The gradient of the weights of [`SMOOTH_LOSS`], of the shape of the logits and of the weights' type: the losses of all
/// classes times the row's gradient. Ignored rows and rows with the gradient 0 give 0.
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
/// use burn_loss_kernels::{Columns, LossBackend, RowTargets, SmoothWeights, composed};
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
/// let found = B::softmax_terms(logits.clone(), targets.clone(), Columns::All);
/// let grad = Tensor::<B, 2>::from_floats([[0.0, 1.0, 0.0]], &device).into_primitive().tensor();
/// let grad = composed::smooth_weights_grad::<B>(logits, targets, found.normalizer, grad);
/// let grad = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(grad)).into_data();
/// // The negative log-probabilities.
/// let grad = grad.to_vec::<f32>().unwrap();
/// assert!((grad[0] + 0.25f32.ln()).abs() < 1e-6 && (grad[1] + 0.75f32.ln()).abs() < 1e-6);
/// ```
pub fn smooth_weights_grad<B: Backend>(
    logits: FloatTensor<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    check::backward(&logits, &targets, &normalizer, &grad);
    let (shape, mut dtype) = (logits.shape(), logits.dtype());
    if let SmoothWeights::PerClass(weights) | SmoothWeights::PerLogit(weights) = &targets.smooth {
        dtype = weights.dtype();
    }
    let logits = as_rows::<B>(widen_half::<B>(logits));
    let [n, num_classes, s] = logits.dims();
    let [max, relative_lse] = columns::<B, 2>(normalizer, [n, s]);
    let [_, mut grad, _] = columns::<B, 3>(grad, [n, s]);
    if let Some(rows) = Rows::new(targets.classes, targets.ignore_index, [n, num_classes, s]) {
        grad = grad.mask_fill(rows.ignored, 0.0);
    }
    // Of the expanded numbers, not an expanded mask: wgpu reads such a mask where it should not.
    let dead = grad.clone().expand([n, num_classes, s]).equal_elem(0.0);
    let losses = relative_lse - (logits - max);
    let out = (losses * grad).mask_fill(dead, 0.0);
    B::float_reshape(unwrap(out.cast(dtype)), shape)
}

/// The columns of `[M, K]`, each as `[N, 1, S]`.
fn columns<B: Backend, const K: usize>(
    tensor: FloatTensor<B>,
    [n, s]: [usize; 2],
) -> [Tensor<B, 3>; K] {
    let tensor: Tensor<B, 2> = wrap(widen_half::<B>(tensor));
    core::array::from_fn(|i| column(tensor.clone(), i).reshape([n, 1, s]))
}

/// The classes of the rows as `[N, 1, S]`, and which of them do not count.
pub(crate) struct Rows<B: Backend> {
    /// Safe to gather with: 0 where the row is ignored or invalid.
    pub(crate) classes: Tensor<B, 3, Int>,
    pub(crate) ignored: Tensor<B, 3, Bool>,
    pub(crate) invalid: Tensor<B, 3, Bool>,
}

impl<B: Backend> Rows<B> {
    pub(crate) fn new(
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
        // Of one type, which not every backend makes of two, and which holds every class.
        let classes = match self.classes.dtype() {
            DType::I32 | DType::I64 => self.classes.clone(),
            DType::U32 | DType::U64 => self.classes.clone().cast(IntDType::I64),
            _ => self.classes.clone().cast(IntDType::I32),
        };
        let options = (&classes.device(), classes.dtype());
        Tensor::<B, 1, Int>::arange(0..num_classes as i64, options)
            .reshape([1, num_classes, 1])
            .expand([n, num_classes, s])
            .equal(classes.expand([n, num_classes, s]))
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

/// Computes what [`LossBackend::softmax_rows`](crate::LossBackend::softmax_rows) promises; the example there holds for this function,
/// too.
pub fn softmax_rows<B: Backend>(logits: FloatTensor<B>) -> FloatTensor<B> {
    unwrap(burn::tensor::activation::softmax(wrap::<B, 2>(logits), 1))
}
