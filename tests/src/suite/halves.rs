//! Losses of 16 bits: what would overflow or vanish in them is computed in 32.

use burn::backend::Autodiff;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor};
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::fixture::tensor;
use crate::suite::bad_input::integers;

/// One rounding to `f16`; its least number is 6e-8.
const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-3,
    absolute: 1e-7,
};

type A<B> = Autodiff<B>;

/// Whether there is something to test, as the backend under test says of itself.
fn has_halves<B: TestBackend>() -> bool {
    let supported = B::supports_dtype(&B::device(), DType::F16);
    assert_eq!(
        supported,
        B::HAS_HALVES,
        "{} and f16",
        B::name(&B::device())
    );
    supported
}

fn half<B: Backend, const D: usize>(
    numbers: &[f64],
    shape: [usize; D],
    device: &B::Device,
) -> Tensor<B, D> {
    tensor::<B, D>(numbers, &shape, device).cast(DType::F16)
}

/// The loss, and the gradient of 512 times the loss, as training in `f16` scales it.
fn loss_and_grad<B: TestBackend, const D: usize>(
    input: Tensor<A<B>, D>,
    loss: impl FnOnce(Tensor<A<B>, D>) -> Tensor<A<B>, 1>,
) -> (f64, Vec<f64>) {
    let input = input.require_grad();
    let loss = loss(input.clone());
    assert_eq!(loss.dtype(), DType::F16);
    let grads = (loss.clone() * 512.0).backward();
    let grad = input.grad(&grads).expect("the input is tracked");
    assert_eq!(grad.dtype(), DType::F16);
    (numbers(loss)[0], numbers(grad))
}

pub fn means_of_sums_beyond_the_type<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    // The weights' sum and the losses' are 70 000; the largest f16 is 65 504.
    const ROWS: usize = 70_000;
    let device = B::device();
    let close = |what: &str, (loss, grad): (f64, Vec<f64>), expected: f64, slope: f64| {
        assert_close(what, &[loss], &[expected], TOLERANCE);
        let slope = 512.0 * slope / ROWS as f64;
        assert_close(
            &format!("gradient of {what}"),
            &[grad[0], grad[grad.len() - 1]],
            &[slope; 2],
            TOLERANCE,
        );
    };
    let ones = || half::<A<B>, 1>(&[1.0; ROWS], [ROWS], &device);
    let l1 = L1LossConfig::new().init();
    let of_l1 = |weighted: bool| {
        loss_and_grad::<B, 1>(ones() * 3.0, |x| match weighted {
            true => l1.forward_weighted(x, ones() * 2.0, ones()),
            false => l1.forward(x, ones() * 2.0),
        })
    };
    close("mean", of_l1(false), 1.0, 1.0);
    close("weighted mean", of_l1(true), 1.0, 1.0);

    let targets = Tensor::<A<B>, 1, Int>::zeros([ROWS], &device);
    let logits = Tensor::<A<B>, 2>::zeros([ROWS, 4], &device).cast(DType::F16);
    let config = CrossEntropyLossConfig::new().with_class_weights(Some(vec![1.0; 4]));
    let loss = config.init::<A<B>>(&device);
    let of_rows = loss_and_grad::<B, 2>(logits, |x| loss.forward(x, targets));
    let of_rows = (of_rows.0, vec![of_rows.1[0]]);
    close("class weights", of_rows, 4f64.ln(), -0.75);
}

/// The classes of composed operations are compared with numbers of their own type.
pub fn class_rows_of_any_integer<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    const ROWS: usize = 300;
    let device = B::device();
    let loss = CrossEntropyLossConfig::new().init::<A<B>>(&device);
    for dtype in integers::<B>() {
        let row = [0.0, 500.0];
        let logits = half::<A<B>, 2>(&row.repeat(ROWS), [ROWS, 2], &device).require_grad();
        let targets = Tensor::<A<B>, 1, Int>::zeros([ROWS], &device).cast(dtype);
        let mean = loss.forward(logits.clone(), targets.clone());
        let grads = mean.backward();
        let grad = numbers(logits.grad(&grads).expect("the logits are tracked"));
        assert_close("mean", &numbers(mean), &[500.0], TOLERANCE);
        let slope = 1.0 / ROWS as f64;
        let expected = [-slope, slope].repeat(ROWS);
        assert_close("gradient", &grad, &expected, TOLERANCE);
        let losses = loss.forward_no_reduction(logits, targets);
        let grads = losses.clone().sum().backward();
        drop(grads);
        assert_close("losses", &numbers(losses), &[500.0; ROWS], TOLERANCE);
    }
}

