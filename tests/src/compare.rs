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
    if actual.len() != expected.len() {
        return Some(format!(
            "{} numbers instead of {}",
            actual.len(),
            expected.len()
        ));
    }
    let close = |actual: f64, expected: f64| {
        (actual.is_nan() && expected.is_nan())
            || relative_eq!(
                actual,
                expected,
                epsilon = tolerance.absolute,
                max_relative = tolerance.relative
            )
    };
    let wrong = |(_, (actual, expected)): &(usize, (&f64, &f64))| !close(**actual, **expected);
    let (index, (actual, expected)) = actual.iter().zip(expected).enumerate().find(wrong)?;
    Some(format!("at {index}: {actual:e} instead of {expected:e}"))
}

/// Panics where two lists differ.
#[track_caller]
pub fn assert_close(what: &str, actual: &[f64], expected: &[f64], tolerance: Tolerance) {
    if let Some(difference) = difference(actual, expected, tolerance) {
        panic!("{what}: {difference} (tolerance {tolerance:?})");
    }
}
