//! Scores of one of several classes.

mod scores;
mod targets;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::Meant;
use super::findings::Findings;
use super::range::report_shapes;
use crate::host::{self, Numbers};
use scores::Scores;
use targets::Targets;

/// Looks at the first batch of a loss of one of `C` classes.
///
/// A model that knows nothing gives each class the probability `1 / C` and has the loss `log C`; one that knows how
/// frequent the classes are has their entropy, which is less.
///
/// - `scores`: `[N, C]`, what the loss is given
/// - `targets`: `[N]`, what the loss is given; classes in `[0, C)`
/// - cost: one pass over the batch, of which a block of rows at a time is copied to the host
/// - panics: never
///
/// For a run that is not yet trained; of a trained model, a low loss is no mistake.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::first_batch::{Kind, Meant, class_scores};
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.1, -0.2, 0.3], [0.0, 0.4, -0.1]], &device);
/// // Counted from 1.
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([3, 1], &device);
/// let findings = class_scores(logits, targets, &Meant::logits());
/// assert!(findings.has(Kind::ShiftedTargets));
/// ```
pub fn class_scores<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    meant: &Meant,
) -> Findings {
    let [rows, classes] = scores.dims();
    let mut findings = Findings::new(format!("{rows} rows, {classes} classes"));
    if report_shapes(&mut findings, [rows, classes], &targets.dims()) {
        return findings;
    }
    let targets = host::integers(targets);
    let mut of_targets = Targets::new(classes);
    let mut of_scores = Scores::new(meant.takes, classes);
    for (block, scores) in Numbers::of(scores).blocks() {
        for (row, scores) in block.zip(scores.chunks_exact(classes)) {
            let target = targets[row];
            let class = of_targets.add(target, meant.ignores(target));
            of_scores.add(row, scores, class);
        }
    }
    of_targets.report(&mut findings);
    if !of_scores
        .range
        .report_broken(&mut findings, "scores", classes)
    {
        of_scores.report(&mut findings, &of_targets.counts, meant.loss);
    }
    findings
}
