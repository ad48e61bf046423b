//! Distillation in the operations of class rows.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData, TensorMetadata};
use loss_kernels::{Distillation, SmoothWeights};

use crate::formulas::CrossEntropy;
use crate::ops::check;
use crate::ops::softmax_terms::composed::CountedRows;
use crate::ops::tensors::{cast, unwrap, widen_half, wrap};
use crate::{LossBackend, Reduced, Reduction, RowTargets, RowWeights};

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
    check::distillation(&student, &teacher, &targets, &weights);
    let dtype = student.dtype();
    let mut found = distillation_of_parts(
        loss,
        widen_half::<B>(student),
        teacher,
        (targets, weights),
        reduction,
        |student, temperature, formula, targets, weights| {
            let logits = times::<B>(student, temperature.recip());
            let mut found =
                B::softmax_terms_reduced(formula, logits, targets, weights, reduction, wanted);
            let [gradient, ..] = &mut found.gradients;
            let of_student = |gradient| times::<B>(gradient, temperature.recip());
            *gradient = gradient.take().map(of_student);
            found
        },
    );
    found.loss = cast::<B>(found.loss, dtype);
    let [gradient, ..] = &mut found.gradients;
    *gradient = gradient.take().map(|gradient| cast::<B>(gradient, dtype));
    found
}

/// The reduced loss of a student whose logits may be made by a head, in at least 32 bits.
///
/// `of_student` gives the reduced cross entropy of the student's logits over a temperature. A student is given twice: its
/// divergence from the teacher, and its cross entropy with the classes, are reduced on their own.
pub fn distillation_of_parts<B: LossBackend, S: Clone>(
    loss: Distillation,
    student: S,
    teacher: FloatTensor<B>,
    (targets, weights): (RowTargets<B>, RowWeights<B>),
    reduction: Reduction,
    of_student: impl Fn(S, f64, &CrossEntropy, RowTargets<B>, RowWeights<B>) -> Reduced<B>,
) -> Reduced<B> {
    // There is no class, and so no target loss.
    let of_all = CrossEntropy {
        keep: 0.0,
        z_loss: 0.0,
    };
    let of_class = CrossEntropy {
        keep: 1.0,
        z_loss: 0.0,
    };
    let soft = (loss.soft_weight() != 0.0).then(|| {
        let teacher = times::<B>(widen_half::<B>(teacher), loss.temperature.recip());
        let probabilities = B::softmax_rows(teacher.clone());
        let targets_of_all = RowTargets {
            classes: None,
            ignore_index: None,
            smooth: SmoothWeights::PerLogit(probabilities),
        };
        let [n, num_classes] = teacher.shape().dims();
        let is_weighted = weights.per_row.is_some() || targets.ignore_index.is_some();
        let per_row = is_weighted.then(|| {
            let shape = [n, num_classes, 1];
            let [_, of_row] = CountedRows::new(&teacher, &targets, &weights, shape).each();
            unwrap(of_row)
        });
        let weights = RowWeights {
            per_class: None,
            per_row,
        };
        let mut found = of_student(
            student.clone(),
            loss.temperature,
            &of_all,
            targets_of_all.clone(),
            weights.clone(),
        );
        let entropy =
            B::softmax_terms_reduced(&of_all, teacher, targets_of_all, weights, reduction, false);
        let divergence = wrap::<B, 1>(found.loss) - wrap::<B, 1>(entropy.loss);
        found.loss = unwrap(divergence);
        found
    });
    // Of a weight of 0 it is asked for its fault.
    let hard = of_student(student, 1.0, &of_class, targets, weights);
    let Some(soft) = soft else {
        return hard;
    };
    let sum = |soft: FloatTensor<B>, hard: FloatTensor<B>| {
        let soft = times::<B>(soft, loss.soft_weight());
        match loss.hard_weight() {
            0.0 => soft,
            weight => B::float_add(soft, times::<B>(hard, weight)),
        }
    };
    let gradients = soft.gradients.into_iter().zip(hard.gradients);
    let mut gradients = gradients.map(|(soft, hard)| Some(sum(soft?, hard?)));
    Reduced {
        loss: sum(soft.loss, hard.loss),
        gradients: std::array::from_fn(|_| gradients.next().flatten()),
        fault: hard.fault,
    }
}

/// A tensor times a number. In the tensor's type: Burn rounds what it divides by to f32.
pub fn times<B: LossBackend>(tensor: FloatTensor<B>, by: f64) -> FloatTensor<B> {
    if by == 1.0 {
        return tensor;
    }
    let (device, dtype) = (B::float_device(&tensor), tensor.dtype());
    let by = Tensor::<B, 1>::from_data(TensorData::from([by]), (&device, dtype));
    B::scale(tensor, unwrap(by))
}
