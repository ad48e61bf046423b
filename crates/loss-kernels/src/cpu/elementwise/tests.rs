//! The passes against the formula in `f64`, on every instruction set that the processor has.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::*;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::testing::{self, Near, SHORT, assert_near, refuses};
use crate::formulas::examples::{Domain, Example, Examples, REAL, UNIT, Visit, each, usual};
use crate::formulas::{Bce, GaussianNll, Mse, Rounded, Violation};
use crate::{Formula, Input};

/// Lengths around blocks and tasks.
const LONG: [usize; 5] = [0, 1023, 1029, 32768, 70001];

fn numbers<F: Float>(len: usize, low: f64, high: f64, seed: u64) -> Vec<F> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..len)
        .map(|_| F::from_f64(low + (high - low) * next()))
        .collect()
}

pub(super) fn uninitialized<F: Float>(len: usize) -> Vec<MaybeUninit<F>> {
    vec![MaybeUninit::new(F::from_f64(7.0)); len]
}

pub(super) fn written<F: Float>(cells: Vec<MaybeUninit<F>>) -> Vec<F> {
    // SAFETY: `uninitialized` filled them.
    cells
        .into_iter()
        .map(|cell| unsafe { cell.assume_init() })
        .collect()
}

/// Numbers of a domain, none of them far from 0.
fn of_domain<F: Float>(len: usize, domain: Domain, ends: [f64; 2], seed: u64) -> Vec<F> {
    let shares = numbers::<f64>(len, 0.0, 1.0, seed).into_iter();
    shares
        .map(|share| F::from_f64(domain.at(share, ends)))
        .collect()
}

/// What a formula gives of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Loss,
    /// The slope by the prediction.
    OfX,
    /// The slope by the target.
    OfY,
}

impl Part {
    const ALL: [Self; 3] = [Self::Loss, Self::OfX, Self::OfY];

    fn of<L: Formula>(self, formula: &L, inputs: [Rounded; 3]) -> Rounded {
        match self {
            Self::Loss => formula.loss(inputs),
            Self::OfX => formula.slope(Input::Prediction, inputs),
            Self::OfY => formula.slope(Input::Target, inputs),
        }
    }
}

/// A formula's elements, and what each part is expected to be.
struct Case<F> {
    x: Vec<F>,
    y: Vec<F>,
    /// They repeat along the elements.
    thirds: Vec<F>,
    weights: Vec<F>,
    expected: [Vec<Near>; 3],
}

impl<F: Float> Case<F> {
    /// As near as a part of itself, or, where it is a difference of rounded numbers, as those allow.
    fn new<L: Formula>(formula: &L, inputs: [Domain; 3]) -> Self {
        let len = if cfg!(miri) { LONG[2] } else { LONG[4] };
        let [of_x, of_y, of_third] = inputs;
        let x = of_domain::<F>(len, of_x, [-12.0, 12.0], 1);
        let y = of_domain::<F>(len, of_y, [-12.0, 12.0], 2);
        let thirds = of_domain::<F>(3, of_third, [-2.0, 2.0], 3);
        let mut weights = numbers::<F>(len, 0.0, 2.0, 4);
        for weight in weights.iter_mut().step_by(5) {
            *weight = F::ZERO;
        }
        let tolerance = if size_of::<F>() == 4 { 2e-6 } else { 1e-14 };
        let expected = Part::ALL.map(|part| {
            let near = |i: usize| {
                let inputs = [x[i], y[i], thirds[i % 3]].map(|n| Rounded::exact(n.to_f64()));
                let number = part.of(formula, inputs);
                Near::itself(number.value(), tolerance).or(Near::rounded::<F>(number))
            };
            (0..len).map(near).collect()
        });
        Self {
            x,
            y,
            thirds,
            weights,
            expected,
        }
    }

    /// Of the first elements, times their weights and a number.
    fn weighted(
        &self,
        part: Part,
        len: usize,
        scale: f64,
    ) -> impl ExactSizeIterator<Item = Near> + Clone {
        let expected = self.expected[part as usize][..len].iter();
        expected
            .zip(&self.weights)
            .map(move |(near, weight)| near.times(scale * weight.to_f64()))
    }

    /// Runs all passes over the first elements.
    fn check(&self, arch: Arch, passes: &dyn Passes<F>, len: usize, what: &str) {
        let (x, y, weights) = (&self.x[..len], &self.y[..len], &self.weights[..len]);
        let repeated = Repeated::new(&self.thirds);
        let third = || Operand::Repeated(&repeated);
        let mut cells = uninitialized(len);
        let operands = [Operand::Read(x), Operand::Read(y), third()];
        assert_eq!(losses(arch, passes, operands, &mut cells), None);
        let expected = self.expected[Part::Loss as usize][..len].iter().copied();
        assert_near(what, &written(cells), expected);

        // In place, and to memory of its own.
        let scale = 0.25;
        let (mut of_x, mut of_y) = (x.to_vec(), uninitialized(len));
        let operands = [
            Operand::Replace(&mut of_x),
            Operand::Between(y, &mut of_y),
            third(),
        ];
        let (sum, _) = reduced(arch, passes, operands, Some(weights), scale, len);
        let losses = self.weighted(Part::Loss, len, 1.0);
        let expected = testing::sum(losses.clone().map(|near| near.value));
        // Errors of both signs even out: half of what each may be off.
        let by: f64 = losses.map(|near| 0.5 * near.by).sum();
        assert!(
            (sum - expected).abs() <= by,
            "{what}: {sum} instead of {expected}, {by:e} is allowed"
        );
        assert_near(what, &of_x, self.weighted(Part::OfX, len, scale));
        assert_near(what, &written(of_y), self.weighted(Part::OfY, len, scale));

        let mut alone = x.to_vec();
        let operands = [Operand::Replace(&mut alone), Operand::Read(y), third()];
        backward(arch, passes, operands, weights);
        assert_near(what, &alone, self.weighted(Part::OfX, len, 1.0));
    }
}

