//! Losses of embeddings: the references' numbers, finite differences, bad input, and extremes.

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use super::bad_input::panics;
use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};
use crate::differences::compare_gradient;
use crate::fixture::tensor;
use crate::task_fixture::check;

pub fn info_nce<B: TestBackend>() {
    let (a, b, n) = ("first", "second", "negatives");
    check::<B>(
        "info_nce",
        |case, inputs| {
            let loss = case.config::<InfoNceLossConfig>().init();
            let (first, second) = (inputs.float(a), inputs.float(b));
            Some(numbers(match case.has(n) {
                true => loss.forward_with_negatives_no_reduction(first, second, inputs.float(n)),
                false => loss.forward_no_reduction(first, second),
            }))
        },
        |case, reduction, inputs| {
            let config = case.config::<InfoNceLossConfig>();
            let loss = config.with_reduction(reduction).init();
            let (first, second) = (inputs.float(a), inputs.float(b));
            match case.has(n) {
                true => loss.forward_with_negatives(first, second, inputs.float(n)),
                false => loss.forward(first, second),
            }
        },
    );
}

pub fn sup_con<B: TestBackend>() {
    let (x, y) = ("embeddings", "classes");
    check::<B>(
        "sup_con",
        |case, inputs| {
            let loss = case.config::<SupConLossConfig>().init();
            Some(numbers(
                loss.forward_no_reduction(inputs.float(x), inputs.int(y)),
            ))
        },
        |case, reduction, inputs| {
            let config = case.config::<SupConLossConfig>();
            let loss = config.with_reduction(reduction).init();
            loss.forward(inputs.float(x), inputs.int(y))
        },
    );
}

macro_rules! margins {
    ($file:ident, $config:ty) => {
        pub fn $file<B: TestBackend>() {
            let device = B::device();
            let (x, y) = ("cosines", "targets");
            check::<B>(
                stringify!($file),
                |case, inputs| {
                    let loss = case.config::<$config>().init::<Autodiff<B>>(&device);
                    // The fixtures have losses without weights.
                    let plain = loss.class_weights.is_none();
                    plain
                        .then(|| numbers(loss.forward_no_reduction(inputs.float(x), inputs.int(y))))
                },
                |case, reduction, inputs| {
                    let config = case.config::<$config>().with_reduction(reduction);
                    let loss = config.init(&device);
                    loss.forward(inputs.float(x), inputs.int(y))
                },
            );
        }
    };
}
margins!(arc_face, ArcFaceLossConfig);
margins!(cos_face, CosFaceLossConfig);

const NUMBERS: [f64; 8] = [0.3, -0.25, 0.8, -0.6, 0.1, 0.4, 0.75, -0.9];

pub fn embedding_gradients<B: TestBackend>() {
    fn pairs<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let second = tensor::<B, 2>(&NUMBERS, &[4, 2], &x.device()).flip([0, 1]);
        let config = InfoNceLossConfig::new().with_temperature(0.5);
        let one = config.clone().with_symmetric(false).init();
        let nt_xent = config.clone().with_within_views(true).init();
        let negatives = second.clone() * 0.5 - 0.25;
        let loss = config.init();
        let weights = tensor::<B, 1>(&[0.5, 2.0, 0.0, 1.0], &[4], &x.device());
        let of_negatives = || (x.clone(), second.clone(), negatives.clone());
        let (a, b, n) = of_negatives();
        let each = loss.forward_with_negatives_no_reduction(a, b, n);
        let (a, b, n) = of_negatives();
        let weighted = loss.forward_with_negatives_weighted(a, b, n, weights.clone());
        let (a, b, n) = of_negatives();
        loss.forward_with_negatives(a, b, n)
            + (each * weights).sum()
            + weighted
            + one.forward(second.clone(), x.clone()) * 2.0
            + nt_xent.forward(x, second) * 0.5
    }
    fn classes<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let classes = Tensor::from_ints([4, -1, 4, 7], &x.device());
        SupConLossConfig::new().init().forward(x, classes)
    }
    fn margins<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = x.device();
        let targets = || Tensor::from_ints([1, 0, 0, 1], &device);
        let arc = ArcFaceLossConfig::new().with_scale(4.0).init::<B>(&device);
        let cos = CosFaceLossConfig::new().with_scale(4.0).init::<B>(&device);
        arc.forward(x.clone(), targets()) + cos.forward(x, targets())
    }
    fn unreduced_margins<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = x.device();
        let targets = Tensor::from_ints([1, 0, 0, 1], &device);
        let arc = ArcFaceLossConfig::new().with_scale(4.0).init::<B>(&device);
        arc.forward_no_reduction(x, targets).sum()
    }
    compare_gradient!(B, pairs, NUMBERS, [4, 2]);
    compare_gradient!(B, classes, NUMBERS, [4, 2]);
    compare_gradient!(B, margins, NUMBERS, [4, 2]);
    compare_gradient!(B, unreduced_margins, NUMBERS, [4, 2]);
}

