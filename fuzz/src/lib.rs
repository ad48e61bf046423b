//! What the fuzz targets share: bytes turned into numbers, and numbers compared with what they may be.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `source` | bytes of the fuzzer as sizes, options and numbers of a domain |
//! | `interval` | a number that is known up to rounding, in which formulas are evaluated |
//! | `formulas` | the formulas of single elements, with options and domains |
//! | `rows` | rows of class scores, with classes of any integer |
//! | `xml` | whether a text is well-formed |

pub mod formulas;
pub mod interval;
pub mod rows;
pub mod source;
pub mod xml;

use loss_kernels::cpu::simd::Float;

/// The bits of the numbers: what is to be the same to the last one.
pub fn bits<F: Float>(numbers: &[F]) -> Vec<u64> {
    numbers
        .iter()
        .map(|number| number.to_f64().to_bits())
        .collect()
}

/// The relative step from one number of the type to the next.
pub fn epsilon<F: Float>() -> f64 {
    match size_of::<F>() {
        4 => f32::EPSILON.into(),
        _ => f64::EPSILON,
    }
}

/// The sum without the rounding errors of long sums (Neumaier): a reference must not be off by more than what it judges.
pub fn sum(values: impl Iterator<Item = f64>) -> f64 {
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
    if sum.is_finite() { sum + lost } else { sum }
}
