//! Losses of boxes: torchvision's numbers, finite differences, bad input, and what does not count.

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use burn_loss::*;

use super::bad_input::panics;
use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};
use crate::differences::compare_gradient;
use crate::fixture::tensor;
use crate::task_fixture::check_rounded;

const KINDS: [BoxIouKind; 4] = [
    BoxIouKind::Iou,
    BoxIouKind::Giou,
    BoxIouKind::Diou,
    BoxIouKind::Ciou,
];

pub fn box_iou<B: TestBackend>() {
    let (p, t) = ("prediction", "target");
    // A loss is one minus a quotient, and a slope is the difference of two that cancel where boxes are equal.
    check_rounded::<B>(
        "box_iou",
        1.0,
        |case, inputs| {
            let loss = case.config::<BoxIouLossConfig>().init();
            let none = loss.forward_no_reduction(inputs.float(p), inputs.float(t));
            Some(numbers(none))
        },
        |case, reduction, inputs| {
            let config = case.config::<BoxIouLossConfig>();
            let loss = config.with_reduction(reduction).init();
            let (prediction, target) = (inputs.float(p), inputs.float(t));
            match case.call.as_str() {
                "plain" => loss.forward(prediction, target),
                _ => loss.forward_weighted(prediction, target, inputs.float("weights")),
            }
        },
    );
}

pub fn box_gradients<B: TestBackend>() {
    // Two that overlap and one that does not.
    const BOXES: [f64; 12] = [0.3, 0.2, 2.1, 1.7, -1.0, 0.4, 0.5, 2.2, 4.0, 4.1, 5.5, 4.9];
    const TARGETS: [f64; 12] = [1.1, -0.4, 2.9, 1.2, -0.6, 0.7, 0.9, 1.4, 1.0, 0.5, 2.0, 3.0];
    fn of_prediction<B: LossBackend>(boxes: Tensor<B, 2>) -> Tensor<B, 1> {
        let targets = tensor::<B, 2>(&TARGETS, &[3, 4], &boxes.device());
        let losses = KINDS[..3].iter().map(|kind| {
            let loss = BoxIouLossConfig::new().with_kind(*kind).init();
            loss.forward(boxes.clone(), targets.clone())
        });
        losses.reduce(|a, b| a + b).expect("there are some")
    }
    fn of_weights<B: LossBackend>(weights: Tensor<B, 1>) -> Tensor<B, 1> {
        let [p, t] = [BOXES, TARGETS].map(|at| tensor::<B, 2>(&at, &[3, 4], &weights.device()));
        let loss = BoxIouLossConfig::new().with_kind(BoxIouKind::Ciou).init();
        loss.forward_weighted(p, t, weights)
    }
    compare_gradient!(B, of_prediction, BOXES, [3, 4]);
    compare_gradient!(B, of_weights, [0.5, 2.0, 1.0], [3]);
}

pub fn boxes_refuse<B: TestBackend>() {
    let device = B::device();
    let floats = |shape| Tensor::<B, 2>::full(shape, 0.5, &device);
    let loss = BoxIouLossConfig::new().init();
    panics(&["BoxIouLoss", "`target`", "[2, 4]", "[1, 4]"], || {
        loss.forward(floats([2, 4]), floats([1, 4]))
    });
    panics(&["BoxIouLoss", "[N, 4]", "[2, 5]"], || {
        loss.forward(floats([2, 5]), floats([2, 5]))
    });
    panics(&["BoxIouLoss", "`weights`", "[2]", "[3]"], || {
        let weights = Tensor::<B, 1>::ones([3], &device);
        loss.forward_weighted(floats([2, 4]), floats([2, 4]), weights)
    });
    panics(&["BoxIouLossConfig", "`eps`", "-1"], || {
        BoxIouLossConfig::new().with_eps(-1.0).init()
    });
    assert!(loss.to_string().contains("kind: Giou"), "{loss}");
    if B::HAS_EMPTY_TENSORS {
        let none = loss.forward_no_reduction(floats([0, 4]), floats([0, 4]));
        assert_eq!(none.dims(), [0]);
        let config = BoxIouLossConfig::new().with_reduction(Reduction::MeanOrZero);
        let zero = config.init().forward(floats([0, 4]), floats([0, 4]));
        assert_eq!(numbers(zero), [0.0]);
    }
}

