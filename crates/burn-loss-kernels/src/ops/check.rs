//! The shapes, element types and devices of the operations' tensors: checked where tensors are still tensors, because the
//! kernels check no index.

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{DType, Shape, TensorMetadata, backend::Backend};

use crate::{Columns, CtcTargets, Elements, Linear, RowTargets, RowWeights, SmoothWeights};

/// The shape `[N, C, d1, ..]` of logits as `[N, C, S]`.
///
/// # Panics
///
/// If there are fewer than two dimensions, or no class.
pub(crate) fn rows_shape(shape: &[usize]) -> [usize; 3] {
    assert!(
        shape.len() >= 2 && shape[1] > 0,
        "loss kernels: expected `logits` [N, C, d1, ..] with at least one class, got {shape:?}"
    );
    [shape[0], shape[1], shape[2..].iter().product()]
}

/// Checks the number that a tensor is multiplied by.
pub(crate) fn factor<B: Backend>(tensor: &FloatTensor<B>, by: &FloatTensor<B>) {
    same("by", &by.shape(), &[1]);
    same_device::<B>("by", &B::float_device(by), &B::float_device(tensor));
}

/// Checks an offset per class against the scores, and gives `[N, C, S]`.
pub(crate) fn offsets<B: Backend>(scores: &FloatTensor<B>, offsets: &FloatTensor<B>) -> [usize; 3] {
    rows_shape(&scores.shape());
    along::<B>("offsets", scores, 1, offsets)
}

/// Checks a number for each place along an axis, and gives the sizes before the axis, of it and behind it.
pub(crate) fn along<B: Backend>(
    name: &str,
    numbers: &FloatTensor<B>,
    axis: usize,
    along: &FloatTensor<B>,
) -> [usize; 3] {
    let shape = numbers.shape();
    assert!(
        axis < shape.num_dims(),
        "loss kernels: expected an axis of {:?}, got {axis}",
        &shape[..]
    );
    same(name, &along.shape(), &[shape[axis]]);
    same_device::<B>(name, &B::float_device(along), &B::float_device(numbers));
    same_dtype(name, along.dtype(), numbers.dtype());
    let size = |axes: &[usize]| axes.iter().product();
    [size(&shape[..axis]), shape[axis], size(&shape[axis + 1..])]
}

/// Checks the targets against the logits, and gives `[N, C, S]`.
pub(crate) fn targets<B: Backend>(logits: &FloatTensor<B>, targets: &RowTargets<B>) -> [usize; 3] {
    let device = B::float_device(logits);
    let logits = logits.shape();
    let shape = rows_shape(&logits);
    targets_of(&device, &logits, shape, targets);
    shape
}

/// As [`targets`], of an operation that has no loss of rows without a class, and with the weights.
pub(crate) fn classes<B: Backend>(
    scores: &FloatTensor<B>,
    of: &RowTargets<B>,
    weights: &RowWeights<B>,
) -> [usize; 3] {
    let shape = targets(scores, of);
    row_weights(scores, weights, shape);
    let given = of.classes.is_some();
    assert!(given, "loss kernels: expected `classes`, got none");
    shape
}

/// As [`multi_margin`], with a teacher's logits against a student's, and without weights of classes.
pub(crate) fn distillation<B: Backend>(
    student: &FloatTensor<B>,
    teacher: &FloatTensor<B>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
) -> [usize; 3] {
    let shape = multi_margin(student, targets, weights);
    same("teacher", &teacher.shape(), &student.shape());
    let [of_teacher, of_student] = [teacher, student].map(B::float_device);
    same_device::<B>("teacher", &of_teacher, &of_student);
    same_dtype("teacher", teacher.dtype(), student.dtype());
    let unweighted = weights.per_class.is_none();
    assert!(
        unweighted,
        "loss kernels: expected no `per_class` weights of distillation, got some"
    );
    shape
}

/// As [`classes`], of scores `[N, C]`.
pub(crate) fn multi_margin<B: Backend>(
    scores: &FloatTensor<B>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
) -> [usize; 3] {
    assert!(
        scores.shape().num_dims() == 2,
        "loss kernels: expected `scores` [N, C], got {:?}",
        &scores.shape()[..]
    );
    classes(scores, targets, weights)
}

