//! Comparing numbers within a tolerance, NaN and infinities included.

use approx::relative_eq;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::backend::Tolerance;

/// The tensor's numbers in f64.
pub fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The first place in which two lists differ, in words.
pub fn difference(actual: &[f64], expected: &[f64], tolerance: Tolerance) -> Option<String> {
    difference_each(actual, expected, tolerance.relative, |_| tolerance.absolute)
}

/// As [`difference`], with an absolute bound of its own for each number.
pub fn difference_each(
    actual: &[f64],
    expected: &[f64],
    relative: f64,
    absolute: impl Fn(usize) -> f64,
) -> Option<String> {
    if actual.len() != expected.len() {
        return Some(format!(
            "{} numbers instead of {}",
            actual.len(),
            expected.len()
        ));
    }
    let wrong = |&(index, (actual, expected)): &(usize, (&f64, &f64))| {
        let close = (actual.is_nan() && expected.is_nan())
            || relative_eq!(
                actual,
                expected,
                epsilon = absolute(index),
                max_relative = relative
            );
        !close
    };
    let (index, (actual, expected)) = actual.iter().zip(expected).enumerate().find(wrong)?;
    Some(format!(
        "at {index}: {actual:e} instead of {expected:e}, within {:e} or {relative:e} of it",
        absolute(index)
    ))
}

/// For each number of `[N, C, S]` the largest finite one of its row, which runs along `C`: rounding grows with what is
/// added up in a row, and one row's numbers say nothing of another's.
pub fn largest_of_rows(numbers: &[f64], [_, num_classes, s]: [usize; 3]) -> Vec<f64> {
    let mut largest = vec![0.0f64; numbers.len()];
    let row = |index: usize| index / (num_classes * s) * num_classes * s + index % s;
    for (index, number) in numbers.iter().enumerate() {
        if number.is_finite() {
            largest[row(index)] = largest[row(index)].max(number.abs());
        }
    }
    (0..numbers.len())
        .map(|index| largest[row(index)])
        .collect()
}

/// Panics where two lists differ.
#[track_caller]
pub fn assert_close(what: &str, actual: &[f64], expected: &[f64], tolerance: Tolerance) {
    if let Some(difference) = difference(actual, expected, tolerance) {
        panic!("{what}: {difference} (tolerance {tolerance:?})");
    }
}
