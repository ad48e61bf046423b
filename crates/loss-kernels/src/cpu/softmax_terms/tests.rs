//! The kernels against a plain `f64` implementation, on every instruction set that the processor has.

use std::mem::MaybeUninit;

use crate::{Adjustment, SmoothWeights};

use super::{
    ClassSlice, HostRows, Input, Picked, Problem, RowFormula, RowLoss, backward, backward_in_place,
    forward, sum_of_losses, with_gradient,
};
use crate::cpu::memory::Cells;
use crate::cpu::simd::Arch;
use crate::cpu::simd::Float;
use crate::cpu::testing::{Near, assert_near, bits, epsilon, is_near, refuses, sum};
use crate::formulas::CrossEntropy;

/// A small generator of numbers (SplitMix64), the same on every machine.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn between<F: Float>(&mut self, low: f64, high: f64) -> F {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        F::from_f64(low + (high - low) * unit)
    }

    pub(super) fn vector<F: Float>(&mut self, len: usize, low: f64, high: f64) -> Vec<F> {
        (0..len).map(|_| self.between(low, high)).collect()
    }
}

/// What both passes give.
#[derive(Clone, Debug)]
pub(super) struct Results<F> {
    pub(super) terms: Vec<F>,
    normalizer: Vec<F>,
    pub(super) gradient: Vec<F>,
}

pub(super) fn compute<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    logits: &[F],
    grad: &[F],
) -> Results<F> {
    let rows = problem.rows();
    let unwritten = || vec![F::from_f64(7.0); rows];
    let mut columns: [Vec<F>; 5] = std::array::from_fn(|_| unwritten());
    let [target, smooth, total, max, relative_lse] = &mut columns;
    let terms = [
        Some(&mut target[..]),
        Some(&mut smooth[..]),
        Some(&mut total[..]),
    ];
    forward(arch, problem, logits, terms, [max, relative_lse]);
    let normalizer = [&columns[3][..], &columns[4][..]];

    let grads = columns_of(grad);
    let mut gradient = logits.to_vec();
    let input = Input {
        gradient: grads.each_ref().map(|column| Some(&column[..])),
        normalizer,
    };
    backward_in_place(arch, problem, &mut gradient, input);
    check_target_alone(arch, problem, logits, &columns, &grads[0]);
    Results {
        terms: (0..3 * rows).map(|i| columns[i % 3][i / 3]).collect(),
        normalizer: columns[3..].concat(),
        gradient,
    }
}

/// The columns of `[M, 3]`.
pub(super) fn columns_of<F: Float>(rows: &[F]) -> [Vec<F>; 3] {
    std::array::from_fn(|column| rows.iter().skip(column).step_by(3).copied().collect())
}

/// The first column alone is the same as among the others, in both passes.
#[track_caller]
fn check_target_alone<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    logits: &[F],
    columns: &[Vec<F>; 5],
    grad: &[F],
) {
    if problem.is_smooth() {
        return;
    }
    let mut alone: [Vec<F>; 3] = std::array::from_fn(|_| vec![F::from_f64(7.0); problem.rows()]);
    let [target, max, relative_lse] = &mut alone;
    forward(
        arch,
        problem,
        logits,
        [Some(target), None, None],
        [max, relative_lse],
    );
    for (alone, column) in alone.iter().zip([0, 3, 4]) {
        assert_eq!(bits(alone), bits(&columns[column]));
    }
    let normalizer = [&alone[1][..], &alone[2][..]];
    let zeros = vec![F::ZERO; problem.rows()];
    let [with_zeros, without] = [Some(&zeros[..]), None].map(|others| {
        let mut gradient = logits.to_vec();
        let input = Input {
            gradient: [Some(grad), others, others],
            normalizer,
        };
        backward_in_place(arch, problem, &mut gradient, input);
        gradient
    });
    assert_eq!(bits(&with_zeros), bits(&without));
}

