//! The backward nodes of the linear form.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{TensorMetadata, backend::Backend};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::composed::{self, DescribedTerms};
use super::{Linear, LinearReduced, RowPredictions};
use crate::ops::reduced_node::track;
use crate::ops::softmax_terms::autodiff::{
    are_tracked, inner, inner_weights, tracked_weights, untracked,
};
use crate::ops::tensors::at_least_f32;
use crate::{
    Columns, Formula, LossBackend, Reduced, Reduction, RowTargets, RowWeights, SoftmaxTerms,
};

/// Backward of the terms with respect to hidden states, weight and, where `N` is 3, bias: computes the logits again.
#[derive(Debug)]
struct LinearBackward;

/// What it needs.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    linear: Linear<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
}

impl<B: LossBackend, const N: usize> Backward<B, N> for LinearBackward {
    type State = State<B>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let State {
            linear,
            targets,
            normalizer,
        } = ops.state;
        let mut wanted = [false; 3];
        for (wanted, node) in wanted.iter_mut().zip(&ops.parents) {
            *wanted = node.is_some();
        }
        let found = B::linear_terms_backward(linear, targets, normalizer, grad, wanted);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl LinearBackward {
    /// The terms as a tensor of the graph.
    fn track<B: LossBackend, C: CheckpointStrategy, const N: usize>(
        self,
        places: [&FloatTensor<Autodiff<B, C>>; N],
        state: State<B>,
        terms: FloatTensor<B>,
    ) -> FloatTensor<Autodiff<B, C>> {
        match self
            .prepare::<C>(places.map(|place| place.node.clone()))
            .compute_bound()
            .stateful()
        {
            OpsKind::UnTracked(prep) => prep.finish(terms),
            OpsKind::Tracked(prep) => prep.finish(state, terms),
        }
    }
}

fn inner_linear<B: LossBackend, C: CheckpointStrategy>(
    linear: &Linear<Autodiff<B, C>>,
) -> Linear<B> {
    Linear {
        hidden: linear.hidden.primitive.clone(),
        weight: linear.weight.primitive.clone(),
        bias: linear.bias.as_ref().map(|bias| bias.primitive.clone()),
        options: linear.options,
    }
}

/// [`LossBackend::linear_terms`].
pub(crate) fn linear_terms<B: LossBackend, C: CheckpointStrategy>(
    linear: Linear<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    columns: Columns,
) -> SoftmaxTerms<Autodiff<B, C>> {
    described_terms(linear, targets, columns, false).0
}

/// The terms, and what the logits say of each row if that is asked for.
fn described_terms<B: LossBackend, C: CheckpointStrategy>(
    linear: Linear<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    columns: Columns,
    describe: bool,
) -> DescribedTerms<Autodiff<B, C>> {
    if tracked_weights(&targets).is_some() && columns == Columns::All {
        // Their gradient is as large as all logits together.
        return composed::described_terms(linear, targets, columns, describe);
    }
    let state_of = |normalizer| State {
        linear: inner_linear(&linear),
        targets: inner(targets.clone()),
        normalizer,
    };
    let of_inner = (inner_linear(&linear), inner(targets.clone()));
    let (found, rows) = if describe {
        composed::described_terms(of_inner.0, of_inner.1, columns, true)
    } else {
        (B::linear_terms(of_inner.0, of_inner.1, columns), None)
    };
    let (hidden, weight) = (&linear.hidden, &linear.weight);
    let state = state_of(found.normalizer.clone());
    let terms = match &linear.bias {
        Some(bias) => LinearBackward.track::<B, C, 3>([hidden, weight, bias], state, found.terms),
        None => LinearBackward.track::<B, C, 2>([hidden, weight], state, found.terms),
    };
    let terms = SoftmaxTerms {
        terms,
        normalizer: untracked::<B, C>(found.normalizer),
    };
    (terms, rows.map(untracked_rows))
}

fn untracked_rows<B: LossBackend, C: CheckpointStrategy>(
    rows: RowPredictions<B>,
) -> RowPredictions<Autodiff<B, C>> {
    RowPredictions {
        log_probs: untracked::<B, C>(rows.log_probs),
        predicted: rows.predicted,
    }
}

/// [`LossBackend::linear_reduced`]: in one pass, unless something else than hidden states, weight and bias is tracked, or they
/// are of 16 bits: see `softmax_terms`.
pub(crate) fn linear_reduced<B: LossBackend, C: CheckpointStrategy, L: Formula>(
    formula: &L,
    linear: Linear<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    weights: RowWeights<Autodiff<B, C>>,
    reduction: Reduction,
    describe: bool,
) -> LinearReduced<Autodiff<B, C>> {
    let dtype = linear.hidden.dtype();
    let is_narrow = dtype != at_least_f32(dtype);
    if is_narrow || tracked_weights(&targets).is_some() || are_tracked(&weights) {
        let terms = |linear, targets| described_terms(linear, targets, Columns::All, describe);
        return composed::reduced_of_terms(formula, linear, targets, weights, reduction, terms);
    }
    let (hidden, weight, bias) = (&linear.hidden, &linear.weight, linear.bias.as_ref());
    let wanted = [
        hidden.is_tracked(),
        weight.is_tracked(),
        bias.is_some_and(|bias| bias.is_tracked()),
    ];
    let (targets, weights) = (inner(targets), inner_weights(weights));
    let of_inner = inner_linear(&linear);
    let found = B::linear_reduced(
        formula, of_inner, targets, weights, reduction, wanted, describe,
    );
    let [of_hidden, of_weight, of_bias] = found.reduced.gradients;
    let loss = found.reduced.loss;
    let loss = match bias {
        Some(bias) => {
            let gradients = [of_hidden, of_weight, of_bias];
            track::<B, C, 3>([hidden, weight, bias], loss, gradients)
        }
        None => track::<B, C, 2>([hidden, weight], loss, [of_hidden, of_weight]),
    };
    LinearReduced {
        reduced: Reduced {
            loss,
            gradients: [None, None, None],
            fault: found.reduced.fault,
        },
        rows: found.rows.map(untracked_rows),
    }
}
