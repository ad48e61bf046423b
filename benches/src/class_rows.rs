//! Losses of rows of scores, one class per row; and of sequences, one row of scores per step.

use burn::backend::Autodiff;
use burn::nn::loss as nn;
use burn::tensor::{Distribution, Int, Tensor};
use burn_loss::{
    ArcFaceLossConfig, ClassLoss, CosFaceLossConfig, CrossEntropyLossConfig, CtcLossConfig,
    DistillationLossConfig, FocalLossConfig, GeneralizedCrossEntropyLossConfig,
    LogitAdjustedLossConfig, LossBackend, MultiLabelMarginLossConfig, MultiMarginLossConfig,
    NllLossConfig, PolyLossConfig,
};

use crate::contenders::{Case, IGNORED, Inputs, SMOOTHING};
use crate::inputs::{classes, labels, large, per_class, sequences};
use crate::{Row, composed};

/// The class of each row, on the backend that differentiates.
type Classes<B> = Tensor<Autodiff<B>, 1, Int>;

/// Cross entropy and its options.
pub(crate) fn cross_entropy<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let [_, classes] = row.dims();
    let smoothing = (row.how == "smoothing").then_some(SMOOTHING);
    let ignored = (row.how == "ignored-rows").then_some(IGNORED);
    let weights = (row.how == "class-weights").then(|| per_class(classes));
    let burn = nn::CrossEntropyLossConfig::new()
        .with_smoothing(smoothing.map(|smoothing| smoothing as f32))
        .with_pad_tokens(ignored.map(|class| vec![class]))
        .with_weights(weights.clone())
        .init::<Autodiff<B>>(device);
    let ours = CrossEntropyLossConfig::new()
        .with_label_smoothing(smoothing.unwrap_or(0.0))
        .with_ignore_index(ignored.map(|class| class as i64))
        .with_class_weights(weights)
        .init::<Autodiff<B>>(device);
    inputs::<B>(row, device).burn(
        move |x, y| burn.forward(x, y),
        move |x, y| ours.forward(x, y),
    )
}

/// Losses of scores and classes that burn-nn does not have.
pub(crate) fn of_classes<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let inputs = inputs::<B>(row, device);
    match row.loss {
        "nll" => inputs.composed(
            composed::nll,
            ours::<B>(NllLossConfig::new().init::<Autodiff<B>>(device)),
        ),
        "focal" => inputs.composed(
            composed::focal,
            ours::<B>(FocalLossConfig::new().init::<Autodiff<B>>(device)),
        ),
        "poly" => inputs.composed(
            composed::poly,
            ours::<B>(PolyLossConfig::new().init::<Autodiff<B>>(device)),
        ),
        "generalized-cross-entropy" => inputs.composed(
            composed::generalized_cross_entropy,
            ours::<B>(GeneralizedCrossEntropyLossConfig::new().init::<Autodiff<B>>(device)),
        ),
        "logit-adjusted" => {
            let priors = per_class(row.shape[1]);
            let logs = Tensor::<Autodiff<B>, 1>::from_floats(priors.as_slice(), device).log();
            let loss = LogitAdjustedLossConfig::new(priors).init::<Autodiff<B>>(device);
            inputs.composed(
                move |x, y| composed::logit_adjusted(x, y, logs.clone()),
                ours::<B>(loss),
            )
        }
        "arc-face" => inputs.composed(
            composed::arc_face,
            ours::<B>(ArcFaceLossConfig::new().init::<Autodiff<B>>(device)),
        ),
        "cos-face" => inputs.composed(
            composed::cos_face,
            ours::<B>(CosFaceLossConfig::new().init::<Autodiff<B>>(device)),
        ),
        "multi-margin" => {
            let loss = MultiMarginLossConfig::new().init::<Autodiff<B>>(device);
            inputs.composed(composed::multi_margin, move |x, y| loss.forward(x, y))
        }
        loss => panic!("work.txt: no loss {loss} of classes"),
    }
}