/// The same in `f64`, one row after the other: the terms and the gradient.
///
/// Each may be off by a part of itself; a gradient, which the three terms pull to both sides, by a part of their shares.
fn reference<F: Float>(problem: &Problem<F>, logits: &[F], grad: &[F]) -> [Vec<Near>; 2] {
    let tolerance = 32.0 * epsilon::<F>();
    let [outer, classes, inner] = problem.shape;
    let none = Near::itself(0.0, 0.0);
    let mut terms = vec![none; 3 * outer * inner];
    let mut gradient = vec![none; logits.len()];
    for row in 0..outer * inner {
        let at = |c: usize| (row / inner * classes + c) * inner + row % inner;
        let class = problem.classes.map(|classes| classes.of(row));
        if class.is_some() && class == problem.ignore_index {
            continue;
        }
        let x: Vec<f64> = (0..classes).map(|c| logits[at(c)].to_f64()).collect();
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let count = x.iter().filter(|x| **x == max).count() as f64;
        let rest = sum(x.iter().filter(|x| **x != max).map(|x| (x - max).exp()));
        let relative_lse = count.ln() + (rest / count).ln_1p();
        let log_p: Vec<f64> = x.iter().map(|x| (x - max) - relative_lse).collect();
        let w: Vec<f64> = match &problem.smooth {
            SmoothWeights::Zero => vec![0.0; classes],
            SmoothWeights::Uniform(w) => vec![*w; classes],
            SmoothWeights::PerClass(w) => w.iter().map(|w| w.to_f64()).collect(),
            SmoothWeights::PerLogit(w) => (0..classes).map(|c| w[at(c)].to_f64()).collect(),
        };
        let smooth = !matches!(problem.smooth, SmoothWeights::Zero);
        let invalid = class.is_some_and(|class| class < 0 || class >= classes as i64);
        let poison = if invalid { f64::NAN } else { 0.0 };
        let of_target = match class {
            Some(_) if invalid => f64::NAN,
            Some(class) => -log_p[class as usize],
            None => 0.0,
        };
        let of_smooth = match smooth {
            true => poison - sum(w.iter().zip(&log_p).map(|(w, l)| w * l)),
            false => 0.0,
        };
        let of_row = [of_target, of_smooth, poison + max + relative_lse];
        for (term, value) in terms[3 * row..].iter_mut().zip(of_row) {
            *term = Near::itself(value, tolerance);
        }
        let g: Vec<f64> = grad[3 * row..][..3].iter().map(|g| g.to_f64()).collect();
        // Of `log p_t` and of the sum of `w log p`, of which the terms are the negatives.
        let g = [-g[0], -g[1], g[2]];
        if g == [0.0; 3] {
            continue;
        }
        let total = sum(w.iter().copied());
        for c in 0..classes {
            let p = log_p[c].exp();
            let own = class == Some(c as i64);
            // Without classes the first term is 0 for all logits.
            let target = match class {
                None => 0.0,
                Some(_) if own => -g[0] * log_p[c].exp_m1(),
                Some(_) => -g[0] * p,
            };
            let [mut value, mut shares] = [poison + g[2] * p + target, (g[2] * p).abs()];
            shares += target.abs();
            if smooth && g[1] != 0.0 {
                value += g[1] * (w[c] - p * total);
                // At the class itself it is computed as `w (1 - p) - p (sum w - w)`.
                let missing = if own { -log_p[c].exp_m1() } else { 1.0 };
                shares += g[1].abs() * (w[c] * missing + p * total);
            }
            gradient[at(c)] = Near::difference(value, shares, tolerance);
        }
    }
    [terms, gradient]
}

#[track_caller]
fn check<F: Float>(problem: &Problem<F>, logits: &[F], grad: &[F]) {
    let [terms, gradient] = reference(problem, logits, grad);
    for arch in Arch::available() {
        let found = compute(arch, problem, logits, grad);
        let what = format!("{arch:?} {:?} {:?}", problem.shape, problem.smooth.name());
        let expected = terms.iter().copied();
        assert_near(&format!("{what} terms"), &found.terms, expected);
        let expected = gradient.iter().copied();
        assert_near(&format!("{what} gradient"), &found.gradient, expected);
    }
}

impl<T> SmoothWeights<T> {
    fn name(&self) -> &'static str {
        match self {
            SmoothWeights::Zero => "no weights",
            SmoothWeights::Uniform(_) => "one weight",
            SmoothWeights::PerClass(_) => "a weight per class",
            SmoothWeights::PerLogit(_) => "a weight per logit",
        }
    }
}

