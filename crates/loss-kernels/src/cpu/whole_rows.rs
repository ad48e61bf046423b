//! Rows of scores `[N, C]`, each taken whole: a loss of a row and its class, summed, and the gradient in the scores' place.

use super::memory::pages;
use super::parts::Parts;
use super::simd::Float;
use super::softmax_terms::{HostRows, Logits};
use super::tasks;

/// A loss of one row of scores.
pub(super) trait OfRow<F>: Sync {
    /// The loss of a row, given which it is and its class.
    fn loss(&self, row: usize, class: usize, scores: &[F]) -> f64;

    /// The loss; the gradient of `scale` times it replaces the scores.
    fn replace(&self, row: usize, class: usize, scores: &mut [F], scale: f64) -> f64;
}

/// The sum of the losses, each times what its row and its class count, and the gradient of `scale` times it if it is wanted: of
/// shared scores in new memory; that of owned ones replaces them.
pub(super) fn reduced<F: Float>(
    loss: &impl OfRow<F>,
    rows: &HostRows<'_, F>,
    class_weights: Option<&[F]>,
    scale: f64,
    scores: Logits<'_, F>,
    wanted: bool,
) -> (f64, Option<Vec<F>>) {
    assert_eq!(rows.shape[2], 1, "one class per row of scores");
    let parts = Parts { shape: rows.shape };
    let rows = WholeRows {
        loss,
        rows,
        class_weights,
        scale,
        parts,
    };
    let step = parts.step();
    match scores {
        Logits::Owned(scores) if wanted => {
            let parts = scores.chunks_mut(step).enumerate().collect();
            let sums = tasks::each(parts, |(index, scores)| rows.replace(index, scores));
            (sums.into_iter().sum(), None)
        }
        Logits::Shared(scores) if wanted => {
            let mut gradient = pages::zeroed(scores.len());
            let parts = gradient.chunks_mut(step).zip(scores.chunks(step));
            let sums = tasks::each(
                parts.enumerate().collect(),
                |(index, (gradient, scores)): (usize, (&mut [F], &[F]))| {
                    gradient.copy_from_slice(scores);
                    rows.replace(index, gradient)
                },
            );
            (sums.into_iter().sum(), Some(gradient))
        }
        Logits::Owned(scores) => (rows.sum(scores), None),
        Logits::Shared(scores) => (rows.sum(scores), None),
    }
}

struct WholeRows<'a, F: Clone, L> {
    loss: &'a L,
    rows: &'a HostRows<'a, F>,
    class_weights: Option<&'a [F]>,
    scale: f64,
    parts: Parts,
}

impl<F: Float, L: OfRow<F>> WholeRows<'_, F, L> {
    /// The sum of all losses.
    fn sum(&self, scores: &[F]) -> f64 {
        let classes = self.rows.shape[1];
        let parts = scores.chunks(self.parts.step()).enumerate().collect();
        let sums = tasks::each(parts, |(index, scores): (usize, &[F])| {
            let (first, mut sum) = (self.parts.rows(index).start, 0.0);
            self.each(index, |row, class, weight| {
                let scores = &scores[row * classes..][..classes];
                sum += weight * self.loss.loss(first + row, class, scores);
            });
            sum
        });
        sums.into_iter().sum()
    }

    /// The sum of the losses of a part, whose scores become their gradient.
    fn replace(&self, index: usize, scores: &mut [F]) -> f64 {
        let classes = self.rows.shape[1];
        let first = self.parts.rows(index).start;
        let (mut sum, mut done) = (0.0, 0);
        self.each(index, |row, class, weight| {
            let start = row * classes;
            scores[done..start].fill(F::ZERO);
            done = start + classes;
            let (scores, scale) = (&mut scores[start..done], weight * self.scale);
            sum += weight * self.loss.replace(first + row, class, scores, scale);
        });
        scores[done..].fill(F::ZERO);
        sum
    }

    /// Calls `f` with which row of the part each is that counts, its class, and what it counts.
    fn each(&self, index: usize, mut f: impl FnMut(usize, usize, f64)) {
        let (start, classes) = (index * self.parts.step(), self.rows.shape[1]);
        let rows = self.parts.rows(index);
        self.rows
            .each_counted(self.class_weights, rows, |at, weight| {
                f((at - start) / classes, (at - start) % classes, weight);
            });
    }
}
