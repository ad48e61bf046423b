//! How many units of the last place every formula is off in `f32`, at most: the figures of `docs/numbers.md`.

use super::tests::{uninitialized, written};
use super::*;
use crate::cpu::simd::Arch;
use crate::formulas::{
    Asymmetric, Bce, BceWithLogits, Charbonnier, Focal, GammaNll, GaussianCrps, GaussianNll,
    GeneralizedCrossEntropy, HingeEmbedding, Huber, JsDiv, KlDiv, L1, LogCosh, MarginRanking, Mse,
    Msle, PoissonNll, Poly, Quantile, SigmoidFocal, SmoothL1, SoftMargin, Tweedie,
};
use crate::{Formula, Input};

const COUNT: usize = 40_000;

/// What an error is measured in: the last place of the result, or that of a larger number which the result is a difference of.
#[derive(Clone, Copy)]
enum Unit {
    OfResult,
    /// Of the result, or of 1 where that is larger.
    OfOne,
}

/// `x`, `y` and a third number of each element.
struct Inputs<'a>([&'a [f32]; 3]);

impl Inputs<'_> {
    /// The largest errors of the loss and of its slope, against the same formula in `f64`.
    fn largest_errors<L: Formula>(&self, arch: Arch, formula: &L, unit: Unit) -> [f64; 2] {
        let [x, y, third] = self.0;
        let ulps = |found: f32, exact: f64| {
            let size = match unit {
                Unit::OfResult => exact.abs(),
                Unit::OfOne => exact.abs().max(1.0),
            };
            if size < f64::from(f32::MIN_POSITIVE) || size > f64::from(f32::MAX) {
                return 0.0;
            }
            let exponent = (size.to_bits() >> 52) as i32 - 1023;
            (f64::from(found) - exact).abs() / f64::from(exponent - 23).exp2()
        };
        let mut cells = uninitialized(x.len());
        let operands = [Operand::Read(x), Operand::Read(y), Operand::Read(third)];
        assert_eq!(losses(arch, formula, operands, &mut cells), None);
        let found = written::<f32>(cells);
        let mut slopes = x.to_vec();
        let operands = [
            Operand::Replace(&mut slopes[..]),
            Operand::Read(y),
            Operand::Read(third),
        ];
        backward(arch, formula, operands, &vec![1.0; x.len()]);
        let mut largest = [0f64; 2];
        for i in 0..x.len() {
            let inputs = [x[i], y[i], third[i]].map(f64::from);
            let exact = [
                formula.loss(inputs),
                formula.slope(Input::Prediction, inputs),
            ];
            for ((largest, found), exact) in
                largest.iter_mut().zip([found[i], slopes[i]]).zip(exact)
            {
                *largest = largest.max(ulps(found, exact));
            }
        }
        largest
    }

    #[track_caller]
    fn check<L: Formula>(&self, formula: L, unit: Unit, most: [f64; 2]) {
        for arch in Arch::available() {
            let found = self.largest_errors(arch, &formula, unit);
            println!("{formula:?}, {arch:?}: loss and slope are off by at most {found:.1?} ulp");
            for (found, most) in found.iter().zip(most) {
                assert!(*found <= most, "{formula:?}, {arch:?}: {found} ulp");
            }
        }
    }
}

