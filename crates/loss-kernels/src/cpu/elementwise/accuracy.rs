//! How many units of the last place every formula is off, at most: the figures of `docs/numbers.md`. In both types, on every
//! instruction set, and with the same bits in pieces shorter than a vector.

use super::tests::{uninitialized, written};
use super::*;
use crate::cpu::simd::Arch;
use crate::cpu::testing::{Measured, SHORT, bits};
use crate::formulas::{
    Asymmetric, Bce, BceWithLogits, Charbonnier, Focal, GammaNll, GaussianCrps, GaussianNll,
    GeneralizedCrossEntropy, HingeEmbedding, Huber, JsDiv, KlDiv, L1, LogCosh, MarginRanking, Mse,
    Msle, PoissonNll, Poly, Quantile, SigmoidFocal, SmoothL1, SoftMargin, Tweedie,
};
use crate::{Formula, Input};

/// What an error is measured in: the last place of the result, or that of a larger number which the result is a difference of.
#[derive(Clone, Copy)]
enum Unit {
    OfResult,
    /// Of the result, or of 1 where that is larger: the terms are of that size where they cancel.
    OfOne,
}

use Unit::{OfOne, OfResult};

/// Both the loss and the slope in units of the result.
const OF_RESULT: [Unit; 2] = [OfResult; 2];

/// `x`, `y` and a third number of each element.
struct Inputs<'a, F>([&'a [F]; 3]);

/// The losses, the slopes, and the slopes that come together with the sum.
type Found<F> = [Vec<F>; 3];

impl<F: Measured> Inputs<'_, F> {
    fn run<L: Formula>(&self, arch: Arch, formula: &L) -> Found<F> {
        let [x, y, third] = self.0;
        let passes = F::passes(formula);
        let mut cells = uninitialized(x.len());
        let operands = [Operand::Read(x), Operand::Read(y), Operand::Read(third)];
        assert_eq!(losses(arch, passes, operands, &mut cells), None);
        let mut slopes = [x.to_vec(), x.to_vec()];
        let [alone, together] = slopes.each_mut().map(|slopes| {
            [
                Operand::Replace(&mut slopes[..]),
                Operand::Read(y),
                Operand::Read(third),
            ]
        });
        backward(arch, passes, alone, &vec![F::ONE; x.len()]);
        reduced(arch, passes, together, None, 1.0, x.len());
        let [alone, together] = slopes;
        [written(cells), alone, together]
    }

    fn piece(&self, start: usize, len: usize) -> Self {
        Self(self.0.map(|numbers| &numbers[start..start + len]))
    }

    /// The loss of each element, and its slope, of more digits.
    fn exact<L: Formula>(&self, formula: &L) -> Vec<[F::Exact; 2]> {
        let [x, y, third] = self.0;
        let numbers = x.iter().zip(y).zip(third);
        numbers
            .map(|((x, y), third)| {
                let inputs = [x, y, third].map(|number| number.exact());
                let slope = formula.slope(Input::Prediction, inputs);
                [formula.loss(inputs), slope]
            })
            .collect()
    }

    /// Holds the errors of loss and slope to bounds in `f32` and in `f64`.
    #[track_caller]
    fn check<L: Formula>(&self, formula: L, units: [Unit; 2], most: [[f64; 2]; 2]) {
        let (exact, most) = (self.exact(&formula), F::of(most));
        for arch in Arch::available() {
            let found = self.run(arch, &formula);
            let largest = |part: usize, found: &[F]| {
                let larger = match units[part] {
                    OfResult => 0.0,
                    OfOne => 1.0,
                };
                let ulps = found
                    .iter()
                    .zip(&exact)
                    .map(|(x, e)| x.ulps(e[part], larger));
                ulps.fold(0.0, f64::max)
            };
            let slope = largest(1, &found[1]).max(largest(1, &found[2]));
            let largest = [largest(0, &found[0]), slope];
            let type_name = std::any::type_name::<F>();
            println!("{formula:?}, {type_name}, {arch:?}: off by at most {largest:.1?} ulp");
            for (found, most) in largest.iter().zip(most) {
                assert!(*found <= most, "{formula:?}, {arch:?}: {found} ulp");
            }
            self.check_pieces(arch, &formula, &found);
        }
    }

    /// Few elements have the same bits as they have among many.
    fn check_pieces<L: Formula>(&self, arch: Arch, formula: &L, whole: &Found<F>) {
        for len in SHORT {
            for start in (0..F::COUNT - len).step_by(F::COUNT / 29) {
                let piece = self.piece(start, len).run(arch, formula);
                for (piece, whole) in piece.iter().zip(whole) {
                    let whole = &whole[start..start + len];
                    assert_eq!(bits(piece), bits(whole), "{formula:?}, {arch:?}, {len}");
                }
            }
        }
    }
}