/// Distillation: classes, and the logits of a teacher.
pub(crate) fn of_teacher<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    assert_eq!(row.loss, "distillation", "work.txt: no other has a teacher");
    let Inputs { prediction, target } = inputs::<B>(row, device);
    let teacher = large::<B, 2>(row.inputs[2], row.dims(), device);
    let target = (target, Tensor::<Autodiff<B>, 2>::from_inner(teacher));
    let ours = DistillationLossConfig::new().init();
    Inputs { prediction, target }.composed(
        |x, (y, teacher)| composed::distillation(x, y, teacher),
        move |x, (y, teacher)| ours.forward(x, teacher, y),
    )
}

/// Cross entropy of `[N, C, H, W]`.
pub(crate) fn of_pixels<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    assert_eq!(row.loss, "cross-entropy", "work.txt: no other has pixels");
    let shape @ [n, num_classes, height, width] = row.dims();
    let rows = n * height * width;
    let prediction = large::<B, 4>(row.inputs[0], shape, device);
    let target = Classes::<B>::from_inner(classes::<B>(rows, num_classes, device));
    let target: Tensor<Autodiff<B>, 3, Int> = target.reshape([n, height, width]);
    let burn = nn::CrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
    let ours = CrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
    Inputs { prediction, target }.burn(
        move |x, y| {
            // burn-nn takes rows only.
            let x = x.permute([0, 2, 3, 1]).reshape([rows, num_classes]);
            burn.forward(x, y.reshape([rows]))
        },
        move |x, y| ours.forward_nd(x, y),
    )
}

/// The margins of several labels per row.
pub(crate) fn of_labels<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    assert_eq!(
        row.loss, "multi-label-margin",
        "work.txt: no other has labels"
    );
    let shape = row.dims();
    let prediction = large::<B, 2>(row.inputs[0], shape, device);
    let target = Tensor::<Autodiff<B>, 2, Int>::from_inner(labels::<B>(shape, device));
    let loss = MultiLabelMarginLossConfig::new().init();
    Inputs { prediction, target }
        .composed(composed::multi_label_margin, move |x, y| loss.forward(x, y))
}

/// CTC of `[T, N, C]`: all sequences are of one length, and so are all their inputs.
pub(crate) fn of_sequences<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    assert_eq!(row.loss, "ctc", "work.txt: no other has sequences");
    let shape @ [steps, samples, num_classes] = row.dims();
    let prediction = large::<B, 3>(row.inputs[0], shape, device);
    let target = sequences::<B>(samples, num_classes, device);
    let [_, length] = target.dims();
    let lengths = |length: usize| Classes::<B>::full([samples], length as i64, device);
    let target = Tensor::<Autodiff<B>, 2, Int>::from_inner(target);
    let target = (target, lengths(steps), lengths(length));
    let burn = nn::CTCLossConfig::new().init();
    let ours = CtcLossConfig::new().init();
    Inputs { prediction, target }.burn(
        move |x, (y, steps, length)| {
            burn.forward_with_reduction(x, y, steps, length, nn::Reduction::Mean)
        },
        move |x, (y, steps, length)| ours.forward(x, y, steps, length),
    )
}

/// Scores `[N, C]` and the classes `[N]`.
fn inputs<B: LossBackend>(row: &Row, device: &B::Device) -> Inputs<B, 2, Classes<B>> {
    let shape @ [rows, num_classes] = row.dims();
    let prediction = large(row.inputs[0], shape, device);
    let mut targets = classes::<B>(rows, num_classes, device);
    if row.how == "ignored-rows" {
        let share = Tensor::<B, 1>::random([rows], Distribution::Uniform(0.0, 1.0), device);
        targets = targets
            .clamp_min(IGNORED as i64 + 1)
            .mask_fill(share.lower_elem(0.1), IGNORED as i64);
    }
    let target = Tensor::from_inner(targets);
    Inputs { prediction, target }
}

fn ours<B: LossBackend>(
    loss: impl ClassLoss<Autodiff<B>> + 'static,
) -> impl Fn(Tensor<Autodiff<B>, 2>, Classes<B>) -> Tensor<Autodiff<B>, 1> + 'static {
    move |x, y| loss.forward(x, y)
}
