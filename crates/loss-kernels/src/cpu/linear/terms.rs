//! The terms of the rows, and their backward pass, which computes the logits again.

use super::gradients::Gradients;
use super::reduced::check;
use super::{Linear, chunks};
use crate::Columns;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::softmax_terms::{HostRows, Input};

/// The terms of rows, column after column.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Terms<F> {
    /// `[M]` or three times as many.
    pub terms: Vec<F>,
    /// The largest logit of each row, then the log-sum-exp relative to it.
    pub normalizer: Vec<F>,
}

/// The terms of the rows; 0 for those that do not count.
///
/// # Panics
///
/// As [`reduced`](super::reduced).
pub fn forward<F: Float>(linear: &Linear<F>, rows: &HostRows<F>, wanted: Columns) -> Terms<F> {
    check(linear, rows);
    let (count, counted) = (rows.shape[0], rows.counted_rows());
    let mut all = Terms {
        terms: vec![F::ZERO; wanted.count() * count],
        normalizer: vec![F::ZERO; 2 * count],
    };
    chunks::for_each(linear, rows, counted.as_deref(), |chunk| {
        let (terms, normalizer) = chunk.rows.forward(chunk.logits, wanted);
        let len = chunk.picked.len();
        chunk.picked.for_each(|at, row| {
            for column in 0..wanted.count() {
                all.terms[column * count + row] = terms[column * len + at];
            }
            for column in 0..2 {
                all.normalizer[column * count + row] = normalizer[column * len + at];
            }
        });
    });
    all
}

/// The gradients that are wanted of hidden states, weight and bias, given that of the terms, in the layout of [`Terms`]. A row
/// whose gradients are 0 does not count.
///
/// # Panics
///
/// As [`reduced`](super::reduced).
pub fn backward<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    found: &[F],
    gradient: &[F],
    columns: Columns,
    wanted: [bool; 3],
) -> [Option<Vec<F>>; 3] {
    check(linear, rows);
    let count = rows.shape[0];
    assert_eq!(found.len(), 2 * count, "a normalizer is [M, 2]");
    let numbers = columns.count() * count;
    assert_eq!(gradient.len(), numbers, "a column of a gradient is [M]");
    let has_gradient =
        |row: &usize| (0..columns.count()).any(|column| gradient[column * count + row] != F::ZERO);
    let mut counted = rows.counted_rows();
    match &mut counted {
        Some(counted) => counted.retain(has_gradient),
        None if (0..count).all(|row| has_gradient(&row)) => {}
        None => counted = Some((0..count).filter(has_gradient).collect()),
    }
    let mut gradients = Gradients::new(linear, wanted);
    if gradients.any() {
        chunks::for_each(linear, rows, counted.as_deref(), |mut chunk| {
            let picked = chunk.picked;
            let part = |numbers: &[F], column: usize| {
                picked
                    .of(&numbers[column * count..][..count], 1)
                    .into_owned()
            };
            let normalizer = [0, 1].map(|column| part(found, column));
            let terms: Vec<Vec<F>> = (0..columns.count())
                .map(|column| part(gradient, column))
                .collect();
            let input = Input {
                gradient: std::array::from_fn(|column| terms.get(column).map(|terms| &terms[..])),
                normalizer: normalizer.each_ref().map(|numbers| &numbers[..]),
            };
            gradients.add(&mut chunk, |rows, cells| {
                F::backward_rows(Arch::detect(), &rows.problem(), cells, input);
            });
        });
    }
    gradients.finish()
}