/// The reduced pass is the sum of the terms, and their gradient.
#[track_caller]
fn check_reduced<F: Float>(problem: &Problem<F>, logits: &[F])
where
    CrossEntropy: RowFormula<F>,
{
    let scale = 0.25;
    let of_smooth = if problem.is_smooth() { scale } else { 0.0 };
    let grad: Vec<F> = [scale, of_smooth, 0.0]
        .map(F::from_f64)
        .repeat(problem.rows());
    let [terms, gradient] = reference(problem, logits, &grad);
    let losses = || terms.chunks(3).flat_map(|row| &row[..2]);
    let expected = Near {
        value: sum(losses().map(|near| near.value)),
        by: losses().map(|near| near.by).sum(),
    };
    let loss = RowLoss {
        formula: &CrossEntropy {
            keep: 1.0,
            z_loss: 0.0,
        },
        class_weights: None,
        scale,
    };
    for arch in Arch::available() {
        let what = format!("{arch:?} {:?} {:?}", problem.shape, problem.smooth.name());
        let mut found = logits.to_vec();
        let cells = Cells::in_place(&mut found, problem.shape);
        let with_gradient = with_gradient(arch, problem, &loss, None, cells);
        let alone = sum_of_losses(arch, problem, &loss, logits);
        for sum in [with_gradient, alone] {
            let near = expected.allows::<F>(sum);
            assert!(near, "{what} sum: {sum} instead of {expected:?}");
        }
        let what = format!("{what} reduced gradient");
        assert_near(&what, &found, gradient.iter().copied());
        if problem.shape[2] == 1 {
            check_adjusted(arch, problem, &loss, logits);
        }
    }
}

/// What is adjusted in the cache has the bits of what was adjusted before, in place and beside the logits.
#[track_caller]
fn check_adjusted<F: Float>(arch: Arch, problem: &Problem<F>, loss: &RowLoss<F>, logits: &[F]) {
    let (factor, classes) = (0.7, problem.num_classes());
    let offsets: Vec<F> = Numbers(5).vector(classes, -3.0, 3.0);
    for per_class in [None, Some(&offsets[..])] {
        let adjusted = |(i, x): (usize, &F)| {
            let product = *x * F::from_f64(factor);
            per_class.map_or(product, |offsets| product + offsets[i % classes])
        };
        let mut expected: Vec<F> = logits.iter().enumerate().map(adjusted).collect();
        let cells = Cells::in_place(&mut expected, problem.shape);
        let scaled = RowLoss {
            scale: loss.scale * factor,
            ..*loss
        };
        let sum = with_gradient(arch, problem, &scaled, None, cells);

        let by = || Some(Adjustment { factor, per_class });
        let what = format!("{arch:?} {:?} {}", problem.shape, per_class.is_some());
        let mut found = logits.to_vec();
        let cells = Cells::in_place(&mut found, problem.shape);
        let in_place = with_gradient(arch, problem, loss, by(), cells);
        assert_eq!(bits(&found), bits(&expected), "{what} in place");

        let mut found = vec![MaybeUninit::new(F::from_f64(7.0)); logits.len()];
        let cells = Cells::between(logits, &mut found, problem.shape);
        let beside = with_gradient(arch, problem, loss, by(), cells);
        // SAFETY: each of them was made of a number.
        let found: Vec<F> = found.iter().map(|x| unsafe { x.assume_init() }).collect();
        assert_eq!(bits(&found), bits(&expected), "{what} beside");
        for found in [in_place, beside] {
            assert_eq!(found.to_bits(), sum.to_bits(), "{what} sum");
        }
    }
}

/// Random logits, classes (some ignored, some invalid) and gradients (some 0) with every kind of weights.
fn check_shape<F: Float>(shape: [usize; 3])
where
    CrossEntropy: RowFormula<F>,
{
    let [outer, classes, inner] = shape;
    let (rows, len) = (outer * inner, outer * classes * inner);
    let mut numbers = Numbers(len as u64);
    let logits: Vec<F> = numbers.vector(len, -8.0, 8.0);
    let mut grad: Vec<F> = numbers.vector(3 * rows, -1.0, 1.0);
    let per_class: Vec<F> = numbers.vector(classes, 0.0, 1.0);
    let per_logit: Vec<F> = numbers.vector(len, 0.0, 1.0);
    let mut labels: Vec<i64> = (0..rows).map(|_| numbers.below(classes) as i64).collect();
    let valid = labels.clone();
    for row in 0..rows {
        match numbers.below(9) {
            0 => labels[row] = -100,
            1 => labels[row] = classes as i64,
            2 => labels[row] = -1,
            3 => grad[3 * row..][..3].fill(F::ZERO),
            4 => grad[3 * row + 1] = F::ZERO,
            _ => {}
        }
    }
    let narrow: Vec<i32> = labels.iter().map(|class| *class as i32).collect();
    for smooth in [
        SmoothWeights::Zero,
        SmoothWeights::Uniform(0.01),
        SmoothWeights::PerClass(&per_class[..]),
        SmoothWeights::PerLogit(&per_logit[..]),
    ] {
        for classes in [
            Some(ClassSlice::I64(&labels)),
            Some(ClassSlice::I32(&narrow)),
            Some(ClassSlice::I64(&valid)),
            None,
        ] {
            let problem = Problem {
                shape,
                classes,
                ignore_index: Some(-100),
                unlabelled: None,
                smooth: smooth.clone(),
                row_weights: None,
            };
            check(&problem, &logits, &grad);
            check_reduced(&problem, &logits);
        }
    }
}

