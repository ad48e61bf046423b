//! The scores of the rows' classes in plain Burn operations.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorMetadata};
use loss_kernels::Input;
use loss_kernels::formulas::{LARGEST_LOG_PROB, Violation};

use crate::ops::check;
use crate::ops::softmax_terms::composed::{CountedRows, Rows, ignore_dropped_rows};
use crate::ops::tensors::{cast, quotient, unwrap, widen_half, wrap};
use crate::{Fault, LossBackend, Reduced, Reduction, RowTargets, RowWeights};

/// Computes what [`LossBackend::target_scores_reduced`] promises; the example there holds for this function, too.
pub fn target_scores_reduced<B: LossBackend>(
    scores: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    let shape @ [n, num_classes, s] = check::classes(&scores, &targets, &weights);
    let targets = ignore_dropped_rows(targets, &weights);
    let (full_shape, dtype) = (scores.shape(), scores.dtype());
    let classes = targets.classes.clone();
    let classes = classes.expect("they are checked");
    if let Some(row) = B::first_invalid_class(&classes, num_classes, targets.ignore_index) {
        return Reduced::broken(B::sum(scores), Fault::NoClass { row });
    }
    let counted = CountedRows::new(&scores, &targets, &weights, shape);
    let rows = Rows::<B>::new(Some(classes), targets.ignore_index, shape);
    let rows = rows.expect("there are classes");
    let device = B::float_device(&scores);
    let scores = match s {
        1 => gather::<B, 2>(scores, &rows.classes, [n, num_classes], [n, 1]),
        _ => gather::<B, 3>(scores, &rows.classes, shape, [n, 1, s]),
    };
    let scores: Tensor<B, 1> = wrap(widen_half::<B>(unwrap(scores)));
    let [counts, of_row] = counted.each();
    if B::ON_HOST
        && let Some(violation) = violation(&scores, &counts, &rows.classes, num_classes)
    {
        return Reduced::broken(B::sum(unwrap(scores)), Fault::OutOfBounds(violation));
    }
    let losses = counted.total(scores.clone().neg(), scores.zeros_like());
    let divisor = counted.divisor(reduction);
    let loss = quotient(wrap(B::sum(unwrap(losses))), divisor.clone());
    let gradient = wanted.then(|| {
        // A row that does not count has no gradient, also where nothing counts and the quotient is 0 / 0.
        let dropped = of_row.equal_elem(0.0);
        let slopes = (counts / divisor).neg().mask_fill(dropped, 0.0);
        let slopes: Tensor<B, 1> = wrap(cast::<B>(unwrap(slopes), dtype));
        let full = match s {
            1 => scatter::<B, 2>(slopes, rows.classes, [n, num_classes], [n, 1], &device),
            _ => scatter::<B, 3>(slopes, rows.classes, shape, [n, 1, s], &device),
        };
        B::float_reshape(full, full_shape)
    });
    Reduced {
        loss: cast::<B>(unwrap(loss), dtype),
        gradients: [gradient, None, None],
        fault: None,
    }
}

/// The score of each row's class. Of two axes where the scores of a row lie side by side: with a last axis of 1, CubeCL's scatter
/// takes three times as long on a software driver.
fn gather<B: LossBackend, const D: usize>(
    scores: FloatTensor<B>,
    classes: &Tensor<B, 3, Int>,
    shape: [usize; D],
    of_rows: [usize; D],
) -> Tensor<B, 1> {
    let scores: Tensor<B, D> = wrap(B::float_reshape(scores, shape.into()));
    let picked = scores.gather(1, classes.clone().reshape(of_rows));
    picked.reshape([of_rows.iter().product::<usize>()])
}

/// Zeros of the shape, but for each row's slope at its class.
fn scatter<B: LossBackend, const D: usize>(
    slopes: Tensor<B, 1>,
    classes: Tensor<B, 3, Int>,
    shape: [usize; D],
    of_rows: [usize; D],
    device: &B::Device,
) -> FloatTensor<B> {
    let zeros = Tensor::<B, D>::zeros(shape, (device, slopes.dtype()));
    let (classes, slopes) = (classes.reshape(of_rows), slopes.reshape(of_rows));
    unwrap(zeros.scatter(1, classes, slopes, IndexingUpdateOp::Add))
}

/// The first score of a row that counts which is no log-probability.
fn violation<B: LossBackend>(
    scores: &Tensor<B, 1>,
    counts: &Tensor<B, 1>,
    classes: &Tensor<B, 3, Int>,
    num_classes: usize,
) -> Option<Violation> {
    let [_, _, s] = classes.dims();
    let [scores, counts] = [scores, counts].map(|tensor| tensor.to_data());
    let mut rows = scores.iter::<f64>().zip(counts.iter::<f64>()).enumerate();
    let (row, (value, _)) =
        rows.find(|(_, (score, count))| *score > LARGEST_LOG_PROB && *count != 0.0)?;
    let class = classes.to_data().iter::<i64>().nth(row)? as usize;
    Some(Violation {
        input: Input::Prediction,
        index: (row / s * num_classes + class) * s + row % s,
        value,
    })
}
