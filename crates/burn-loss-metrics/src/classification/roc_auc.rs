//! Area under the ROC curve.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::average::Average;
use super::binary::{BinaryScores, Sorted};
use super::one_vs_rest::{questions_of_classes, questions_of_labels};

/// The area under the ROC curve: the probability that a positive example has a higher score than a negative one, ties
/// counting one half, `(#{s_p > s_n} + #{s_p = s_n} / 2) / (P N)`.
///
/// Needs the order of all examples, so it reads the tensors once and computes on the host, in f64.
///
/// - `scores`: `[N]`, any real numbers, higher for positive: logits or probabilities
/// - `targets`: `[N]`, 0 or 1
/// - range: `[0, 1]`; 0.5 is chance, 1 is perfect
/// - NaN: for one class only, as scikit-learn; for no examples or a NaN among the scores, where scikit-learn raises
/// - source: scikit-learn's
///   [`roc_auc_score`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_auc_score.html)
///
/// # Panics
///
/// If the shapes differ, or a target is neither 0 nor 1.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::roc_auc;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// assert_eq!(roc_auc(scores, targets), 0.75);
/// ```
#[track_caller]
pub fn roc_auc<B: Backend>(scores: Tensor<B, 1>, targets: Tensor<B, 1, Int>) -> f64 {
    area_under_roc(&BinaryScores::read("roc_auc", "scores", scores, targets))
}

/// [`roc_auc`] of each class against the rest, averaged.
///
/// - `scores`: `[N, C]`, the higher the likelier the class; probabilities, so that the columns compare across rows
/// - `targets`: `[N]`, classes in `[0, C)`
/// - NaN: as [`roc_auc`]; a class without examples makes the macro average NaN, as in scikit-learn
/// - source: scikit-learn's `roc_auc_score` with `multi_class="ovr"`
///
/// # Panics
///
/// If the shapes do not fit, or a target is not a class.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Average, roc_auc_multiclass};
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[0.75, 0.25], [0.5, 0.5], [0.625, 0.375]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1], &device);
/// assert_eq!(roc_auc_multiclass(scores, targets, Average::Macro), 0.5);
/// ```
#[track_caller]
pub fn roc_auc_multiclass<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    average: Average,
) -> f64 {
    let questions = questions_of_classes("roc_auc_multiclass", scores, targets);
    average.of(questions, area_under_roc)
}

/// [`roc_auc`] of each label, averaged.
///
/// - `scores`: `[N, L]`, any real numbers
/// - `targets`: `[N, L]`, 0 or 1
/// - NaN: as [`roc_auc`]; a label that all examples have, or none, makes the macro average NaN, as in scikit-learn
/// - source: scikit-learn's `roc_auc_score` of label indicators
///
/// # Panics
///
/// If the shapes differ, or a target is neither 0 nor 1.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Average, roc_auc_multilabel};
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[2.0, -1.0], [-1.0, 3.0]], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[1, 1], [0, 0]], &device);
/// assert_eq!(roc_auc_multilabel(scores, targets, Average::Macro), 0.5);
/// ```
#[track_caller]
pub fn roc_auc_multilabel<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 2, Int>,
    average: Average,
) -> f64 {
    let questions = questions_of_labels("roc_auc_multilabel", scores, targets);
    average.of(questions, area_under_roc)
}

pub(crate) fn area_under_roc(binary: &BinaryScores) -> f64 {
    let Some(sorted) = Sorted::of(binary) else {
        return f64::NAN;
    };
    let mut last = (0, 0);
    let mut twice_the_area = 0u128;
    for (_, true_positives, false_positives) in sorted.steps() {
        twice_the_area += (false_positives - last.1) as u128 * (true_positives + last.0) as u128;
        last = (true_positives, false_positives);
    }
    // 0 / 0 where one class is missing.
    twice_the_area as f64 / (2.0 * sorted.positives as f64 * sorted.negatives as f64)
}
