//! The linear form in plain Burn operations and the operations on rows of logits: a product per chunk of rows.

use std::ops::Range;

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Int, Tensor, TensorMetadata};
use loss_kernels::Formula;

use super::{Linear, LinearReduced, RowPredictions};
use crate::ops::check;
use crate::ops::softmax_terms::composed::{CountedRows, Rows, ignore_dropped_rows};
use crate::ops::tensors::{at_least_f32, cast, column, unwrap, widen_half, wrap};
use crate::{
    Columns, Elements, Fault, LOG_SUM_EXP, LossBackend, Reduced, Reduction, RowTargets, RowWeights,
    SMOOTH_LOSS, SmoothWeights, SoftmaxTerms, TARGET_LOSS,
};

/// Computes what [`LossBackend::linear_reduced`] promises; the example of [`Linear`](crate::Linear) calls it.
pub fn linear_reduced<B: LossBackend, L: Formula>(
    formula: &L,
    linear: Linear<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: [bool; 3],
    describe: bool,
) -> LinearReduced<B> {
    if wanted == [false; 3] {
        let terms = |linear, targets| described_terms(linear, targets, Columns::All, describe);
        return reduced_of_terms(formula, linear, targets, weights, reduction, terms);
    }
    let (targets, counted) = match counted_rows(&linear, targets, &weights) {
        Ok(found) => found,
        Err(broken) => return broken,
    };
    with_gradients(
        formula, linear, targets, weights, &counted, reduction, wanted, describe,
    )
}

/// The targets without the rows that do not count, and what each of the others counts; the loss that is broken by a target
/// that is no class.
fn counted_rows<B: LossBackend>(
    linear: &Linear<B>,
    targets: RowTargets<B>,
    weights: &RowWeights<B>,
) -> Result<(RowTargets<B>, CountedRows<B>), LinearReduced<B>> {
    let shape @ [_, num_classes, _] = check::linear(linear, &targets, Some(weights));
    let targets = ignore_dropped_rows(targets, weights);
    if let Some(classes) = &targets.classes
        && let Some(row) = B::first_invalid_class(classes, num_classes, targets.ignore_index)
    {
        let number = B::sum(linear.hidden.clone());
        return Err(LinearReduced {
            reduced: Reduced::broken(number, Fault::NoClass { row }),
            rows: None,
        });
    }
    let counted = CountedRows::new(&linear.hidden, &targets, weights, shape);
    Ok((targets, counted))
}

/// The reduced loss of the terms of all rows, which `terms` computes.
pub(crate) fn reduced_of_terms<B: LossBackend, L: Formula>(
    formula: &L,
    linear: Linear<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    terms: impl FnOnce(Linear<B>, RowTargets<B>) -> DescribedTerms<B>,
) -> LinearReduced<B> {
    let dtype = linear.hidden.dtype();
    let (targets, counted) = match counted_rows(&linear, targets, &weights) {
        Ok(found) => found,
        Err(broken) => return broken,
    };
    let (found, rows) = terms(linear, targets);
    let terms: Tensor<B, 2> = wrap(widen_half::<B>(found.terms));
    let [target, smooth, lse] =
        [TARGET_LOSS, SMOOTH_LOSS, LOG_SUM_EXP].map(|index| column(terms.clone(), index));
    let inputs = Elements::<B> {
        prediction: unwrap(target),
        target: unwrap(lse),
        third: None,
    };
    let losses: Tensor<B, 1> = wrap(B::elementwise(formula, inputs).losses);
    let losses = counted.total(losses, smooth);
    let loss = wrap::<B, 1>(B::sum(unwrap(losses))) / counted.divisor(reduction);
    LinearReduced {
        reduced: Reduced {
            loss: cast::<B>(unwrap(loss), dtype),
            gradients: [None, None, None],
            fault: None,
        },
        rows,
    }
}

