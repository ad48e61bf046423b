//! `Autodiff<B>`: what `B` does, and a backward node.

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

use crate::ops::{
    distillation, elementwise, linear, multi_margin, per_class, sample_losses, softmax_terms, sum,
    target_scores,
};
use crate::{
    Adjustment, Columns, CtcTargets, Distillation, Elements, Formula, Linear, LinearReduced,
    LossBackend, Losses, MultiMargin, Reduced, Reduction, RowTargets, RowWeights, SampleLosses,
    SoftmaxTerms, composed,
};

impl<B: LossBackend, C: CheckpointStrategy> LossBackend for Autodiff<B, C> {
    const ON_HOST: bool = B::ON_HOST;

    fn sum(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        sum::autodiff::sum::<B, C>(tensor)
    }

    fn scale(tensor: FloatTensor<Self>, by: FloatTensor<Self>) -> FloatTensor<Self> {
        sum::autodiff::scale::<B, C>(tensor, by)
    }

    fn softmax_rows(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        if logits.is_tracked() {
            return composed::softmax_rows::<Self>(logits);
        }
        softmax_terms::autodiff::untracked::<B, C>(B::softmax_rows(logits.primitive))
    }

    fn add_per_class(scores: FloatTensor<Self>, offsets: FloatTensor<Self>) -> FloatTensor<Self> {
        per_class::autodiff::add_per_class::<B, C>(scores, offsets)
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
        first_derivatives_only(true);
        unreachable!("it panics")
    }

    fn elementwise_reduced<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        weights: Option<FloatTensor<Self>>,
        reduction: Reduction,
        wanted: [bool; 3],
    ) -> Reduced<Self> {
        first_derivatives_only(wanted.contains(&true));
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
        first_derivatives_only(true);
        unreachable!("it panics")
    }

    fn softmax_terms_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        first_derivatives_only(wanted);
        softmax_terms::autodiff::reduced(formula, logits, None, targets, weights, reduction)
    }

    fn adjusted_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        by: Adjustment<FloatTensor<Self>>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        first_derivatives_only(wanted);
        softmax_terms::autodiff::reduced(formula, logits, Some(by), targets, weights, reduction)
    }

    fn linear_reduced<L: Formula>(
        formula: &L,
        of: Linear<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: [bool; 3],
        describe: bool,
    ) -> LinearReduced<Self> {
        first_derivatives_only(wanted.contains(&true));
        linear::autodiff::linear_reduced(formula, of, targets, weights, reduction, describe)
    }

    fn linear_terms(
        of: Linear<Self>,
        targets: RowTargets<Self>,
        columns: Columns,
    ) -> SoftmaxTerms<Self> {
        linear::autodiff::linear_terms(of, targets, columns)
    }

    fn linear_terms_backward(
        _: Linear<Self>,
        _: RowTargets<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        first_derivatives_only(true);
        unreachable!("it panics")
    }

    fn target_scores_reduced(
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        first_derivatives_only(wanted);
        target_scores::autodiff::target_scores_reduced(scores, targets, weights, reduction)
    }

    fn multi_margin_reduced(
        loss: MultiMargin,
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        first_derivatives_only(wanted);
        multi_margin::autodiff::multi_margin_reduced(loss, scores, targets, weights, reduction)
    }

    fn distillation_reduced(
        loss: Distillation,
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        first_derivatives_only(wanted);
        distillation::autodiff::distillation_reduced(
            loss, student, teacher, targets, weights, reduction,
        )
    }

    fn multi_label_margin(
        scores: FloatTensor<Self>,
        labels: IntTensor<Self>,
        wanted: bool,
    ) -> SampleLosses<Self> {
        first_derivatives_only(wanted);
        sample_losses::autodiff::track(scores, 0, |scores, wanted| {
            B::multi_label_margin(scores, labels, wanted)
        })
    }

    fn ctc(
        log_probs: FloatTensor<Self>,
        targets: CtcTargets<Self>,
        wanted: bool,
    ) -> SampleLosses<Self> {
        first_derivatives_only(wanted);
        let targets = CtcTargets {
            classes: targets.classes,
            input_lengths: targets.input_lengths,
            target_lengths: targets.target_lengths,
            blank: targets.blank,
        };
        sample_losses::autodiff::track(log_probs, 1, |log_probs, wanted| {
            B::ctc(log_probs, targets, wanted)
        })
    }

    fn first_invalid_class(
        classes: &IntTensor<Self>,
        num_classes: usize,
        ignore_index: Option<i64>,
    ) -> Option<usize> {
        B::first_invalid_class(classes, num_classes, ignore_index)
    }
}

/// Panics where a gradient is wanted as a tensor of the graph.
fn first_derivatives_only(wanted: bool) {
    assert!(
        !wanted,
        "burn-loss: losses have first derivatives only; for a second one, write the loss in plain Burn operations, as in the \
         example `own_loss`, or cross entropy as `NllLoss::forward_no_reduction` of `burn::tensor::activation::log_softmax`"
    );
}
