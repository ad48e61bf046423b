//! Distillation in the operations of class rows.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Bool, Tensor, TensorMetadata};
use loss_kernels::{Distillation, SmoothWeights};

use crate::formulas::CrossEntropy;
use crate::ops::check;
use crate::ops::softmax_terms::composed::{CountedRows, ignore_dropped_rows};
use crate::ops::tensors::{cast, times, unwrap, widen_half, wrap};
use crate::{Adjustment, LossBackend, Reduced, Reduction, RowTargets, RowWeights};

/// Computes what [`LossBackend::distillation_reduced`] promises; the example there holds for this function, too.
pub fn distillation_reduced<B: LossBackend>(
    loss: Distillation,
    student: FloatTensor<B>,
    teacher: FloatTensor<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<B> {
    let [n, num_classes, _] = check::distillation(&student, &teacher, &targets, &weights);
    let dtype = student.dtype();
    let is_weighted = weights.per_row.is_some() || targets.ignore_index.is_some();
    let dropped = is_weighted.then(|| {
        let counted = CountedRows::new(&student, &targets, &weights, [n, num_classes, 1]);
        let [_, of_row] = counted.each();
        let dropped = of_row.equal_elem(0.0).reshape([n, 1]);
        dropped.expand([n, num_classes])
    });
    // Whatever stands in a row that does not count, its gradient is 0, and so is what the others get from it.
    let [student, teacher] = [student, teacher].map(|rows| without::<B>(rows, &dropped));
    let mut found = distillation_of_parts(
        loss,
        widen_half::<B>(student),
        teacher,
        (targets, weights),
        reduction,
        |student, temperature, formula, targets, weights| {
            let by = Adjustment {
                factor: temperature.recip(),
                per_class: None,
            };
            B::adjusted_reduced(formula, student, by, targets, weights, reduction, wanted)
        },
    );
    found.loss = cast::<B>(found.loss, dtype);
    let [gradient, ..] = &mut found.gradients;
    // Also where nothing counts, and the quotient is 0 / 0.
    let narrow = |gradient| cast::<B>(without::<B>(gradient, &dropped), dtype);
    *gradient = gradient.take().map(narrow);
    found
}

/// Rows with 0 in those that do not count.
fn without<B: LossBackend>(
    rows: FloatTensor<B>,
    dropped: &Option<Tensor<B, 2, Bool>>,
) -> FloatTensor<B> {
    match dropped {
        Some(dropped) => unwrap(wrap::<B, 2>(rows).mask_fill(dropped.clone(), 0.0)),
        None => rows,
    }
}

/// The reduced loss of a student whose logits may be made by a head. In the student's type; the teacher's logits are widened to at
/// least 32 bits.
///
/// `of_student` gives the reduced cross entropy of the student's logits over a temperature. It is called twice: for the
/// divergence from the teacher, and for the cross entropy with the classes.
///
/// # Panics
///
/// As the operation that `of_student` calls.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::{Distillation, LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights, composed};
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let logits = |row: [f32; 2]| Tensor::<B, 2>::from_floats([row], &device).into_primitive().tensor();
/// let targets = RowTargets::<B> {
///     classes: Some(Tensor::<B, 1, Int>::from_ints([0], &device).into_primitive()),
///     ignore_index: None,
///     smooth: SmoothWeights::Zero,
/// };
/// let loss = Distillation { temperature: 2.0, alpha: 0.5 };
/// // The student's logits need not exist before they are asked for.
/// let found = composed::distillation_of_parts::<B, _>(
///     loss, [0.0, 0.0], logits([0.0, 0.0]), (targets, RowWeights::none()), Reduction::Sum,
///     |student, temperature, formula, targets, weights| {
///         let student = composed::times::<B>(logits(student), 1.0 / temperature);
///         B::softmax_terms_reduced(formula, student, targets, weights, Reduction::Sum, false)
///     },
/// );
/// let found = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(found.loss)).into_scalar();
/// // It agrees with its teacher, and half of the cross entropy is left.
/// assert!((found - 0.5 * 2f32.ln()).abs() < 1e-6);
/// ```
pub fn distillation_of_parts<B: LossBackend, S: Clone>(
    loss: Distillation,
    student: S,
    teacher: FloatTensor<B>,
    (targets, weights): (RowTargets<B>, RowWeights<B>),
    reduction: Reduction,
    of_student: impl Fn(S, f64, &CrossEntropy, RowTargets<B>, RowWeights<B>) -> Reduced<B>,
) -> Reduced<B> {
    // Where there is no class, there is no target loss.
    let of_all = CrossEntropy {
        keep: 0.0,
        z_loss: 0.0,
    };
    let of_class = CrossEntropy {
        keep: 1.0,
        z_loss: 0.0,
    };
    let targets = ignore_dropped_rows(targets, &weights);
    let soft = (loss.soft_weight() != 0.0).then(|| {
        let [n, num_classes] = teacher.shape().dims();
        let is_weighted = weights.per_row.is_some() || targets.ignore_index.is_some();
        // The rows of this part have no classes: where nothing else does, what they count says that one was wrong.
        let is_alone = loss.hard_weight() == 0.0 && !B::ON_HOST;
        let per_row = (is_weighted || is_alone).then(|| {
            let counted = CountedRows::new(&teacher, &targets, &weights, [n, num_classes, 1]);
            let [of_class, _] = counted.each();
            unwrap(of_class)
        });
        let weights = RowWeights {
            per_class: None,
            per_row,
        };
        let (teacher, targets) = softened_teacher::<B>(loss, teacher);
        let mut found = of_student(
            student.clone(),
            loss.temperature,
            &of_all,
            targets.clone(),
            weights.clone(),
        );
        let entropy =
            B::softmax_terms_reduced(&of_all, teacher, targets, weights, reduction, false);
        found.loss = B::float_sub(found.loss, entropy.loss);
        found
    });
    // Also at weight 0, because it finds wrong targets.
    let hard = of_student(student, 1.0, &of_class, targets, weights);
    let Some(soft) = soft else {
        return hard;
    };
    let sum = |soft, hard| sum_of_parts::<B>(loss, soft, hard);
    let gradients = soft.gradients.into_iter().zip(hard.gradients);
    let mut gradients = gradients.map(|(soft, hard)| Some(sum(soft?, hard?)));
    Reduced {
        gradients: std::array::from_fn(|_| gradients.next().flatten()),
        loss: sum(soft.loss, hard.loss),
        fault: hard.fault,
    }
}

/// The teacher's logits over the temperature, in at least 32 bits, and their probabilities as targets.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Tensor, TensorPrimitive};
/// use burn_loss_kernels::{Distillation, SmoothWeights, composed::softened_teacher};
///
/// let teacher = Tensor::<NdArray, 2>::from_floats([[2.0 * 3f32.ln(), 0.0]], &Default::default());
/// let loss = Distillation { temperature: 2.0, alpha: 0.5 };
/// let (_, targets) = softened_teacher::<NdArray>(loss, teacher.into_primitive().tensor());
/// let SmoothWeights::PerLogit(probabilities) = targets.smooth else { panic!() };
/// let probabilities = Tensor::<NdArray, 2>::from_primitive(TensorPrimitive::Float(probabilities));
/// let probabilities = probabilities.into_data().to_vec::<f32>().unwrap();
/// assert!((probabilities[0] - 0.75).abs() < 1e-6);
/// ```
pub fn softened_teacher<B: LossBackend>(
    loss: Distillation,
    teacher: FloatTensor<B>,
) -> (FloatTensor<B>, RowTargets<B>) {
    let teacher = times::<B>(widen_half::<B>(teacher), loss.temperature.recip());
    let targets = RowTargets {
        classes: None,
        ignore_index: None,
        smooth: SmoothWeights::PerLogit(B::softmax_rows(teacher.clone())),
    };
    (teacher, targets)
}

/// The divergence from the teacher and the cross entropy with the classes, or the gradients of both, each times its weight. What
/// has the weight 0 does not matter, whatever it holds.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Tensor, TensorPrimitive};
/// use burn_loss_kernels::{Distillation, composed::sum_of_parts};
///
/// let part = |x: f32| Tensor::<NdArray, 1>::from_floats([x], &Default::default()).into_primitive().tensor();
/// let loss = Distillation { temperature: 2.0, alpha: 0.5 };
/// let sum = sum_of_parts::<NdArray>(loss, part(1.0), part(4.0));
/// let sum = Tensor::<NdArray, 1>::from_primitive(TensorPrimitive::Float(sum)).into_scalar();
/// assert_eq!(sum, 2.0 * 1.0 + 0.5 * 4.0);
/// ```
pub fn sum_of_parts<B: LossBackend>(
    loss: Distillation,
    soft: FloatTensor<B>,
    hard: FloatTensor<B>,
) -> FloatTensor<B> {
    let [of_soft, of_hard] = [loss.soft_weight(), loss.hard_weight()];
    if of_soft == 0.0 {
        return times::<B>(hard, of_hard);
    }
    let soft = times::<B>(soft, of_soft);
    match of_hard {
        0.0 => soft,
        of_hard => B::float_add(soft, times::<B>(hard, of_hard)),
    }
}