/// No unit is better than another as long as 32 bits hold the areas; the numbers are known by hand.
pub fn boxes_of_any_size<B: TestBackend>() {
    // Of three stripes each has two, and both the one in the middle. The centers are 1 apart, the squared diagonal is 13.
    const BOXES: [[f64; 4]; 2] = [[-1.0, -1.0, 1.0, 1.0], [0.0, -1.0, 2.0, 1.0]];
    const OF_IOU: [f64; 4] = [-1.0 / 9.0, 0.0, -1.0 / 3.0, 0.0];
    const OF_DISTANCE: [f64; 4] = [-7.0 / 169.0, 2.0 / 169.0, -1.0 / 13.0, -2.0 / 169.0];
    let device = B::device();
    for kind in KINDS {
        let loss = BoxIouLossConfig::new().with_kind(kind).with_eps(0.0).init();
        let distance = match kind {
            BoxIouKind::Diou | BoxIouKind::Ciou => 1.0,
            _ => 0.0,
        };
        for size in [1e-18, 1.0, 1e18] {
            let of = |at: [f64; 4]| tensor(&at.map(|x| x * size), &[1, 4], &device);
            let [p, t]: [Tensor<Autodiff<B>, 2>; 2] = BOXES.map(of);
            let p = p.require_grad();
            let value = loss.forward(p.clone(), t);
            let gradient = numbers(p.grad(&value.backward()).expect("it is tracked"));
            let gradient: Vec<f64> = gradient.iter().map(|slope| slope * size).collect();
            let what = format!("{kind:?} of size {size:e}");
            let expected = 2.0 / 3.0 + distance / 13.0;
            assert_close(&what, &numbers(value), &[expected], B::TOLERANCE);
            let expected = [0, 1, 2, 3].map(|at| OF_IOU[at] + distance * OF_DISTANCE[at]);
            assert_close(&what, &gradient, &expected, B::TOLERANCE);
        }
    }
}

/// A box of weight 0 reaches nothing, and a degenerate one has a gradient that can be followed.
pub fn boxes_that_do_not_count<B: TestBackend>() {
    let device = B::device();
    let nan = f64::NAN;
    for kind in KINDS {
        let loss = BoxIouLossConfig::new().with_kind(kind).init();
        let boxes = [0.0, 0.0, 2.0, 1.0, nan, nan, nan, nan];
        let p = tensor::<Autodiff<B>, 2>(&boxes, &[2, 4], &device).require_grad();
        let boxes = [1.0, 0.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0];
        let t = tensor::<Autodiff<B>, 2>(&boxes, &[2, 4], &device);
        let weights = tensor::<Autodiff<B>, 1>(&[2.0, 0.0], &[2], &device);
        let first = |boxes: &Tensor<Autodiff<B>, 2>| boxes.clone().narrow(0, 0, 1);
        let alone = numbers(loss.forward(first(&p), first(&t)));
        let value = loss.forward_weighted(p.clone(), t, weights);
        let gradient = numbers(p.grad(&value.backward()).expect("it is tracked"));
        assert_close("one of two", &numbers(value), &alone, B::TOLERANCE);
        assert_eq!(gradient[4..], [0.0; 4]);
        assert!(gradient[..4].iter().any(|g| *g != 0.0));

        // Without a height.
        let flat = tensor::<Autodiff<B>, 2>(&[0.0, 0.5, 2.0, 0.5], &[1, 4], &device);
        let flat = flat.require_grad();
        let t = tensor::<Autodiff<B>, 2>(&[1.0, 0.0, 3.0, 2.0], &[1, 4], &device);
        let value = loss.forward(flat.clone(), t);
        let gradient = numbers(flat.grad(&value.backward()).expect("it is tracked"));
        assert!(
            gradient.iter().all(|g| g.is_finite()),
            "{kind:?}: {gradient:?}"
        );
    }
}
