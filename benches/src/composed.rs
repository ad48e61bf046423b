//! The losses that burn-nn does not have, as one writes them in Burn's operations.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI, LN_2};

use burn::tensor::activation::{log_softmax, relu, sigmoid, softmax};
use burn::tensor::backend::Backend;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};

use crate::contenders::{
    ALPHA, ARC_MARGIN, BETA, CHARBONNIER_EPS, CLIP, COS_MARGIN, EPSILON, GAMMA, GAMMA_NEGATIVE,
    LEVEL, MARGIN, POWER, Q, SCALE, TEACHER, TEMPERATURE,
};

pub(crate) fn log_cosh<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let error = (x - y).abs();
    (error.clone() + (error * -2.0).exp().log1p() - LN_2).mean()
}

pub(crate) fn quantile<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let error = y - x;
    (error.clone() * LEVEL)
        .max_pair(error * (LEVEL - 1.0))
        .mean()
}

pub(crate) fn charbonnier<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    ((x - y).square() + CHARBONNIER_EPS * CHARBONNIER_EPS)
        .sqrt()
        .mean()
}

pub(crate) fn msle<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    (x.log1p() - y.log1p()).square().mean()
}

pub(crate) fn tweedie<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let of_target = y * (x.clone() * (1.0 - POWER)).exp() / (POWER - 1.0);
    (of_target + (x * (2.0 - POWER)).exp() / (2.0 - POWER)).mean()
}

pub(crate) fn gamma_nll<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    (x.clone() + y * x.neg().exp()).mean()
}

pub(crate) fn gaussian_nll<B: Backend>(
    x: Tensor<B, 2>,
    [y, variance]: [Tensor<B, 2>; 2],
) -> Tensor<B, 1> {
    let variance = variance.clamp_min(1e-6);
    (variance.clone().log() + (x - y).square() / variance).mean() * 0.5
}

pub(crate) fn gaussian_crps<B: Backend>(
    x: Tensor<B, 2>,
    [y, deviation]: [Tensor<B, 2>; 2],
) -> Tensor<B, 1> {
    let z = (y - x) / deviation.clone();
    let density = (z.clone().square() * -0.5).exp() * FRAC_2_PI.sqrt();
    let of_error = z.clone() * (z * FRAC_1_SQRT_2).erf();
    (deviation * (of_error + density - FRAC_2_SQRT_PI / 2.0)).mean()
}

pub(crate) fn hinge_embedding<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let alike = (y + 1.0) * 0.5;
    let apart = alike.clone().neg() + 1.0;
    (x.clone() * alike + relu(x.neg() + MARGIN) * apart).mean()
}

pub(crate) fn soft_margin<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    (x * y).neg().exp().log1p().mean()
}

pub(crate) fn margin_ranking<B: Backend>(
    x: Tensor<B, 2>,
    [second, y]: [Tensor<B, 2>; 2],
) -> Tensor<B, 1> {
    relu((second - x) * y).mean()
}

pub(crate) fn asymmetric<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let p = sigmoid(x);
    let q = (p.clone() - CLIP).clamp_min(0.0);
    // The exponent of positives is 1.
    let positive = (p.clone().neg() + 1.0) * p.log();
    let negative = q.clone().powf_scalar(GAMMA_NEGATIVE) * (q.neg() + 1.0).log();
    (y.clone() * positive + (y.neg() + 1.0) * negative)
        .mean()
        .neg()
}

pub(crate) fn bce_with_logits<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    binary_cross_entropy(x, y).mean()
}

pub(crate) fn sigmoid_focal<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let p = sigmoid(x.clone());
    let not_y = y.clone().neg() + 1.0;
    let cross_entropy = binary_cross_entropy(x, y.clone());
    let wrong = p.clone() * not_y.clone() + (p.neg() + 1.0) * y.clone();
    let alpha = y * ALPHA + not_y * (1.0 - ALPHA);
    (alpha * cross_entropy * wrong.powf_scalar(GAMMA)).mean()
}

pub(crate) fn nll<B: Backend>(log_probs: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    of_classes(log_probs, targets).mean().neg()
}

pub(crate) fn focal<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let log_p = of_classes(log_softmax(logits, 1), targets);
    let wrong = log_p.clone().exp().neg() + 1.0;
    (wrong.powf_scalar(GAMMA) * log_p).mean().neg()
}

pub(crate) fn poly<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let log_p = of_classes(log_softmax(logits, 1), targets);
    let wrong = log_p.clone().exp().neg() + 1.0;
    (wrong * EPSILON - log_p).mean()
}

