//! exp, exp - 1, ln and ln(1 + x) of a vector.
//!
//! The largest errors found, in units of the last place of the result, with and without fused multiply-add: of `f32`
//! against `f64`, and of `f64` against the standard library, which is itself off by up to one half.
//!
//! | function | arguments | `f32` | `f64` |
//! | --- | --- | --- | --- |
//! | [`exp`] | `x <= 0`, normal result | 1.2 | 1 |
//! | [`exp_m1`] | `x <= 0` | 1.4 | 1 |
//! | [`ln`] | `0 < x <= 1e7` | 0.9 | 1 |
//! | [`ln_1p`] | `-1 < x <= 1e7` | 0.9 | 1 |
//! | [`ln_1p_to_1`] | `0 <= x <= 1` | 1.3 | 1 |
//! | [`ln_1m_to_half`] | `0 <= x <= 1/2` | 0.9 | 1 |
//! | [`ln_1m`] | `0 <= x <= 1`, the complement rounded | 2.4 | 3 |
//!
//! Below half of the smallest normal number `exp` is 0.

use super::float::{Float, LnSeries};
use super::isa::Isa;

/// `c[0] + c[1] x + c[2] x^2 + ..`, by Horner's scheme: the loops around it wait for no result but are full of operations, and
/// schemes with shorter chains have more of them (measured: a sixth slower).
#[inline(always)]
fn polynomial<F: Float, S: Isa>(simd: S, c: &[F], x: F::Vector<S>) -> F::Vector<S> {
    let (last, rest) = c.split_last().expect("has coefficients");
    let mut sum = F::splat(simd, *last);
    for c in rest.iter().rev() {
        sum = F::mul_add(simd, sum, x, F::splat(simd, *c));
    }
    sum
}

/// Writes `exp(x)` as `scale * (1 + fraction)`, `scale` a power of two, for `x <= 0`.
///
/// The argument stops at `EXP_MIN`, where the scale is exactly 0: that serves minus infinity too. NaN passes.
#[inline(always)]
fn exp_parts<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> (F::Vector<S>, F::Vector<S>) {
    let x = F::greater(simd, F::splat(simd, F::EXP_MIN), x);
    let magic = F::splat(simd, F::EXPONENT_MAGIC);
    let shifted = F::mul_add(simd, x, F::splat(simd, F::LOG2_E), magic);
    let n = F::minus(simd, shifted, magic);
    let f = F::mul_add(simd, n, F::splat(simd, -F::LN_2_HIGH), x);
    let f = F::mul_add(simd, n, F::splat(simd, -F::LN_2_LOW), f);
    let slope = F::mul_add(simd, f, polynomial(simd, F::EXP, f), F::splat(simd, F::ONE));
    (F::exp2_of_magic(simd, shifted), F::times(simd, f, slope))
}

/// `exp(x)` for `x <= 0`: exactly 0 for minus infinity, NaN for NaN.
#[inline(always)]
pub fn exp<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    exp_and_exp_m1::<F, S>(simd, x)[0]
}

/// `exp((x - max) - relative_lse)`: the probability that belongs to a logit.
///
/// In two steps: `max + relative_lse` would lose the digits that matter when all logits are large.
#[inline(always)]
pub fn probability<F: Float, S: Isa>(
    simd: S,
    x: F::Vector<S>,
    max: F::Vector<S>,
    relative_lse: F::Vector<S>,
) -> F::Vector<S> {
    exp::<F, S>(simd, F::minus(simd, F::minus(simd, x, max), relative_lse))
}

/// `exp(x) - 1` for `x <= 0`, with all its digits near 0.
#[inline(always)]
pub fn exp_m1<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    exp_and_exp_m1::<F, S>(simd, x)[1]
}

/// [`exp`] and [`exp_m1`]; of the one that is not used nothing is computed.
#[inline(always)]
pub fn exp_and_exp_m1<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> [F::Vector<S>; 2] {
    let (scale, fraction) = exp_parts::<F, S>(simd, x);
    let rest = F::minus(simd, scale, F::splat(simd, F::ONE));
    [scale, rest].map(
        #[inline(always)]
        |rest| F::mul_add(simd, scale, fraction, rest),
    )
}

/// `ln(x)` for finite `x >= 0`: minus infinity for 0, NaN for NaN.
#[inline(always)]
pub fn ln<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    let (u, shift) = normal::<F, S>(simd, x);
    let ln = ln_of_normal::<F, S>(simd, u, shift, F::splat(simd, F::ZERO));
    infinite_at_0::<F, S>(simd, x, ln)
}

