//! `Autodiff<B>`: what `B` does, and a backward node.

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

use crate::ops::{elementwise, softmax_terms, sum, target_scores};
use crate::{
    Columns, Elements, Formula, LossBackend, Losses, Reduced, Reduction, RowTargets, RowWeights,
    SoftmaxTerms,
};

impl<B: LossBackend, C: CheckpointStrategy> LossBackend for Autodiff<B, C> {
    const ON_HOST: bool = B::ON_HOST;

    fn sum(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        sum::autodiff::sum::<B, C>(tensor)
    }

    fn elementwise<L: Formula>(formula: &L, inputs: Elements<Self>) -> Losses<Self> {
        elementwise::autodiff::elementwise(formula, inputs)
    }

    fn elementwise_backward<L: Formula>(
        _: &L,
        _: Elements<Self>,
        _: FloatTensor<Self>,
        _: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        panic!(
            "burn-loss: losses have first derivatives only; for a second one, write the formula in plain Burn operations, as \
             in the example `own_loss`"
        );
    }

    fn elementwise_reduced<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        weights: Option<FloatTensor<Self>>,
        reduction: Reduction,
        _: [bool; 3],
    ) -> Reduced<Self> {
        elementwise::autodiff::elementwise_reduced(formula, inputs, weights, reduction)
    }

    fn softmax_terms(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        columns: Columns,
    ) -> SoftmaxTerms<Self> {
        softmax_terms::autodiff::softmax_terms(logits, targets, columns)
    }

    fn softmax_terms_backward(
        _: FloatTensor<Self>,
        _: RowTargets<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        panic!(
            "burn-loss: losses of logits have first derivatives only; for a second one, compute the loss with \
             `burn::tensor::activation::log_softmax` and `NllLoss::forward_no_reduction`"
        );
    }

    fn softmax_terms_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        _: bool,
    ) -> Reduced<Self> {
        softmax_terms::autodiff::softmax_terms_reduced(formula, logits, targets, weights, reduction)
    }

    fn target_scores_reduced(
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        _: bool,
    ) -> Reduced<Self> {
        target_scores::autodiff::target_scores_reduced(scores, targets, weights, reduction)
    }

    fn first_invalid_class(
        classes: &IntTensor<Self>,
        num_classes: usize,
        ignore_index: Option<i64>,
    ) -> Option<usize> {
        B::first_invalid_class(classes, num_classes, ignore_index)
    }
}
