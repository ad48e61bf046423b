//! `Fusion<B>`: what `B` does, between what Burn fuses.

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn_fusion::{Fusion, FusionBackend};

use crate::ops::{elementwise, softmax_terms, sum, target_scores};
use crate::{
    Columns, Elements, Formula, LossBackend, Losses, Reduced, Reduction, RowTargets, RowWeights,
    SoftmaxTerms,
};

impl<B: FusionBackend + LossBackend> LossBackend for Fusion<B> {
    fn sum(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        sum::fusion::sum::<B>(tensor)
    }

    fn scale(gradient: FloatTensor<Self>, by: FloatTensor<Self>) -> FloatTensor<Self> {
        sum::fusion::scale::<B>(gradient, by)
    }

    fn elementwise<L: Formula>(formula: &L, inputs: Elements<Self>) -> Losses<Self> {
        elementwise::fusion::elementwise(formula, inputs)
    }

    fn elementwise_backward<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        grad: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        elementwise::fusion::elementwise_backward(formula, inputs, grad, wanted)
    }

    fn elementwise_reduced<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        weights: Option<FloatTensor<Self>>,
        reduction: Reduction,
        wanted: [bool; 3],
    ) -> Reduced<Self> {
        elementwise::fusion::elementwise_reduced(formula, inputs, weights, reduction, wanted)
    }

    fn softmax_terms(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        columns: Columns,
    ) -> SoftmaxTerms<Self> {
        softmax_terms::fusion::softmax_terms(logits, targets, columns)
    }

    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        softmax_terms::fusion::softmax_terms_backward(logits, targets, normalizer, grad)
    }

    fn softmax_terms_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        softmax_terms::fusion::softmax_terms_reduced(
            formula, logits, targets, weights, reduction, wanted,
        )
    }

    fn target_scores_reduced(
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        target_scores::fusion::target_scores_reduced(scores, targets, weights, reduction, wanted)
    }

    fn first_invalid_class(_: &IntTensor<Self>, _: usize, _: Option<i64>) -> Option<usize> {
        None
    }
}
