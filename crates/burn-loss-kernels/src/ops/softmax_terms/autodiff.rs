//! The backward nodes of the terms.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorMetadata};
use burn_autodiff::Autodiff;
use burn_autodiff::NodeId;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use crate::ops::reduced_node::{take, track};
use crate::ops::sum::composed::sum_of_rows;
use crate::ops::tensors::{as_rows, at_least_f32, cast, unwrap, widen_half};
use crate::{
    Adjustment, Columns, Formula, LossBackend, Reduced, Reduction, RowTargets, RowWeights,
    SmoothWeights, SoftmaxTerms, composed,
};

/// What the backward pass needs; `L` says how it comes by the logits.
#[derive(Clone, Debug)]
struct State<B: Backend, L> {
    logits: L,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
}

/// Backward of the terms with respect to the logits.
#[derive(Debug)]
struct LogitsBackward;

impl<B: LossBackend> Backward<B, 1> for LogitsBackward {
    // Retrieved from the checkpointer, so that a strategy that recomputes the logits may do so.
    type State = State<B, NodeId>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let state = ops.state;
        let [logits_node] = ops.parents;
        let logits = checkpointer.retrieve_node_output(state.logits);
        if let Some(node) = logits_node {
            let grad = B::softmax_terms_backward(logits, state.targets, state.normalizer, grad);
            grads.register::<B>(node.id, grad);
        }
    }
}

impl LogitsBackward {
    /// The terms as a tensor of the graph.
    fn track<B: LossBackend, C: CheckpointStrategy>(
        self,
        logits: &FloatTensor<Autodiff<B, C>>,
        targets: RowTargets<B>,
        terms: SoftmaxTerms<B>,
    ) -> SoftmaxTerms<Autodiff<B, C>> {
        let SoftmaxTerms { terms, normalizer } = terms;
        let terms = match self
            .prepare::<C>([logits.node.clone()])
            .compute_bound()
            .stateful()
        {
            OpsKind::UnTracked(prep) => prep.finish(terms),
            OpsKind::Tracked(mut prep) => {
                let state = State {
                    logits: prep.checkpoint(logits),
                    targets,
                    normalizer: normalizer.clone(),
                };
                prep.finish(state, terms)
            }
        };
        SoftmaxTerms {
            terms,
            normalizer: untracked::<B, C>(normalizer),
        }
    }
}

/// Backward of the terms with respect to the logits and to smooth weights that are tracked (soft targets that a second
/// network produced).
#[derive(Debug)]
struct LogitsAndWeightsBackward;

impl<B: LossBackend> Backward<B, 2> for LogitsAndWeightsBackward {
    type State = State<B, FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let state = ops.state;
        let [logits_node, weights_node] = ops.parents;
        if let Some(node) = weights_node {
            let full = composed::smooth_weights_grad::<B>(
                state.logits.clone(),
                state.targets.clone(),
                state.normalizer.clone(),
                grad.clone(),
            );
            let weights_grad = match &state.targets.smooth {
                SmoothWeights::PerClass(_) => sum_over_rows::<B>(full),
                _ => full,
            };
            grads.register::<B>(node.id, weights_grad);
        }
        if let Some(node) = logits_node {
            let grad =
                B::softmax_terms_backward(state.logits, state.targets, state.normalizer, grad);
            grads.register::<B>(node.id, grad);
        }
    }
}

/// Sums `[N, C, d1, ..]` to `[C]`.
fn sum_over_rows<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let dtype = tensor.dtype();
    let tensor = as_rows::<B>(widen_half::<B>(tensor));
    let [n, num_classes, s] = tensor.dims();
    let of_batch = sum_of_rows(tensor.reshape([n, num_classes * s]));
    let positions = of_batch.reshape([num_classes, s]).transpose();
    let sums: Tensor<B, 1> = sum_of_rows(positions).reshape([num_classes]);
    cast::<B>(unwrap(sums), dtype)
}

/// The targets as the inner backend has them.
pub(crate) fn inner<B: Backend, C: CheckpointStrategy>(
    targets: RowTargets<Autodiff<B, C>>,
) -> RowTargets<B> {
    RowTargets {
        classes: targets.classes,
        ignore_index: targets.ignore_index,
        smooth: targets.smooth.map(|weights| weights.primitive),
    }
}

