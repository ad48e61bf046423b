//! Average precision.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::average::Average;
use super::binary::{BinaryScores, Sorted};
use super::one_vs_rest::{questions_of_classes, questions_of_labels};

/// The average precision, `sum_k (R_k - R_{k-1}) P_k` over the thresholds from the highest down, with recall `R` and
/// precision `P`.
///
/// The measure for rare positives: it does not look at true negatives. Needs the order of all examples, so it reads the
/// tensors once and computes on the host, in f64.
///
/// - `scores`: `[N]`, any real numbers, higher for positive: logits or probabilities
/// - `targets`: `[N]`, 0 or 1
/// - range: `[0, 1]`; the share of positives is chance, 1 is perfect; 0 where nothing is positive, as scikit-learn
/// - NaN: for no examples or a NaN among the scores, where scikit-learn raises
/// - source: scikit-learn's
///   [`average_precision_score`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html)
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
/// use burn_loss_metrics::average_precision;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// // 1/2 * 1/1 + 1/2 * 2/3
/// assert!((average_precision(scores, targets) - 5.0 / 6.0).abs() < 1e-12);
/// ```
#[track_caller]
pub fn average_precision<B: Backend>(scores: Tensor<B, 1>, targets: Tensor<B, 1, Int>) -> f64 {
    let read = BinaryScores::read("average_precision", "scores", scores, targets);
    average_precision_of(&read)
}

/// [`average_precision`] of each class against the rest, averaged.
///
/// - `scores`: `[N, C]`, the higher the likelier the class; probabilities, so that the columns compare across rows
/// - `targets`: `[N]`, classes in `[0, C)`
/// - a class without examples counts 0 in the macro average, as in scikit-learn
/// - source: scikit-learn's `average_precision_score` of binarized labels
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
/// use burn_loss_metrics::{Average, average_precision_multiclass};
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[0.75, 0.25], [0.25, 0.75]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// assert_eq!(average_precision_multiclass(scores, targets, Average::Weighted), 1.0);
/// ```
#[track_caller]
pub fn average_precision_multiclass<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    average: Average,
) -> f64 {
    let function = "average_precision_multiclass";
    let questions = questions_of_classes(function, scores, targets);
    average.of(questions, average_precision_of)
}

/// [`average_precision`] of each label, averaged; its macro average is the mean average precision (mAP).
///
/// - `scores`: `[N, L]`, any real numbers
/// - `targets`: `[N, L]`, 0 or 1
/// - a label that no example has counts 0 in the macro average, as in scikit-learn
/// - source: scikit-learn's `average_precision_score` of label indicators
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
/// use burn_loss_metrics::{Average, average_precision_multilabel};
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[2.0, -1.0], [-1.0, 3.0]], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[1, 1], [0, 0]], &device);
/// assert_eq!(average_precision_multilabel(scores, targets, Average::Macro), 0.75);
/// ```
#[track_caller]
pub fn average_precision_multilabel<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 2, Int>,
    average: Average,
) -> f64 {
    let function = "average_precision_multilabel";
    let questions = questions_of_labels(function, scores, targets);
    average.of(questions, average_precision_of)
}

pub(crate) fn average_precision_of(binary: &BinaryScores) -> f64 {
    let Some(sorted) = Sorted::of(binary) else {
        return f64::NAN;
    };
    if sorted.positives == 0 {
        return 0.0;
    }
    let mut last = 0;
    let mut sum = 0.0;
    for (_, true_positives, false_positives) in sorted.steps().skip(1) {
        let precision = true_positives as f64 / (true_positives + false_positives) as f64;
        sum += (true_positives - last) as f64 * precision;
        last = true_positives;
    }
    sum / sorted.positives as f64
}
