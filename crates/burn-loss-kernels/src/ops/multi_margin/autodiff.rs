//! The backward node of what the rows' classes are short of a margin.

use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use loss_kernels::MultiMargin;

use crate::ops::target_scores::autodiff::in_one_pass;
use crate::{LossBackend, Reduced, Reduction, RowTargets, RowWeights, composed};

/// [`LossBackend::multi_margin_reduced`].
pub(crate) fn multi_margin_reduced<B: LossBackend, C: CheckpointStrategy>(
    loss: MultiMargin,
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
            composed::multi_margin_reduced(loss, scores, targets, weights, reduction, false)
        },
        |scores, targets, weights, wanted| {
            B::multi_margin_reduced(loss, scores, targets, weights, reduction, wanted)
        },
    )
}
