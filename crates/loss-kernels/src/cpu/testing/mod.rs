//! What the tests of the kernels share.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `near` | a number, and how far from it another may be |
//! | `refuses` | calls that have to panic |
//! | `wide` | numbers of 30 digits, which `f64` is measured against |

mod near;
mod refuses;
mod wide;

pub(crate) use near::{Near, assert_near, is_near};
pub(crate) use refuses::refuses;
pub(crate) use wide::Wide;

use super::simd::Float;
use crate::Number;

/// The distance from 1 to the next number of the type.
pub(crate) fn epsilon<F: Float>() -> f64 {
    (-digits::<F>()).exp2()
}

/// The binary digits of a number after its first.
fn digits<F: Float>() -> f64 {
    if size_of::<F>() == 4 { 23.0 } else { 52.0 }
}

/// A unit of the last place of a number in the type; `None` where the type has no normal number for it.
pub(crate) fn last_place<F: Float>(number: f64) -> Option<f64> {
    let size = number.abs();
    assert!(!size.is_nan());
    let is_normal = size >= F::MIN_POSITIVE.to_f64() && size <= F::MAX.to_f64();
    let exponent = (size.to_bits() >> 52) as f64 - 1023.0;
    is_normal.then(|| (exponent - digits::<F>()).exp2())
}

/// The bytes of numbers.
pub(crate) fn bits<F: Float>(values: &[F]) -> &[u8] {
    pulp::bytemuck::cast_slice(values)
}

/// The sum without the rounding errors of long sums (Neumaier).
pub(crate) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0f64, 0.0);
    for x in values {
        let next = sum + x;
        lost += if sum.abs() >= x.abs() {
            (sum - next) + x
        } else {
            (x - next) + sum
        };
        sum = next;
    }
    sum + lost
}

/// Lengths below, at and above those of every instruction set's vectors, and shorter than any.
pub(crate) const SHORT: [usize; 11] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17];

/// A type whose results are measured in units of the last place, against numbers of more digits.
pub(crate) trait Measured: Float {
    /// The numbers of more digits.
    type Exact: Number;
    /// How many results are measured: fewer where the exact ones take long.
    const COUNT: usize;

    /// The same number.
    fn exact(self) -> Self::Exact;
    /// A number in `f64`.
    fn nearest(exact: Self::Exact) -> f64;
    /// How far this number is from the exact one.
    fn distance(self, exact: Self::Exact) -> f64;
    /// Of two bounds, for `f32` and for `f64`, the one of this type.
    fn of<T>(bounds: [T; 2]) -> T;

    /// How far this number is from the exact one, in units of the last place of that, or of a larger number where that has
    /// rounded; 0 where the type has no normal number for it.
    fn ulps(self, exact: Self::Exact, larger: f64) -> f64 {
        let size = Self::nearest(exact).abs().max(larger);
        let Some(unit) = last_place::<Self>(size) else {
            return 0.0;
        };
        let error = self.distance(exact) / unit;
        assert!(error.is_finite(), "{self:?} instead of {size:e}");
        error
    }
}

impl Measured for f32 {
    type Exact = f64;
    const COUNT: usize = 40_000;

    fn exact(self) -> f64 {
        self.into()
    }

    fn nearest(exact: f64) -> f64 {
        exact
    }

    fn distance(self, exact: f64) -> f64 {
        (f64::from(self) - exact).abs()
    }

    fn of<T>([bound, _]: [T; 2]) -> T {
        bound
    }
}

impl Measured for f64 {
    type Exact = Wide;
    const COUNT: usize = 4_000;

    fn exact(self) -> Wide {
        Wide::new(self)
    }

    fn nearest(exact: Wide) -> f64 {
        exact.nearest()
    }

    fn distance(self, exact: Wide) -> f64 {
        (exact - Wide::new(self)).nearest().abs()
    }

    fn of<T>([_, bound]: [T; 2]) -> T {
        bound
    }
}