/// The reduced loss, chunk by chunk, with the gradients that are wanted.
#[allow(clippy::too_many_arguments)]
fn with_gradients<B: LossBackend, L: Formula>(
    formula: &L,
    linear: Linear<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    counted: &CountedRows<B>,
    reduction: Reduction,
    wanted: [bool; 3],
    describe: bool,
) -> LinearReduced<B> {
    let dtype = linear.hidden.dtype();
    let divisor = counted.divisor(reduction);
    // Each row times what the mean makes of it, so that every chunk is a plain sum.
    let scale = divisor.ones_like() / divisor.clone();
    let [_, of_row] = counted.each();
    let weights = RowWeights::<B> {
        per_row: Some(unwrap(match weights.per_row {
            Some(weights) => wrap::<B, 1>(cast::<B>(weights, at_least_f32(dtype))) * scale,
            None => of_row.ones_like() * scale,
        })),
        per_class: weights
            .per_class
            .map(|weights| cast::<B>(weights, at_least_f32(dtype))),
    };
    let mut gradients = Gradients::<B>::new(&linear, wanted);
    // 0, or NaN for the mean of nothing: by name, because a driver that sees the 0 takes 0 / 0 for 0.
    let nothing = divisor.clone().equal_elem(0.0);
    let mut loss = divisor.zeros_like().mask_fill(nothing, f64::NAN);
    let mut rows = describe.then(Vec::new);
    for chunk in chunks(&linear, &targets, Pass::Gradients) {
        if let Some(rows) = &mut rows {
            rows.push(chunk.predictions(chunk.target_losses()));
        }
        let weights = RowWeights {
            per_row: weights.per_row.clone().map(|weights| {
                let weights = wrap::<B, 1>(weights);
                unwrap(weights.slice(std::slice::from_ref(&chunk.range)))
            }),
            per_class: weights.per_class.clone(),
        };
        let found = B::softmax_terms_reduced(
            formula,
            unwrap(chunk.logits),
            chunk.targets,
            weights,
            Reduction::Sum,
            true,
        );
        loss = loss + wrap(found.loss);
        let [gradient, ..] = found.gradients;
        let gradient = wrap(gradient.expect("it was wanted"));
        gradients.add(chunk.hidden, chunk.capped, gradient);
    }
    LinearReduced {
        reduced: Reduced {
            loss: cast::<B>(unwrap(loss), dtype),
            gradients: gradients.finish(),
            fault: None,
        },
        rows: rows.map(concatenated),
    }
}

/// Computes what [`LossBackend::linear_terms`] promises.
pub fn linear_terms<B: LossBackend>(
    linear: Linear<B>,
    targets: RowTargets<B>,
    columns: Columns,
) -> SoftmaxTerms<B> {
    described_terms(linear, targets, columns, false).0
}

/// The terms of all rows, and what their logits say if that is asked for.
pub(crate) type DescribedTerms<B> = (SoftmaxTerms<B>, Option<RowPredictions<B>>);

/// The terms of all rows and what their logits say, of one product per chunk.
pub(crate) fn described_terms<B: LossBackend>(
    linear: Linear<B>,
    targets: RowTargets<B>,
    columns: Columns,
    describe: bool,
) -> DescribedTerms<B> {
    let [m, ..] = check::linear(&linear, &targets, None);
    let dtype = linear.hidden.dtype();
    let (mut terms, mut normalizer) = (Vec::new(), Vec::new());
    let mut rows = describe.then(Vec::new);
    for chunk in chunks(&linear, &targets, Pass::Terms) {
        let logits = unwrap(chunk.logits.clone());
        let found = B::softmax_terms(logits, chunk.targets.clone(), columns);
        let shape = [chunk.range.len(), columns.count()];
        let of_chunk = wrap::<B, 2>(B::float_reshape(found.terms, shape.into()));
        if let Some(rows) = &mut rows {
            rows.push(chunk.predictions(column(of_chunk.clone(), TARGET_LOSS)));
        }
        terms.push(of_chunk);
        normalizer.push(wrap::<B, 2>(found.normalizer));
    }
    let terms = unwrap(Tensor::cat(terms, 0));
    let terms = match columns {
        Columns::TargetLoss => B::float_reshape(terms, [m].into()),
        Columns::All => terms,
    };
    let terms = SoftmaxTerms {
        terms: cast::<B>(terms, dtype),
        normalizer: unwrap(Tensor::cat(normalizer, 0)),
    };
    (terms, rows.map(concatenated))
}

/// Computes what [`LossBackend::linear_terms_backward`] promises.
pub fn linear_terms_backward<B: LossBackend>(
    linear: Linear<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
    wanted: [bool; 3],
) -> [Option<FloatTensor<B>>; 3] {
    check::linear_backward(&linear, &targets, &normalizer, &grad);
    let mut gradients = Gradients::<B>::new(&linear, wanted);
    let (normalizer, grad) = (wrap::<B, 2>(normalizer), widen_half::<B>(grad));
    let one_column = grad.shape().num_dims() == 1;
    for chunk in chunks(&linear, &targets, Pass::Gradients) {
        let range = chunk.range;
        let normalizer = normalizer.clone().slice([range.clone(), 0..2]);
        let grad = if one_column {
            unwrap(wrap::<B, 1>(grad.clone()).slice([range]))
        } else {
            unwrap(wrap::<B, 2>(grad.clone()).slice([range, 0..3]))
        };
        let logits = unwrap(chunk.logits);
        let gradient = B::softmax_terms_backward(logits, chunk.targets, unwrap(normalizer), grad);
        gradients.add(chunk.hidden, chunk.capped, wrap(gradient));
    }
    gradients.finish()
}