/// Numbers of all magnitudes from 1e-12, of both signs in turn.
fn magnitudes<F: Measured>(largest: f64) -> Vec<F> {
    let step = (largest / 1e-12).ln() / F::COUNT as f64;
    let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    (0..F::COUNT)
        .map(|i| F::from_f64(1e-12 * (step * i as f64).exp() * sign(i)))
        .collect()
}

fn sizes<F: Measured>(largest: f64) -> Vec<F> {
    magnitudes::<F>(largest)
        .iter()
        .map(|x| F::from_f64(x.to_f64().abs()))
        .collect()
}

/// Numbers between two others, all different and in no order.
fn between<F: Measured>(low: f64, high: f64) -> Vec<F> {
    (0..F::COUNT)
        .map(|i| low + (high - low) * (i as f64 * 0.618_033_988_749_894_9).fract())
        .map(F::from_f64)
        .collect()
}

/// Half of them next to 0, half next to 1.
fn probabilities<F: Measured>() -> Vec<F> {
    magnitudes::<F>(0.5)
        .iter()
        .map(|x| if *x < F::ZERO { F::ONE + *x } else { *x })
        .collect()
}

/// 0 and 1, or other numbers in their place, each twice in turn.
fn pairs<F: Measured>(of: [f64; 2]) -> Vec<F> {
    (0..F::COUNT).map(|i| F::from_f64(of[i / 2 % 2])).collect()
}

/// Counts from 0 to 9.
fn counts<F: Measured>() -> Vec<F> {
    (0..F::COUNT)
        .map(|i| F::from_f64((i * 7 % 10) as f64))
        .collect()
}

fn of_errors<F: Measured>() {
    let (errors, none) = (magnitudes::<F>(1e6), pairs([0.0; 2]));
    let inputs = Inputs([&errors, &none, &pairs([1.0; 2])]);
    let of = OF_RESULT;
    inputs.check(Mse, of, [[1.0, 1.0]; 2]);
    inputs.check(L1, of, [[1.0, 1.0]; 2]);
    inputs.check(Huber { delta: 0.5 }, of, [[2.0, 1.0]; 2]);
    inputs.check(SmoothL1 { beta: 0.5 }, of, [[2.0, 1.0]; 2]);
    inputs.check(LogCosh, of, [[5.0, 3.0]; 2]);
    inputs.check(Charbonnier { eps: 1e-3 }, of, [[2.0, 3.0]; 2]);
    inputs.check(Quantile { level: 0.25 }, of, [[1.0, 1.0]; 2]);
    let amounts = sizes(1e6);
    Inputs([&amounts, &none, &none]).check(Msle, of, [[3.0, 3.0]; 2]);
    let near: Vec<F> = amounts
        .iter()
        .map(|x: &F| *x * F::from_f64(1.001))
        .collect();
    Inputs([&amounts, &near, &none]).check(Msle, of, [[5.0, 4.0]; 2]);
}

fn of_binary_targets<F: Measured>() {
    let (labels, ones) = (pairs::<F>([0.0, 1.0]), pairs([1.0; 2]));
    let of = OF_RESULT;
    Inputs([&probabilities(), &labels, &ones]).check(Bce, of, [[1.0, 2.0]; 2]);
    let plain = BceWithLogits {
        label_smoothing: 0.0,
    };
    Inputs([&magnitudes(80.0), &labels, &ones]).check(plain, of, [[2.0, 3.0]; 2]);
    let logits = magnitudes(20.0);
    for (gamma, most) in [(2.0, [8.0, 6.0]), (1.3, [12.0, 9.0])] {
        let focal = SigmoidFocal { alpha: None, gamma };
        Inputs([&logits, &labels, &ones]).check(focal, of, most.map(|most| [most; 2]));
    }
    let asymmetric = Asymmetric {
        gamma_positive: 1.0,
        gamma_negative: 4.0,
        clip: 0.05,
    };
    // The probability less the clip may be next to 0.
    Inputs([&logits, &labels, &ones]).check(asymmetric, [OfOne; 2], [[7.0, 3.0]; 2]);
    let signs = pairs([1.0, -1.0]);
    Inputs([&magnitudes(80.0), &signs, &ones]).check(SoftMargin, of, [[2.0, 3.0]; 2]);
    Inputs([&sizes(1e6), &signs, &ones]).check(HingeEmbedding { margin: 0.75 }, of, [[1.0; 2]; 2]);
    Inputs([&magnitudes(1e6), &pairs([0.0; 2]), &signs]).check(
        MarginRanking { margin: 0.5 },
        of,
        [[1.0; 2]; 2],
    );
}

