//! The losses that burn-nn does not have, as one writes them in Burn's operations.

use std::f64::consts::LN_2;

use burn::tensor::activation::{log_softmax, sigmoid};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use crate::contenders::{ALPHA, EPSILON, GAMMA, Q};

pub(crate) fn log_cosh<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let error = (x - y).abs();
    (error.clone() + (error * -2.0).exp().log1p() - LN_2).mean()
}

pub(crate) fn sigmoid_focal<B: Backend>(x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
    let p = sigmoid(x.clone());
    let not_y = y.clone().neg() + 1.0;
    let tail = x.clone().abs().neg().exp().log1p();
    let cross_entropy = x.clone().clamp_min(0.0) - x * y.clone() + tail;
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

/// The log-probability of each row's class.
fn of_classes<B: Backend>(log_probs: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let [rows] = targets.dims();
    log_probs
        .gather(1, targets.reshape([rows, 1]))
        .reshape([rows])
}
