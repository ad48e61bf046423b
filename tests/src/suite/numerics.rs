//! Digits at the extremes, relative to the number itself: no absolute tolerance hides a small one.

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance, least_number};
use crate::compare::{assert_close, numbers};
use crate::fixture::tensor;

/// The loss of one row, and the gradient of its logits.
fn loss_and_grad<B: TestBackend>(logits: &[f64], class: i64) -> (Vec<f64>, Vec<f64>) {
    let device = B::device();
    let logits = tensor::<Autodiff<B>, 2>(logits, &[1, logits.len()], &device).require_grad();
    let targets = Tensor::<Autodiff<B>, 1, Int>::from_ints([class], &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let loss = loss.forward(logits.clone(), targets);
    let grads = loss.backward();
    (numbers(loss), numbers(logits.grad(&grads).unwrap()))
}

/// No absolute part, but for numbers that the type does not hold.
fn relative<B: TestBackend>() -> Tolerance {
    Tolerance {
        absolute: least_number::<B>(),
        ..B::TOLERANCE
    }
}

pub fn confident_rows_keep_their_digits<B: TestBackend>() {
    for (confidence, class) in [(20.0f64, 0), (16.5, 0), (60.0, 0), (20.0, 1), (60.0, 2)] {
        let logits = [confidence, 0.0, -confidence];
        // Of a confident row in float64: 1 + exp(-20) still has half its digits, so the others are added up alone.
        let [other, last] = [(-confidence).exp(), (-2.0 * confidence).exp()];
        let lse = (other + last).ln_1p();
        let p = [
            1.0 / (1.0 + other + last),
            (-confidence - lse).exp(),
            (-2.0 * confidence - lse).exp(),
        ];
        let mut grad = p;
        grad[class as usize] = match class {
            0 => -(p[1] + p[2]),
            1 => -(p[0] + p[2]),
            _ => -(p[0] + p[1]),
        };
        let expected = lse + confidence * class as f64;
        let (loss, found) = loss_and_grad::<B>(&logits, class);
        let what = format!("({confidence}, 0, -{confidence}), class {class}");
        assert_close(&what, &loss, &[expected], relative::<B>());
        assert_close(
            &format!("gradient of {what}"),
            &found,
            &grad,
            relative::<B>(),
        );
    }
}

pub fn offset_rows_keep_their_digits<B: TestBackend>() {
    let (loss, grad) = loss_and_grad::<B>(&[1.5, 0.25, -3.0], 1);
    for offset in [1000.0, -1000.0, 65536.0] {
        let logits = [1.5 + offset, 0.25 + offset, -3.0 + offset];
        let (moved_loss, moved_grad) = loss_and_grad::<B>(&logits, 1);
        let what = format!("offset by {offset}");
        assert_close(&what, &moved_loss, &loss, relative::<B>());
        assert_close(&what, &moved_grad, &grad, relative::<B>());
    }
}

pub fn large_logits_do_not_overflow<B: TestBackend>() {
    let (loss, grad) = loss_and_grad::<B>(&[3e38, 0.0, 1.0], 1);
    assert_close("3e38", &loss, &[3e38], relative::<B>());
    assert_close(
        "gradient of 3e38",
        &grad,
        &[1.0, -1.0, 0.0],
        relative::<B>(),
    );
    let (loss, grad) = loss_and_grad::<B>(&[f64::NEG_INFINITY, 0.0, 0.0], 2);
    assert_close("masked class", &loss, &[2f64.ln()], relative::<B>());
    assert_close(
        "gradient of a masked class",
        &grad,
        &[0.0, 0.5, -0.5],
        relative::<B>(),
    );
}

pub fn saturated_logits_are_exact<B: TestBackend>() {
    let device = B::device();
    let logits = [1e4, -1e4, 1e4, -1e4, 0.0, -20.0];
    let logits = tensor::<Autodiff<B>, 1>(&logits, &[6], &device).require_grad();
    let target = tensor(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0], &[6], &device);
    let loss = BceWithLogitsLossConfig::new()
        .with_reduction(Reduction::Sum)
        .init::<Autodiff<B>>(&device);
    let tail = (-20f64).exp();
    assert_close(
        "losses",
        &numbers(loss.forward_no_reduction(logits.clone(), target.clone())),
        &[0.0, 0.0, 1e4, 1e4, 2f64.ln(), tail.ln_1p()],
        relative::<B>(),
    );
    let grads = loss.forward(logits.clone(), target).backward();
    assert_close(
        "gradients",
        &numbers(logits.grad(&grads).unwrap()),
        &[0.0, 0.0, 1.0, -1.0, -0.5, tail / (1.0 + tail)],
        relative::<B>(),
    );
}

