//! Log loss of probabilities.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::binary::BinaryScores;
use super::class_rows::{ClassRows, Others, Top, mean};

/// The log loss, `-mean log p_t`, with the probability `p_t` of what was true, clipped to `[e, 1 - e]` with
/// `e = 2.2e-16`.
///
/// - `probabilities`: `[N]`, of the positive class
/// - `targets`: `[N]`, 0 or 1
/// - unit: nats, `[0, 36.05]`; log 2 is always saying 0.5
/// - NaN: for no examples or a NaN among the probabilities, where scikit-learn raises
/// - source: scikit-learn's
///   [`log_loss`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html) of float64
///   probabilities (of float32 it clips at 1.2e-7)
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
/// use burn_loss_metrics::log_loss;
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.5, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// let expected = -(0.5f64.ln() + 0.75f64.ln()) / 2.0;
/// assert!((log_loss(probabilities, targets) - expected).abs() < 1e-12);
/// ```
#[track_caller]
pub fn log_loss<B: Backend>(probabilities: Tensor<B, 1>, targets: Tensor<B, 1, Int>) -> f64 {
    let read = BinaryScores::read_probabilities("log_loss", probabilities, targets);
    let sum: f64 = read.iter().map(|(p, positive)| of_label(p, positive)).sum();
    sum / read.len() as f64
}

/// The log loss of several classes, `-mean log p_t`, clipped as [`log_loss`].
///
/// - `probabilities`: `[N, C]`, each row with the sum 1 (not checked)
/// - `targets`: `[N]`, classes in `[0, C)`
/// - unit: nats, `[0, 36.05]`; log C is always saying 1 / C
/// - NaN: for no examples or a NaN among the probabilities, where scikit-learn raises
/// - source: scikit-learn's `log_loss` with `labels=range(C)`
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
/// use burn_loss_metrics::log_loss_multiclass;
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 2>::from_floats([[0.5, 0.25, 0.25]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1], &device);
/// assert!((log_loss_multiclass(probabilities, targets) - 4f64.ln()).abs() < 1e-12);
/// ```
#[track_caller]
pub fn log_loss_multiclass<B: Backend>(
    probabilities: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> f64 {
    let (_, tops) = ClassRows::of_probabilities("log_loss_multiclass", probabilities, targets);
    mean(&tops, of_class)
}

pub(crate) fn of_label(probability: f64, positive: bool) -> f64 {
    negative_log(if positive {
        probability
    } else {
        1.0 - probability
    })
}

pub(crate) fn of_class(top: &Top) -> f64 {
    // A NaN anywhere in the row is a model that diverged, and not a loss to average.
    match top.highest.is_nan() {
        true => f64::NAN,
        false => negative_log(top.of_class),
    }
}

/// `log (1 + exp (-x))` of a positive, `log (1 + exp x)` of a negative.
pub(crate) fn of_label_logit(logit: f64, positive: bool) -> f64 {
    let wrong = if positive { -logit } else { logit };
    wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
}

/// `log sum_c exp (x_c - x_t)`.
pub(crate) fn of_class_logits(top: &Top, others: &Others) -> f64 {
    match top.of_class == top.highest {
        true => others.sum.ln_1p(),
        false => top.highest - top.of_class + others.sum_of_all(top).ln(),
    }
}

fn negative_log(probability: f64) -> f64 {
    -probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}
