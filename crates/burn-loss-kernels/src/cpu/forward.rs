//! Logits to terms.

use rayon::prelude::*;

use super::arch::{Arch, Isa, Kernel};
use super::columns::{self, Tiles};
use super::float::{Float, MAX_LANES};
use super::panel::{Panel, Statistics};
use super::problem::{ClassIndex, Problem};
use super::rows;

/// Writes the terms `[M, 3]` and the normalizer `[M, 2]` of the logits `[N, C, S]`.
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
    terms: &mut [F],
    normalizer: &mut [F],
) {
    problem.check(logits.len());
    assert_eq!(terms.len(), 3 * problem.rows(), "terms are [N * S, 3]");
    assert_eq!(
        normalizer.len(),
        2 * problem.rows(),
        "normalizer is [N * S, 2]"
    );
    let weight = problem.total_weight();
    let step = problem.rows_per_task();
    let tasks = terms
        .par_chunks_mut(3 * step)
        .zip(normalizer.par_chunks_mut(2 * step));
    tasks.enumerate().for_each(|(task, (terms, normalizer))| {
        arch.run(Forward {
            problem,
            logits,
            weight,
            first: task * step,
            terms,
            normalizer,
        });
    });
}

/// The forward pass of consecutive rows.
struct Forward<'a, F, I> {
    problem: &'a Problem<'a, F, I>,
    logits: &'a [F],
    weight: Option<F>,
    first: usize,
    terms: &'a mut [F],
    normalizer: &'a mut [F],
}

impl<F: Float, I: ClassIndex> Kernel for Forward<'_, F, I> {
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self {
            problem,
            logits,
            weight,
            mut first,
            terms,
            normalizer,
        } = self;
        let lanes = F::lanes::<S>();
        let panels = terms
            .chunks_mut(3 * lanes)
            .zip(normalizer.chunks_mut(2 * lanes));
        if problem.has_long_rows() {
            for output in panels {
                let panel = Panel {
                    first,
                    len: output.1.len() / 2,
                };
                let mut found = Statistics::new();
                match weight {
                    Some(weight) => found.weight = [weight; MAX_LANES],
                    None => rows::total_weights(simd, problem, panel, &mut found.weight),
                }
                rows::statistics(simd, problem, logits, panel, &mut found);
                found.finish(simd, problem, logits, panel, output);
                first += panel.len;
            }
            return;
        }
        let mut tiles = Tiles::new();
        for output in panels {
            let panel = Panel {
                first,
                len: output.1.len() / 2,
            };
            let mut found = Statistics::new();
            match weight {
                Some(weight) => found.weight = [weight; MAX_LANES],
                None => columns::total_weights(simd, problem, panel, &mut tiles, &mut found.weight),
            }
            columns::statistics(simd, problem, logits, panel, &mut tiles, &mut found);
            found.finish(simd, problem, logits, panel, output);
            first += panel.len;
        }
    }
}