/// Every formula, in this type.
struct Check<F>(PhantomData<F>);

impl<F: Float> Visit for Check<F> {
    fn visit<L: Examples>(&mut self) {
        L::examples(&mut usual).into_iter().for_each(check::<F, L>);
    }
}

fn check<F: Float, L: Formula>(example: Example<L>) {
    let Example { formula, inputs } = example;
    let case = Case::<F>::new(&formula, inputs);
    for arch in Arch::available() {
        for len in LONG.into_iter().chain(SHORT) {
            if len <= case.x.len() {
                let what = format!("{formula:?}, {arch:?}, {len}");
                case.check(arch, F::passes(&formula), len, &what);
            }
        }
    }
}

/// Below it the slope is not the derivative of the loss, so that no example is about it.
#[test]
fn variances_on_both_sides_of_the_least() {
    let formula = GaussianNll {
        full: true,
        eps: 0.75,
    };
    let variances = Domain::Of(&[0.5, 0.625, 1.5]);
    check::<f32, _>(Example::new(formula, [REAL, UNIT, variances]));
    check::<f64, _>(Example::new(formula, [REAL, UNIT, variances]));
}

#[test]
fn all_formulas_in_f32() {
    each(&mut Check(PhantomData::<f32>));
}

#[test]
fn all_formulas_in_f64() {
    each(&mut Check(PhantomData::<f64>));
}

#[test]
fn dropped_elements_matter_to_nothing() {
    let x = [f32::NAN, 0.5, 7.0];
    let (y, weights) = ([0.5f32; 3], [0.0f32, 1.0, 0.0]);
    let mut of_x = x;
    let operands = [
        Operand::Replace(&mut of_x[..]),
        Operand::Read(&y),
        Operand::One,
    ];
    let (sum, violation) = reduced(Arch::detect(), &Bce, operands, Some(&weights), 1.0, 3);
    assert_eq!((of_x, violation), ([0.0; 3], None));
    assert!((sum - 2f64.ln()).abs() < 1e-6);
}

#[test]
fn the_first_number_out_of_bounds_is_found() {
    for arch in Arch::available() {
        let mut x = vec![0.5f32; 100_000];
        x[70_000] = 1.5;
        x[99_000] = -1.0;
        x[3] = f32::NAN;
        let y = vec![0.5f32; x.len()];
        let operands = [Operand::Read(&x[..]), Operand::Read(&y), Operand::One];
        let (_, violation) = reduced(arch, &Bce, operands, None, 1.0, x.len());
        let expected = Violation {
            input: Input::Prediction,
            index: 70_000,
            value: 1.5,
        };
        assert_eq!(violation, Some(expected));
    }
}

/// Whichever input it is of, and however many elements an instruction set compares at a time.
#[test]
fn the_first_element_out_of_bounds_is_found() {
    for arch in Arch::available() {
        let (mut x, mut y) = (vec![0.5f32; 300], vec![0.5f32; 300]);
        (x[40], y[3]) = (1.5, -1.0);
        let operands = [Operand::Read(&x[..]), Operand::Read(&y), Operand::One];
        let found = losses(arch, &Bce, operands, &mut uninitialized(x.len()));
        let expected = Violation {
            input: Input::Target,
            index: 3,
            value: -1.0,
        };
        assert_eq!(found, Some(expected), "{arch:?}");
    }
}

/// Among the last elements, which are staged, and after one that does not count.
#[test]
fn an_element_out_of_bounds_behind_whole_steps_is_found() {
    for arch in Arch::available() {
        let (mut x, y) = (vec![0.5f32; 1000], vec![0.5f32; 1000]);
        let mut weights = vec![1.0f32; x.len()];
        (x[300], weights[300], x[999]) = (7.0, 0.0, 1.5);
        let operands = [Operand::Read(&x[..]), Operand::Read(&y), Operand::One];
        let (_, found) = reduced(arch, &Bce, operands, Some(&weights), 1.0, x.len());
        let expected = Violation {
            input: Input::Prediction,
            index: 999,
            value: 1.5,
        };
        assert_eq!(found, Some(expected), "{arch:?}");
    }
}

/// The passes read and write behind addresses: what is behind each is looked at before.
#[test]
fn slices_of_other_lengths_are_refused() {
    let (three, two, none) = ([0.5f32; 3], [0.5f32; 2], Repeated::<f32>::new(&[]));
    let (mut place, mut gradient) = (two, uninitialized(2));
    let per_element = "one number per element";
    for (words, operand) in [
        (per_element, Operand::Read(&two[..])),
        (per_element, Operand::Replace(&mut place)),
        (per_element, Operand::Between(&two, &mut uninitialized(3))),
        (
            "one gradient per element",
            Operand::Between(&three, &mut gradient),
        ),
        ("there is a number to repeat", Operand::Repeated(&none)),
    ] {
        refuses(words, || {
            let operands = [Operand::Read(&three[..]), operand, Operand::One];
            losses(Arch::Scalar, &Mse, operands, &mut uninitialized(3))
        });
    }
    refuses("one weight per element", || {
        let operands = [
            Operand::Read(&three[..]),
            Operand::Read(&three),
            Operand::One,
        ];
        reduced(Arch::Scalar, &Mse, operands, Some(&two), 1.0, 3)
    });
}
