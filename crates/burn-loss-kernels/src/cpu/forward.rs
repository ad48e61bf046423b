//! Logits to terms.

use rayon::prelude::*;

use super::arch::{Arch, Isa, Kernel};
use super::columns::{self, Tiles};
use super::float::{Float, MAX_LANES};
use super::panel::{Output, Panel, Statistics};
use super::problem::{ClassIndex, Problem};
use super::rows;

/// Writes the columns of the terms that are wanted and of the normalizer, `[M]` each, of the logits `[N, C, S]`.
///
/// Of the normalizer the first column is the row's largest logit `m` and the second `ln(sum exp(x - m))`. Columns of the
/// terms without classes or weights are 0. An ignored row has terms and normalizer 0.
///
/// # Panics
///
/// Panics if a slice does not have the length that the problem's shape asks for, or if the shape has no classes.
pub fn forward<F: Float, I: ClassIndex>(
    arch: Arch,
    problem: &Problem<F, I>,
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
    let tasks = output.split(problem.rows_per_task());
    tasks.into_par_iter().for_each(|output| {
        arch.run(Forward {
            problem,
            logits,
            weight,
            output,
        });
    });
}

/// The forward pass of consecutive rows.
struct Forward<'a, F, I> {
    problem: &'a Problem<'a, F, I>,
    logits: &'a [F],
    weight: Option<F>,
    output: Output<'a, F>,
}

impl<F: Float, I: ClassIndex> Kernel for Forward<'_, F, I> {
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self {
            problem,
            logits,
            weight,
            mut output,
        } = self;
        let panels = Panel::all(output.rows(), F::lanes::<S>());
        if problem.has_long_rows() {
            for panel in panels {
                let mut found = Statistics::new();
                match weight {
                    Some(weight) => found.weight = [weight; MAX_LANES],
                    None => rows::total_weights(simd, problem, panel, &mut found.weight),
                }
                rows::statistics(simd, problem, logits, panel, &mut found);
                found.finish(simd, problem, logits, panel, &mut output);
            }
            return;
        }
        let mut tiles = Tiles::new();
        for panel in panels {
            let mut found = Statistics::new();
            match weight {
                Some(weight) => found.weight = [weight; MAX_LANES],
                None => columns::total_weights(simd, problem, panel, &mut tiles, &mut found.weight),
            }
            if !problem.ignores(panel.rows()) {
                columns::statistics(simd, problem, logits, panel, &mut tiles, &mut found);
            }
            found.finish(simd, problem, logits, panel, &mut output);
        }
    }
}
