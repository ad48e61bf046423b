//! The backward node of the scores of the rows' classes.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

use crate::ops::reduced_node::{take, track};
use crate::ops::softmax_terms::autodiff::{are_tracked, inner, inner_weights};
use crate::ops::tensors::at_least_f32;
use crate::{LossBackend, Reduced, Reduction, RowTargets, RowWeights, composed};

/// [`LossBackend::target_scores_reduced`].
pub(crate) fn target_scores_reduced<B: LossBackend, C: CheckpointStrategy>(
    scores: FloatTensor<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    weights: RowWeights<Autodiff<B, C>>,
    reduction: Reduction,
) -> Reduced<Autodiff<B, C>> {
    in_one_pass(
        scores,
        targets,
        weights,
        |scores, targets, weights| {
            composed::target_scores_reduced(scores, targets, weights, reduction, false)
        },
        |scores, targets, weights, wanted| {
            B::target_scores_reduced(scores, targets, weights, reduction, wanted)
        },
    )
}

/// A reduced loss of scores: `fused`, unless something else than the scores is tracked, or they are of 16 bits (see
/// `elementwise`); else `plain`, in operations of the graph.
pub(crate) fn in_one_pass<B: LossBackend, C: CheckpointStrategy>(
    scores: FloatTensor<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    weights: RowWeights<Autodiff<B, C>>,
    plain: impl FnOnce(
        FloatTensor<Autodiff<B, C>>,
        RowTargets<Autodiff<B, C>>,
        RowWeights<Autodiff<B, C>>,
    ) -> Reduced<Autodiff<B, C>>,
    fused: impl FnOnce(FloatTensor<B>, RowTargets<B>, RowWeights<B>, bool) -> Reduced<B>,
) -> Reduced<Autodiff<B, C>> {
    let dtype = scores.dtype();
    if dtype != at_least_f32(dtype) || are_tracked(&weights) {
        return plain(scores, targets, weights);
    }
    let (wanted, targets) = (scores.is_tracked(), inner(targets));
    let (scores, place) = take::<B, C>(scores);
    let found = fused(scores, targets, inner_weights(weights), wanted);
    let [gradient, ..] = found.gradients;
    Reduced {
        loss: track::<B, C, 1>([&place], found.loss, [gradient]),
        gradients: [None, None, None],
        fault: found.fault,
    }
}
