//! How many units of the last place the terms of a row and the gradient of its logits are off, at most: the figures of
//! `docs/numbers.md`. In both types, on every instruction set, and for rows shorter than a vector and longer ones.

use super::tests::{Numbers, columns_of, compute};
use super::*;
use crate::SmoothWeights;
use crate::cpu::memory::Cells;
use crate::cpu::simd::Arch;
use crate::cpu::testing::{Measured, SHORT};
use crate::formulas::CrossEntropy;
use crate::{LOG_SUM_EXP, Number, SMOOTH_LOSS, TARGET_LOSS};

/// What is measured.
const PARTS: [&str; 4] = [
    "target loss",
    "smooth loss",
    "log-sum-exp",
    "gradient of the target loss",
];

/// Of more digits.
struct Exact<N> {
    terms: [N; 3],
    /// Of the target loss.
    gradient: Vec<N>,
}

impl<N: Number> Exact<N> {
    /// Of a row, its largest logit, its class, and a weight for each class.
    fn new(row: &[N], largest: usize, class: usize, weight: f64) -> Self {
        let max = row[largest];
        let mut others = max.constant(0.0);
        for (c, x) in row.iter().enumerate() {
            if c != largest {
                others = others + (*x - max).exp();
            }
        }
        let relative_lse = others.ln_1p();
        let log_p = row.iter().map(|x| *x - max - relative_lse);
        let log_p: Vec<N> = log_p.collect();
        let smooth = log_p
            .iter()
            .fold(max.constant(0.0), |sum, log_p| sum - *log_p * weight);
        let mut gradient: Vec<N> = log_p.iter().map(|log_p| log_p.exp()).collect();
        gradient[class] = log_p[class].exp_m1();
        Self {
            terms: [-log_p[class], smooth, max + relative_lse],
            gradient,
        }
    }
}

/// Rows of logits of one shape.
struct Rows<F> {
    shape: [usize; 3],
    logits: Vec<F>,
    classes: Vec<i64>,
}

impl<F: Measured> Rows<F>
where
    CrossEntropy: RowFormula<F>,
{
    fn new(shape: [usize; 3]) -> Self {
        let mut numbers = Numbers(11);
        let [outer, classes, inner] = shape;
        Self {
            shape,
            logits: numbers.vector(outer * classes * inner, -8.0, 8.0),
            classes: (0..outer * inner)
                .map(|_| numbers.below(classes) as i64)
                .collect(),
        }
    }

    fn problem(&self, smooth: SmoothWeights<&'static [F]>) -> Problem<'_, F> {
        Problem {
            shape: self.shape,
            classes: Some(ClassSlice::I64(&self.classes)),
            ignore_index: None,
            unlabelled: None,
            smooth,
            row_weights: None,
        }
    }

    /// Where the logits of a row lie.
    fn places(&self, row: usize) -> impl Iterator<Item = usize> + use<F> {
        let [_, classes, inner] = self.shape;
        (0..classes).map(move |c| (row / inner * classes + c) * inner + row % inner)
    }

    fn exact(&self, row: usize, weight: f64) -> (f64, Exact<F::Exact>) {
        let logits: Vec<F> = self.places(row).map(|at| self.logits[at]).collect();
        let mut largest = 0;
        for (c, x) in logits.iter().enumerate() {
            if *x > logits[largest] {
                largest = c;
            }
        }
        let max = logits[largest].to_f64().abs();
        let logits: Vec<F::Exact> = logits.iter().map(|x| x.exact()).collect();
        let class = self.classes[row] as usize;
        (max, Exact::new(&logits, largest, class, weight))
    }

    /// The largest error of each part, given the exact rows.
    fn largest_errors(&self, arch: Arch, exact: &[(f64, Exact<F::Exact>)]) -> [f64; 4] {
        let of_target = [F::ONE, F::ZERO, F::ZERO].repeat(exact.len());
        let smooth = self.problem(SmoothWeights::Uniform(WEIGHT));
        let terms = compute(arch, &smooth, &self.logits, &of_target).terms;
        let plain = self.problem(SmoothWeights::Zero);
        let gradients = [
            compute(arch, &plain, &self.logits, &of_target).gradient,
            self.reduced_gradient(arch, &plain),
        ];
        let columns = columns_of(&terms);
        let mut largest = [0f64; 4];
        for (row, (max, exact)) in exact.iter().enumerate() {
            for term in [TARGET_LOSS, SMOOTH_LOSS, LOG_SUM_EXP] {
                // `max + ln(..)`, in which a negative logit may cancel.
                let larger = if term == LOG_SUM_EXP { *max } else { 0.0 };
                let ulps = columns[term][row].ulps(exact.terms[term], larger);
                largest[term] = largest[term].max(ulps);
            }
            for gradient in &gradients {
                for (at, exact) in self.places(row).zip(&exact.gradient) {
                    largest[3] = largest[3].max(gradient[at].ulps(*exact, 0.0));
                }
            }
        }
        largest
    }

    /// That of the reduced pass.
    fn reduced_gradient(&self, arch: Arch, problem: &Problem<F>) -> Vec<F> {
        let loss = RowLoss {
            formula: &CrossEntropy {
                keep: 1.0,
                z_loss: 0.0,
            },
            class_weights: None,
            scale: 1.0,
        };
        let mut gradient = self.logits.clone();
        let cells = Cells::in_place(&mut gradient, self.shape);
        with_gradient(arch, problem, &loss, None, cells);
        gradient
    }
}

/// The weight of each class in the smooth loss: a power of two, which both types have.
const WEIGHT: f64 = 0.0625;

/// Holds the errors of the parts to bounds in `f32` and in `f64`.
fn check<F: Measured>(most: [[f64; 2]; 4])
where
    CrossEntropy: RowFormula<F>,
{
    let mut found: Vec<_> = Arch::available().map(|arch| (arch, [0f64; 4])).collect();
    for classes in SHORT.into_iter().chain([24, 25, 33, 1000]) {
        for shape in [[17 + 200 / classes, classes, 1], [3, classes, 5]] {
            let rows = Rows::<F>::new(shape);
            let exact = (0..shape[0] * shape[2]).map(|row| rows.exact(row, WEIGHT));
            let exact: Vec<_> = exact.collect();
            for (arch, largest) in &mut found {
                let of_shape = rows.largest_errors(*arch, &exact);
                *largest = std::array::from_fn(|part| largest[part].max(of_shape[part]));
            }
        }
    }
    let type_name = std::any::type_name::<F>();
    for (arch, largest) in found {
        for ((part, largest), most) in PARTS.iter().zip(largest).zip(most) {
            println!("{part}, {type_name}, {arch:?}: off by at most {largest:.1} ulp");
            assert!(largest <= F::of(most), "{part}, {arch:?}: {largest} ulp");
        }
    }
}

const MOST: [[f64; 2]; 4] = [[8.0, 3.0], [4.0; 2], [2.0; 2], [30.0, 24.0]];

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn of_rows_in_f32() {
    check::<f32>(MOST);
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn of_rows_in_f64() {
    check::<f64>(MOST);
}