/// Some rows, with their logits.
struct Chunk<B: Backend> {
    range: Range<usize>,
    targets: RowTargets<B>,
    /// `[m, H]`, 0 in rows that do not count: NaN times a gradient of 0 would be NaN in the weight's.
    hidden: Tensor<B, 2>,
    /// `[m, C]` in at least 32 bits, capped. To be moved out where the gradient may take their place.
    logits: Tensor<B, 2>,
    /// The same logits again where a cap's slope is computed from them.
    capped: Option<Tensor<B, 2>>,
}

/// What is done with the logits of a chunk.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Terms,
    Gradients,
}

/// The most bytes that a chunk holds per logit.
///
/// The gradient is written over the logits, except where the slope of a cap is still to be computed from them: then capped
/// logits, their gradient and a factor of the slope are there at a time. A product of 16 bits is there until it is widened.
/// What composed operations hold between two steps, on a backend without kernels of its own, comes on top.
fn bytes_per_logit<B: Backend>(linear: &Linear<B>, pass: Pass) -> usize {
    let product = linear.hidden.dtype();
    let wide = at_least_f32(product);
    let widened = if product == wide { 0 } else { product.size() };
    match (pass, linear.options.softcap) {
        (Pass::Gradients, Some(_)) => 3 * wide.size(),
        _ => wide.size() + widened,
    }
}

/// The chunks of all rows; one of no rows if there are none.
fn chunks<'a, B: LossBackend>(
    linear: &'a Linear<B>,
    targets: &'a RowTargets<B>,
    pass: Pass,
) -> impl Iterator<Item = Chunk<B>> + use<'a, B> {
    let (hidden, weight) = (linear.hidden.shape(), linear.weight.shape());
    let (rows, num_classes) = (hidden[0], weight[1]);
    let bytes = bytes_per_logit(linear, pass) * num_classes;
    let most = (linear.options.memory_budget / bytes).max(1);
    let count = rows.div_ceil(most).max(1);
    let step = rows.div_ceil(count).max(1);
    (0..count)
        .map(move |index| (index * step).min(rows)..((index + 1) * step).min(rows))
        .filter(move |range| rows == 0 || !range.is_empty())
        .map(move |range| chunk(linear, targets, range, pass))
}

fn chunk<B: LossBackend>(
    linear: &Linear<B>,
    targets: &RowTargets<B>,
    range: Range<usize>,
    pass: Pass,
) -> Chunk<B> {
    let targets = targets_of(targets, &range, linear.weight.shape()[1]);
    let hidden = wrap::<B, 2>(linear.hidden.clone());
    let [rows, width] = hidden.dims();
    let mut hidden = if range.len() == rows {
        hidden
    } else {
        hidden.slice([range.clone(), 0..width])
    };
    if let (Some(classes), Some(index)) = (&targets.classes, targets.ignore_index) {
        let classes: Tensor<B, 1, Int> = Tensor::from_primitive(classes.clone());
        let ignored = classes.equal_elem(index).reshape([range.len(), 1]);
        hidden = hidden.mask_fill(ignored.expand([range.len(), width]), 0.0);
    }
    let weight = wrap::<B, 2>(linear.weight.clone());
    let wide = at_least_f32(hidden.dtype());
    let mut logits = hidden.clone().matmul(weight).cast(wide);
    if let Some(bias) = &linear.bias {
        logits = logits + wrap::<B, 1>(bias.clone()).cast(wide).unsqueeze();
    }
    let options = &linear.options;
    let logits = scaled_and_capped(logits, options.logit_scale, options.softcap);
    let capped = pass == Pass::Gradients && options.softcap.is_some();
    Chunk {
        range,
        targets,
        hidden,
        capped: capped.then(|| logits.clone()),
        logits,
    }
}

/// Logits times a scale, then `cap * tanh(x / cap)` of them if there is a cap.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::scaled_and_capped;
///
/// let logits = Tensor::<NdArray, 2>::from_floats([[1.5]], &Default::default());
/// let capped = scaled_and_capped(logits, 2.0, Some(5.0)).into_scalar();
/// assert!((capped - 5.0 * 0.6f32.tanh()).abs() < 1e-6);
/// ```
pub fn scaled_and_capped<B: Backend>(
    mut logits: Tensor<B, 2>,
    logit_scale: f64,
    softcap: Option<f64>,
) -> Tensor<B, 2> {
    if logit_scale != 1.0 {
        logits = logits * logit_scale;
    }
    match softcap {
        // Not divided: Burn rounds what it divides by to f32.
        Some(cap) => (logits * cap.recip()).tanh() * cap,
        None => logits,
    }
}

