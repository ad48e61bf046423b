//! Expected and maximum calibration error.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::binary::BinaryScores;
use super::class_rows::ClassRows;
use crate::curves::{Bins, diagram};

/// The expected calibration error, `sum_b n_b / N |confidence_b - accuracy_b|` over the bins `b` of probabilities.
///
/// How far probabilities are from the frequencies that they promise. It depends on the bins: compare only like with like.
/// Reads the tensors once and computes on the host, in f64.
///
/// - `probabilities`: `[N]`, of the positive class
/// - `targets`: `[N]`, 0 or 1
/// - range: `[0, 1]`; 0 is calibrated
/// - NaN: for no examples or a NaN among the probabilities
/// - source: [On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599); bins as scikit-learn's
///   [`calibration_curve`](https://scikit-learn.org/stable/modules/generated/sklearn.calibration.calibration_curve.html)
///
/// # Panics
///
/// If the shapes differ, a target is neither 0 nor 1, a probability is outside `[0, 1]`, or there are 0 bins.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, expected_calibration_error};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// // Half of those at 0.25, and all at 0.75.
/// assert_eq!(expected_calibration_error(probabilities, targets, Bins::EqualWidth(10)), 0.25);
/// ```
#[track_caller]
pub fn expected_calibration_error<B: Backend>(
    probabilities: Tensor<B, 1>,
    targets: Tensor<B, 1, Int>,
    bins: Bins,
) -> f64 {
    let function = "expected_calibration_error";
    let read = BinaryScores::read_probabilities(function, probabilities, targets);
    diagram(function, &read, bins).expected_calibration_error()
}

/// The expected calibration error of the highest probability of each row: of how often the class with it is right.
///
/// - `probabilities`: `[N, C]`; of equal ones, the first is the predicted class
/// - `targets`: `[N]`, classes in `[0, C)`
/// - range, NaN and source: as [`expected_calibration_error`]
///
/// # Panics
///
/// If the shapes do not fit, a target is not a class, a probability is outside `[0, 1]`, or there are 0 bins.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, expected_calibration_error_multiclass};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 2>::from_floats([[0.75, 0.25], [0.25, 0.75]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0], &device);
/// let error = expected_calibration_error_multiclass(probabilities, targets, Bins::default());
/// assert_eq!(error, 0.25);
/// ```
#[track_caller]
pub fn expected_calibration_error_multiclass<B: Backend>(
    probabilities: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    bins: Bins,
) -> f64 {
    let function = "expected_calibration_error_multiclass";
    let confidences = ClassRows::confidences_of_probabilities(function, probabilities, targets);
    diagram(function, &confidences, bins).expected_calibration_error()
}

/// The maximum calibration error, `max_b |confidence_b - accuracy_b|` over the bins `b` that hold something.
///
/// For where the worst case counts. A bin with few examples makes it large by chance; equal-mass bins help.
///
/// - arguments, range, NaN and source: as [`expected_calibration_error`]
///
/// # Panics
///
/// If the shapes differ, a target is neither 0 nor 1, a probability is outside `[0, 1]`, or there are 0 bins.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, maximum_calibration_error};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.25, 0.75, 0.625], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// // The two in the upper bin say 0.6875, and both are positive.
/// assert_eq!(maximum_calibration_error(probabilities, targets, Bins::EqualWidth(4)), 0.3125);
/// ```
#[track_caller]
pub fn maximum_calibration_error<B: Backend>(
    probabilities: Tensor<B, 1>,
    targets: Tensor<B, 1, Int>,
    bins: Bins,
) -> f64 {
    let function = "maximum_calibration_error";
    let read = BinaryScores::read_probabilities(function, probabilities, targets);
    diagram(function, &read, bins).maximum_calibration_error()
}

/// The maximum calibration error of the highest probability of each row.
///
/// - arguments: as [`expected_calibration_error_multiclass`]
/// - range, NaN and source: as [`maximum_calibration_error`]
///
/// # Panics
///
/// If the shapes do not fit, a target is not a class, a probability is outside `[0, 1]`, or there are 0 bins.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, maximum_calibration_error_multiclass};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 2>::from_floats([[0.625, 0.375], [0.25, 0.75]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0], &device);
/// let error = maximum_calibration_error_multiclass(probabilities, targets, Bins::default());
/// assert_eq!(error, 0.75);
/// ```
#[track_caller]
pub fn maximum_calibration_error_multiclass<B: Backend>(
    probabilities: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    bins: Bins,
) -> f64 {
    let function = "maximum_calibration_error_multiclass";
    let confidences = ClassRows::confidences_of_probabilities(function, probabilities, targets);
    diagram(function, &confidences, bins).maximum_calibration_error()
}