/// `ln(1 - x)` for `0 <= x <= 1` and `complement`, which is `1 - x`: of the one of the two that has the digits. Minus infinity
/// for 1, NaN for NaN.
#[inline(always)]
pub fn ln_1m<F: Float, S: Isa>(simd: S, x: F::Vector<S>, complement: F::Vector<S>) -> F::Vector<S> {
    let zero = F::splat(simd, F::ZERO);
    let (u, shift) = normal::<F, S>(simd, complement);
    let (k, m) = F::split_exponent(simd, u);
    let f = F::minus(simd, m, F::splat(simd, F::ONE));
    // From sqrt(1/2) on the complement is a power of 2^0, and what it lacks of 1 is known better.
    let f = F::select(simd, F::equal(simd, k, zero), F::negated(simd, x), f);
    let ln = ln_of_parts::<F, S>(simd, F::minus(simd, k, shift), f, zero);
    // The bits of NaN have been taken apart: x - x brings it back.
    let ln = F::plus(simd, ln, F::minus(simd, complement, complement));
    infinite_at_0::<F, S>(simd, complement, ln)
}

/// A finite number of at least 0 as a normal one, and by how much its exponent was raised for that: a subnormal number has none
/// of its own. 0 stays as it is.
#[inline(always)]
fn normal<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> (F::Vector<S>, F::Vector<S>) {
    let subnormal = F::less(simd, x, F::splat(simd, F::MIN_POSITIVE));
    let scaled = F::times(simd, x, F::splat(simd, F::SCALE));
    let [raised, zero] = [F::SCALE_LOG2, F::ZERO].map(|shift| F::splat(simd, shift));
    (
        F::select(simd, subnormal, scaled, x),
        F::select(simd, subnormal, raised, zero),
    )
}

/// Minus infinity where `x` is 0, else `ln`.
#[inline(always)]
fn infinite_at_0<F: Float, S: Isa>(simd: S, x: F::Vector<S>, ln: F::Vector<S>) -> F::Vector<S> {
    let is_zero = F::equal(simd, x, F::splat(simd, F::ZERO));
    F::select(simd, is_zero, F::splat(simd, -F::INFINITY), ln)
}

/// `ln(1 + x)` for finite `x >= -1`, with all its digits near 0: minus infinity for -1, NaN for NaN.
#[inline(always)]
pub fn ln_1p<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    let one = F::splat(simd, F::ONE);
    let zero = F::splat(simd, F::ZERO);
    let u = F::plus(simd, one, x);
    // What rounding 1 + x lost (Knuth's two-sum), put back to first order.
    let x_of_u = F::minus(simd, u, one);
    let one_of_u = F::minus(simd, u, x_of_u);
    let lost = F::plus(
        simd,
        F::minus(simd, one, one_of_u),
        F::minus(simd, x, x_of_u),
    );
    let correction = F::over(simd, lost, u);
    let ln = ln_of_normal::<F, S>(simd, u, zero, correction);
    infinite_at_0::<F, S>(simd, u, ln)
}

/// `ln(1 + x)` for `0 <= x <= 1`, with all its digits near 0; NaN for NaN.
///
/// So near to 1 no exponent has to be split off, and `1 + x` is never rounded.
#[inline(always)]
pub fn ln_1p_to_1<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    ln_1p_by::<F, S>(simd, x, F::LN_1P_TO_1, F::splat(simd, F::ZERO))
}

/// `ln(1 - x)` for `0 <= x <= 1/2`, likewise.
#[inline(always)]
pub fn ln_1m_to_half<F: Float, S: Isa>(simd: S, x: F::Vector<S>) -> F::Vector<S> {
    let x = F::negated(simd, x);
    ln_1p_by::<F, S>(simd, x, F::LN_1P_FROM_HALF, F::splat(simd, F::ZERO))
}

/// `ln(1 + x) + small`, where the series holds.
#[inline(always)]
fn ln_1p_by<F: Float, S: Isa>(
    simd: S,
    x: F::Vector<S>,
    series: LnSeries<F>,
    small: F::Vector<S>,
) -> F::Vector<S> {
    let (square, half) = (F::times(simd, x, x), F::from_f64(0.5));
    match series {
        LnSeries::Power(c) => {
            let cube = F::times(simd, x, square);
            let rest = F::mul_add(simd, cube, polynomial(simd, c, x), small);
            let minus_half = F::times(simd, x, F::splat(simd, F::ZERO - half));
            F::plus(simd, x, F::mul_add(simd, minus_half, x, rest))
        }
        LnSeries::Quotient(c) => {
            let half_square = F::times(simd, square, F::splat(simd, half));
            let s = F::over(simd, x, F::plus(simd, F::splat(simd, F::from_f64(2.0)), x));
            let s2 = F::times(simd, s, s);
            let r = F::times(simd, s2, polynomial(simd, c, s2));
            let rest = F::mul_add(simd, s, F::plus(simd, half_square, r), small);
            F::minus(simd, x, F::minus(simd, half_square, rest))
        }
    }
}

