//! The reduced loss with its gradients in one go.

use rayon::prelude::*;

use super::gradients::Gradients;
use super::plan::Tiles;
use super::{Linear, chunks, tiles};
use crate::Columns;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::softmax_terms::{HostRows, Picked, RowLoss};

/// A sum of losses, and what was asked for beside it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found<F> {
    /// The sum of the losses.
    pub sum: f64,
    /// The gradients of hidden states `[M, H]`, weight `[H, C]` in the weight's order, and bias `[C]`.
    pub gradients: [Option<Vec<F>>; 3],
    /// What the logits said of each row.
    pub rows: Option<RowsFound<F>>,
}

/// What the logits said of each row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RowsFound<F> {
    /// The log-probability of the row's class, `[M]`; 0 for rows that do not count.
    pub log_probs: Vec<F>,
    /// The class of the largest logit, `[M]`, the first of several; -1 for rows that do not count and where a logit is NaN.
    pub predicted: Vec<i64>,
}

/// The sum of the rows' losses, and the gradients of `scale` times it that are wanted: of hidden states, weight and bias.
///
/// # Panics
///
/// Panics if a slice does not have the length that the shapes ask for, or if there are no classes.
pub fn reduced<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    loss: &RowLoss<F>,
    wanted: [bool; 3],
    describe: bool,
) -> Found<F> {
    check(linear, rows);
    let counted = rows.counted_rows();
    let need = chunks::need(linear, rows, counted.as_deref());
    let tiles = Tiles::new(need, &linear.options);
    planned(
        linear,
        rows,
        loss,
        wanted,
        describe,
        counted.as_deref(),
        tiles,
    )
}

/// In tiles if there are any, else in chunks of whole rows.
pub(super) fn planned<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    loss: &RowLoss<F>,
    wanted: [bool; 3],
    describe: bool,
    counted: Option<&[usize]>,
    tiles: Option<Tiles>,
) -> Found<F> {
    let mut gradients = Gradients::new(linear, wanted);
    let mut described = describe.then(|| RowsFound::new(rows.shape[0]));
    let mut sum = 0.0;
    if let Some(plan) = tiles {
        let described = described.as_mut();
        sum = tiles::reduced(linear, rows, loss, counted, plan, &mut gradients, described);
    } else {
        chunks::for_each(linear, rows, counted, |mut chunk| {
            if let Some(described) = &mut described {
                described.read(&chunk.rows, chunk.logits, chunk.picked);
            }
            sum += if gradients.any() {
                gradients.add(&mut chunk, |rows, cells| {
                    F::with_gradient(Arch::detect(), &rows.problem(), loss, None, cells)
                })
            } else {
                F::sum_of_losses(Arch::detect(), &chunk.rows.problem(), loss, chunk.logits)
            };
        });
    }
    Found {
        sum,
        gradients: gradients.finish(),
        rows: described,
    }
}

/// Panics unless rows and product have the same shape.
pub(super) fn check<F: Float>(linear: &Linear<F>, rows: &HostRows<F>) {
    let [n, num_classes, inner] = rows.shape;
    assert_eq!(inner, 1, "rows lie one after the other");
    assert_eq!(num_classes, linear.num_classes(), "a weight is [H, C]");
    linear.check(n);
}

impl<F: Float> RowsFound<F> {
    fn new(rows: usize) -> Self {
        Self {
            log_probs: vec![F::ZERO; rows],
            predicted: vec![-1; rows],
        }
    }

    /// Reads the logits of some rows.
    fn read(&mut self, rows: &HostRows<F>, logits: &[F], picked: &Picked) {
        let (losses, normalizer) = rows.forward(logits, Columns::TargetLoss);
        let largest = &normalizer[..picked.len()];
        let predicted: Vec<i64> = logits
            .par_chunks(rows.shape[1])
            .zip(largest)
            .map(|(row, largest)| {
                let class = row.iter().position(|x| x == largest);
                class.map_or(-1, |class| class as i64)
            })
            .collect();
        picked.for_each(|at, row| {
            self.log_probs[row] = F::ZERO - losses[at];
            self.predicted[row] = predicted[at];
        });
    }
}