/// Numbers of all magnitudes from 1e-12, of both signs in turn.
fn magnitudes(largest: f32) -> Vec<f32> {
    let step = (f64::from(largest) / 1e-12).ln() / COUNT as f64;
    (0..COUNT)
        .map(|i| (1e-12 * (step * i as f64).exp()) as f32 * if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect()
}

fn sizes(largest: f32) -> Vec<f32> {
    magnitudes(largest).iter().map(|x| x.abs()).collect()
}

/// Numbers between two others, all different and in no order.
fn between(low: f64, high: f64) -> Vec<f32> {
    (0..COUNT)
        .map(|i| (low + (high - low) * (i as f64 * 0.618_033_988_749_894_9).fract()) as f32)
        .collect()
}

/// Half of them next to 0, half next to 1.
fn probabilities() -> Vec<f32> {
    let near = magnitudes(0.5);
    near.iter()
        .map(|x| if *x < 0.0 { 1.0 + x } else { *x })
        .collect()
}

/// 0 and 1, or other numbers in their place, each twice in turn.
fn pairs(of: [f32; 2]) -> Vec<f32> {
    (0..COUNT).map(|i| of[i / 2 % 2]).collect()
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn of_errors() {
    let (errors, none) = (magnitudes(1e6), vec![0f32; COUNT]);
    let inputs = Inputs([&errors, &none, &pairs([1.0; 2])]);
    let of = Unit::OfResult;
    inputs.check(Mse, of, [1.0, 1.0]);
    inputs.check(L1, of, [1.0, 1.0]);
    inputs.check(Huber { delta: 0.5 }, of, [2.0, 1.0]);
    inputs.check(SmoothL1 { beta: 0.5 }, of, [2.0, 1.0]);
    inputs.check(LogCosh, of, [5.0, 3.0]);
    inputs.check(Charbonnier { eps: 1e-3 }, of, [2.0, 3.0]);
    inputs.check(Quantile { level: 0.25 }, of, [1.0, 1.0]);
    let amounts = sizes(1e6);
    Inputs([&amounts, &none, &none]).check(Msle, of, [3.0, 3.0]);
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn of_binary_targets() {
    let (labels, ones) = (pairs([0.0, 1.0]), pairs([1.0; 2]));
    let of = Unit::OfResult;
    Inputs([&probabilities(), &labels, &ones]).check(Bce, of, [1.0, 2.0]);
    let plain = BceWithLogits {
        label_smoothing: 0.0,
    };
    Inputs([&magnitudes(80.0), &labels, &ones]).check(plain, of, [2.0, 3.0]);
    let logits = magnitudes(20.0);
    for (gamma, most) in [(2.0, 8.0), (1.3, 12.0)] {
        let focal = SigmoidFocal { alpha: None, gamma };
        Inputs([&logits, &labels, &ones]).check(focal, of, [most; 2]);
    }
    let asymmetric = Asymmetric {
        gamma_positive: 1.0,
        gamma_negative: 4.0,
        clip: 0.05,
    };
    Inputs([&logits, &labels, &ones]).check(asymmetric, Unit::OfOne, [7.0, 3.0]);
    let signs = pairs([1.0, -1.0]);
    Inputs([&magnitudes(80.0), &signs, &ones]).check(SoftMargin, of, [2.0, 3.0]);
    Inputs([&sizes(1e6), &signs, &ones]).check(HingeEmbedding { margin: 0.75 }, of, [1.0; 2]);
    Inputs([&magnitudes(1e6), &vec![0.0; COUNT], &signs]).check(
        MarginRanking { margin: 0.5 },
        of,
        [1.0; 2],
    );
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn of_amounts_and_distributions() {
    let (logarithms, ones) = (between(-20.0, 20.0), pairs([1.0; 2]));
    let counts: Vec<f32> = (0..COUNT).map(|i| (i * 7 % 10) as f32).collect();
    let inputs = Inputs([&logarithms, &counts, &ones]);
    for full in [false, true] {
        let poisson = PoissonNll {
            log_input: true,
            full,
            eps: 1e-8,
        };
        inputs.check(poisson, Unit::OfOne, [30.0, 8.0]);
    }
    inputs.check(Tweedie { power: 1.5 }, Unit::OfOne, [3.0, 6.0]);
    inputs.check(GammaNll, Unit::OfOne, [4.0, 4.0]);
    let log_probs = between(-40.0, 0.0);
    for log_target in [false, true] {
        let target = if log_target {
            between(-30.0, 0.0)
        } else {
            probabilities()
        };
        let inputs = Inputs([&log_probs, &target, &ones]);
        inputs.check(KlDiv { log_target }, Unit::OfOne, [2.0, 1.0]);
    }
    let inputs = Inputs([
        &log_probs,
        &counts.iter().map(|y| -y).collect::<Vec<_>>(),
        &ones,
    ]);
    inputs.check(JsDiv { beta: 0.5 }, Unit::OfOne, [1.0, 1.0]);
    let spreads = between(0.5, 2.0);
    let inputs = Inputs([&between(-6.0, 6.0), &pairs([0.0; 2]), &spreads]);
    for full in [false, true] {
        let gaussian = GaussianNll { full, eps: 1e-6 };
        inputs.check(gaussian, Unit::OfOne, [5.0, 1.0]);
    }
    inputs.check(GaussianCrps, Unit::OfOne, [4.0, 2.0]);
}

/// Functions of the target loss, `-log p_t`.
#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn of_rows() {
    let ones = pairs([1.0; 2]);
    let inputs = Inputs([&sizes(80.0), &ones, &ones]);
    let of = Unit::OfResult;
    for (gamma, most) in [(2.0, 5.0), (1.3, 80.0)] {
        inputs.check(Focal { gamma }, of, [most; 2]);
    }
    inputs.check(Poly { epsilon: 1.0 }, of, [3.0, 2.0]);
    inputs.check(GeneralizedCrossEntropy { q: 0.7 }, of, [4.0, 45.0]);
}