/// The targets of some rows.
fn targets_of<B: Backend>(
    targets: &RowTargets<B>,
    range: &Range<usize>,
    num_classes: usize,
) -> RowTargets<B> {
    RowTargets {
        classes: targets.classes.clone().map(|classes| {
            let classes: Tensor<B, 1, Int> = Tensor::from_primitive(classes);
            classes.slice(std::slice::from_ref(range)).into_primitive()
        }),
        ignore_index: targets.ignore_index,
        smooth: match &targets.smooth {
            SmoothWeights::PerLogit(weights) => {
                let weights = wrap::<B, 2>(weights.clone());
                let weights = weights.slice([range.clone(), 0..num_classes]);
                SmoothWeights::PerLogit(unwrap(weights))
            }
            others => others.clone(),
        },
    }
}

impl<B: LossBackend> Chunk<B> {
    /// The target losses of its rows.
    fn target_losses(&self) -> Tensor<B, 1> {
        let (logits, targets) = (unwrap(self.logits.clone()), self.targets.clone());
        wrap(B::softmax_terms(logits, targets, Columns::TargetLoss).terms)
    }

    /// The log-probability of each row's class, and the class of its largest logit, given the rows' target losses.
    fn predictions(&self, target_losses: Tensor<B, 1>) -> Predictions<B> {
        let rows = self.range.len();
        let log_probs = target_losses.neg().detach();
        let predicted = self.logits.clone().argmax(1).reshape([rows]);
        let classes = self.targets.classes.clone();
        let shape = [rows, self.logits.dims()[1], 1];
        let Some(of_rows) = Rows::<B>::new(classes.clone(), self.targets.ignore_index, shape)
        else {
            return (log_probs, predicted);
        };
        let classes: Tensor<B, 1, Int> = Tensor::from_primitive(classes.expect("there are rows"));
        let predicted = predicted.cast(classes.dtype());
        let ignored = of_rows.ignored.reshape([rows]);
        (log_probs, predicted.mask_fill(ignored, -1))
    }
}

type Predictions<B> = (Tensor<B, 1>, Tensor<B, 1, Int>);

fn concatenated<B: LossBackend>(rows: Vec<Predictions<B>>) -> RowPredictions<B> {
    let (log_probs, predicted): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let predicted: IntTensor<B> = Tensor::<B, 1, Int>::cat(predicted, 0).into_primitive();
    RowPredictions {
        log_probs: unwrap(Tensor::cat(log_probs, 0)),
        predicted,
    }
}

/// The gradients that are wanted.
struct Gradients<'a, B: Backend> {
    linear: &'a Linear<B>,
    wanted: [bool; 3],
    hidden: Vec<Tensor<B, 2>>,
    weight: Option<Tensor<B, 2>>,
    bias: Option<Tensor<B, 2>>,
}

impl<'a, B: LossBackend> Gradients<'a, B> {
    fn new(linear: &'a Linear<B>, wanted: [bool; 3]) -> Self {
        Self {
            linear,
            wanted,
            hidden: Vec::new(),
            weight: None,
            bias: None,
        }
    }

    /// Adds those of a chunk, given its hidden states, its capped logits if there is a cap, and the gradient of its logits.
    fn add(
        &mut self,
        of_chunk: Tensor<B, 2>,
        capped: Option<Tensor<B, 2>>,
        mut gradient: Tensor<B, 2>,
    ) {
        let options = &self.linear.options;
        if let (Some(cap), Some(capped)) = (options.softcap, capped) {
            let t = capped * cap.recip();
            gradient = gradient * (t.clone().neg() + 1.0) * (t + 1.0);
        }
        if options.logit_scale != 1.0 {
            gradient = gradient * options.logit_scale;
        }
        let wide = gradient.dtype();
        let [hidden, weight, bias] = self.wanted;
        if hidden {
            let weight = wrap::<B, 2>(self.linear.weight.clone()).cast(wide);
            self.hidden
                .push(gradient.clone().matmul(weight.transpose()));
        }
        if weight {
            let hidden = of_chunk.cast(wide).transpose();
            add_to(&mut self.weight, hidden.matmul(gradient.clone()));
        }
        if bias && self.linear.bias.is_some() {
            add_to(&mut self.bias, gradient.sum_dim(0));
        }
    }

    /// Those of hidden states, weight and bias.
    fn finish(self) -> [Option<FloatTensor<B>>; 3] {
        let hidden = self.wanted[0].then(|| Tensor::cat(self.hidden, 0));
        let dtype = self.linear.hidden.dtype();
        let narrow = |tensor: Tensor<B, 2>| unwrap(tensor.cast(dtype));
        [
            hidden.map(narrow),
            self.weight.map(narrow),
            self.bias.map(|bias| {
                let [_, num_classes] = bias.dims();
                unwrap::<B, 1>(bias.reshape([num_classes]).cast(dtype))
            }),
        ]
    }
}

fn add_to<B: Backend>(sum: &mut Option<Tensor<B, 2>>, part: Tensor<B, 2>) {
    *sum = Some(match sum.take() {
        Some(sum) => sum + part,
        None => part,
    });
}
