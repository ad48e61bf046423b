//! The backward node of distillation.

use std::cell::Cell;

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
    // For the one that runs: alone, it may be changed in place.
    let teacher = Cell::new(Some(teacher.primitive));
    let teacher = || teacher.take().expect("one of them runs");
    in_one_pass(
        student,
        targets,
        weights,
        |student, targets, weights| {
            let teacher = untracked::<B, C>(teacher());
            composed::distillation_reduced(
                loss, student, teacher, targets, weights, reduction, false,
            )
        },
        |student, targets, weights, wanted| {
            B::distillation_reduced(
                loss,
                student,
                teacher(),
                targets,
                weights,
                reduction,
                wanted,
            )
        },
    )
}