pub fn embeddings_refuse<B: TestBackend>() {
    let device = B::device();
    let floats = |shape| Tensor::<B, 2>::full(shape, 0.5, &device);
    let loss = InfoNceLossConfig::new().init();
    panics(&["InfoNceLoss", "`second`", "[2, 4]", "[3, 4]"], || {
        loss.forward(floats([2, 4]), floats([3, 4]))
    });
    panics(&["InfoNceLoss", "`negatives`", "width 4", "got 3"], || {
        let x = || floats([2, 4]);
        loss.forward_with_negatives(x(), x(), floats([5, 3]))
    });
    panics(&["InfoNceLossConfig", "`temperature`", "above 0"], || {
        InfoNceLossConfig::new().with_temperature(0.0).init()
    });
    panics(
        &["InfoNceLossConfig", "`symmetric`", "`within_views`"],
        || {
            let config = InfoNceLossConfig::new().with_within_views(true);
            config.with_symmetric(false).init()
        },
    );
    panics(&["SupConLoss", "`classes`", "[2]", "[3]"], || {
        let classes = Tensor::<B, 1, Int>::zeros([3], &device);
        SupConLossConfig::new()
            .init()
            .forward(floats([2, 4]), classes)
    });
    panics(&["SupConLossConfig", "`temperature`", "NaN"], || {
        SupConLossConfig::new().with_temperature(f64::NAN).init()
    });
    panics(
        &["ArcFaceLossConfig", "`margin`", "[0, pi / 2]", "2"],
        || ArcFaceLossConfig::new().with_margin(2.0).init::<B>(&device),
    );
    panics(&["CosFaceLossConfig", "`scale`", "80", "1000"], || {
        CosFaceLossConfig::new()
            .with_scale(1000.0)
            .init::<B>(&device)
    });
    panics(&["CosFaceLossConfig", "`margin`", "-0.5"], || {
        CosFaceLossConfig::new()
            .with_margin(-0.5)
            .init::<B>(&device)
    });
    let arc = ArcFaceLossConfig::new().init::<B>(&device);
    panics(&["ArcFaceLoss", "`cosines`", "[2, 3]", "[4]"], || {
        arc.forward(floats([2, 3]), Tensor::zeros([4], &device))
    });
    let cos = CosFaceLossConfig::new().init::<B>(&device);
    panics(&["CosFaceLoss", "`cosines`", "[2, 3]", "[4]"], || {
        cos.forward(floats([2, 3]), Tensor::zeros([4], &device))
    });
    let three = || Tensor::<B, 1>::ones([3], &device);
    panics(&["InfoNceLoss", "`weights`", "[2]", "[3]"], || {
        loss.forward_weighted(floats([2, 4]), floats([2, 4]), three())
    });
    panics(&["InfoNceLoss", "`weights`", "[2]", "[3]"], || {
        let x = || floats([2, 4]);
        loss.forward_with_negatives_weighted(x(), x(), floats([5, 4]), three())
    });
    panics(&["InfoNceLoss", "`negatives`", "width 4", "got 3"], || {
        let x = || floats([2, 4]);
        loss.forward_with_negatives_no_reduction(x(), x(), floats([5, 3]))
    });
    panics(&["SupConLoss", "`weights`", "[2]", "[3]"], || {
        let classes = Tensor::<B, 1, Int>::zeros([2], &device);
        SupConLossConfig::new()
            .init()
            .forward_weighted(floats([2, 4]), classes, three())
    });
    let text = format!("{arc} {loss}");
    for word in [
        "ArcFaceLoss",
        "margin: 0.5",
        "InfoNceLoss",
        "temperature: 0.07",
    ] {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    if B::CHECKS_TARGETS {
        panics(&["ArcFaceLoss", "row 1", "9", "[0, 3)"], || {
            arc.forward(floats([2, 3]), Tensor::from_ints([0, 9], &device))
        });
        panics(&["CosFaceLoss", "row 1", "9", "[0, 3)"], || {
            cos.forward(floats([2, 3]), Tensor::from_ints([0, 9], &device))
        });
    }
}

/// Embeddings of any length, also 0, and of one pair.
pub fn embeddings_of_extreme_sizes<B: TestBackend>() {
    let device = B::device();
    let value = |first: [f64; 4], config: InfoNceLossConfig| {
        let x = tensor::<Autodiff<B>, 2>(&first, &[2, 2], &device).require_grad();
        let y = tensor::<Autodiff<B>, 2>(&[1.0, 0.5, -0.5, 2.0], &[2, 2], &device);
        let value = config.init().forward(x.clone(), y);
        let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
        (numbers(value), gradient)
    };
    let near = [1.0, 0.25, -0.5, 1.5];
    for config in [
        InfoNceLossConfig::new(),
        InfoNceLossConfig::new().with_within_views(true),
    ] {
        let (expected, _) = value(near, config.clone());
        for size in [1.0 / (1u64 << 30) as f64, (1u64 << 30) as f64] {
            // Lengths do not matter, and these are exact.
            let (loss, gradient) = value(near.map(|x| x * size), config.clone());
            assert_close("of any length", &loss, &expected, B::TOLERANCE);
            assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        }
        // A row of zeros has no direction, and makes nothing NaN.
        let (loss, gradient) = value([0.0, 0.0, -0.5, 1.5], config.clone());
        assert!(loss[0].is_finite() && gradient[2..].iter().all(|g| g.is_finite()));
        let (loss, _) = value([f64::NAN, 0.0, -0.5, 1.5], config);
        assert!(loss[0].is_nan());
    }
    // Large similarities: the loss is what is between them.
    let config = InfoNceLossConfig::new()
        .with_normalize(false)
        .with_symmetric(false)
        .with_temperature(1.0);
    let (loss, _) = value([4096.0, 0.0, 0.0, 4096.0], config);
    assert_close("large", &loss, &[0.0], B::TOLERANCE);

    // One pair alone has nothing to be told from.
    let x = || Tensor::<B, 2>::ones([1, 3], &device);
    let loss = InfoNceLossConfig::new().init();
    assert_eq!(numbers(loss.forward(x(), x())), [0.0]);
    let loss = SupConLossConfig::new().init();
    let alone = Tensor::<B, 1, Int>::ones([1], &device);
    assert!(numbers(loss.forward(x(), alone.clone()))[0].is_nan());
    let config = SupConLossConfig::new().with_reduction(Reduction::MeanOrZero);
    let x = tensor::<Autodiff<B>, 2>(&NUMBERS, &[4, 2], &device).require_grad();
    let classes = Tensor::<Autodiff<B>, 1, Int>::from_ints([1, 2, 3, 4], &device);
    let value = config.init().forward(x.clone(), classes);
    let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
    assert_eq!((numbers(value), gradient), (vec![0.0], vec![0.0; 8]));
}

/// Cosines of exactly 1 and -1, and confident rows.
pub fn margins_at_the_ends<B: TestBackend>() {
    let device = B::device();
    let cosines = [1.0, -1.0, -1.0, 1.0, 0.0, 0.0];
    let x = tensor::<Autodiff<B>, 2>(&cosines, &[3, 2], &device).require_grad();
    let targets = Tensor::<Autodiff<B>, 1, Int>::zeros([3], &device);
    let loss = ArcFaceLossConfig::new().init::<Autodiff<B>>(&device);
    let losses = loss.forward_no_reduction(x.clone(), targets.clone());
    let gradient = numbers(x.grad(&losses.clone().sum().backward()).expect("tracked"));
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    let scores = [0.5f64.cos(), -1.0 - 0.5 * 0.5f64.sin(), -(0.5f64.sin())];
    let others = [-1.0, 1.0, 0.0];
    let expected: Vec<f64> = scores
        .iter()
        .zip(others)
        .map(|(own, other)| {
            (64.0 * (other - own)).max(0.0) + (-(64.0 * (other - own)).abs()).exp().ln_1p()
        })
        .collect();
    assert_close("losses", &numbers(losses), &expected, B::TOLERANCE);

    let cos = CosFaceLossConfig::new().init::<Autodiff<B>>(&device);
    let losses = numbers(cos.forward_no_reduction(x, targets));
    let difference = 64.0 * (1.0 + 1.0 + 0.35);
    assert_close("a large loss", &losses[1..2], &[difference], B::TOLERANCE);
    let tiny: f64 = (-64.0 * (2.0 - 0.35f64)).exp();
    assert!(
        losses[0] == 0.0 || (losses[0] / tiny - 1.0).abs() < 1e-3,
        "{losses:?}"
    );
}

/// Weights of pairs and of embeddings.
pub fn embedding_weights<B: TestBackend>() {
    let device = B::device();
    let x = || tensor::<B, 2>(&NUMBERS, &[4, 2], &device);
    let y = || x().flip([0, 1]);
    let weights = [0.5, 0.0, 2.0, 1.0];
    let weighted = |losses: Vec<f64>, counts: [f64; 4]| {
        let sum = losses.iter().zip(counts).map(|(loss, count)| loss * count);
        sum.sum::<f64>() / counts.iter().sum::<f64>()
    };
    let weights_in = || tensor::<B, 1>(&weights, &[4], &device);
    let loss = InfoNceLossConfig::new().init();
    let expected = weighted(numbers(loss.forward_no_reduction(x(), y())), weights);
    let found = numbers(loss.forward_weighted(x(), y(), weights_in()));
    assert_close("pairs", &found, &[expected], B::TOLERANCE);
    let negatives = || tensor::<B, 2>(&NUMBERS[..4], &[2, 2], &device);
    let losses = loss.forward_with_negatives_no_reduction(x(), y(), negatives());
    let expected = weighted(numbers(losses), weights);
    let found = loss.forward_with_negatives_weighted(x(), y(), negatives(), weights_in());
    assert_close("negatives", &numbers(found), &[expected], B::TOLERANCE);

    let loss = SupConLossConfig::new().init();
    let classes = || Tensor::<B, 1, Int>::from_ints([3, 3, 8, 3], &device);
    let losses = numbers(loss.forward_no_reduction(x(), classes()));
    // The third is alone.
    let expected = weighted(losses, [0.5, 0.0, 0.0, 1.0]);
    let found = numbers(loss.forward_weighted(x(), classes(), weights_in()));
    assert_close("classes", &found, &[expected], B::TOLERANCE);
}
