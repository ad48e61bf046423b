//! The bias, the cap and their gradients.

use crate::cpu::simd::{Arch, Float, Isa, Kernel, math};
use crate::cpu::tasks;

/// Numbers per task.
const TASK: usize = 1 << 15;

/// Classes per task of summing rows: what they add up to stays in the cache.
const CLASSES: usize = 1024;

/// Fills every row with the scaled bias.
pub(super) fn fill_with_bias<F: Float>(logits: &mut [F], bias: &[F], scale: F) {
    let scaled: Vec<F> = bias.iter().map(|b| *b * scale).collect();
    let rows_per_task = (TASK / bias.len()).max(1);
    let parts = logits.chunks_mut(rows_per_task * bias.len()).collect();
    tasks::each(parts, |part: &mut [F]| {
        for row in part.chunks_exact_mut(bias.len()) {
            row.copy_from_slice(&scaled);
        }
    });
}

/// Adds the rows of the gradient up, in `f64`: a bias has as many summands as there are rows.
pub(super) fn add_rows<F: Float>(sums: &mut [f64], gradient: &[F]) {
    let num_classes = sums.len();
    let parts = sums.chunks_mut(CLASSES).enumerate().collect();
    tasks::each(parts, |(part, sums): (usize, &mut [f64])| {
        for row in gradient.chunks_exact(num_classes) {
            for (sum, number) in sums.iter_mut().zip(&row[part * CLASSES..]) {
                *sum += number.to_f64();
            }
        }
    });
}

/// Replaces `x` by `cap * tanh(x / cap)`.
pub(super) fn cap<F: Float>(arch: Arch, logits: &mut [F], cap: f64) {
    let parts = logits.chunks_mut(TASK).collect();
    tasks::each(parts, |logits: &mut [F]| arch.run(Cap { logits, cap }));
}

/// Multiplies a gradient of capped logits by the slope of the cap, `1 - (y / cap)^2`.
pub(super) fn slope_of_cap<F: Float>(arch: Arch, gradient: &mut [F], capped: &[F], cap: f64) {
    let parts = gradient.chunks_mut(TASK).zip(capped.chunks(TASK)).collect();
    tasks::each(parts, |(gradient, capped): (&mut [F], &[F])| {
        arch.run(Slope {
            gradient,
            capped,
            cap,
        });
    });
}

struct Cap<'a, F> {
    logits: &'a mut [F],
    cap: f64,
}

impl<F: Float> Kernel for Cap<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let cap = F::splat(simd, F::from_f64(self.cap));
        let per_cap = F::splat(simd, F::from_f64(self.cap.recip()));
        let capped = |x| F::times(simd, cap, tanh::<F, S>(simd, F::times(simd, x, per_cap)));
        let (vectors, rest) = F::vectors_mut::<S>(self.logits);
        for x in vectors {
            *x = capped(*x);
        }
        if !rest.is_empty() {
            let last = capped(F::part(simd, rest, F::ZERO));
            let lanes: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&last));
            rest.copy_from_slice(&lanes[..rest.len()]);
        }
    }
}

struct Slope<'a, F> {
    gradient: &'a mut [F],
    capped: &'a [F],
    cap: f64,
}

impl<F: Float> Kernel for Slope<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, _: S) {
        let per_cap = F::from_f64(self.cap.recip());
        for (gradient, y) in self.gradient.iter_mut().zip(self.capped) {
            let t = *y * per_cap;
            // A row without a gradient has none, whatever its logits.
            if *gradient != F::ZERO {
                *gradient = *gradient * ((F::ONE - t) * (F::ONE + t));
            }
        }
    }
}

/// `tanh(x) = sign(x) * -e / (2 + e)` with `e = exp(-2 |x|) - 1`, which keeps the digits of a small `x`.
#[inline(always)]
fn tanh<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    let zero = F::splat(simd, F::ZERO);
    let two = F::splat(simd, F::from_f64(2.0));
    let e = math::exp_m1::<F, S>(simd, F::negated(simd, F::times(simd, two, F::abs(simd, x))));
    let positive = F::over(simd, F::negated(simd, e), F::plus(simd, two, e));
    let is_negative = F::less(simd, x, zero);
    F::select(simd, is_negative, F::negated(simd, positive), positive)
}