fn of_amounts<F: Measured>() {
    let (logarithms, ones) = (between::<F>(-20.0, 20.0), pairs([1.0; 2]));
    let inputs = Inputs([&logarithms, &counts(), &ones]);
    // Losses in which the mean's term and the target's may cancel, and slopes that are 0 where the mean is right.
    for full in [false, true] {
        let poisson = PoissonNll {
            log_input: true,
            full,
            eps: 1e-8,
        };
        inputs.check(poisson, [OfOne; 2], [[30.0, 8.0], [12.0, 9.0]]);
    }
    inputs.check(Tweedie { power: 1.5 }, [OfResult, OfOne], [[3.0, 6.0]; 2]);
    inputs.check(GammaNll, [OfOne; 2], [[4.0, 4.0]; 2]);
}

fn of_distributions<F: Measured>() {
    let (log_probs, ones) = (between::<F>(-40.0, 0.0), pairs([1.0; 2]));
    for (log_target, target) in [(true, between(-30.0, 0.0)), (false, probabilities())] {
        let inputs = Inputs([&log_probs, &target, &ones]);
        // The logarithms of two probabilities that may be almost the same.
        inputs.check(KlDiv { log_target }, [OfOne, OfResult], [[2.0, 2.0]; 2]);
    }
    let others: Vec<F> = counts::<F>().iter().map(|y| -*y).collect();
    // The two divergences from the mixture, of which one is negative.
    Inputs([&log_probs, &others, &ones]).check(
        JsDiv { beta: 0.5 },
        [OfOne, OfResult],
        [[1.0, 4.0]; 2],
    );
    let spreads = between::<F>(0.5, 2.0);
    let inputs = Inputs([&between(-6.0, 6.0), &pairs([0.0; 2]), &spreads]);
    for full in [false, true] {
        let gaussian = GaussianNll { full, eps: 1e-6 };
        // The logarithm of the variance may be negative.
        inputs.check(gaussian, [OfOne, OfResult], [[5.0, 1.0]; 2]);
    }
    inputs.check(GaussianCrps, OF_RESULT, [[6.0, 5.0], [5.0, 3.0]]);
}

/// Functions of the target loss, `-log p_t`.
fn of_rows<F: Measured>() {
    let ones = pairs::<F>([1.0; 2]);
    let inputs = Inputs([&sizes(80.0), &ones, &ones]);
    let of = OF_RESULT;
    for (gamma, most) in [(2.0, [5.0; 2]), (1.3, [80.0, 60.0])] {
        inputs.check(Focal { gamma }, of, most.map(|most| [most; 2]));
    }
    inputs.check(Poly { epsilon: 1.0 }, of, [[3.0, 2.0]; 2]);
    inputs.check(
        GeneralizedCrossEntropy { q: 0.7 },
        of,
        [[4.0, 45.0], [4.0, 36.0]],
    );
}

/// Tests in both types, by their functions.
macro_rules! in_both_types {
    ($($function:ident $in_f32:ident $in_f64:ident;)+) => {$(
        #[test]
        #[cfg_attr(miri, ignore = "too many numbers")]
        fn $in_f32() {
            $function::<f32>();
        }

        #[test]
        #[cfg_attr(miri, ignore = "too many numbers")]
        fn $in_f64() {
            $function::<f64>();
        }
    )+};
}
in_both_types! {
    of_errors of_errors_in_f32 of_errors_in_f64;
    of_binary_targets of_binary_targets_in_f32 of_binary_targets_in_f64;
    of_amounts of_amounts_in_f32 of_amounts_in_f64;
    of_distributions of_distributions_in_f32 of_distributions_in_f64;
    of_rows of_rows_in_f32 of_rows_in_f64;
}
