//! The backward node of the scores of the rows' classes.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

use crate::ops::reduced_node::{take, track};
use crate::ops::softmax_terms::autodiff::{are_tracked, inner, inner_weights};
use crate::ops::tensors::at_least_f32;
use crate::{LossBackend, Reduced, Reduction, RowTargets, RowWeights, composed};

/// [`LossBackend::target_scores_reduced`]: in one pass, unless something else than the scores is tracked, or they are of
/// 16 bits: see `elementwise`.
pub(crate) fn target_scores_reduced<B: LossBackend, C: CheckpointStrategy>(
    scores: FloatTensor<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    weights: RowWeights<Autodiff<B, C>>,
    reduction: Reduction,
) -> Reduced<Autodiff<B, C>> {
    let dtype = scores.dtype();
    if dtype != at_least_f32(dtype) || are_tracked(&weights) {
        return composed::target_scores_reduced(scores, targets, weights, reduction, false);
    }
    let (wanted, targets) = (scores.is_tracked(), inner(targets));
    let (scores, place) = take::<B, C>(scores);
    let weights = inner_weights(weights);
    let found = B::target_scores_reduced(scores, targets, weights, reduction, wanted);
    let [gradient, ..] = found.gradients;
    Reduced {
        loss: track::<B, C, 1>([&place], found.loss, [gradient]),
        gradients: [None, None, None],
        fault: found.fault,
    }
}
