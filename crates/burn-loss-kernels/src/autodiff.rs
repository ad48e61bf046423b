//! The backward node of the operation.

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::NodeId;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use crate::{LossBackend, RowTargets, SmoothWeights, SoftmaxTerms, composed};

/// What the backward pass needs; `L` says how it comes by the logits.
#[derive(Clone, Debug)]
struct State<B: Backend, L> {
    logits: L,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
}

/// Backward of the terms with respect to the logits.
#[derive(Debug)]
struct LogitsBackward {
    /// Whether the target's log-probability is all there is.
    of_target_alone: bool,
}

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
            let backward = if self.of_target_alone {
                B::target_log_prob_backward
            } else {
                B::softmax_terms_backward
            };
            let grad = backward(logits, state.targets, state.normalizer, grad);
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
            normalizer: <Autodiff<B, C> as AutodiffBackend>::from_inner(normalizer),
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
    let tensor = composed::as_rows::<B>(tensor);
    let [_, num_classes, _] = tensor.dims();
    let sum = tensor.sum_dim(0).sum_dim(2).reshape([num_classes]);
    Tensor::<B, 1>::into_primitive(sum).tensor()
}

/// The targets as the inner backend has them.
fn inner<B: Backend, C: CheckpointStrategy>(targets: RowTargets<Autodiff<B, C>>) -> RowTargets<B> {
    RowTargets {
        classes: targets.classes,
        ignore_index: targets.ignore_index,
        smooth: targets.smooth.map(|weights| weights.primitive),
    }
}

impl<B: LossBackend, C: CheckpointStrategy> LossBackend for Autodiff<B, C> {
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let weights = match &targets.smooth {
            SmoothWeights::PerClass(weights) | SmoothWeights::PerLogit(weights)
                if weights.is_tracked() =>
            {
                Some(weights.clone())
            }
            _ => None,
        };
        let targets = inner(targets);
        let found = B::softmax_terms(logits.primitive.clone(), targets.clone());
        let Some(weights) = weights else {
            let backward = LogitsBackward {
                of_target_alone: false,
            };
            return backward.track(&logits, targets, found);
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
            normalizer: Self::from_inner(normalizer),
        }
    }

    fn target_log_prob(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let targets = inner(targets);
        let found = B::target_log_prob(logits.primitive.clone(), targets.clone());
        let backward = LogitsBackward {
            of_target_alone: true,
        };
        backward.track(&logits, targets, found)
    }

    fn softmax_terms_backward(
        _: FloatTensor<Self>,
        _: RowTargets<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        panic!(
            "burn-loss: losses of logits have first derivatives only; for a second one, compute the loss with \
             `burn::tensor::activation::log_softmax` and `NllLoss`"
        );
    }
}
