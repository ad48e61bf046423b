//! How many units of the last place every formula is off, at most: the figures of `docs/numbers.md`. In both types, on every
//! instruction set, and with the same bits in pieces shorter than a vector.

use std::marker::PhantomData;

use super::tests::{uninitialized, written};
use super::*;
use crate::cpu::simd::Arch;
use crate::cpu::testing::{Measured, SHORT, bits};
use crate::formulas::examples::{Accuracy, Domain, Examples, Numbers, Unit, Visit, each};
use crate::{Formula, Input};

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

    /// Holds the errors of loss and slope to bounds.
    fn check<L: Formula>(&self, formula: &L, units: [Unit; 2], most: [f64; 2]) {
        let exact = self.exact(formula);
        for arch in Arch::available() {
            let found = self.run(arch, formula);
            let largest = |part: usize, found: &[F]| {
                let larger = match units[part] {
                    Unit::OfResult => 0.0,
                    Unit::OfOne => 1.0,
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
            self.check_pieces(arch, formula, &found);
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

/// These, each twice in turn.
fn pairs<F: Measured>(of: &[f64]) -> Vec<F> {
    let number = |i: usize| F::from_f64(of[i / 2 % of.len()]);
    (0..F::COUNT).map(number).collect()
}

/// The numbers of an input.
fn numbers<F: Measured>(of: Numbers, prediction: &[F]) -> Vec<F> {
    match of {
        Numbers::In(Domain::Between(low, high)) => between(low, high),
        Numbers::In(Domain::Of(numbers)) => pairs(numbers),
        Numbers::Magnitudes(largest) => magnitudes(largest),
        Numbers::Sizes(largest) => sizes(largest),
        Numbers::Probabilities => probabilities(),
        Numbers::Counts => {
            let count = |i: usize| F::from_f64((i * 7 % 10) as f64);
            (0..F::COUNT).map(count).collect()
        }
        Numbers::OfPrediction(factor) => {
            let times = |x: &F| *x * F::from_f64(factor);
            prediction.iter().map(times).collect()
        }
    }
}

/// Every formula, in this type.
struct Check<F>(PhantomData<F>);

impl<F: Measured> Visit for Check<F> {
    fn visit<L: Examples>(&mut self) {
        for accuracy in L::accuracy() {
            let Accuracy {
                formula,
                inputs,
                most,
                units,
            } = accuracy;
            let x = numbers::<F>(inputs[0], &[]);
            let [y, third] = [inputs[1], inputs[2]].map(|of| numbers(of, &x));
            Inputs([&x, &y, &third]).check(&formula, units, F::of(most));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn all_formulas_in_f32() {
    each(&mut Check(PhantomData::<f32>));
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn all_formulas_in_f64() {
    each(&mut Check(PhantomData::<f64>));
}