/// A tensor that no gradient is wanted of. Not `AutodiffBackend::from_inner`: with Burn's feature `distributed` only CubeCL
/// backends have that trait.
pub(crate) fn untracked<B: Backend, C: CheckpointStrategy>(
    tensor: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    <FloatTensor<Autodiff<B, C>>>::new(tensor)
}

/// [`LossBackend::softmax_terms`].
pub(crate) fn softmax_terms<B: LossBackend, C: CheckpointStrategy>(
    logits: FloatTensor<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    columns: Columns,
) -> SoftmaxTerms<Autodiff<B, C>> {
    let weights = tracked_weights(&targets).filter(|_| columns == Columns::All);
    let targets = inner(targets);
    let found = B::softmax_terms(logits.primitive.clone(), targets.clone(), columns);
    let Some(weights) = weights else {
        return LogitsBackward.track(&logits, targets, found);
    };
    let SoftmaxTerms { terms, normalizer } = found;
    let terms = match LogitsAndWeightsBackward
        .prepare::<C>([logits.node.clone(), weights.node.clone()])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(terms),
        OpsKind::Tracked(prep) => {
            let state = State {
                logits: logits.primitive,
                targets,
                normalizer: normalizer.clone(),
            };
            prep.finish(state, terms)
        }
    };
    SoftmaxTerms {
        terms,
        normalizer: untracked::<B, C>(normalizer),
    }
}

/// [`LossBackend::softmax_terms_reduced`], or [`LossBackend::adjusted_reduced`] if there is an adjustment: in one pass, unless
/// something else than the logits is tracked, or they are of 16 bits: training scales such a loss up before it is differentiated,
/// and a gradient found before that would be rounded to 0.
pub(crate) fn reduced<B: LossBackend, C: CheckpointStrategy, L: Formula>(
    formula: &L,
    logits: FloatTensor<Autodiff<B, C>>,
    by: Option<Adjustment<FloatTensor<Autodiff<B, C>>>>,
    targets: RowTargets<Autodiff<B, C>>,
    weights: RowWeights<Autodiff<B, C>>,
    reduction: Reduction,
) -> Reduced<Autodiff<B, C>> {
    let dtype = logits.dtype();
    let is_narrow = dtype != at_least_f32(dtype);
    let offsets = by.as_ref().and_then(|by| by.per_class.as_ref());
    let in_plain_operations = is_narrow || offsets.is_some_and(|offsets| offsets.is_tracked());
    if in_plain_operations || tracked_weights(&targets).is_some() || are_tracked(&weights) {
        return super::composed::reduced(formula, logits, by, targets, weights, reduction, false);
    }
    let (wanted, targets) = (logits.is_tracked(), inner(targets));
    let (logits, place) = take::<B, C>(logits);
    let weights = inner_weights(weights);
    let found = match by {
        None => B::softmax_terms_reduced(formula, logits, targets, weights, reduction, wanted),
        Some(by) => {
            let by = by.map(|offsets| offsets.primitive);
            B::adjusted_reduced(formula, logits, by, targets, weights, reduction, wanted)
        }
    };
    let [gradient, ..] = found.gradients;
    Reduced {
        loss: track::<B, C, 1>([&place], found.loss, [gradient]),
        gradients: [None, None, None],
        fault: found.fault,
    }
}

/// The smooth weights, if a gradient is wanted of them.
pub(crate) fn tracked_weights<B: LossBackend, C: CheckpointStrategy>(
    targets: &RowTargets<Autodiff<B, C>>,
) -> Option<FloatTensor<Autodiff<B, C>>> {
    match &targets.smooth {
        SmoothWeights::PerClass(weights) | SmoothWeights::PerLogit(weights)
            if weights.is_tracked() =>
        {
            Some(weights.clone())
        }
        _ => None,
    }
}

/// Whether a gradient is wanted of what rows count.
pub(crate) fn are_tracked<B: LossBackend, C: CheckpointStrategy>(
    weights: &RowWeights<Autodiff<B, C>>,
) -> bool {
    let mut each = [&weights.per_class, &weights.per_row].into_iter().flatten();
    each.any(|weights| weights.is_tracked())
}

/// What rows count as the inner backend has it.
pub(crate) fn inner_weights<B: LossBackend, C: CheckpointStrategy>(
    weights: RowWeights<Autodiff<B, C>>,
) -> RowWeights<B> {
    RowWeights {
        per_class: weights.per_class.map(|weights| weights.primitive),
        per_row: weights.per_row.map(|weights| weights.primitive),
    }
}
