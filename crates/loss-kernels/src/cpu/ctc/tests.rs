//! The loss and its gradient against the sum over all ways, and one type against the other.

use super::Ctc;
use super::sample::Sample;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::testing::{Near, assert_near, refuses};

/// Numbers that look random, in `-3..0`.
fn log_probs(count: usize) -> Vec<f64> {
    let mut state = 12345u64;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    (0..count).map(|_| -3.0 * next()).collect()
}

/// The loss of one sample as the sum over all ways, and its gradient: the share of the ways that go through each class at
/// each step.
fn by_all_ways(
    log_probs: &[f64],
    [steps, classes]: [usize; 2],
    target: &[i64],
    blank: usize,
) -> (f64, Vec<f64>) {
    let mut total = 0.0;
    let mut through = vec![0.0; steps * classes];
    for way in 0..classes.pow(steps as u32) {
        let at = |t: usize| way / classes.pow(t as u32) % classes;
        let mut found: Vec<i64> = Vec::new();
        for t in 0..steps {
            if at(t) != blank && (t == 0 || at(t) != at(t - 1)) {
                found.push(at(t) as i64);
            }
        }
        if found == target {
            let log: f64 = (0..steps).map(|t| log_probs[t * classes + at(t)]).sum();
            total += log.exp();
            for t in 0..steps {
                through[t * classes + at(t)] += log.exp();
            }
        }
    }
    let gradient = through.into_iter().map(|through| -through / total);
    (-total.ln(), gradient.collect())
}

fn one_sample<'a, F>(
    log_probs: &'a [F],
    [steps, classes]: [usize; 2],
    target: &'a [i64],
    lengths: &'a [[i64; 1]; 2],
    blank: usize,
) -> Ctc<'a, F> {
    Ctc {
        log_probs,
        shape: [steps, 1, classes],
        targets: target,
        input_lengths: &lengths[0],
        target_lengths: &lengths[1],
        blank,
    }
}

fn check<F: Float>(tolerance: f64) {
    for (steps, classes, target, blank) in [
        (1, 2, vec![1], 0),
        (4, 3, vec![1, 2], 0),
        (5, 3, vec![1, 1], 0),
        (5, 3, vec![2, 1, 2], 0),
        (6, 3, vec![0, 0, 1], 2),
        (3, 3, vec![], 1),
        (7, 2, vec![0], 1),
    ] {
        let numbers: Vec<F> = log_probs(steps * classes)
            .into_iter()
            .map(F::from_f64)
            .collect();
        let wide: Vec<f64> = numbers.iter().map(|number| number.to_f64()).collect();
        let (loss, gradient) = by_all_ways(&wide, [steps, classes], &target, blank);
        let lengths = [[steps as i64], [target.len() as i64]];
        let ctc = one_sample(&numbers, [steps, classes], &target, &lengths, blank);
        for arch in Arch::available() {
            let found = arch.run(Sample::new(&ctc, 0, true));
            let near = |expected: &f64| Near::itself(*expected, tolerance);
            let what = format!("{arch:?}, {steps} steps");
            assert_near(&what, &[found.loss], [near(&loss)].into_iter());
            assert_near(&what, &found.gradient, gradient.iter().map(near));
        }
    }
}

#[test]
fn the_sum_over_all_ways() {
    check::<f64>(1e-13);
    // Logarithms of up to 21, of which the shares are exponentials.
    check::<f32>(4e-6);
}

#[test]
fn targets_that_do_not_fit() {
    let numbers = log_probs(6);
    let run = |steps: i64, target: &[i64]| {
        let lengths = [[steps], [target.len() as i64]];
        let (losses, gradient) = one_sample(&numbers, [3, 2], target, &lengths, 0).run(true);
        (losses[0], gradient.unwrap())
    };
    // A class twice needs a blank in between.
    assert!(run(3, &[1, 1]).0.is_finite());
    let (loss, gradient) = run(2, &[1, 1]);
    assert_eq!(loss, f64::INFINITY);
    assert!(gradient[..4].iter().all(|slope| slope.is_nan()) && gradient[4..] == [0.0; 2]);
    assert_eq!(run(0, &[1]).0, f64::INFINITY);
    let (loss, gradient) = run(0, &[]);
    assert!(loss == 0.0 && gradient == [0.0; 6]);
}

