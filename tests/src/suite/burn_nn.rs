//! Where burn-nn 0.21 gives the same numbers, and where it does not.

use burn::nn::loss as nn;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};

fn logits<B: TestBackend>() -> Tensor<B, 2> {
    let rows = [
        [0.5, -1.0, 2.0],
        [0.0, 3.0, -0.25],
        [1.0, 1.0, 1.0],
        [-2.0, 0.0, 0.5],
    ];
    Tensor::from_floats(rows, &B::device())
}

/// Class 0 is padding.
fn targets<B: TestBackend>() -> Tensor<B, 1, Int> {
    Tensor::from_ints([2, 0, 1, 0], &B::device())
}

pub fn same_where_it_should_be<B: TestBackend>() {
    let device = B::device();
    let close = |what: &str, ours: Tensor<B, 1>, burns: Tensor<B, 1>| {
        assert_close(what, &numbers(ours), &numbers(burns), B::TOLERANCE);
    };
    let ours = CrossEntropyLossConfig::new();
    let burns = nn::CrossEntropyLossConfig::new();
    close(
        "cross entropy",
        ours.init(&device).forward(logits(), targets()),
        burns.init(&device).forward(logits(), targets()),
    );
    let weights = vec![0.5, 2.0, 1.0];
    close(
        "class weights",
        ours.clone()
            .with_class_weights(Some(weights.clone()))
            .init(&device)
            .forward(logits(), targets()),
        burns
            .clone()
            .with_weights(Some(weights))
            .init(&device)
            .forward(logits(), targets()),
    );
    close(
        "label smoothing",
        // A third of it is exact in burn-nn's f32.
        ours.with_label_smoothing(0.375)
            .init(&device)
            .forward(logits(), targets()),
        burns
            .with_smoothing(Some(0.375))
            .init(&device)
            .forward(logits(), targets()),
    );
    let target = logits::<B>().flip([0]);
    close(
        "mse",
        MseLossConfig::new()
            .init()
            .forward(logits(), target.clone()),
        nn::MseLoss::new().forward(logits(), target.clone(), nn::Reduction::Mean),
    );
    close(
        "huber",
        HuberLossConfig::new()
            .with_delta(0.5)
            .init()
            .forward(logits(), target.clone()),
        nn::HuberLossConfig::new(0.5)
            .init()
            .forward(logits(), target, nn::Reduction::Mean),
    );
    let binary = Tensor::<B, 1, Int>::from_ints([1, 0, 0, 1], &device);
    let logit = Tensor::<B, 1>::from_floats([0.5, -1.0, 2.0, 0.0], &device);
    close(
        "bce with logits",
        BceWithLogitsLossConfig::new()
            .init(&device)
            .forward(logit.clone(), binary.clone().float()),
        nn::BinaryCrossEntropyLossConfig::new()
            .with_logits(true)
            .init(&device)
            .forward(logit, binary),
    );
}

/// Two of four rows are padding; burn-nn divides by four, PyTorch and this library by two.
pub fn padded_mean_differs<B: TestBackend>() {
    let device = B::device();
    let ours = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(0))
        .init::<B>(&device)
        .forward(logits(), targets());
    let burns = nn::CrossEntropyLossConfig::new()
        .with_pad_tokens(Some(vec![0]))
        .init(&device)
        .forward(logits::<B>(), targets());
    assert_close("half", &numbers(burns), &numbers(ours / 2.0), B::TOLERANCE);
}

/// With class weights 5, 2 and 1, burn-nn divides by 1 + 5 + 2 + 5, and not by the 1 + 2 of the rows that count.
pub fn padded_weight_sum_differs<B: TestBackend>() {
    let device = B::device();
    let weights = vec![5.0, 2.0, 1.0];
    let ours = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(0))
        .with_class_weights(Some(weights.clone()))
        .init::<B>(&device)
        .forward(logits(), targets());
    let burns = nn::CrossEntropyLossConfig::new()
        .with_pad_tokens(Some(vec![0]))
        .with_weights(Some(weights))
        .init(&device)
        .forward(logits::<B>(), targets());
    let expected = numbers(ours * (3.0 / 13.0));
    assert_close("3 / 13", &numbers(burns), &expected, B::TOLERANCE);
}