/// `ln(u) - shift ln(2) + correction` for a normal `u > 0`.
#[inline(always)]
fn ln_of_normal<F: Float, S: Isa>(
    simd: S,
    u: F::Vector<S>,
    shift: F::Vector<S>,
    correction: F::Vector<S>,
) -> F::Vector<S> {
    let (k, m) = F::split_exponent(simd, u);
    let f = F::minus(simd, m, F::splat(simd, F::ONE));
    let ln = ln_of_parts::<F, S>(simd, F::minus(simd, k, shift), f, correction);
    // The bits of NaN have been taken apart: u - u brings it back.
    F::plus(simd, ln, F::minus(simd, u, u))
}

/// `k ln(2) + ln(1 + f) + correction`, with `1 + f` between `sqrt(1/2)` and `sqrt(2)`.
#[inline(always)]
fn ln_of_parts<F: Float, S: Isa>(
    simd: S,
    k: F::Vector<S>,
    f: F::Vector<S>,
    correction: F::Vector<S>,
) -> F::Vector<S> {
    let small = F::mul_add(simd, k, F::splat(simd, F::LN_2_LOW), correction);
    let ln = ln_1p_by::<F, S>(simd, f, F::LN, small);
    F::mul_add(simd, k, F::splat(simd, F::LN_2_HIGH), ln)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::simd::Arch;
    use crate::cpu::simd::float::MAX_LANES;
    use crate::cpu::simd::isa::Kernel;
    use crate::cpu::testing::last_place;

    #[derive(Clone, Copy, Debug)]
    enum Function {
        Exp,
        ExpM1,
        Ln,
        Ln1p,
        Ln1pTo1,
        Ln1mToHalf,
        Ln1m,
    }

    /// Applies the function to every number, on the given instruction set.
    struct Apply<'a, F>(Function, &'a mut [F]);

    impl<F: Float> Kernel for Apply<'_, F> {
        type Output = ();

        #[inline(always)]
        fn run<S: Isa>(self, simd: S) {
            assert_eq!(self.1.len() % MAX_LANES, 0);
            for x in F::vectors_mut::<S>(self.1).0 {
                *x = match self.0 {
                    Function::Exp => exp::<F, S>(simd, *x),
                    Function::ExpM1 => exp_m1::<F, S>(simd, *x),
                    Function::Ln => ln::<F, S>(simd, *x),
                    Function::Ln1p => ln_1p::<F, S>(simd, *x),
                    Function::Ln1pTo1 => ln_1p_to_1::<F, S>(simd, *x),
                    Function::Ln1mToHalf => ln_1m_to_half::<F, S>(simd, *x),
                    Function::Ln1m => {
                        let complement = F::minus(simd, F::splat(simd, F::ONE), *x);
                        ln_1m::<F, S>(simd, *x, complement)
                    }
                };
            }
        }
    }

    /// Numbers of every magnitude from `smallest` to `largest`.
    fn magnitudes(smallest: f64, largest: f64) -> Vec<f64> {
        let count = MAX_LANES * if cfg!(miri) { 8 } else { 40_000 };
        let ratio = (largest / smallest).ln() / (count - 1) as f64;
        (0..count)
            .map(|i| smallest * (ratio * i as f64).exp())
            .collect()
    }

    /// The largest error in units of the last place of `F`, where `exact` is not subnormal.
    fn largest_error<F: Float>(
        arch: Arch,
        function: Function,
        arguments: &[f64],
        exact: impl Fn(f64) -> f64,
    ) -> f64 {
        let arguments: Vec<F> = arguments.iter().map(|x| F::from_f64(*x)).collect();
        let mut results = arguments.clone();
        arch.run(Apply(function, &mut results));
        let mut largest = 0f64;
        for (x, found) in arguments.iter().zip(results) {
            let exact = exact(x.to_f64());
            if let Some(unit) = last_place::<F>(exact) {
                let error = (found.to_f64() - exact).abs() / unit;
                assert!(error.is_finite(), "{function:?}({x:?}) = {found:?}");
                largest = largest.max(error);
            }
        }
        largest
    }

    fn check<F: Float>(lowest: f64, tiniest: f64, least: f64, most: [f64; 7]) {
        for arch in Arch::available() {
            let negative: Vec<f64> = magnitudes(tiniest, lowest)
                .into_iter()
                .map(|x| -x)
                .collect();
            let even: Vec<f64> = (0..negative.len())
                .map(|i| -lowest * i as f64 / negative.len() as f64)
                .collect();
            let positive = magnitudes(tiniest, 1e7);
            let mut found = [0f64; 7];
            for arguments in [&negative, &even] {
                found[0] =
                    found[0].max(largest_error::<F>(arch, Function::Exp, arguments, f64::exp));
                found[1] = found[1].max(largest_error::<F>(
                    arch,
                    Function::ExpM1,
                    arguments,
                    f64::exp_m1,
                ));
            }
            let down_to_minus_one: Vec<f64> = magnitudes(tiniest, 1.0)
                .into_iter()
                .map(|x| -x)
                .filter(|x| F::from_f64(*x).to_f64() > -1.0)
                .collect();
            let down_to_minus_one =
                &down_to_minus_one[..down_to_minus_one.len() / MAX_LANES * MAX_LANES];
            for arguments in [&positive[..], down_to_minus_one] {
                let error = largest_error::<F>(arch, Function::Ln1p, arguments, f64::ln_1p);
                found[2] = found[2].max(error);
            }
            let subnormal: Vec<f64> = positive[..MAX_LANES].iter().map(|x| x * least).collect();
            for arguments in [&positive, &subnormal] {
                let error = largest_error::<F>(arch, Function::Ln, arguments, f64::ln);
                found[3] = found[3].max(error);
            }
            let to_1 = magnitudes(tiniest, 1.0);
            found[4] = largest_error::<F>(arch, Function::Ln1pTo1, &to_1, f64::ln_1p);
            let to_half = magnitudes(tiniest, 0.5);
            let ln_1m = |x: f64| (-x).ln_1p();
            found[5] = largest_error::<F>(arch, Function::Ln1mToHalf, &to_half, ln_1m);
            // Down to the largest number below 1 beside numbers of every size.
            let up_to_1 = down_to_minus_one.iter().map(|x| -x);
            let mut below_1: Vec<f64> = up_to_1.clone().chain(up_to_1.map(|x| 1.0 - x)).collect();
            below_1.retain(|x| F::from_f64(*x).to_f64() < 1.0);
            let below_1 = &below_1[..below_1.len() / MAX_LANES * MAX_LANES];
            found[6] = largest_error::<F>(arch, Function::Ln1m, below_1, ln_1m);
            println!(
                "{arch:?}: exp, exp - 1, ln(1 + x), ln, ln(1 + x) to 1, ln(1 - x) to 1/2 and to 1 are off by at most {found:.2?} ulp"
            );
            for (found, most) in found.iter().zip(most) {
                assert!(*found <= most, "{arch:?}: {found} ulp");
            }
        }
    }

    #[test]
    fn f32_is_good_to_the_promised_place() {
        check::<f32>(87.3, 1e-30, 1e-10, [1.2, 1.4, 0.9, 0.9, 1.3, 0.9, 2.4]);
    }

    #[test]
    fn f64_is_good_to_the_promised_place() {
        check::<f64>(708.3, 1e-300, 1e-15, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0]);
    }

    fn extremes<F: Float>() {
        for arch in Arch::available() {
            let mut x = [F::ZERO; MAX_LANES];
            let lowest = [
                -F::INFINITY,
                -F::MAX,
                F::from_f64(-1e4),
                F::from_f64(-800.0),
            ];
            x[..4].copy_from_slice(&lowest);
            (x[4], x[5]) = (F::NAN, -F::ZERO);
            let mut e = x;
            arch.run(Apply(Function::Exp, &mut e));
            assert_eq!(e[..4], [F::ZERO; 4]);
            assert!(e[4].to_f64().is_nan());
            assert_eq!(e[5..7], [F::ONE; 2]);
            let mut e = x;
            arch.run(Apply(Function::ExpM1, &mut e));
            assert_eq!(e[..4], [-F::ONE; 4]);
            assert!(e[4].to_f64().is_nan());
            assert_eq!(e[5..7], [F::ZERO; 2]);
            for function in [Function::Ln1p, Function::Ln1pTo1, Function::Ln1mToHalf] {
                let mut l = [F::ZERO; MAX_LANES];
                l[0] = F::NAN;
                arch.run(Apply(function, &mut l));
                assert!(l[0].to_f64().is_nan());
                assert_eq!(l[1], F::ZERO);
            }
            let mut l = [F::ZERO; MAX_LANES];
            (l[0], l[1]) = (F::NAN, F::ONE);
            arch.run(Apply(Function::Ln1m, &mut l));
            assert!(l[0].to_f64().is_nan());
            assert_eq!(l[1..3], [-F::INFINITY, F::ZERO]);
        }
    }

    #[test]
    fn the_ends_are_exact() {
        extremes::<f32>();
        extremes::<f64>();
    }
}