#[test]
fn classes_without_a_chance_and_nan() {
    let mut numbers = log_probs(12);
    let lengths = [[4], [2]];
    let run = |numbers: &[f64]| {
        let (losses, gradient) = one_sample(numbers, [4, 3], &[1, 2], &lengths, 0).run(true);
        (losses[0], gradient.unwrap())
    };
    numbers[1] = f64::NEG_INFINITY;
    let (loss, gradient) = run(&numbers);
    let (expected, _) = by_all_ways(&numbers, [4, 3], &[1, 2], 0);
    assert!((loss / expected - 1.0).abs() < 1e-12);
    assert_eq!(gradient[1], 0.0);
    // At no step can the class be there.
    for t in 0..4 {
        numbers[t * 3 + 1] = f64::NEG_INFINITY;
    }
    assert_eq!(run(&numbers).0, f64::INFINITY);
    numbers[4] = f64::NAN;
    let (loss, gradient) = run(&numbers);
    assert!(loss.is_nan() && gradient.iter().all(|slope| slope.is_nan()));
}

/// Samples of other lengths side by side, in both types: each is as it is alone.
#[test]
fn samples_side_by_side_and_long_ones() {
    let shape @ [steps, samples, classes] = [1500, 3, 21];
    let numbers = log_probs(steps * samples * classes);
    let targets: Vec<i64> = (0..samples * 40)
        .map(|at| (at as i64 * 7) % 20 + 1)
        .collect();
    let input_lengths = [1500, 700, 90];
    let target_lengths = [40, 0, 17];
    let ctc = Ctc {
        log_probs: &numbers,
        shape,
        targets: &targets,
        input_lengths: &input_lengths,
        target_lengths: &target_lengths,
        blank: 0,
    };
    let narrow: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
    let ctc_f32 = Ctc {
        log_probs: &narrow,
        shape,
        targets: &targets,
        input_lengths: &input_lengths,
        target_lengths: &target_lengths,
        blank: 0,
    };
    for arch in Arch::available() {
        let (losses, gradient) = arch.force(|| ctc.run(true));
        let (losses_f32, gradient_f32) = arch.force(|| ctc_f32.run(true));
        let expected = losses.iter().map(|loss| Near::itself(*loss, 1e-6));
        assert_near(&format!("{arch:?}, losses"), &losses_f32, expected);
        // A share is the exponential of logarithms, of which each step rounds a few: by less than 1e-6 in all.
        let gradient = gradient.expect("it was wanted");
        let expected = gradient.iter().enumerate().map(|(at, slope)| {
            let steps = input_lengths[at / classes % samples] as f64;
            let mut near = Near::itself(*slope, 1e-6 * steps);
            near.by = near.by.min(1e-4);
            near
        });
        let found = gradient_f32.expect("it was wanted");
        assert_near(&format!("{arch:?}, gradient"), &found, expected);
        for (n, input_length) in input_lengths.into_iter().enumerate() {
            for t in 0..steps {
                let row = &gradient[(t * samples + n) * classes..][..classes];
                // At each step every way goes through one state.
                let expected = if t < input_length as usize { -1.0 } else { 0.0 };
                assert!((row.iter().sum::<f64>() - expected).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let right = Ctc {
        log_probs: &[-1.0; 12],
        shape: [2, 2, 3],
        targets: &[1, 2, 1, 1],
        input_lengths: &[2, 2],
        target_lengths: &[1, 1],
        blank: 0,
    };
    let of_samples = "lengths are [N]";
    let beyond = "a length beyond its axis";
    let no_class = "a target that is no class";
    let log_probs: &[f64] = &[-1.0; 11];
    for (words, wrong) in [
        (
            "log-probabilities are [T, N, C]",
            Ctc { log_probs, ..right },
        ),
        (
            of_samples,
            Ctc {
                input_lengths: &[2],
                ..right
            },
        ),
        (
            of_samples,
            Ctc {
                target_lengths: &[1; 3],
                ..right
            },
        ),
        (
            beyond,
            Ctc {
                input_lengths: &[2, 3],
                ..right
            },
        ),
        (
            beyond,
            Ctc {
                input_lengths: &[-1, 2],
                ..right
            },
        ),
        (
            beyond,
            Ctc {
                target_lengths: &[1, 3],
                ..right
            },
        ),
        (
            no_class,
            Ctc {
                targets: &[1, 2, 3, 1],
                ..right
            },
        ),
        (
            no_class,
            Ctc {
                targets: &[-1, 2, 1, 1],
                ..right
            },
        ),
    ] {
        refuses(words, || wrong.run(true));
    }
    // What lies beyond a target's length is not looked at.
    let targets = &[1, 7, 1, -7];
    assert!(
        Ctc { targets, ..right }
            .run(false)
            .0
            .iter()
            .all(|loss| loss.is_finite())
    );
}
