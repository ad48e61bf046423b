//! The scores of the rows' classes, negated and summed; their gradient is 0 but for one score per row.

use std::ops::Range;

use super::memory::pages;
use super::simd::Float;
use super::softmax_terms::{HostRows, Logits};
use super::tasks;

/// Scores per task: read, cleared and written while they are in a cache.
const TASK: usize = 1 << 16;

/// The sum of the rows' losses, and the gradient of `scale` times it if it is wanted: of shared scores in new memory; that of
/// owned ones replaces them.
pub fn reduced<F: Float>(
    rows: &HostRows<'_, F>,
    class_weights: Option<&[F]>,
    scale: f64,
    scores: Logits<'_, F>,
    wanted: bool,
) -> (f64, Option<Vec<F>>) {
    let part = Part {
        rows,
        class_weights,
        scale,
    };
    let step = part.step();
    match scores {
        Logits::Owned(scores) if wanted => {
            let parts = scores.chunks_mut(step).enumerate().collect();
            let sums = tasks::each(parts, |(index, scores): (usize, &mut [F])| {
                let sum = part.sum(index, scores);
                scores.fill(F::ZERO);
                part.write(index, scores);
                sum
            });
            (sums.into_iter().sum(), None)
        }
        Logits::Shared(scores) if wanted => {
            let mut gradient = pages::zeroed(scores.len());
            let parts = gradient.chunks_mut(step).zip(scores.chunks(step));
            let sums = tasks::each(
                parts.enumerate().collect(),
                |(index, (gradient, scores))| {
                    part.write(index, gradient);
                    part.sum(index, scores)
                },
            );
            (sums.into_iter().sum(), Some(gradient))
        }
        Logits::Owned(scores) => (part.all(scores), None),
        Logits::Shared(scores) => (part.all(scores), None),
    }
}

/// What is done with the scores of some of the `N`.
struct Part<'a, F: Clone> {
    rows: &'a HostRows<'a, F>,
    class_weights: Option<&'a [F]>,
    scale: f64,
}

impl<F: Float> Part<'_, F> {
    /// Scores of each of the `N`, and how many of the `N` a part has.
    fn sizes(&self) -> [usize; 2] {
        let [_, classes, inner] = self.rows.shape;
        let scores = (classes * inner).max(1);
        [scores, (TASK / scores).max(1)]
    }

    /// Scores of a part.
    fn step(&self) -> usize {
        self.sizes().into_iter().product()
    }

    /// Rows of a part.
    fn rows(&self, index: usize) -> Range<usize> {
        let [outer, _, inner] = self.rows.shape;
        let items = self.sizes()[1];
        index * items * inner..outer.min((index + 1) * items) * inner
    }

    /// The sum of all losses.
    fn all(&self, scores: &[F]) -> f64 {
        let parts = scores.chunks(self.step()).enumerate().collect();
        let sums = tasks::each(parts, |(index, scores)| self.sum(index, scores));
        sums.into_iter().sum()
    }

    /// The sum of the losses of a part.
    fn sum(&self, index: usize, scores: &[F]) -> f64 {
        let (start, mut sum) = (index * self.step(), 0.0);
        let rows = self.rows(index);
        self.rows
            .each_counted(self.class_weights, rows, |at, weight| {
                sum -= weight * scores[at - start].to_f64();
            });
        sum
    }

    /// Writes the slopes of the scores that count.
    fn write(&self, index: usize, gradient: &mut [F]) {
        let start = index * self.step();
        let rows = self.rows(index);
        self.rows
            .each_counted(self.class_weights, rows, |at, weight| {
                gradient[at - start] = F::from_f64(-weight * self.scale);
            });
    }
}