#[test]
fn any_number_of_classes() {
    let short: Vec<usize> = if cfg!(miri) {
        vec![1, 10, 34]
    } else {
        (1..=70).collect()
    };
    for classes in short {
        // More panels than are computed together, and a part of one.
        check_shape::<f32>([83, classes, 1]);
        check_shape::<f64>([43, classes, 1]);
    }
    let long: &[usize] = if cfg!(miri) {
        &[129]
    } else {
        &[129, 1000, 2048, 2049, 4099, 10_000]
    };
    for &classes in long {
        check_shape::<f32>([3, classes, 1]);
        check_shape::<f64>([3, classes, 1]);
    }
}

#[test]
fn any_stride() {
    let strides: &[usize] = if cfg!(miri) {
        &[3, 17]
    } else {
        &[2, 3, 4, 5, 16, 33, 100]
    };
    let counts: &[usize] = if cfg!(miri) {
        &[3]
    } else {
        &[1, 2, 21, 129, 300, 2100]
    };
    for &inner in strides {
        for &classes in counts {
            check_shape::<f32>([3, classes, inner]);
            check_shape::<f64>([3, classes, inner]);
        }
    }
}

#[test]
fn no_rows() {
    check_shape::<f32>([0, 3, 1]);
    check_shape::<f32>([0, 3, 2]);
    check_shape::<f32>([2, 3, 0]);
    check_shape::<f64>([0, 300, 1]);
}

/// One row of logits, repeated to `copies` rows that lie `inner` apart, with ordinary rows between them.
fn among_others<F: Float>(row: &[F], inner: usize) -> (Vec<F>, Vec<usize>) {
    let mut numbers = Numbers(5);
    let rows = 3 * inner;
    let mut logits: Vec<F> = numbers.vector(rows * row.len(), -1.0, 1.0);
    let special: Vec<usize> = (0..rows).step_by(2).collect();
    for r in &special {
        for (c, x) in row.iter().enumerate() {
            logits[(r / inner * row.len() + c) * inner + r % inner] = *x;
        }
    }
    (logits, special)
}

/// Puts special numbers into rows of several lengths and at several places and hands each to `f`, with the terms of
/// the row and its gradient for the gradients `grad`, on every instruction set.
fn special_rows<F: Float>(
    special: &[(usize, f64)],
    fill: f64,
    smooth: SmoothWeights<f64>,
    grad: [f64; 3],
    f: impl Fn([f64; 3], &[f64]),
) {
    for classes in [5, 40, 3000] {
        for inner in [1, 2, 20] {
            if cfg!(miri) && classes * inner > 40 {
                continue;
            }
            let mut row = vec![F::from_f64(fill); classes];
            for (place, value) in special {
                // `usize::MAX` stands for the last.
                row[(*place).min(classes - 1)] = F::from_f64(*value);
            }
            let (logits, places) = among_others(&row, inner);
            let rows = 3 * inner;
            let labels = vec![0i64; rows];
            let weights: Vec<F>;
            let smooth = match smooth {
                SmoothWeights::Zero => SmoothWeights::Zero,
                SmoothWeights::Uniform(w) => SmoothWeights::Uniform(w / classes as f64),
                SmoothWeights::PerClass(w) | SmoothWeights::PerLogit(w) => {
                    weights = vec![F::from_f64(w); classes];
                    SmoothWeights::PerClass(&weights[..])
                }
            };
            let shape = [3, classes, inner];
            let problem = Problem {
                shape,
                classes: Some(ClassSlice::from(&labels[..])),
                ignore_index: None,
                unlabelled: None,
                smooth,
                row_weights: None,
            };
            let grad: Vec<F> = (0..3 * rows).map(|i| F::from_f64(grad[i % 3])).collect();
            for arch in Arch::available() {
                let found = compute(arch, &problem, &logits, &grad);
                for r in &places {
                    let terms = std::array::from_fn(|i| found.terms[3 * r + i].to_f64());
                    let gradient: Vec<f64> = (0..classes)
                        .map(|c| {
                            found.gradient[(r / inner * classes + c) * inner + r % inner].to_f64()
                        })
                        .collect();
                    f(terms, &gradient);
                }
                let ordinary = (0..rows).filter(|r| !places.contains(r));
                for r in ordinary {
                    assert!(
                        found.terms[3 * r + 2].to_f64().is_finite(),
                        "a row spoils its neighbour"
                    );
                }
            }
        }
    }
}

