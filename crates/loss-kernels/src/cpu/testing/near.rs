//! A number, and how far from it another may be.

use super::epsilon;
use crate::cpu::simd::Float;
use crate::formulas::Rounded;

/// A number, and how far from it another may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    pub(crate) value: f64,
    pub(crate) by: f64,
}

impl Near {
    /// By a part of the number itself.
    pub(crate) fn itself(value: f64, tolerance: f64) -> Self {
        let by = tolerance * value.abs();
        Self { value, by }
    }

    /// By a part of the numbers that it is a difference of.
    pub(crate) fn difference(value: f64, of: f64, tolerance: f64) -> Self {
        let by = tolerance * of.max(value.abs());
        Self { value, by }
    }

    /// By what the rounding of a type makes of it.
    pub(crate) fn rounded<F: Float>(number: Rounded) -> Self {
        // In f64 the number itself has these roundings, too.
        let times = if size_of::<F>() == 4 { 1.0 } else { 2.0 };
        Self {
            value: number.value(),
            by: times * epsilon::<F>() * number.error(),
        }
    }

    /// By one or by the other.
    pub(crate) fn or(self, other: Self) -> Self {
        let by = self.by.max(other.by);
        Self { by, ..self }
    }

    /// A multiple.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            by: self.by * factor.abs(),
        }
    }

    /// Whether the number may be this one: NaN for NaN, and below the smallest normal number any.
    pub(crate) fn allows<F: Float>(self, found: f64) -> bool {
        let by = self.by.max(F::MIN_POSITIVE.to_f64());
        let near = self.value.is_finite() && (found - self.value).abs() <= by;
        near || found == self.value || (found.is_nan() && self.value.is_nan())
    }
}

/// Panics unless each number is near what is expected in its place.
#[track_caller]
pub(crate) fn assert_near<F: Float>(
    what: &str,
    found: &[F],
    expected: impl ExactSizeIterator<Item = Near>,
) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let (found, Near { value, by }) = (found.to_f64(), expected);
        assert!(
            expected.allows::<F>(found),
            "{what} at {at}: {found:e} instead of {value:e}, off by {:e} where {by:e} is allowed",
            (found - value).abs()
        );
    }
}

/// Whether a number is another one to a few roundings, of its own size.
pub(crate) fn is_near<F: Float>(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() <= 8.0 * epsilon::<F>()
}
