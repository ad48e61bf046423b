//! Continuous ranked probability score of a normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::examples::{Accuracy, Domain, Example, Examples, Parameter, REAL, SPREAD, ZERO};
use super::{Formula, Input, Number, Twin, compile_passes};

/// With `z = (y - x) / s`, `s (z erf(z / sqrt 2) + 2 phi(z) - 1 / sqrt pi)` of the mean `x` and the standard deviation `s`; of an
/// `s` of 0, `|y - x|`.
#[derive(Clone, Copy, Debug)]
pub struct GaussianCrps;

/// `erf(x)` and `exp(-x^2)`: W. J. Cody, Rational Chebyshev Approximations for the Error Function, 1969.
#[inline(always)]
fn erf_and_bell<N: Number>(x: N) -> [N; 2] {
    // Of a number next to 0 in powers of its square, which keeps its digits; beyond 7 nothing is left of 1 - erf
    // nor of the bell beside 1.
    let small = x.at_least(-0.5).at_most(0.5);
    let square = small * small;
    let size = x.abs().at_most(7.0);
    let bell = (-(size * size)).exp();
    // One quotient for both: a division takes as long as half of an exponential.
    let is_small = x.abs().is_below(0.468_75);
    let over = N::select(
        is_small,
        small * polynomial(square, &NEAR_OVER),
        bell * polynomial(size, &FAR_OVER),
    );
    let under = N::select(
        is_small,
        polynomial(square, &NEAR_UNDER),
        polynomial(size, &FAR_UNDER),
    );
    let quotient = over / under;
    let far = quotient.complement();
    let far = N::select(x.is_below(0.0), -far, far);
    [N::select(is_small, quotient, far), bell]
}

/// A polynomial, from its highest power down.
#[inline(always)]
fn polynomial<N: Number, const K: usize>(x: N, coefficients: &[f64; K]) -> N {
    let mut sum = x.constant(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

/// `erf(x) / x` in powers of `x^2`.
pub const NEAR_OVER: [f64; 5] = [
    1.857_777_061_846_031_4e-1,
    3.161_123_743_870_565_5,
    1.138_641_541_510_501_6e2,
    3.774_852_376_853_02e2,
    3.209_377_589_138_469_5e3,
];

/// What it is divided by.
pub const NEAR_UNDER: [f64; 5] = [
    1.0,
    2.360_129_095_234_412e1,
    2.440_246_379_344_441_8e2,
    1.282_616_526_077_372_3e3,
    2.844_236_833_439_171e3,
];

/// `(1 - erf(x)) exp(x^2)` in powers of `x`.
pub const FAR_OVER: [f64; 9] = [
    2.153_115_354_744_038_3e-8,
    5.641_884_969_886_701e-1,
    8.883_149_794_388_377,
    6.611_919_063_714_163e1,
    2.986_351_381_974_001e2,
    8.819_522_212_417_69e2,
    1.712_047_612_634_070_7e3,
    2.051_078_377_826_071_7e3,
    1.230_339_354_797_997_3e3,
];

/// What it is divided by.
pub const FAR_UNDER: [f64; 9] = [
    1.0,
    1.574_492_611_070_983_6e1,
    1.176_939_508_913_125e2,
    5.371_811_018_620_099e2,
    1.621_389_574_566_690_2e3,
    3.290_799_235_733_459_7e3,
    4.362_619_090_143_247e3,
    3.439_367_674_143_721_6e3,
    1.230_339_354_803_749_3e3,
];

/// The error in standard deviations; no error is none of them, also of a deviation of 0.
#[inline(always)]
fn standardized<N: Number>(x: N, y: N, s: N) -> N {
    let e = y - x;
    N::select(e.is(0.0), s.zero_or_nan(), e / s)
}

/// `erf(z / sqrt 2)`, and `2 phi(z) - 1 / sqrt pi`, the slopes.
#[inline(always)]
fn parts<N: Number>([x, y, s]: [N; 3]) -> [N; 2] {
    let [erf, bell] = erf_and_bell(standardized(x, y, s) * FRAC_1_SQRT_2);
    [erf, bell * (2.0 / PI).sqrt() + -(1.0 / PI.sqrt())]
}

impl Formula for GaussianCrps {
    #[inline(always)]
    fn loss<N: Number>(&self, [x, y, s]: [N; 3]) -> N {
        let [of_error, of_deviation] = parts([x, y, s]);
        (y - x) * of_error + s * of_deviation
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, inputs: [N; 3]) -> N {
        let [of_error, of_deviation] = parts(inputs);
        match of {
            Input::Prediction => -of_error,
            Input::Target => of_error,
            Input::Third => of_deviation,
        }
    }

    fn bounds(&self) -> [Option<[f64; 2]>; 3] {
        [None, None, Some([0.0, f64::INFINITY])]
    }

    compile_passes!();

    fn twin(&self) -> Option<Twin> {
        Some(Twin::GaussianCrps)
    }
}

impl Examples for GaussianCrps {
    fn examples(_: &mut Parameter<'_>) -> Vec<Example<Self>> {
        vec![Example::new(Self, [REAL, REAL, SPREAD])]
    }

    fn accuracy() -> Vec<Accuracy<Self>> {
        let inputs = [
            Domain::Between(-6.0, 6.0).into(),
            ZERO.into(),
            Domain::Between(0.5, 2.0).into(),
        ];
        vec![Accuracy::new(Self, inputs, [[6.0, 5.0], [5.0, 3.0]])]
    }
}

#[cfg(test)]
mod tests {
    use super::erf_and_bell;

    fn erf(x: f64) -> f64 {
        erf_and_bell(x)[0]
    }

    #[test]
    fn erf_has_all_digits() {
        // From mpmath.
        for (x, expected) in [
            (1e-10, 1.128_379_167_095_512_6e-10),
            (0.25, 0.276_326_390_168_236_93),
            (0.468_74, 0.492_604_415_244_111_36),
            (0.468_76, 0.492_622_531_106_846_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.5, 0.999_593_047_982_555),
            (4.5, 0.999_999_999_803_383_9),
            (7.0, 1.0),
        ] {
            assert!(
                (erf(x) - expected).abs() <= 4e-16 * expected,
                "{x}: {}",
                erf(x)
            );
            assert_eq!(erf(-x), -erf(x));
        }
    }
}