fn broken_rows<F: Float>() {
    let infinity = f64::INFINITY;
    let last = usize::MAX;
    let rows: [(&[(usize, f64)], f64); 8] = [
        (&[(0, f64::NAN)], 1.0),
        (&[(3, f64::NAN), (4, 1e30)], 1.0),
        (&[(last, f64::NAN)], 1.0),
        (&[(2, infinity)], 1.0),
        (&[(1, infinity), (last, infinity)], 1.0),
        (&[(1, infinity), (2, -infinity), (3, f64::NAN)], 1.0),
        (&[], -infinity),
        (&[], f64::NAN),
    ];
    for (special, fill) in rows {
        for grad in [[-1.0, 0.5, 0.25], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0]] {
            special_rows::<F>(
                special,
                fill,
                SmoothWeights::Uniform(0.1),
                grad,
                |terms, gradient| {
                    assert!(
                        terms.iter().all(|x| x.is_nan()),
                        "{special:?} {fill}: {terms:?}"
                    );
                    assert!(
                        gradient.iter().all(|x| x.is_nan()),
                        "{special:?} {fill}: {gradient:?}"
                    );
                },
            );
        }
        // A row without gradient has the gradient 0 even so.
        special_rows::<F>(
            special,
            fill,
            SmoothWeights::Zero,
            [0.0; 3],
            |_, gradient| {
                assert!(
                    gradient.iter().all(|x| *x == 0.0),
                    "{special:?} {fill}: {gradient:?}"
                );
            },
        );
    }
}

#[test]
fn rows_with_nan_or_infinity_are_nan() {
    broken_rows::<f32>();
    broken_rows::<f64>();
}

fn masked_classes<F: Float>() {
    let last = usize::MAX;
    for masked in [f64::NEG_INFINITY, f32::MIN as f64] {
        let special = [(0, 2.0), (1, 1.0), (last, 1.0)];
        special_rows::<F>(
            &special,
            masked,
            SmoothWeights::Zero,
            [1.0, 0.0, 0.0],
            |terms, gradient| {
                let rest = 2.0 * (-1f64).exp();
                assert!(is_near::<F>(terms[0], rest.ln_1p()), "{terms:?}");
                assert!(is_near::<F>(gradient[0], -rest / (1.0 + rest)));
                assert!(
                    gradient[2..gradient.len() - 1].iter().all(|x| *x == 0.0),
                    "{gradient:?}"
                );
            },
        );
    }
    // All at the lowest number is a row like any other.
    special_rows::<F>(
        &[],
        f32::MIN as f64,
        SmoothWeights::Zero,
        [1.0, 0.0, 0.0],
        |terms, gradient| {
            let classes = gradient.len() as f64;
            assert!(is_near::<F>(terms[0], classes.ln()), "{terms:?}");
            assert!(is_near::<F>(gradient[0], 1.0 / classes - 1.0));
        },
    );
    // A weight on a masked class has an infinite loss, and a weight of 0 has the loss 0 * inf, as in PyTorch.
    let special = [(0, 2.0), (1, 1.0)];
    let masked = f64::NEG_INFINITY;
    special_rows::<F>(
        &special,
        masked,
        SmoothWeights::Uniform(0.1),
        [0.0; 3],
        |terms, _| {
            assert_eq!(terms[1], -masked);
        },
    );
    special_rows::<F>(
        &special,
        masked,
        SmoothWeights::PerClass(0.0),
        [0.0; 3],
        |terms, _| {
            assert!(terms[1].is_nan());
        },
    );
}

#[test]
fn masked_classes_have_no_probability() {
    masked_classes::<f32>();
    masked_classes::<f64>();
}

fn confident_rows<F: Float>() {
    let special = [(0, 20.0), (1, 0.0)];
    let loss = (-20f64).exp().ln_1p();
    special_rows::<F>(
        &special,
        -200.0,
        SmoothWeights::Zero,
        [1.0, 0.0, 0.0],
        |terms, gradient| {
            assert!(is_near::<F>(terms[0], loss), "{terms:?}");
            assert!(is_near::<F>(gradient[0], (-loss).exp_m1()), "{gradient:?}");
            assert!(
                is_near::<F>(gradient[1], (-20.0 - loss).exp()),
                "{gradient:?}"
            );
        },
    );
}

#[test]
fn confident_rows_keep_their_digits() {
    confident_rows::<f32>();
    confident_rows::<f64>();
}

