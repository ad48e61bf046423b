//! Gradient of the terms to gradient of the logits.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::columns::{self, Held, TileMemory};
use super::panel::{Input, Labels, Panel, RowGradient};
use super::problem::Problem;
use super::rows::{self, Copied};
use crate::cpu::memory::{Cells, Rows};
use crate::cpu::simd::{Arch, Isa, Kernel};
use crate::cpu::simd::{Float, MAX_LANES};
use crate::cpu::tasks;

/// Writes the gradient of the logits `[N, C, S]` to a buffer that need not be initialized; all of it is written.
///
/// `input` holds the normalizer and the columns of the gradient of the terms, `[M]` each. A row whose three gradients are 0
/// has the gradient 0, whatever its logits and its class.
///
/// # Panics
///
/// Panics if a slice does not have the length that the problem's shape asks for, or if the shape has no classes.
pub fn backward<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    logits: &[F],
    input: Input<F>,
    output: &mut [MaybeUninit<F>],
) {
    problem.check(logits.len());
    run(
        arch,
        problem,
        Cells::between(logits, output, problem.shape),
        input,
    );
}

/// Replaces the logits `[N, C, S]` by their gradient: [`backward`] without a second buffer, to the same bits.
///
/// # Panics
///
/// As [`backward`].
pub fn backward_in_place<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    logits: &mut [F],
    input: Input<F>,
) {
    problem.check(logits.len());
    run(arch, problem, Cells::in_place(logits, problem.shape), input);
}

/// Writes the gradient to the cells.
pub fn run<F: Float>(arch: Arch, problem: &Problem<F>, cells: Cells<F>, input: Input<F>) {
    problem.check(problem.num_logits());
    let columns = input.gradient.iter().flatten().chain(&input.normalizer);
    for column in columns {
        assert_eq!(column.len(), problem.rows(), "a column is [N * S]");
    }
    let weight = problem.total_weight();
    tasks::map(problem.rows(), problem.rows_per_task(), |rows| {
        arch.run(Backward {
            problem,
            // SAFETY: the tasks' ranges of rows do not overlap.
            cells: unsafe { cells.rows(rows.clone()) },
            rows,
            weight,
            input,
        });
    });
}

/// The backward pass of consecutive rows.
struct Backward<'a, F> {
    problem: &'a Problem<'a, F>,
    cells: Rows<'a, F>,
    rows: Range<usize>,
    weight: Option<F>,
    input: Input<'a, F>,
}

impl<F: Float> Kernel for Backward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self {
            problem,
            mut cells,
            rows,
            weight,
            input,
        } = self;
        let panels = Panel::all(rows, F::lanes::<S>());
        let mut weights = [weight.unwrap_or(F::ZERO); MAX_LANES];
        let mut gradient = RowGradient::new();
        if problem.has_long_rows() {
            let mut copied = Copied::new();
            for panel in panels {
                if weight.is_none() {
                    rows::total_weights(simd, problem, panel, &mut weights);
                }
                let labels = Labels::read(problem, panel, &cells);
                gradient.set(
                    simd,
                    problem,
                    &labels,
                    panel,
                    &input.read::<S>(panel),
                    &weights,
                );
                rows::backward(simd, problem, &mut cells, panel, &mut copied, &gradient);
            }
            return;
        }
        let mut memory = TileMemory::new();
        let mut tiles = memory.tiles(0, 1);
        for panel in panels {
            if weight.is_none() {
                columns::total_weights(simd, problem, panel, &mut tiles, &mut weights);
            }
            let labels = Labels::read(problem, panel, &cells);
            gradient.set(
                simd,
                problem,
                &labels,
                panel,
                &input.read::<S>(panel),
                &weights,
            );
            columns::backward(
                simd,
                problem,
                &mut cells,
                panel,
                &mut tiles,
                &gradient,
                Held::Nothing,
            );
        }
    }
}