pub(crate) fn generalized_cross_entropy<B: Backend>(
    logits: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> Tensor<B, 1> {
    let log_p = of_classes(log_softmax(logits, 1), targets);
    ((log_p * Q).exp().neg() + 1.0).mean() / Q
}

pub(crate) fn logit_adjusted<B: Backend>(
    logits: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    log_priors: Tensor<B, 1>,
) -> Tensor<B, 1> {
    nll(
        log_softmax(logits + log_priors.unsqueeze::<2>(), 1),
        targets,
    )
}

pub(crate) fn arc_face<B: Backend>(
    cosines: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> Tensor<B, 1> {
    lowered(cosines, targets, |cosine| {
        let sine = (cosine.clone().square().neg() + 1.0).sqrt();
        let near = cosine.clone() * ARC_MARGIN.cos() - sine * ARC_MARGIN.sin();
        let is_far = cosine.clone().lower_elem(-ARC_MARGIN.cos());
        near.mask_where(is_far, cosine - ARC_MARGIN * ARC_MARGIN.sin())
    })
}

pub(crate) fn cos_face<B: Backend>(
    cosines: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> Tensor<B, 1> {
    lowered(cosines, targets, |cosine| cosine - COS_MARGIN)
}

/// Cross entropy of scaled cosines, that of each row's class changed.
fn lowered<B: Backend>(
    cosines: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    lower: impl Fn(Tensor<B, 1>) -> Tensor<B, 1>,
) -> Tensor<B, 1> {
    let [rows, _] = cosines.dims();
    let of_class = of_classes(cosines.clone(), targets.clone());
    let change = lower(of_class.clone()) - of_class;
    let places = targets.clone().reshape([rows, 1]);
    let changed = cosines.scatter(1, places, change.reshape([rows, 1]), IndexingUpdateOp::Add);
    nll(log_softmax(changed * SCALE, 1), targets)
}

pub(crate) fn js_div<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let [rows, _] = x.dims();
    let (p, q) = (y.clone().exp(), x.clone().exp());
    let mixture = (p.clone() * BETA + q.clone() * (1.0 - BETA)).log();
    let of_target = p * (y - mixture.clone()) * BETA;
    let of_prediction = q * (x - mixture) * (1.0 - BETA);
    (of_target + of_prediction).sum() / rows as f64
}

pub(crate) fn distillation<B: Backend>(
    logits: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    teacher: Tensor<B, 2>,
) -> Tensor<B, 1> {
    let [rows, _] = logits.dims();
    let teacher = teacher / TEMPERATURE;
    let student = log_softmax(logits.clone() / TEMPERATURE, 1);
    let divergence = softmax(teacher.clone(), 1) * (log_softmax(teacher, 1) - student);
    let soft = divergence.sum() * (TEMPERATURE * TEMPERATURE / rows as f64);
    soft * TEACHER + nll(log_softmax(logits, 1), targets) * (1.0 - TEACHER)
}

pub(crate) fn multi_margin<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> Tensor<B, 1> {
    let [rows, classes] = scores.dims();
    let of_class = of_classes(scores.clone(), targets).reshape([rows, 1]);
    // The class itself always misses the margin.
    relu(scores - of_class + MARGIN).mean() - MARGIN / classes as f64
}

/// Of every pair of a row's classes.
pub(crate) fn multi_label_margin<B: Backend>(
    scores: Tensor<B, 2>,
    labels: Tensor<B, 2, Int>,
) -> Tensor<B, 1> {
    let [rows, classes] = scores.dims();
    let not_named = labels.clone().lower_elem(0);
    let named = scores.ones_like().mask_fill(not_named, 0.0);
    let counts = scores
        .zeros_like()
        .scatter(1, labels.clamp_min(0), named, IndexingUpdateOp::Add);
    let no_label = counts.clone().neg() + 1.0;
    let missing = scores.clone().unsqueeze_dim::<3>(1) - scores.unsqueeze_dim::<3>(2) + MARGIN;
    let pairs = counts.unsqueeze_dim::<3>(2) * no_label.unsqueeze_dim::<3>(1);
    (relu(missing) * pairs).sum() / (rows * classes) as f64
}

/// Of each logit.
fn binary_cross_entropy<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 2> {
    let tail = x.clone().abs().neg().exp().log1p();
    x.clone().clamp_min(0.0) - x * y + tail
}

/// The score of each row's class.
fn of_classes<B: Backend>(scores: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let [rows] = targets.dims();
    scores.gather(1, targets.reshape([rows, 1])).reshape([rows])
}
