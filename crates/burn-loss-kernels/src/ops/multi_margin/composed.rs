//! What the rows' classes are short of a margin in plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorMetadata};
use loss_kernels::MultiMargin;

use crate::ops::check;
use crate::ops::softmax_terms::composed::{CountedRows, Rows, ignore_dropped_rows};
use crate::ops::tensors::{cast, quotient, unwrap, widen_half, wrap};
use crate::{Fault, LossBackend, Reduced, Reduction, RowTargets, RowWeights};

/// One loss per row of scores `[N, C]`, `[N]`: `sum_{c != t} max(0, margin - x_t + x_c)^p` for its class `t`, each in `[0, C)`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::{MultiMargin, composed};
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let scores = Tensor::<B, 2>::from_floats([[0.5, 0.25, 0.25, -1.0]], &device);
/// let classes = Tensor::<B, 1, Int>::from_ints([0], &device);
/// let loss = MultiMargin { margin: 1.0, squared: false };
/// let losses = composed::multi_margin_losses::<B>(
///     loss, scores.into_primitive().tensor(), classes.into_primitive(),
/// );
/// let losses = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(losses));
/// assert_eq!(losses.into_scalar(), 1.5);
/// ```
pub fn multi_margin_losses<B: Backend>(
    loss: MultiMargin,
    scores: FloatTensor<B>,
    classes: IntTensor<B>,
) -> FloatTensor<B> {
    let dtype = scores.dtype();
    let [powers, _] = powers::<B>(loss, scores, &Tensor::from_primitive(classes));
    let [rows, _] = powers.dims();
    cast::<B>(unwrap(powers.sum_dim(1).reshape([rows])), dtype)
}

/// The power of what each score is short of, and the power's slope, `[N, C]`, in at least 32 bits.
fn powers<B: Backend>(
    loss: MultiMargin,
    scores: FloatTensor<B>,
    classes: &Tensor<B, 1, Int>,
) -> [Tensor<B, 2>; 2] {
    let scores: Tensor<B, 2> = wrap(widen_half::<B>(scores));
    let [rows, _] = scores.dims();
    let classes = classes.clone().reshape([rows, 1]);
    let of_class = scores.clone().gather(1, classes.clone());
    let missing = scores - of_class + loss.margin;
    // Where the margin is kept nothing is missing, nor is anything at the class itself.
    // One number per row is written, where comparing with every class takes as long as all the rest.
    let zeros = missing.zeros_like().detach();
    let ones = Tensor::<B, 2>::ones([rows, 1], &missing.device()).cast(missing.dtype());
    let is_class = zeros
        .clone()
        .scatter(1, classes, ones, IndexingUpdateOp::Add)
        .greater_elem(0.5);
    let none = missing.clone().lower_equal_elem(0.0).bool_or(is_class);
    let missing = missing.mask_fill(none.clone(), 0.0);
    if loss.squared {
        return [missing.clone() * missing.clone(), missing.detach() * 2.0];
    }
    [missing, (zeros + 1.0).mask_fill(none, 0.0)]
}

/// Computes what [`LossBackend::multi_margin_reduced`] promises; the example there holds for this function, too.
pub fn multi_margin_reduced<B: LossBackend>(
    loss: MultiMargin,
    scores: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    let shape @ [n, num_classes, _] = check::multi_margin(&scores, &targets, &weights);
    let targets = ignore_dropped_rows(targets, &weights);
    let classes = targets.classes.clone();
    let classes = classes.expect("they are checked");
    if let Some(row) = B::first_invalid_class(&classes, num_classes, targets.ignore_index) {
        return Reduced::broken(B::sum(scores), Fault::NoClass { row });
    }
    let dtype = scores.dtype();
    let counted = CountedRows::new(&scores, &targets, &weights, shape);
    let rows = Rows::<B>::new(Some(classes), targets.ignore_index, shape);
    let classes = rows.expect("there are classes").classes.reshape([n]);
    let [of_class, of_row] = counted.each();
    let dropped = of_row
        .reshape([n, 1])
        .expand([n, num_classes])
        .equal_elem(0.0);
    // Whatever stands in a row that does not count, its gradient is 0.
    let scores = wrap::<B, 2>(scores).mask_fill(dropped.clone(), 0.0);
    let [powers, slopes] = powers::<B>(loss, unwrap(scores), &classes);
    let losses = powers.sum_dim(1).reshape([n]);
    let losses = counted.total(losses.clone(), losses.zeros_like().detach());
    let divisor = counted.divisor_without_classes(reduction) * num_classes as f64;
    let total = quotient(wrap(B::sum(unwrap(losses))), divisor.clone());
    let gradient = wanted.then(|| {
        // Also where nothing counts, and the quotient is 0 / 0.
        let slopes = (slopes * (of_class / divisor).reshape([n, 1])).mask_fill(dropped, 0.0);
        let of_class = slopes.clone().sum_dim(1).neg();
        let slopes = slopes.scatter(1, classes.reshape([n, 1]), of_class, IndexingUpdateOp::Add);
        cast::<B>(unwrap(slopes), dtype)
    });
    Reduced {
        loss: cast::<B>(unwrap(total), dtype),
        gradients: [gradient, None, None],
        fault: None,
    }
}
