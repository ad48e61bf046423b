//! The backward node of distillation.

use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use loss_kernels::Distillation;

use crate::ops::softmax_terms::autodiff::untracked;
use crate::ops::target_scores::autodiff::in_one_pass;
use crate::{LossBackend, Reduced, Reduction, RowTargets, RowWeights, composed};

/// [`LossBackend::distillation_reduced`].
pub(crate) fn distillation_reduced<B: LossBackend, C: CheckpointStrategy>(
    loss: Distillation,
    student: FloatTensor<Autodiff<B, C>>,
    teacher: FloatTensor<Autodiff<B, C>>,
    targets: RowTargets<Autodiff<B, C>>,
    weights: RowWeights<Autodiff<B, C>>,
    reduction: Reduction,
) -> Reduced<Autodiff<B, C>> {
    let (teacher, of_plain) = (teacher.primitive.clone(), teacher.primitive);
    in_one_pass(
        student,
        targets,
        weights,
        |student, targets, weights| {
            let teacher = untracked::<B, C>(of_plain);
            composed::distillation_reduced(
                loss, student, teacher, targets, weights, reduction, false,
            )
        },
        |student, targets, weights, wanted| {
            B::distillation_reduced(loss, student, teacher, targets, weights, reduction, wanted)
        },
    )
}