fn one_class_has_all_the_weight<F: Float>() {
    for label in [0i64, 1] {
        for (inner, classes) in [(1, 5), (1, 40), (2, 5), (20, 40), (3, 300)] {
            let mut row = vec![F::from_f64(-200.0); classes];
            (row[0], row[1]) = (F::from_f64(16.0), F::ZERO);
            let (logits, places) = among_others(&row, inner);
            let mut weights = vec![F::ZERO; classes];
            weights[0] = F::ONE;
            let labels = vec![label; 3 * inner];
            let problem = Problem {
                shape: [3, classes, inner],
                classes: Some(ClassSlice::from(&labels[..])),
                ignore_index: None,
                unlabelled: None,
                smooth: SmoothWeights::PerClass(&weights[..]),
                row_weights: None,
            };
            let grad = [F::ZERO, F::ONE, F::ZERO].repeat(3 * inner);
            let rest = (-16f64).exp().ln_1p();
            // -(w - p sum w) is p - 1 for the class with the weight, and p for the others.
            let expected = [(-rest).exp_m1(), (-16.0 - rest).exp()];
            for arch in Arch::available() {
                let found = compute(arch, &problem, &logits, &grad);
                for r in &places {
                    for (c, expected) in expected.iter().enumerate() {
                        let at = (r / inner * classes + c) * inner + r % inner;
                        let found = found.gradient[at].to_f64();
                        let what = format!("{arch:?} class {c} of {classes}, {inner} apart");
                        assert!(is_near::<F>(found, *expected), "{what}: {found}");
                    }
                }
            }
        }
    }
}

#[test]
fn confident_rows_keep_their_digits_where_one_class_has_all_the_weight() {
    one_class_has_all_the_weight::<f32>();
    one_class_has_all_the_weight::<f64>();
}

#[test]
fn enormous_logits_have_a_finite_weighted_sum() {
    let special = [(0, 3e38), (1, -3e38)];
    special_rows::<f32>(
        &special,
        3e38,
        SmoothWeights::Uniform(0.1),
        [0.0, 1.0, 0.0],
        |terms, gradient| {
            let classes = gradient.len() as f64;
            let expected = 6e38 * 0.1 / classes;
            assert!(is_near::<f32>(terms[1], expected), "{terms:?}");
            assert!(gradient.iter().all(|x| x.is_finite()));
        },
    );
}

#[test]
fn weights_that_do_not_count_are_not_touched() {
    // Infinite weights times a gradient of 0 would be NaN.
    for weight in [f64::INFINITY, f64::NAN] {
        let smooth = SmoothWeights::PerClass(weight);
        special_rows::<f32>(&[], 1.0, smooth, [1.0, 0.0, 0.5], |_, gradient| {
            assert!(gradient.iter().all(|x| x.is_finite()), "{gradient:?}");
        });
    }
}

#[test]
fn ignored_rows_are_zero_whatever_they_hold() {
    // All of them, and most of them: a panel that nothing is computed of, and one that holds both.
    for period in [usize::MAX, 3] {
        let ignored = |row: usize| row % period != 1 || period == usize::MAX;
        for inner in [1, 2, 20] {
            for classes in [3, 40] {
                let outer = if cfg!(miri) { 3 } else { 20 };
                let (shape, rows) = ([outer, classes, inner], outer * inner);
                let row_of = |i: usize| i / (classes * inner) * inner + i % inner;
                let hold = |row: usize| if ignored(row) { f32::NAN } else { 0.5 };
                let logits: Vec<f32> = (0..rows * classes).map(|i| hold(row_of(i))).collect();
                let labels: Vec<i32> = (0..rows).map(|row| ignored(row).into()).collect();
                let problem = Problem {
                    shape,
                    classes: Some(ClassSlice::from(&labels[..])),
                    ignore_index: Some(1),
                    unlabelled: None,
                    smooth: SmoothWeights::Uniform(0.1),
                    row_weights: None,
                };
                let grad: Vec<f32> = (0..3 * rows).map(|i| hold(i / 3)).collect();
                for arch in Arch::available() {
                    let found = compute(arch, &problem, &logits, &grad);
                    let terms = found.terms.iter().enumerate().map(|(i, x)| (i / 3, x));
                    let normalizer = found.normalizer.iter().enumerate();
                    let normalizer = normalizer.map(|(i, x)| (i % rows, x));
                    let cells = found.gradient.iter().enumerate();
                    let cells = cells.map(|(i, x)| (row_of(i), x));
                    for (row, x) in terms.chain(normalizer).chain(cells) {
                        let zero_or_number = if ignored(row) {
                            *x == 0.0
                        } else {
                            x.is_finite()
                        };
                        assert!(zero_or_number, "{arch:?} {shape:?} row {row}: {x}");
                    }
                }
            }
        }
    }
}