pub fn sums_within_the_type<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let x = half::<A<B>, 1>(&[1.0; 4000], [4000], &device);
    let l1 = L1LossConfig::new().with_reduction(Reduction::Sum).init();
    // Added one after the other in f16, ones stop counting at 2048.
    let (sum, _) = loss_and_grad::<B, 1>(x.clone(), |x| l1.forward(x.clone(), x.zeros_like()));
    assert_close("sum", &[sum], &[4000.0], TOLERANCE);
    let weights = x.ones_like();
    let (sum, _) = loss_and_grad::<B, 1>(x, |x| {
        l1.forward_weighted(x.clone(), x.zeros_like(), weights)
    });
    assert_close("weighted sum", &[sum], &[4000.0], TOLERANCE);
}

pub fn bce_at_the_ends<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let p = [
        0.0,
        1.0,
        1.0,
        0.0,
        0.5,
        2f64.powi(-20),
        1.0 - 2f64.powi(-11),
    ];
    let y = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
    let p_in = half::<A<B>, 1>(&p, [7], &device).require_grad();
    let loss = BceLossConfig::new().with_reduction(Reduction::Sum).init();
    let y_in = || half::<A<B>, 1>(&y, [7], &device);
    let losses = loss.forward_no_reduction(p_in.clone(), y_in());
    assert_eq!(losses.dtype(), DType::F16);
    let cross_entropy = |(p, y): (&f64, &f64)| -((1.0 - y) * (-p).ln_1p() + y * p.ln());
    let mut expected: Vec<f64> = p.iter().zip(&y).map(cross_entropy).collect();
    expected[..4].copy_from_slice(&[0.0, 0.0, 100.0, 100.0]);
    assert_close("losses", &numbers(losses), &expected, TOLERANCE);

    let grads = loss.forward(p_in.clone(), y_in()).backward();
    let grad = numbers(p_in.grad(&grads).unwrap());
    // At the ends the gradient is +-1e12 in PyTorch, which is infinite in f16.
    let infinite = [f64::INFINITY, f64::NEG_INFINITY];
    let mut expected = [0.0, 0.0, 0.0, 0.0, -2.0, 1.0, -1.0 / p[6]];
    expected[2..4].copy_from_slice(&infinite);
    assert_close("gradients", &grad, &expected, TOLERANCE);
}

pub fn label_smoothing_is_not_rounded<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    // A class's share is 7.8e-8, and the least f16 is 6e-8.
    const CLASSES: usize = 128_256;
    let device = B::device();
    let mut logits = vec![0.0; CLASSES];
    logits[3] = 40.0;
    let logits = || half::<A<B>, 2>(&logits, [1, CLASSES], &device);
    let targets = || Tensor::<A<B>, 1, Int>::from_ints([3], &device);
    let mut one_hot = vec![0.0; CLASSES];
    one_hot[3] = 1.0;
    let one_hot = || half::<A<B>, 2>(&one_hot, [1, CLASSES], &device);
    // The target is certain, so that only the share of the others is left, each 40 away.
    let expected = 0.01 * 40.0 * (1.0 - 1.0 / CLASSES as f64);
    let config = CrossEntropyLossConfig::new().with_label_smoothing(0.01);
    let weighted = config.clone().with_class_weights(Some(vec![1.0; CLASSES]));
    for (what, config) in [("uniform", config), ("class weights", weighted)] {
        let loss = config.init::<A<B>>(&device);
        let (of_classes, grad) = loss_and_grad::<B, 2>(logits(), |x| loss.forward(x, targets()));
        assert_close(what, &[of_classes], &[expected], TOLERANCE);
        let share = 512.0 * 0.01 / CLASSES as f64;
        assert_close(what, &grad[4..9], &[-share; 5], TOLERANCE);
        let (of_probabilities, _) =
            loss_and_grad::<B, 2>(logits(), |x| loss.forward_probabilities(x, one_hot()));
        assert_close(what, &[of_probabilities], &[expected], TOLERANCE);
    }
}

pub fn gradients_of_the_probabilities<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let logits = half::<A<B>, 2>(&[1.0, 0.0, -2.0], [1, 3], &device).require_grad();
    let probabilities = half::<A<B>, 2>(&[0.5, 0.25, 0.25], [1, 3], &device).require_grad();
    let lse = (1f64.exp() + 1.0 + (-2f64).exp()).ln();
    for smoothing in [0.0, 0.5] {
        let loss = CrossEntropyLossConfig::new().with_label_smoothing(smoothing);
        let loss = loss.init::<A<B>>(&device);
        let loss = loss.forward_probabilities(logits.clone(), probabilities.clone());
        let grads = loss.backward();
        let grad = probabilities.grad(&grads).expect("they are tracked");
        assert_eq!(grad.dtype(), DType::F16);
        let keep = 1.0 - smoothing;
        let expected = [lse - 1.0, lse, lse + 2.0].map(|distance| keep * distance);
        assert_close("gradient", &numbers(grad), &expected, TOLERANCE);
    }
}
