//! Sums that are right at any length: a few vectors in the type itself, all else in `f64`.
//!
//! No running total takes in more than 16 vectors before it joins one in `f64`, so that no running total swallows
//! what is added to it: equal numbers, of which each rounds the same way, are right to 4e-7 in `f32` at any length.

use super::simd::{Arch, Float, Isa, Kernel, Lanes, MAX_LANES};
use super::tasks;

/// Vectors that are added up in their own type.
pub(crate) const VECTORS: usize = 16;

/// Running totals side by side, to hide the latency of an addition.
const UNROLL: usize = 4;

/// Numbers per task.
pub(crate) const TASK: usize = 32768;

/// The sum of the numbers.
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::sum::sum;
/// use loss_kernels::cpu::simd::Arch;
///
/// // A running total in f32 stops growing at 2^24.
/// assert_eq!(sum(Arch::detect(), &vec![1f32; (1 << 24) + 3]), 16_777_219.0);
/// ```
pub fn sum<F: Float>(arch: Arch, numbers: &[F]) -> f64 {
    let parts = tasks::map(numbers.len(), TASK, |range| arch.run(Sum(&numbers[range])));
    parts.into_iter().sum()
}

struct Sum<'a, F>(&'a [F]);

impl<F: Float> Kernel for Sum<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> f64 {
        let zero = F::splat(simd, F::ZERO);
        let mut total = 0.0;
        for block in self.0.chunks(UNROLL * VECTORS * F::lanes::<S>()) {
            let (vectors, rest) = F::vectors::<S>(block);
            let (groups, singles) = vectors.as_chunks::<UNROLL>();
            let mut sums = [zero; UNROLL];
            for group in groups {
                for (sum, x) in sums.iter_mut().zip(group) {
                    *sum = F::plus(simd, *sum, *x);
                }
            }
            for x in singles {
                sums[0] = F::plus(simd, sums[0], *x);
            }
            sums[1] = F::plus(simd, sums[1], F::part(simd, rest, F::ZERO));
            let [a, b, c, d] = sums;
            let sum = F::plus(simd, F::plus(simd, a, b), F::plus(simd, c, d));
            total += in_f64::<F, S>(sum);
        }
        total
    }
}

/// The sum of all lanes.
#[inline(always)]
pub(crate) fn in_f64<F: Float, S: Isa>(sum: F::Vector<S>) -> f64 {
    let lanes: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&sum));
    let mut total = 0.0;
    for lane in lanes {
        total += lane.to_f64();
    }
    total
}

/// Running totals in `f64`, one per lane: adding to them is a few operations on vectors, where the sum of the lanes is many.
pub(crate) struct Totals([f64; MAX_LANES]);

impl Totals {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self([0.0; MAX_LANES])
    }

    #[inline(always)]
    pub(crate) fn add<F: Float, S: Isa, const N: usize>(&mut self, simd: S, sums: Lanes<F, S, N>) {
        let mut sum = sums.vectors[0];
        for other in &sums.vectors[1..] {
            sum = F::plus(simd, sum, *other);
        }
        let lanes: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&sum));
        for (total, lane) in self.0.iter_mut().zip(lanes) {
            *total += lane.to_f64();
        }
    }

    #[inline(always)]
    pub(crate) fn sum(self) -> f64 {
        self.0.iter().sum()
    }
}

/// Running totals of a few vectors each, of which the last may be of fewer numbers.
pub(crate) struct Sums<F: Float, S: Isa, const N: usize>([F::Vector<S>; N]);

impl<F: Float, S: Isa, const N: usize> Sums<F, S, N> {
    #[inline(always)]
    pub(crate) fn new(simd: S) -> Self {
        Self([F::splat(simd, F::ZERO); N])
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, simd: S, terms: [Lanes<F, S>; N]) {
        for (sum, term) in self.0.iter_mut().zip(terms) {
            *sum = F::plus(simd, *sum, term.vector());
        }
    }

    /// Adds the first lanes.
    #[inline(always)]
    pub(crate) fn add_first(&mut self, simd: S, lanes: usize, terms: [Lanes<F, S>; N]) {
        let inside = F::leading(simd, lanes);
        for (sum, term) in self.0.iter_mut().zip(terms) {
            let term = F::select(simd, inside, term.vector(), F::splat(simd, F::ZERO));
            *sum = F::plus(simd, *sum, term);
        }
    }

    #[inline(always)]
    pub(crate) fn add_to(self, totals: &mut [f64; N]) {
        for (total, sum) in totals.iter_mut().zip(self.0) {
            *total += in_f64::<F, S>(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "too many numbers")]
    fn long_sums_of_equal_numbers_are_right() {
        for arch in Arch::available() {
            for len in [0, 1, 15, 16, 1023, 1025, 32768, 32769, 1 << 22] {
                let found = sum(arch, &vec![0.1f32; len]);
                let exact = f64::from(0.1f32) * len as f64;
                assert!(
                    (found - exact).abs() <= 5e-7 * exact,
                    "{arch:?}, {len}: {found}"
                );
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        let mut numbers = vec![0.5f64; 100];
        numbers[99] = f64::NAN;
        assert!(sum(Arch::detect(), &numbers).is_nan());
    }
}
