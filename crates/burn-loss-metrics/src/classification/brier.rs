//! Brier score.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::binary::BinaryScores;
use super::class_rows::{ClassRows, Others, Top, mean};
use crate::ModelOutput;
use crate::training::sigmoid;

/// The Brier score, `mean (p - y)^2`: the squared error of the probability.
///
/// Lower for probabilities that are both calibrated and decisive.
///
/// - `probabilities`: `[N]`, of the positive class
/// - `targets`: `[N]`, 0 or 1
/// - range: `[0, 1]`; 0 is perfect, 0.25 is always saying 0.5
/// - NaN: for no examples or a NaN among the probabilities, where scikit-learn raises
/// - source: scikit-learn's
///   [`brier_score_loss`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.brier_score_loss.html)
///
/// # Panics
///
/// If the shapes differ, a target is neither 0 nor 1, or a probability is outside `[0, 1]`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::brier_score;
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.5, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// assert_eq!(brier_score(probabilities, targets), (0.25 + 0.0625) / 2.0);
/// ```
#[track_caller]
pub fn brier_score<B: Backend>(probabilities: Tensor<B, 1>, targets: Tensor<B, 1, Int>) -> f64 {
    let read = BinaryScores::read_probabilities("brier_score", probabilities, targets);
    let sum: f64 = read.iter().map(|(p, positive)| of_label(p, positive)).sum();
    sum / read.len() as f64
}

/// The Brier score of several classes, `mean sum_c (p_c - 1[c = t])^2`; of two classes, half of that, which is
/// [`brier_score`].
///
/// - `probabilities`: `[N, C]`, each row with the sum 1 (not checked)
/// - `targets`: `[N]`, classes in `[0, C)`
/// - range: `[0, 2]`, of two classes `[0, 1]`; 0 is perfect
/// - NaN: for no examples or a NaN among the probabilities, where scikit-learn raises
/// - source: scikit-learn's `brier_score_loss`
///
/// # Panics
///
/// If the shapes do not fit, a target is not a class, or a probability is outside `[0, 1]`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::brier_score_multiclass;
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 2>::from_floats([[0.5, 0.25, 0.25]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
/// assert_eq!(brier_score_multiclass(probabilities, targets), 0.25 + 2.0 * 0.0625);
/// ```
#[track_caller]
pub fn brier_score_multiclass<B: Backend>(
    probabilities: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> f64 {
    let function = "brier_score_multiclass";
    let (rows, tops) = ClassRows::of_probabilities(function, probabilities, targets);
    mean(&tops, |top| {
        of_class(&rows, ModelOutput::Probabilities, top)
    })
}

pub(crate) fn of_label(probability: f64, positive: bool) -> f64 {
    (probability - f64::from(u8::from(positive))).powi(2)
}

/// From the probability of what is wrong, which keeps its digits where that of what is right is almost 1.
pub(crate) fn of_label_logit(logit: f64, positive: bool) -> f64 {
    sigmoid(if positive { -logit } else { logit }).powi(2)
}

/// From what the other classes have, as of a label.
pub(crate) fn of_class(rows: &ClassRows, model_output: ModelOutput, top: &Top) -> f64 {
    let others = &rows.others(model_output)[top.row];
    let squares = match model_output {
        ModelOutput::Logits => of_class_logits(top, others),
        ModelOutput::Probabilities => others.squares + of_label(top.of_class, true),
    };
    let scale = if rows.columns() == 2 { 0.5 } else { 1.0 };
    scale * squares
}

fn of_class_logits(top: &Top, others: &Others) -> f64 {
    let all = others.sum_of_all(top);
    (others.squares + others.sum * others.sum) / (all * all)
}
