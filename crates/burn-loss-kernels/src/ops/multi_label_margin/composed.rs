//! Margins of labels in plain Burn operations, a few rows at a time: every pair of a row's classes is looked at.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Bool, IndexingUpdateOp, Int, Tensor};

use crate::SampleLosses;
use crate::ops::check;
use crate::ops::tensors::{unwrap, wrap};

/// Pairs of classes at a time, but one row's at least.
const PAIRS: usize = 1 << 24;

/// Computes what [`LossBackend::multi_label_margin`](crate::LossBackend::multi_label_margin) promises; the example there holds for
/// this function, too.
pub fn multi_label_margin<B: Backend>(
    scores: FloatTensor<B>,
    labels: IntTensor<B>,
    wanted: bool,
) -> SampleLosses<B> {
    check::multi_label_margin::<B>(&scores, &labels);
    SampleLosses::in_f32(scores, |scores| of_batch(wrap(scores), labels, wanted))
}

/// The losses of all rows, and their gradient.
fn of_batch<B: Backend>(
    scores: Tensor<B, 2>,
    labels: IntTensor<B>,
    wanted: bool,
) -> SampleLosses<B> {
    let [rows, num_classes] = scores.dims();
    if rows == 0 {
        return SampleLosses {
            losses: unwrap(scores.clone().reshape([0])),
            gradient: wanted.then(|| unwrap(scores)),
        };
    }
    let labels = Labels::<B>::new(Tensor::from_primitive(labels), &scores);
    let step = (PAIRS / num_classes.saturating_pow(2)).clamp(1, rows);
    let parts = (0..rows).step_by(step);
    let parts = parts.map(|from| {
        let part = from..rows.min(from + step);
        let counts = labels.counts.clone().slice([part.clone()]);
        of_rows(scores.clone().slice([part]), counts, wanted)
    });
    let (losses, gradients): (Vec<_>, Vec<_>) = parts.unzip();
    let losses = Tensor::cat(losses, 0).mask_fill(labels.wrong.clone(), f64::NAN);
    let gradient = wanted.then(|| {
        let gradient = Tensor::cat(gradients.into_iter().flatten().collect(), 0);
        let wrong = labels.wrong.reshape([rows, 1]).expand([rows, num_classes]);
        unwrap(gradient.mask_fill(wrong, 0.0))
    });
    SampleLosses {
        losses: unwrap(losses),
        gradient,
    }
}

/// The losses of rows whose labels are named so often, and their gradient.
fn of_rows<B: Backend>(
    scores: Tensor<B, 2>,
    counts: Tensor<B, 2>,
    wanted: bool,
) -> (Tensor<B, 1>, Option<Tensor<B, 2>>) {
    let [rows, num_classes] = scores.dims();
    let pairs = [rows, num_classes, num_classes];
    let of_labels = |tensor: Tensor<B, 2>| tensor.reshape([rows, num_classes, 1]).expand(pairs);
    let of_others = |tensor: Tensor<B, 2>| tensor.reshape([rows, 1, num_classes]).expand(pairs);
    let missing = of_others(scores.clone()) - of_labels(scores) + 1.0;
    // Where the margin is kept nothing is missing, nor is anything of a pair that is not one of a label and another class.
    let named = counts.clone().greater_elem(0.0);
    let no_label = named.clone().bool_not().reshape([rows, num_classes, 1]);
    let no_other = named.reshape([rows, 1, num_classes]);
    let no_pair = no_label.expand(pairs).bool_or(no_other.expand(pairs));
    let none = missing.clone().lower_equal_elem(0.0).bool_or(no_pair);
    let share = (num_classes as f64).recip();
    let along = |pairs: Tensor<B, 3>, axis| pairs.sum_dim(axis).reshape([rows, num_classes]);
    let gradient = wanted.then(|| {
        let slopes = of_labels(counts.clone()).mask_fill(none.clone(), 0.0);
        (along(slopes.clone(), 1) - along(slopes, 2)) * share
    });
    let missing = along(missing.mask_fill(none, 0.0), 2) * counts;
    let losses = missing.sum_dim(1).reshape([rows]) * share;
    (losses, gradient)
}

/// The labels of rows.
struct Labels<B: Backend> {
    /// How often each class is named, `[N, C]`.
    counts: Tensor<B, 2>,
    /// Which rows name a class that there is not, `[N]`.
    wrong: Tensor<B, 1, Bool>,
}

impl<B: Backend> Labels<B> {
    fn new(labels: Tensor<B, 2, Int>, scores: &Tensor<B, 2>) -> Self {
        let [rows, num_classes] = labels.dims();
        // How many ends there are up to each place.
        let ended = labels.clone().lower_elem(0).int().cumsum(1);
        let is_named = ended.equal_elem(0);
        let too_large = labels.clone().greater_equal_elem(num_classes as i64);
        let wrong = too_large.bool_and(is_named.clone());
        let not_usable = is_named.bool_not().bool_or(wrong.clone());
        let classes = labels.mask_fill(not_usable.clone(), 0);
        let named = scores.ones_like().mask_fill(not_usable, 0.0);
        let counts = scores.zeros_like();
        let counts = counts.scatter(1, classes, named, IndexingUpdateOp::Add);
        let wrong = wrong.int().sum_dim(1).reshape([rows]);
        Self {
            counts,
            wrong: wrong.greater_elem(0),
        }
    }
}
