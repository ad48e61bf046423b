//! The scores of the rows' classes, negated and summed; their gradient is 0 but for one score per row.

use super::memory::{caches, clear, pages};
use super::parts::Parts;
use super::simd::Float;
use super::softmax_terms::{HostRows, Logits};
use super::tasks;
use crate::Input;
use crate::formulas::{LARGEST_LOG_PROB, Violation};

/// What [`reduced`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reduced<F> {
    /// The sum of the rows' losses.
    pub sum: f64,
    /// The gradient, if it is wanted and has memory of its own.
    pub gradient: Option<Vec<F>>,
    /// The first score that counts and is no log-probability: it is above 0 by more than rounding.
    pub violation: Option<Violation>,
}

/// The sum of the rows' losses, and the gradient of `scale` times it if it is wanted: of shared scores in new memory; that of
/// owned ones replaces them.
pub fn reduced<F: Float>(
    rows: &HostRows<'_, F>,
    class_weights: Option<&[F]>,
    scale: f64,
    scores: Logits<'_, F>,
    wanted: bool,
) -> Reduced<F> {
    let part = Part {
        rows,
        class_weights,
        scale,
        parts: Parts { shape: rows.shape },
    };
    let step = part.parts.step();
    match scores {
        Logits::Owned(scores) if wanted => {
            // Then it may still be there when the gradient is used.
            let in_caches = size_of_val(scores) <= caches::largest();
            let parts = scores.chunks_mut(step).enumerate().collect();
            let sums = tasks::each(parts, |(index, scores): (usize, &mut [F])| {
                let sum = part.sum(index, scores);
                if in_caches {
                    scores.fill(F::ZERO);
                } else {
                    clear::clear(scores);
                }
                part.write(index, scores);
                sum
            });
            Reduced::new(sums, None)
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
            Reduced::new(sums, Some(gradient))
        }
        Logits::Owned(scores) => Reduced::new(part.all(scores), None),
        Logits::Shared(scores) => Reduced::new(part.all(scores), None),
    }
}

/// The sum of the losses of some rows, and the first score among them that is no log-probability.
type Sum = (f64, Option<Violation>);

impl<F> Reduced<F> {
    fn new(sums: Vec<Sum>, gradient: Option<Vec<F>>) -> Self {
        Self {
            sum: sums.iter().map(|(sum, _)| sum).sum(),
            gradient,
            violation: sums.iter().find_map(|(_, violation)| *violation),
        }
    }
}

/// What is done with the scores of some of the `N`.
struct Part<'a, F: Clone> {
    rows: &'a HostRows<'a, F>,
    class_weights: Option<&'a [F]>,
    scale: f64,
    parts: Parts,
}

impl<F: Float> Part<'_, F> {
    /// The sums of all parts.
    fn all(&self, scores: &[F]) -> Vec<Sum> {
        let parts = scores.chunks(self.parts.step()).enumerate().collect();
        tasks::each(parts, |(index, scores)| self.sum(index, scores))
    }

    /// The sum of the losses of a part.
    fn sum(&self, index: usize, scores: &[F]) -> Sum {
        let (start, mut sum) = (index * self.parts.step(), (0.0, None));
        let rows = self.parts.rows(index);
        self.rows
            .each_counted(self.class_weights, rows, |at, weight| {
                let score = scores[at - start].to_f64();
                sum.0 -= weight * score;
                if score > LARGEST_LOG_PROB && weight != 0.0 {
                    sum.1 = sum.1.or(Some(Violation {
                        input: Input::Prediction,
                        index: at,
                        value: score,
                    }));
                }
            });
        sum
    }

    /// Writes the slopes of the scores that count.
    fn write(&self, index: usize, gradient: &mut [F]) {
        let start = index * self.parts.step();
        let rows = self.parts.rows(index);
        self.rows
            .each_counted(self.class_weights, rows, |at, weight| {
                gradient[at - start] = F::from_f64(-weight * self.scale);
            });
    }
}