fn targets_of<B: Backend>(
    device: &B::Device,
    logits: &[usize],
    [n, num_classes, s]: [usize; 3],
    targets: &RowTargets<B>,
) {
    if let Some(classes) = &targets.classes {
        same("classes", &classes.shape(), &[n * s]);
        same_device::<B>("classes", &B::int_device(classes), device);
    }
    match &targets.smooth {
        SmoothWeights::Zero | SmoothWeights::Uniform(_) => {}
        SmoothWeights::PerClass(weights) => same("smooth", &weights.shape(), &[num_classes]),
        SmoothWeights::PerLogit(weights) => same("smooth", &weights.shape(), logits),
    }
    if let SmoothWeights::PerClass(weights) | SmoothWeights::PerLogit(weights) = &targets.smooth {
        same_device::<B>("smooth", &B::float_device(weights), device);
    }
}

/// Checks hidden states, head and rows against one another, and gives `[M, C, 1]`.
pub(crate) fn linear<B: Backend>(
    linear: &Linear<B>,
    targets: &RowTargets<B>,
    weights: Option<&RowWeights<B>>,
) -> [usize; 3] {
    let (hidden, weight) = (linear.hidden.shape(), linear.weight.shape());
    assert!(
        hidden.num_dims() == 2 && weight.num_dims() == 2 && hidden[1] == weight[0],
        "loss kernels: expected `hidden` [M, H] and `weight` [H, C], got {:?} and {:?}",
        &hidden[..],
        &weight[..]
    );
    let [rows, num_classes] = [hidden[0], weight[1]];
    assert!(
        num_classes > 0,
        "loss kernels: expected a `weight` [H, C] with at least one class, got {:?}",
        &weight[..]
    );
    let (device, dtype) = (B::float_device(&linear.hidden), linear.hidden.dtype());
    let mut named = vec![("weight", &linear.weight)];
    if let Some(bias) = &linear.bias {
        same("bias", &bias.shape(), &[num_classes]);
        named.push(("bias", bias));
    }
    for (name, tensor) in named {
        same_device::<B>(name, &B::float_device(tensor), &device);
        same_dtype(name, tensor.dtype(), dtype);
    }
    let shape = [rows, num_classes, 1];
    targets_of(&device, &shape[..2], shape, targets);
    if let Some(weights) = weights {
        row_weights_of(&device, weights, shape);
    }
    shape
}

/// Checks all tensors of a backward pass of the linear form, and gives the columns whose gradient there is.
pub(crate) fn linear_backward<B: Backend>(
    of: &Linear<B>,
    targets: &RowTargets<B>,
    normalizer: &FloatTensor<B>,
    grad: &FloatTensor<B>,
) -> Columns {
    let [rows, ..] = linear(of, targets, None);
    terms_backward::<B>(&B::float_device(&of.hidden), rows, normalizer, grad)
}

/// Checks what the rows count.
pub(crate) fn row_weights<B: Backend>(
    logits: &FloatTensor<B>,
    weights: &RowWeights<B>,
    shape: [usize; 3],
) {
    row_weights_of(&B::float_device(logits), weights, shape);
}

fn row_weights_of<B: Backend>(
    device: &B::Device,
    weights: &RowWeights<B>,
    [n, num_classes, s]: [usize; 3],
) {
    let named = [
        ("per_class", &weights.per_class, num_classes),
        ("per_row", &weights.per_row, n * s),
    ];
    for (name, weights, len) in named {
        if let Some(weights) = weights {
            same(name, &weights.shape(), &[len]);
            same_device::<B>(name, &B::float_device(weights), device);
        }
    }
}

/// Checks scores `[N, C]` and as many labels.
pub(crate) fn multi_label_margin<B: Backend>(scores: &FloatTensor<B>, labels: &IntTensor<B>) {
    let shape = scores.shape();
    assert!(
        shape.num_dims() == 2 && shape[1] > 0,
        "loss kernels: expected `scores` [N, C] of one class at least, got {:?}",
        &shape[..]
    );
    same("labels", &labels.shape(), &shape[..]);
    same_device::<B>("labels", &B::int_device(labels), &B::float_device(scores));
}