pub fn relatives_keep_their_digits<B: TestBackend>() {
    let device = B::device();
    let logits = tensor::<B, 2>(&[20.0, 0.0, -20.0], &[1, 3], &device);
    let target = || Tensor::<B, 1, Int>::from_ints([0], &device);
    let others = (-20f64).exp() + (-40f64).exp();
    let (rest, loss) = (others / (1.0 + others), others.ln_1p());
    let close = |what: &str, losses: Tensor<B, 1>, expected: f64| {
        assert_close(what, &numbers(losses), &[expected], relative::<B>());
    };
    let focal = FocalLossConfig::new().init::<B>(&device);
    let focal = focal.forward_no_reduction(logits.clone(), target());
    close("focal", focal, rest * rest * loss);
    let poly = PolyLossConfig::new().init::<B>(&device);
    let poly = poly.forward_no_reduction(logits.clone(), target());
    close("poly", poly, loss + rest);
    let gce = GeneralizedCrossEntropyLossConfig::new().init::<B>(&device);
    let gce = gce.forward_no_reduction(logits.clone(), target());
    close("generalized", gce, -(-0.7 * loss).exp_m1() / 0.7);

    let logit = tensor::<B, 1>(&[20.0], &[1], &device);
    let sigmoid_focal = SigmoidFocalLossConfig::new().with_alpha(None).init();
    let sigmoid_focal = sigmoid_focal.forward_no_reduction(logit.clone(), logit.ones_like());
    let (rest, loss) = (1.0 / (1.0 + 20f64.exp()), (-20f64).exp().ln_1p());
    close("sigmoid focal", sigmoid_focal, rest * rest * loss);
}

/// Each side of a divergence counts what it holds possible, however impossible the other side holds it.
pub fn divergences_of_the_impossible<B: TestBackend>() {
    let device = B::device();
    let run = |beta: f64, rows: [[f64; 2]; 2]| {
        let row = |row: [f64; 2]| tensor::<Autodiff<B>, 2>(&row, &[1, 2], &device).require_grad();
        let [x, y] = rows.map(row);
        let loss = JsDivLossConfig::new().with_beta(beta).init();
        let loss = loss.forward(x.clone(), y.clone());
        let grads = loss.backward();
        [
            numbers(loss),
            numbers(x.grad(&grads).expect("it is tracked")),
            numbers(y.grad(&grads).expect("it is tracked")),
        ]
    };
    let (first, second) = ([0.0, f64::NEG_INFINITY], [f64::NEG_INFINITY, 0.0]);
    for beta in [0.5, 0.25, 0.75] {
        // The mixture of (1, 0) and (0, 1) is (1 - beta, beta): log 2 in all at one half.
        let [of_x, of_y] = [1.0 - beta, beta].map(|share: f64| -share * share.ln());
        let expected: [&[f64]; 3] = [&[of_x + of_y], &[of_x, 0.0], &[0.0, of_y]];
        for (found, expected) in run(beta, [first, second]).iter().zip(expected) {
            assert_close(&format!("beta {beta}"), found, expected, relative::<B>());
        }
    }
    // What neither side holds possible does no harm.
    for beta in [0.0, 0.5, 1.0] {
        let [loss, of_x, of_y] = run(beta, [first, first]);
        assert_close("of the same", &loss, &[0.0], B::TOLERANCE);
        let gradients = [of_x, of_y].concat();
        assert!(gradients.iter().all(|g| g.is_finite()), "{gradients:?}");
        assert_eq!((gradients[1], gradients[3]), (0.0, 0.0), "{gradients:?}");
    }
}

pub fn bce_keeps_its_digits<B: TestBackend>() {
    let device = B::device();
    // Close to both ends, and on them.
    let tiny = 2f64.powi(-24);
    let p = [1.0 - tiny, 1.0 - 16.0 * tiny, tiny, 1e-30, 0.5, 1.0, 0.0];
    for y in [0.0, 0.25, 1.0] {
        let p_in = tensor::<Autodiff<B>, 1>(&p, &[p.len()], &device).require_grad();
        // The probabilities as the backend holds them.
        let p = numbers(p_in.clone());
        let target = || p_in.clone().detach().zeros_like() + y;
        let log = |log: f64| log.max(-100.0);
        let losses = p
            .iter()
            .map(|p| -(y * log(p.ln()) + (1.0 - y) * log((-p).ln_1p())));
        let losses: Vec<f64> = losses.collect();
        let least = f64::from(1e-12f32);
        let grad = p.iter().map(|p| (p - y) / (p * (1.0 - p)).max(least));
        let grad: Vec<f64> = grad.collect();
        let loss = BceLossConfig::new().with_reduction(Reduction::Sum).init();
        assert_close(
            &format!("losses of {y}"),
            &numbers(loss.forward_no_reduction(p_in.clone(), target())),
            &losses,
            relative::<B>(),
        );
        let grads = loss.forward(p_in.clone(), target()).backward();
        assert_close(
            &format!("gradients of {y}"),
            &numbers(p_in.grad(&grads).unwrap()),
            &grad,
            relative::<B>(),
        );
    }
}
