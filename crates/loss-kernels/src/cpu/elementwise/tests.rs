//! The passes against the formula in `f64`, on every instruction set that the processor has.

use std::mem::MaybeUninit;

use super::*;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::testing::refuses;
use crate::formulas::{
    Asymmetric, Bce, BceWithLogits, Charbonnier, GammaNll, GaussianCrps, GaussianNll,
    HingeEmbedding, Huber, KlDiv, L1, LogCosh, Mse, Msle, PoissonNll, Quantile, SigmoidFocal,
    SmoothL1, SoftMargin, Tweedie, Violation,
};
use crate::{Formula, Input};

/// Lengths around vectors, blocks and tasks.
const LENGTHS: [usize; 9] = [0, 1, 3, 16, 17, 1023, 1029, 32768, 70001];

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

#[track_caller]
fn close<F: Float>(what: &str, found: &[F], expected: impl Iterator<Item = f64>) {
    let tolerance = if size_of::<F>() == 4 { 2e-6 } else { 1e-14 };
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let found = found.to_f64();
        assert!(
            // Of a target between 0 and 1 the slope is the difference of two numbers of this size.
            (found - expected).abs() <= tolerance * expected.abs().max(0.25),
            "{what} at {index}: {found} instead of {expected}"
        );
    }
}

fn check<F: Float, L: Formula>(formula: L, low: f64, high: f64) {
    let passes = F::passes(&formula);
    for arch in Arch::available() {
        for len in LENGTHS {
            if cfg!(miri) && len > 1100 {
                continue;
            }
            let x = numbers::<F>(len, low, high, 1);
            let y = numbers::<F>(len, 0.0, 1.0, 2);
            let labels = numbers::<F>(3, 0.5, 2.0, 3);
            let repeated = Repeated::new(&labels);
            let mut weights = numbers::<F>(len, 0.0, 2.0, 4);
            for weight in weights.iter_mut().step_by(5) {
                *weight = F::ZERO;
            }
            let element = |i: usize| [x[i], y[i], labels[i % 3]].map(F::to_f64);
            let what = format!("{formula:?}, {arch:?}, {len}");

            let mut cells = uninitialized(len);
            let operands = [
                Operand::Read(&x[..]),
                Operand::Read(&y),
                Operand::Repeated(&repeated),
            ];
            assert_eq!(losses(arch, passes, operands, &mut cells), None);
            close(
                &what,
                &written(cells),
                (0..len).map(|i| formula.loss(element(i))),
            );

            // In place, and to memory of its own.
            let scale = 0.25;
            let (mut of_x, mut of_y) = (x.clone(), vec![F::from_f64(7.0); len]);
            let operands = [
                Operand::Replace(&mut of_x),
                Operand::Between(&y, &mut of_y),
                Operand::Repeated(&repeated),
            ];
            let (sum, _) = reduced(arch, passes, operands, Some(&weights), scale, len);
            let weight = |i: usize| weights[i].to_f64();
            let expected: f64 = (0..len).map(|i| weight(i) * formula.loss(element(i))).sum();
            assert!(
                (sum - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                "{what}: {sum}, {expected}"
            );
            let slope = |of, i: usize| scale * weight(i) * formula.slope(of, element(i));
            close(&what, &of_x, (0..len).map(|i| slope(Input::Prediction, i)));
            close(&what, &of_y, (0..len).map(|i| slope(Input::Target, i)));

            let mut alone = x.clone();
            let operands = [
                Operand::Replace(&mut alone),
                Operand::Read(&y),
                Operand::Repeated(&repeated),
            ];
            backward(arch, passes, operands, &weights);
            let slope = |i: usize| weight(i) * formula.slope(Input::Prediction, element(i));
            close(&what, &alone, (0..len).map(slope));
        }
    }
}

fn check_all<F: Float>() {
    check::<F, _>(Mse, -3.0, 3.0);
    check::<F, _>(L1, -3.0, 3.0);
    check::<F, _>(Huber { delta: 0.5 }, -3.0, 3.0);
    check::<F, _>(LogCosh, -30.0, 30.0);
    check::<F, _>(Bce, 0.01, 0.99);
    for label_smoothing in [0.0, 0.1] {
        check::<F, _>(BceWithLogits { label_smoothing }, -12.0, 12.0);
    }
    for (alpha, gamma) in [
        (Some(0.25), 2.0),
        (None, 1.3),
        (None, 0.5),
        (Some(0.5), 0.0),
    ] {
        check::<F, _>(SigmoidFocal { alpha, gamma }, -12.0, 12.0);
    }
    check_more::<F>();
}

fn check_more<F: Float>() {
    for beta in [0.0, 0.5] {
        check::<F, _>(SmoothL1 { beta }, -3.0, 3.0);
    }
    check::<F, _>(Charbonnier { eps: 0.25 }, -3.0, 3.0);
    check::<F, _>(Quantile { level: 0.25 }, -3.0, 3.0);
    check::<F, _>(Msle, 0.0, 8.0);
    for log_target in [false, true] {
        check::<F, _>(KlDiv { log_target }, -5.0, 0.0);
    }
    for (log_input, full) in [(true, false), (true, true), (false, false)] {
        let eps = 1e-8;
        let formula = PoissonNll {
            log_input,
            full,
            eps,
        };
        check::<F, _>(formula, if log_input { -3.0 } else { 0.5 }, 3.0);
    }
    check::<F, _>(Tweedie { power: 1.5 }, -3.0, 3.0);
    check::<F, _>(GammaNll, -3.0, 3.0);
    check::<F, _>(
        GaussianNll {
            full: true,
            eps: 0.75,
        },
        -3.0,
        3.0,
    );
    check::<F, _>(GaussianCrps, -3.0, 3.0);
    check::<F, _>(SoftMargin, -12.0, 12.0);
    check::<F, _>(HingeEmbedding { margin: 0.75 }, 0.0, 3.0);
    for (gamma_positive, gamma_negative, clip) in [(1.0, 4.0, 0.05), (0.0, 2.0, 0.0)] {
        let formula = Asymmetric {
            gamma_positive,
            gamma_negative,
            clip,
        };
        check::<F, _>(formula, -12.0, 12.0);
    }
}

#[test]
fn all_formulas_in_f32() {
    check_all::<f32>();
}

#[test]
fn all_formulas_in_f64() {
    check_all::<f64>();
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

/// The passes read and write behind addresses: what is behind each is looked at before.
#[test]
fn slices_of_other_lengths_are_refused() {
    let (three, two, none) = ([0.5f32; 3], [0.5f32; 2], Repeated::<f32>::new(&[]));
    let (mut place, mut gradient) = (two, two);
    let per_element = "one number per element";
    for (words, operand) in [
        (per_element, Operand::Read(&two[..])),
        (per_element, Operand::Replace(&mut place)),
        (per_element, Operand::Between(&two, &mut [0.0; 3])),
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