/// Checks log-probabilities `[T, N, C]` and the targets of their samples against one another.
pub(crate) fn ctc<B: Backend>(log_probs: &FloatTensor<B>, targets: &CtcTargets<B>) {
    let shape = log_probs.shape();
    assert!(
        shape.num_dims() == 3,
        "loss kernels: expected `log_probs` [T, N, C], got {:?}",
        &shape[..]
    );
    let (samples, classes) = (shape[1], targets.classes.shape());
    assert!(
        classes.num_dims() == 2 && classes[0] == samples,
        "loss kernels: expected `classes` [{samples}, S], got {:?}",
        &classes[..]
    );
    let device = B::float_device(log_probs);
    same_device::<B>("classes", &B::int_device(&targets.classes), &device);
    for (name, lengths) in [
        ("input_lengths", &targets.input_lengths),
        ("target_lengths", &targets.target_lengths),
    ] {
        same(name, &lengths.shape(), &[samples]);
        same_device::<B>(name, &B::int_device(lengths), &device);
    }
}

/// Checks the inputs of a formula against one another.
pub(crate) fn elements<B: Backend>(inputs: &Elements<B>) {
    let Elements {
        prediction,
        target,
        third,
    } = inputs;
    same("target", &target.shape(), &prediction.shape());
    of_elements::<B>("target", target, prediction);
    if let Some(third) = third {
        let shape = prediction.shape();
        let labels = shape.last().copied().unwrap_or(1);
        assert!(
            third.shape() == shape || third.shape()[..] == [labels],
            "element-wise loss: expected `third` of shape {:?} or [{labels}], got {:?}",
            &shape[..],
            &third.shape()[..]
        );
        of_elements::<B>("third", third, prediction);
    }
}

/// Checks that a tensor of one number per element is like the prediction.
pub(crate) fn per_element<B: Backend>(
    name: &str,
    tensor: &FloatTensor<B>,
    prediction: &FloatTensor<B>,
) {
    same(name, &tensor.shape(), &prediction.shape());
    of_elements::<B>(name, tensor, prediction);
}

fn of_elements<B: Backend>(name: &str, tensor: &FloatTensor<B>, prediction: &FloatTensor<B>) {
    let (dtype, expected) = (tensor.dtype(), prediction.dtype());
    assert!(
        dtype == expected,
        "element-wise loss: expected `{name}` of the element type {expected:?}, got {dtype:?}"
    );
    same_device::<B>(name, &B::float_device(tensor), &B::float_device(prediction));
}

fn same_dtype(argument: &str, got: DType, expected: DType) {
    assert!(
        got == expected,
        "loss kernels: expected `{argument}` of the element type {expected:?}, got {got:?}"
    );
}

fn same_device<B: Backend>(argument: &str, got: &B::Device, expected: &B::Device) {
    assert!(
        got == expected,
        "loss kernels: expected `{argument}` on the device {expected:?}, got {got:?}"
    );
}

/// Checks all tensors of a backward pass, and gives the columns whose gradient there is.
pub(crate) fn backward<B: Backend>(
    logits: &FloatTensor<B>,
    of: &RowTargets<B>,
    normalizer: &FloatTensor<B>,
    grad: &FloatTensor<B>,
) -> Columns {
    let [n, _, s] = targets(logits, of);
    terms_backward::<B>(&B::float_device(logits), n * s, normalizer, grad)
}

fn terms_backward<B: Backend>(
    device: &B::Device,
    rows: usize,
    normalizer: &FloatTensor<B>,
    grad: &FloatTensor<B>,
) -> Columns {
    same("normalizer", &normalizer.shape(), &[rows, 2]);
    same_device::<B>("normalizer", &B::float_device(normalizer), device);
    same_device::<B>("grad", &B::float_device(grad), device);
    if grad.shape().num_dims() == 1 {
        same("grad", &grad.shape(), &[rows]);
        return Columns::TargetLoss;
    }
    same("grad", &grad.shape(), &[rows, Columns::All.count()]);
    Columns::All
}

fn same(argument: &str, got: &Shape, expected: &[usize]) {
    assert!(
        got[..] == *expected,
        "loss kernels: expected `{argument}` of shape {expected:?}, got {:?}",
        &got[..]
    );
}