/// A row without a class is NaN, also where the loss asks nothing of its class (smoothing of 1, say).
#[test]
fn rows_without_a_class_are_nan_where_nothing_is_asked_of_it() {
    for shape in [[20, 3, 1], [20, 40, 1], [5, 3, 7], [2, 300, 3]] {
        let [outer, classes, inner] = shape;
        let wrong = |row: usize| row % 3 == 1;
        let labels: Vec<i32> = (0..outer * inner)
            .map(|row| if wrong(row) { classes as i32 } else { 0 })
            .collect();
        let weights = vec![2.0; classes];
        for class_weights in [None, Some(&weights[..])] {
            let problem = Problem {
                shape,
                classes: Some(ClassSlice::from(&labels[..])),
                ignore_index: None,
                unlabelled: None,
                smooth: SmoothWeights::Zero,
                row_weights: None,
            };
            let loss = RowLoss {
                formula: &CrossEntropy {
                    keep: 0.0,
                    z_loss: 0.0,
                },
                class_weights,
                scale: 1.0,
            };
            for arch in Arch::available() {
                let mut logits = vec![0.5f64; outer * classes * inner];
                let cells = Cells::in_place(&mut logits, shape);
                let sum = with_gradient(arch, &problem, &loss, None, cells);
                assert!(sum.is_nan(), "{arch:?} {shape:?}: {sum}");
                for (i, slope) in logits.iter().enumerate() {
                    let row = i / (classes * inner) * inner + i % inner;
                    let fits = match wrong(row) {
                        true => slope.is_nan(),
                        false => *slope == 0.0,
                    };
                    assert!(fits, "{arch:?} {shape:?} row {row}: {slope}");
                }
            }
        }
    }
}

/// Shapes that take every path, with several tasks each unless Miri runs them.
const SHAPES: [[usize; 3]; 5] = if cfg!(miri) {
    [[3, 40, 1], [20, 10, 1], [2, 5, 3], [1, 5, 17], [2, 3, 4]]
} else {
    [
        [70, 3000, 1],
        [20_000, 10, 1],
        [40, 300, 7],
        [3, 21, 5000],
        [2, 50_000, 3],
    ]
};

fn same_bits<F: Float>() {
    for shape in SHAPES {
        let [outer, classes, inner] = shape;
        let mut numbers = Numbers(3);
        let logits: Vec<F> = numbers.vector(outer * classes * inner, -5.0, 5.0);
        let weights: Vec<F> = numbers.vector(classes, 0.0, 0.1);
        let grad: Vec<F> = numbers.vector(3 * outer * inner, -1.0, 1.0);
        let labels: Vec<i64> = (0..outer * inner)
            .map(|_| numbers.below(classes) as i64)
            .collect();
        let smooth = SmoothWeights::PerClass(&weights[..]);
        let problem = Problem {
            shape,
            classes: Some(ClassSlice::from(&labels[..])),
            ignore_index: Some(2),
            unlabelled: None,
            smooth,
            row_weights: None,
        };
        for arch in Arch::available() {
            let here = compute(arch, &problem, &logits, &grad);
            let mut new = vec![MaybeUninit::uninit(); logits.len()];
            let grads = columns_of(&grad);
            let (max, relative_lse) = here.normalizer.split_at(problem.rows());
            let input = Input {
                gradient: grads.each_ref().map(|column| Some(&column[..])),
                normalizer: [max, relative_lse],
            };
            backward(arch, &problem, &logits, input, &mut new);
            // SAFETY: `backward` writes all of it; Miri would find an element left out.
            let new: Vec<F> = new
                .into_iter()
                .map(|x| unsafe { x.assume_init() })
                .collect();
            assert_eq!(bits(&new), bits(&here.gradient), "in place is out of place");
            for threads in [1, 2, 3] {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                let there = pool.install(|| compute(arch, &problem, &logits, &grad));
                assert_eq!(bits(&here.terms), bits(&there.terms));
                assert_eq!(bits(&here.normalizer), bits(&there.normalizer));
                assert_eq!(bits(&here.gradient), bits(&there.gradient));
            }
        }
    }
}

#[test]
fn the_same_bits_in_place_and_on_any_number_of_threads() {
    same_bits::<f32>();
    same_bits::<f64>();
}

/// Two rows of three classes.
fn two_rows<'a>() -> Problem<'a, f32> {
    Problem {
        shape: [2, 3, 1],
        classes: Some(ClassSlice::I64(&[0, 1])),
        ignore_index: None,
        unlabelled: None,
        smooth: SmoothWeights::Zero,
        row_weights: None,
    }
}

