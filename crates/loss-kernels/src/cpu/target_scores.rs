//! The scores of the rows' classes, negated and summed; their gradient is 0 but for one score per row.

use super::memory::pages;
use super::simd::Float;
use super::softmax_terms::{HostRows, Logits};
use super::tasks;

/// Numbers per task of clearing memory.
const TASK: usize = 1 << 17;

/// The sum of the rows' losses, and the gradient of `scale` times it if it is wanted: of shared scores in new memory; that of
/// owned ones replaces them.
pub fn reduced<F: Float>(
    rows: &HostRows<'_, F>,
    class_weights: Option<&[F]>,
    scale: f64,
    scores: Logits<'_, F>,
    wanted: bool,
) -> (f64, Option<Vec<F>>) {
    let read = match &scores {
        Logits::Owned(scores) => &**scores,
        Logits::Shared(scores) => scores,
    };
    let mut sum = 0.0;
    let mut slopes = Vec::new();
    rows.each_counted(class_weights, |at, weight| {
        sum -= weight * read[at].to_f64();
        if wanted {
            slopes.push((at, F::from_f64(-weight * scale)));
        }
    });
    if !wanted {
        return (sum, None);
    }
    let write = |gradient: &mut [F]| {
        for (at, slope) in &slopes {
            gradient[*at] = *slope;
        }
    };
    match scores {
        Logits::Owned(scores) => {
            let parts = scores.chunks_mut(TASK).collect();
            tasks::each(parts, |part: &mut [F]| part.fill(F::ZERO));
            write(scores);
            (sum, None)
        }
        Logits::Shared(scores) => {
            let mut gradient = pages::zeroed(scores.len());
            write(&mut gradient);
            (sum, Some(gradient))
        }
    }
}
