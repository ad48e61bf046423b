//! Logits to terms.

use super::columns::{self, Held, TileMemory};
use super::panel::{Output, Panel, RowSums};
use super::problem::Problem;
use super::rows;
use crate::cpu::memory::Shared;
use crate::cpu::simd::{Arch, Isa, Kernel};
use crate::cpu::simd::{Float, MAX_LANES};
use crate::cpu::tasks;

/// Writes the columns of the terms that are wanted and of the normalizer, `[M]` each, of the logits `[N, C, S]`.
///
/// Of the normalizer the first column is the row's largest logit `m` and the second `ln(sum exp(x - m))`. Columns of the
/// terms without classes or weights are 0. An ignored row has terms and normalizer 0.
///
/// # Panics
///
/// Panics if a slice does not have the length that the problem's shape asks for, or if the shape has no classes.
pub fn forward<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    logits: &[F],
    terms: [Option<&mut [F]>; 3],
    normalizer: [&mut [F]; 2],
) {
    problem.check(logits.len());
    let columns = terms.iter().flatten().map(|column| column.len());
    for len in columns.chain(normalizer.iter().map(|column| column.len())) {
        assert_eq!(len, problem.rows(), "a column is [N * S]");
    }
    let weight = problem.total_weight();
    let output = Output {
        first: 0,
        terms,
        normalizer,
    };
    tasks::each(output.split(problem.rows_per_task()), |output| {
        arch.run(Forward {
            problem,
            logits,
            weight,
            output,
        });
    });
}

/// The forward pass of consecutive rows.
struct Forward<'a, F> {
    problem: &'a Problem<'a, F>,
    logits: &'a [F],
    weight: Option<F>,
    output: Output<'a, F>,
}

impl<F: Float> Kernel for Forward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self {
            problem,
            logits,
            weight,
            mut output,
        } = self;
        let source = Shared {
            logits,
            shape: problem.shape,
        };
        let panels = Panel::all(output.rows(), F::lanes::<S>());
        if problem.has_long_rows() {
            for panel in panels {
                let mut found = RowSums::new();
                match weight {
                    Some(weight) => found.weight = [weight; MAX_LANES],
                    None => rows::total_weights(simd, problem, panel, &mut found.weight),
                }
                rows::statistics(simd, problem, &source, panel, &mut found);
                let (numbers, _) = found.finish(simd, problem, &source, panel);
                output.put::<S>(panel, &numbers);
            }
            return;
        }
        let mut memory = TileMemory::new();
        let mut tiles = memory.tiles(0, 1);
        for panel in panels {
            let mut found = RowSums::new();
            match weight {
                Some(weight) => found.weight = [weight; MAX_LANES],
                None => columns::total_weights(simd, problem, panel, &mut tiles, &mut found.weight),
            }
            if !problem.ignores(panel.rows()) {
                columns::statistics(
                    simd,
                    problem,
                    &source,
                    panel,
                    &mut tiles,
                    Held::Nothing,
                    &mut found,
                );
            }
            let (numbers, _) = found.finish(simd, problem, &source, panel);
            output.put::<S>(panel, &numbers);
        }
    }
}