/// The lengths are all that keeps the kernels within their memory: every entrance looks at them.
#[test]
fn slices_of_other_lengths_are_refused() {
    let mut no_classes = two_rows();
    no_classes.shape[1] = 0;
    let mut more_logits = two_rows();
    more_logits.shape[1] = 4;
    let mut classes = two_rows();
    classes.classes = Some(ClassSlice::I32(&[0]));
    let mut row_weights = two_rows();
    row_weights.row_weights = Some(&[1.0; 3]);
    let mut per_class = two_rows();
    per_class.smooth = SmoothWeights::PerClass(&[1.0; 2]);
    let mut per_logit = two_rows();
    per_logit.smooth = SmoothWeights::PerLogit(&[1.0; 5]);
    for (words, problem) in [
        ("rows without classes have no softmax", no_classes),
        ("logits are [N, C, S]", more_logits),
        ("classes are [N * S]", classes),
        ("weights of rows are [N * S]", row_weights),
        ("weights are [C]", per_class),
        ("weights are [N, C, S]", per_logit),
    ] {
        let (arch, logits, column) = (Arch::Scalar, [0f32; 6], [0f32; 2]);
        let input = Input {
            gradient: [Some(&column[..]), None, None],
            normalizer: [&column[..]; 2],
        };
        refuses(words, || {
            let normalizer: [&mut [f32]; 2] = [&mut [0.0; 2], &mut [0.0; 2]];
            forward(arch, &problem, &logits, [None, None, None], normalizer);
        });
        refuses(words, || {
            let mut output = [MaybeUninit::uninit(); 6];
            backward(arch, &problem, &logits, input, &mut output);
        });
        refuses(words, || {
            backward_in_place(arch, &problem, &mut [0.0; 6], input);
        });
        refuses(words, || {
            let loss = loss_of(&PLAIN, None);
            sum_of_losses(arch, &problem, &loss, &logits)
        });
    }
}

const PLAIN: CrossEntropy = CrossEntropy {
    keep: 1.0,
    z_loss: 0.0,
};

fn loss_of<'a>(
    formula: &'a dyn RowFormula<f32>,
    class_weights: Option<&'a [f32]>,
) -> RowLoss<'a, f32> {
    RowLoss {
        formula,
        class_weights,
        scale: 1.0,
    }
}

#[test]
fn columns_and_class_weights_of_other_lengths_are_refused() {
    let (arch, problem, logits) = (Arch::Scalar, two_rows(), [0f32; 6]);
    let words = "a column is [N * S]";
    let (right, short) = ([0f32; 2], [0f32; 1]);
    for [term, max] in [[2, 1], [3, 2]] {
        refuses(words, || {
            let (mut term, mut max, mut lse) = (vec![0.0; term], vec![0.0; max], right);
            let terms = [None, Some(&mut term[..]), None];
            forward(arch, &problem, &logits, terms, [&mut max, &mut lse]);
        });
    }
    for (gradient, lse) in [(&short[..], &right[..]), (&right[..], &short[..])] {
        let input = Input {
            gradient: [None, None, Some(gradient)],
            normalizer: [&right[..], lse],
        };
        refuses(words, || {
            backward_in_place(arch, &problem, &mut [0.0; 6], input);
        });
    }
    let words = "class weights are [C]";
    let loss = loss_of(&PLAIN, Some(&[1.0; 2]));
    refuses(words, || sum_of_losses(arch, &problem, &loss, &logits));
    refuses(words, || {
        let mut numbers = [0.0; 6];
        let cells = Cells::in_place(&mut numbers, problem.shape);
        with_gradient(arch, &problem, &loss, None, cells)
    });
    let adjusted = |words, shape: [usize; 3], offsets: usize| {
        let (classes, loss) = (vec![0; shape[0] * shape[2]], loss_of(&PLAIN, None));
        let problem = Problem {
            shape,
            classes: Some(ClassSlice::from(&classes[..])),
            ..problem.clone()
        };
        let offsets = vec![0.0; offsets];
        let by = Adjustment {
            factor: 1.0,
            per_class: Some(&offsets[..]),
        };
        refuses(words, || {
            let mut numbers = [0.0; 6];
            let cells = Cells::in_place(&mut numbers, shape);
            with_gradient(arch, &problem, &loss, Some(by), cells)
        });
    };
    adjusted("offsets are [C]", [2, 3, 1], 2);
    adjusted("rows that are adjusted have one position", [1, 3, 2], 3);
}

#[test]
fn rows_that_interleave_are_not_picked() {
    let rows = HostRows::<f32> {
        shape: [1, 3, 2],
        classes: None,
        ignore_index: None,
        smooth: SmoothWeights::Zero,
        row_weights: None,
    };
    refuses("rows lie one after the other", || {
        rows.pick(&Picked::Range(0..1)).shape
    });
}
