//! Gradient of the terms to gradient of the logits.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::arch::{Arch, Isa, Kernel};
use super::cells::{Cells, Rows};
use super::columns::{self, Tiles};
use super::float::{Float, MAX_LANES};
use super::panel::{Panel, Slopes};
use super::problem::{ClassIndex, Problem};
use super::rows::{self, Copied};

/// Writes the gradient of the logits `[N, C, S]` to a buffer that need not be initialized; all of it is written.
///
/// `gradient` is the gradient of the terms, `[M, 3]`. A row whose three gradients are 0 has the gradient 0, whatever its
/// logits and its class.
///
/// # Panics
///
/// Panics if a slice does not have the length that the problem's shape asks for, or if the shape has no classes.
pub fn backward<F: Float, I: ClassIndex>(
    arch: Arch,
    problem: &Problem<F, I>,
    logits: &[F],
    normalizer: &[F],
    gradient: &[F],
    output: &mut [MaybeUninit<F>],
) {
    problem.check(logits.len());
    run(
        arch,
        problem,
        Cells::between(logits, output, problem.shape),
        normalizer,
        gradient,
    );
}

/// Replaces the logits `[N, C, S]` by their gradient: [`backward`] without a second buffer, to the same bits.
///
/// # Panics
///
/// As [`backward`].
pub fn backward_in_place<F: Float, I: ClassIndex>(
    arch: Arch,
    problem: &Problem<F, I>,
    logits: &mut [F],
    normalizer: &[F],
    gradient: &[F],
) {
    problem.check(logits.len());
    run(
        arch,
        problem,
        Cells::in_place(logits, problem.shape),
        normalizer,
        gradient,
    );
}

fn run<F: Float, I: ClassIndex>(
    arch: Arch,
    problem: &Problem<F, I>,
    cells: Cells<F>,
    normalizer: &[F],
    gradient: &[F],
) {
    assert_eq!(gradient.len(), 3 * problem.rows(), "gradient is [N * S, 3]");
    assert_eq!(
        normalizer.len(),
        2 * problem.rows(),
        "normalizer is [N * S, 2]"
    );
    let weight = problem.total_weight();
    let step = problem.rows_per_task();
    let tasks = gradient
        .par_chunks(3 * step)
        .zip(normalizer.par_chunks(2 * step));
    tasks
        .enumerate()
        .for_each(|(task, (gradient, normalizer))| {
            let first = task * step;
            // SAFETY: the tasks' ranges of rows do not overlap.
            let rows = unsafe { cells.rows(first..first + normalizer.len() / 2) };
            arch.run(Backward {
                problem,
                rows,
                weight,
                first,
                gradient,
                normalizer,
            });
        });
}

/// The backward pass of consecutive rows.
struct Backward<'a, F, I> {
    problem: &'a Problem<'a, F, I>,
    rows: Rows<'a, F>,
    weight: Option<F>,
    first: usize,
    gradient: &'a [F],
    normalizer: &'a [F],
}

impl<F: Float, I: ClassIndex> Kernel for Backward<'_, F, I> {
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self {
            problem,
            mut rows,
            weight,
            mut first,
            gradient,
            normalizer,
        } = self;
        let lanes = F::lanes::<S>();
        let panels = gradient.chunks(3 * lanes).zip(normalizer.chunks(2 * lanes));
        let mut weights = [weight.unwrap_or(F::ZERO); MAX_LANES];
        if problem.shape[2] == 1 {
            let mut copied = Copied::new();
            for input in panels {
                let panel = Panel {
                    first,
                    len: input.1.len() / 2,
                };
                if weight.is_none() {
                    rows::total_weights(simd, problem, panel, &mut weights);
                }
                let slopes = Slopes::new(simd, problem, &rows, panel, input, &weights);
                rows::backward(simd, problem, &mut rows, panel, &mut copied, &slopes);
                first += panel.len;
            }
            return;
        }
        let mut tiles = Tiles::new();
        for input in panels {
            let panel = Panel {
                first,
                len: input.1.len() / 2,
            };
            if weight.is_none() {
                columns::total_weights(simd, problem, panel, &mut tiles, &mut weights);
            }
            let slopes = Slopes::new(simd, problem, &rows, panel, input, &weights);
            columns::backward(simd, problem, &mut rows, panel, &mut tiles, &slopes);
            first += panel.len;
        }
    }
}
