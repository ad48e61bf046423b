//! Losses of regions: the references' numbers, finite differences, bad input, and what does not count.

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use super::bad_input::panics;
use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::differences::compare_gradient;
use crate::fixture::tensor;
use crate::task_fixture::{Inputs, TaskCase, check};

/// Calls the method that the case names, with the ranks that it has.
fn reduced<B: TestBackend, L: RegionLoss<Autodiff<B>>>(
    loss: &L,
    case: &TaskCase,
    inputs: &Inputs<B>,
) -> Tensor<Autodiff<B>, 1> {
    let (x, y, w) = ("logits", "targets", "weights");
    match (case.call.as_str(), case.rank(x)) {
        ("classes", 2) => loss.forward(inputs.float::<2>(x), inputs.int::<1>(y)),
        ("classes", 3) => loss.forward(inputs.float::<3>(x), inputs.int::<2>(y)),
        ("classes", 4) => loss.forward(inputs.float::<4>(x), inputs.int::<3>(y)),
        ("classes", 5) => loss.forward(inputs.float::<5>(x), inputs.int::<4>(y)),
        ("weighted", 3) => {
            let weights = inputs.float::<2>(w);
            loss.forward_weighted(inputs.float::<3>(x), inputs.int::<2>(y), weights)
        }
        ("weighted", 4) => {
            let weights = inputs.float::<3>(w);
            loss.forward_weighted(inputs.float::<4>(x), inputs.int::<3>(y), weights)
        }
        ("binary", 2) => loss.forward_binary(inputs.float::<2>(x), inputs.float::<2>(y)),
        ("binary", 4) => loss.forward_binary(inputs.float::<4>(x), inputs.float::<4>(y)),
        ("binary weighted", 2) => {
            let weights = inputs.float::<2>(w);
            loss.forward_binary_weighted(inputs.float::<2>(x), inputs.float::<2>(y), weights)
        }
        ("labels weighted", 3) => {
            let weights = inputs.float::<3>(w);
            loss.forward_labels_weighted(inputs.float::<3>(x), inputs.float::<3>(y), weights)
        }
        ("labels", 3) => loss.forward_labels(inputs.float::<3>(x), inputs.float::<3>(y)),
        ("labels", 4) => loss.forward_labels(inputs.float::<4>(x), inputs.float::<4>(y)),
        other => panic!("no case of {other:?} was expected"),
    }
}

fn none<B: TestBackend, L: RegionLoss<Autodiff<B>>>(
    loss: &L,
    case: &TaskCase,
    inputs: &Inputs<B>,
) -> Option<Vec<f64>> {
    let (x, y) = ("logits", "targets");
    let losses = match (case.call.as_str(), case.rank(x)) {
        ("classes", 2) => loss.forward_no_reduction(inputs.float::<2>(x), inputs.int::<1>(y)),
        ("classes", 3) => loss.forward_no_reduction(inputs.float::<3>(x), inputs.int::<2>(y)),
        ("classes", 4) => loss.forward_no_reduction(inputs.float::<4>(x), inputs.int::<3>(y)),
        ("classes", 5) => loss.forward_no_reduction(inputs.float::<5>(x), inputs.int::<4>(y)),
        ("binary", 2) => {
            loss.forward_binary_no_reduction(inputs.float::<2>(x), inputs.float::<2>(y))
        }
        ("labels", 3) => {
            loss.forward_labels_no_reduction(inputs.float::<3>(x), inputs.float::<3>(y))
        }
        _ => return None,
    };
    Some(numbers(losses))
}

macro_rules! fixtures {
    ($file:ident, $config:ty) => {
        pub fn $file<B: TestBackend>() {
            let device = B::device();
            check::<B>(
                stringify!($file),
                |case, inputs| none(&case.config::<$config>().init(&device), case, inputs),
                |case, reduction, inputs| {
                    let config = case.config::<$config>().with_reduction(reduction);
                    reduced(&config.init(&device), case, inputs)
                },
            );
        }
    };
}
fixtures!(dice, DiceLossConfig);
fixtures!(jaccard, JaccardLossConfig);
fixtures!(tversky, TverskyLossConfig);

/// One image of two classes and three positions.
const LOGITS: [f64; 6] = [0.3, -1.25, 2.0, -0.6, 0.1, 1.4];

fn classes<B: LossBackend>(device: &B::Device) -> Tensor<B, 2, Int> {
    Tensor::from_ints([[1, 0, 1]], device)
}

/// A loss that has all of its options.
fn tversky_of_all_options() -> TverskyLossConfig {
    TverskyLossConfig::new()
        .with_alpha(0.3)
        .with_beta(0.9)
        .with_gamma(1.3)
        .with_smooth(0.2)
        .with_per_image(true)
        .with_class_weights(Some(vec![0.5, 2.0]))
}

/// Gradients equal central differences of the loss in f64, for logits, weights and numbers as targets.
pub fn region_gradients<B: TestBackend>() {
    fn against_classes<B: LossBackend>(x: Tensor<B, 3>) -> Tensor<B, 1> {
        let loss = tversky_of_all_options().init::<B>(&x.device());
        let device = x.device();
        loss.forward(x, classes(&device))
    }
    fn weighted<B: LossBackend>(w: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = w.device();
        let logits = tensor::<B, 3>(&LOGITS, &[2, 1, 3], &device).repeat_dim(1, 2);
        let logits = logits.cumsum(1);
        let targets = Tensor::<_, 2, Int>::from_ints([[1, 0, 1], [0, 0, 1]], &device);
        let loss = tversky_of_all_options().init::<B>(&device);
        loss.forward_weighted(logits, targets, w.powi_scalar(2).reshape([2, 3]))
    }
    fn binary<B: LossBackend>(x: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = x.device();
        let targets = [0.25, 0.75, 1.0, 0.0, 0.125, 0.5];
        let targets = tensor::<B, 3>(&targets, &[2, 1, 3], &device);
        let loss = JaccardLossConfig::new().with_per_image(true).init(&device);
        loss.forward_binary(x.reshape([2, 1, 3]), targets)
    }
    fn of_targets<B: LossBackend>(y: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = y.device();
        let logits = tensor::<B, 3>(&LOGITS, &[1, 2, 3], &device);
        // In (0, 1), without a formula of its own.
        let targets = (y.clone() * y).neg().exp();
        let loss = DiceLossConfig::new().init(&device);
        loss.forward_labels(logits, targets)
    }
    fn of_label_weights<B: LossBackend>(w: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = w.device();
        let logits = tensor::<B, 3>(&LOGITS, &[2, 3, 1], &device);
        let targets = tensor::<B, 3>(&[1.0, 0.0, 0.25, 0.0, 1.0, 0.5], &[2, 3, 1], &device);
        let loss = TverskyLossConfig::new().with_alpha(0.3).init(&device);
        loss.forward_labels_weighted(logits, targets, w.powi_scalar(2))
    }
    compare_gradient!(B, against_classes, LOGITS, [1, 2, 3]);
    compare_gradient!(B, of_label_weights, LOGITS, [2, 3, 1]);
    compare_gradient!(B, weighted, LOGITS, [1, 2, 3]);
    compare_gradient!(B, binary, LOGITS, [1, 2, 3]);
    compare_gradient!(B, of_targets, LOGITS, [1, 2, 3]);
}

pub fn regions_refuse<B: TestBackend>() {
    let device = B::device();
    let floats = |shape| Tensor::<B, 3>::full(shape, 0.5, &device);
    let labels = |shape| Tensor::<B, 2, Int>::zeros(shape, &device);
    let dice = DiceLossConfig::new().init::<B>(&device);
    panics(&["DiceLoss", "`targets`", "[2, 4]", "[2, 5]"], || {
        dice.forward(floats([2, 3, 4]), labels([2, 5]))
    });
    panics(&["DiceLoss", "rank 2", "got rank 1"], || {
        dice.forward(floats([2, 3, 4]), Tensor::<B, 1, Int>::zeros([2], &device))
    });
    panics(&["DiceLoss", "at least one class", "[2, 0, 4]"], || {
        dice.forward(floats([2, 0, 4]), labels([2, 4]))
    });
    panics(&["DiceLoss", "`weights`", "[2, 4]", "[2, 1]"], || {
        let weights = Tensor::<B, 2>::ones([2, 1], &device);
        dice.forward_weighted(floats([2, 3, 4]), labels([2, 4]), weights)
    });
    panics(&["DiceLoss", "`targets`", "[2, 3, 4]", "[2, 3, 1]"], || {
        dice.forward_binary(floats([2, 3, 4]), floats([2, 3, 1]))
    });
    panics(&["DiceLoss", "`weights`", "[2, 3, 4]", "[2, 3, 1]"], || {
        let x = || floats([2, 3, 4]);
        dice.forward_binary_weighted(x(), x(), floats([2, 3, 1]))
    });
    panics(&["DiceLoss", "`weights`", "[2, 3, 4]", "[2, 1, 4]"], || {
        let x = || floats([2, 3, 4]);
        dice.forward_labels_weighted(x(), x(), floats([2, 1, 4]))
    });
    let jaccard = JaccardLossConfig::new().with_class_weights(Some(vec![1.0; 2]));
    let jaccard = jaccard.init::<B>(&device);
    let words = ["JaccardLoss", "`class_weights`", "length 3", "got 2"];
    panics(&words, || {
        jaccard.forward(floats([2, 3, 4]), labels([2, 4]))
    });
    let tversky = TverskyLossConfig::new().with_classes(Some(vec![0, 3]));
    let tversky = tversky.init::<B>(&device);
    panics(&["TverskyLoss", "`classes`", "[0, 3)", "got 3"], || {
        tversky.forward(floats([2, 3, 4]), labels([2, 4]))
    });

    let wrong = Tensor::<B, 2, Int>::from_ints([[0, 1, 7]], &device);
    if B::CHECKS_TARGETS {
        panics(&["DiceLoss", "row 2", "7", "[0, 3)"], || {
            dice.forward(floats([1, 3, 3]), wrong)
        });
    } else {
        let loss = dice.forward(floats([1, 3, 3]), wrong);
        assert!(numbers(loss)[0].is_nan());
    }
}

pub fn region_configs<B: TestBackend>() {
    let device = B::device();
    macro_rules! refuse {
        ($config:expr, $($word:literal),+) => {
            panics(&[$($word),+], || $config.init::<B>(&device));
        };
    }
    let dice = DiceLossConfig::new;
    refuse!(dice().with_smooth(-1.0), "DiceLossConfig", "`smooth`", "-1");
    refuse!(dice().with_eps(f64::NAN), "DiceLossConfig", "`eps`", "NaN");
    refuse!(
        dice().with_classes(Some(vec![])),
        "DiceLossConfig",
        "`classes`",
        "at least one"
    );
    refuse!(
        JaccardLossConfig::new().with_classes(Some(vec![1, 1])),
        "JaccardLossConfig",
        "`classes`",
        "and none twice",
        "[1, 1]"
    );
    let jaccard = JaccardLossConfig::new;
    refuse!(
        jaccard().with_smooth(-1.0),
        "JaccardLossConfig",
        "`smooth`",
        "-1"
    );
    refuse!(
        jaccard().with_eps(f64::NAN),
        "JaccardLossConfig",
        "`eps`",
        "NaN"
    );
    refuse!(
        JaccardLossConfig::new().with_class_weights(Some(vec![1.0, -2.0])),
        "`class_weights[1]`",
        "-2"
    );
    let tversky = TverskyLossConfig::new;
    refuse!(
        tversky().with_alpha(-0.5),
        "TverskyLossConfig",
        "`alpha`",
        "-0.5"
    );
    refuse!(tversky().with_beta(-0.5), "`beta`", "-0.5");
    refuse!(tversky().with_gamma(0.0), "`gamma`", "above 0");

    let config = tversky_of_all_options().with_absent_classes(AbsentClasses::Skip);
    let text = serde_json::to_string(&config).expect("a config is data");
    let back: TverskyLossConfig = serde_json::from_str(&text).expect("and comes back");
    assert_eq!(back, config);
    let text = config.init::<B>(&device).to_string();
    for word in ["TverskyLoss", "gamma: 1.3", "absent_classes: Skip"] {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

/// What stands at an ignored position, or one of weight 0, reaches neither the loss nor its gradient.
pub fn positions_that_do_not_count<B: TestBackend>() {
    let device = B::device();
    let inf = f64::INFINITY;
    let spoiled = [0.3, f64::NAN, 2.0, inf, -0.6, f64::NAN, 1.4, -inf];
    let logits = || tensor::<Autodiff<B>, 3>(&spoiled, &[1, 2, 4], &device).require_grad();
    let kept = tensor::<Autodiff<B>, 3>(&[0.3, 2.0, -0.6, 1.4], &[1, 2, 2], &device);
    let loss = DiceLossConfig::new().with_ignore_index(Some(255));
    let loss = loss.init::<Autodiff<B>>(&device);
    let expected = numbers(loss.forward(kept, Tensor::<_, 2, Int>::from_ints([[1, 0]], &device)));

    let check = |what, value: Tensor<Autodiff<B>, 1>, logits: Tensor<Autodiff<B>, 3>| {
        let gradient = numbers(logits.grad(&value.backward()).expect("it is tracked"));
        assert_close(what, &numbers(value), &expected, B::TOLERANCE);
        for dropped in [1, 3, 5, 7] {
            assert_eq!(gradient[dropped], 0.0, "{what}: {gradient:?}");
        }
        assert!(gradient[0] != 0.0 && gradient.iter().all(|g| g.is_finite()));
    };
    let x = logits();
    let targets = Tensor::<_, 2, Int>::from_ints([[1, 255, 0, 255]], &device);
    check("ignored", loss.forward(x.clone(), targets), x);
    let x = logits();
    // The targets are no classes, either.
    let targets = Tensor::<_, 2, Int>::from_ints([[1, 9, 0, 9]], &device);
    let weights = tensor::<Autodiff<B>, 2>(&[1.0, 0.0, 1.0, 0.0], &[1, 4], &device);
    check(
        "of weight 0",
        loss.forward_weighted(x.clone(), targets, weights),
        x,
    );

    let x = tensor::<Autodiff<B>, 2>(&[0.3, f64::NAN, 2.0], &[1, 3], &device).require_grad();
    let y = tensor::<Autodiff<B>, 2>(&[1.0, f64::NAN, 0.0], &[1, 3], &device);
    let weights = tensor::<Autodiff<B>, 2>(&[1.0, 0.0, 1.0], &[1, 3], &device);
    let value = loss.forward_binary_weighted(x.clone(), y, weights);
    let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
    let p = [0.3f64, 2.0].map(|x| 1.0 / (1.0 + (-x).exp()));
    let expected = 1.0 - 2.0 * p[0] / (p[0] + p[1] + 1.0);
    assert_close("binary", &numbers(value), &[expected], B::TOLERANCE);
    assert_eq!(gradient[1], 0.0);
    assert!(gradient[0] != 0.0);
}

/// Saturated and far-off logits give finite losses and gradients, and a diverged model NaN.
pub fn regions_of_extreme_logits<B: TestBackend>() {
    let device = B::device();
    let inf = f64::INFINITY;
    let value = |logits: [f64; 6], config: &TverskyLossConfig| {
        let x = tensor::<Autodiff<B>, 3>(&logits, &[1, 2, 3], &device).require_grad();
        let value = config
            .init::<Autodiff<B>>(&device)
            .forward(x.clone(), classes(&device));
        let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
        (numbers(value)[0], gradient)
    };
    let focal = TverskyLossConfig::new().with_gamma(0.5);
    for config in [TverskyLossConfig::new(), focal] {
        // Perfect, with a class that is impossible, and as wrong as can be.
        let perfect = [-1e4, 1e4, -inf, 1e4, -1e4, 0.0];
        let (loss, gradient) = value(perfect, &config);
        assert_eq!((loss, gradient), (0.0, vec![0.0; 6]), "{config}");
        let (loss, gradient) = value(perfect.map(|x| if x == -inf { 1e4 } else { -x }), &config);
        assert_close("all wrong", &[loss], &[1.0], B::TOLERANCE);
        assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    }
    // A common offset changes nothing but what it rounds away: these numbers are exact.
    let config = TverskyLossConfig::new();
    let near = [0.5, -1.25, 2.0, -0.5, 0.25, 1.5];
    let (loss, gradient) = value(near.map(|x| x + 4096.0), &config);
    let (expected, expected_gradient) = value(near, &config);
    assert_close("offset", &[loss], &[expected], B::TOLERANCE);
    assert_close("its gradient", &gradient, &expected_gradient, B::TOLERANCE);
    let (loss, _) = value([f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0], &config);
    assert!(loss.is_nan());
}

/// Where every position is ignored there is no class, and no gradient.
pub fn no_positions<B: TestBackend>() {
    let device = B::device();
    let all_ignored = |absent, reduction| {
        let config = DiceLossConfig::new()
            .with_ignore_index(Some(-1))
            .with_absent_classes(absent)
            .with_reduction(reduction);
        let x = tensor::<Autodiff<B>, 3>(&LOGITS, &[1, 2, 3], &device).require_grad();
        let targets = Tensor::<Autodiff<B>, 2, Int>::full([1, 3], -1, &device);
        let value = config.init(&device).forward(x.clone(), targets);
        let gradient = x.grad(&value.backward()).map_or(vec![0.0], numbers);
        (numbers(value)[0], gradient.iter().all(|&g| g == 0.0))
    };
    let zero = (0.0, true);
    assert_eq!(all_ignored(AbsentClasses::Zero, Reduction::Mean), zero);
    assert_eq!(
        all_ignored(AbsentClasses::Skip, Reduction::MeanOrZero),
        zero
    );
    assert_eq!(all_ignored(AbsentClasses::Skip, Reduction::Sum), zero);
    assert!(all_ignored(AbsentClasses::Skip, Reduction::Mean).0.is_nan());
    assert_eq!(all_ignored(AbsentClasses::Count, Reduction::Mean).0, 1.0);
    if B::HAS_EMPTY_TENSORS {
        let loss = DiceLossConfig::new().init::<B>(&device);
        let x = Tensor::<B, 3>::zeros([0, 2, 3], &device);
        let y = Tensor::<B, 2, Int>::zeros([0, 3], &device);
        assert_eq!(numbers(loss.forward(x, y)), [0.0]);
    }
}

pub fn lovasz_softmax<B: TestBackend>() {
    let device = B::device();
    let (x, y, w) = ("logits", "targets", "weights");
    check::<B>(
        "lovasz_softmax",
        |case, inputs| {
            if case.has(w) {
                return None;
            }
            let loss = case.config::<LovaszSoftmaxLossConfig>().init(&device);
            let none = match case.rank(x) {
                2 => loss.forward_no_reduction(inputs.float::<2>(x), inputs.int::<1>(y)),
                3 => loss.forward_no_reduction(inputs.float::<3>(x), inputs.int::<2>(y)),
                _ => loss.forward_no_reduction(inputs.float::<4>(x), inputs.int::<3>(y)),
            };
            Some(numbers(none))
        },
        |case, reduction, inputs| {
            let config = case.config::<LovaszSoftmaxLossConfig>();
            let loss = config.with_reduction(reduction).init(&device);
            match (case.has(w), case.rank(x)) {
                (false, 2) => loss.forward(inputs.float::<2>(x), inputs.int::<1>(y)),
                (false, 3) => loss.forward(inputs.float::<3>(x), inputs.int::<2>(y)),
                (false, _) => loss.forward(inputs.float::<4>(x), inputs.int::<3>(y)),
                (true, 3) => {
                    let weights = inputs.float::<2>(w);
                    loss.forward_weighted(inputs.float::<3>(x), inputs.int::<2>(y), weights)
                }
                (true, _) => {
                    let weights = inputs.float::<3>(w);
                    loss.forward_weighted(inputs.float::<4>(x), inputs.int::<3>(y), weights)
                }
            }
        },
    );
}

pub fn lovasz_hinge<B: TestBackend>() {
    let (x, y, w) = ("logits", "targets", "weights");
    check::<B>(
        "lovasz_hinge",
        |case, inputs| {
            if case.has(w) {
                return None;
            }
            let loss = case.config::<LovaszHingeLossConfig>().init();
            Some(numbers(match case.rank(x) {
                2 => loss.forward_no_reduction(inputs.float::<2>(x), inputs.float::<2>(y)),
                _ => loss.forward_no_reduction(inputs.float::<3>(x), inputs.float::<3>(y)),
            }))
        },
        |case, reduction, inputs| {
            let config = case.config::<LovaszHingeLossConfig>();
            let loss = config.with_reduction(reduction).init();
            match (case.has(w), case.rank(x)) {
                (true, _) => {
                    let weights = inputs.float::<2>(w);
                    loss.forward_weighted(inputs.float::<2>(x), inputs.float::<2>(y), weights)
                }
                (false, 2) => loss.forward(inputs.float::<2>(x), inputs.float::<2>(y)),
                (false, _) => loss.forward(inputs.float::<3>(x), inputs.float::<3>(y)),
            }
        },
    );
}

pub fn lovasz_gradients_and_bad_input<B: TestBackend>() {
    fn softmax<B: LossBackend>(x: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = x.device();
        let loss = LovaszSoftmaxLossConfig::new().init::<B>(&device);
        loss.forward(x, classes(&device))
    }
    fn hinge<B: LossBackend>(x: Tensor<B, 3>) -> Tensor<B, 1> {
        let targets = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let targets = tensor::<B, 3>(&targets, &[1, 2, 3], &x.device());
        LovaszHingeLossConfig::new().init().forward(x, targets)
    }
    compare_gradient!(B, softmax, LOGITS, [1, 2, 3]);
    compare_gradient!(B, hinge, LOGITS, [1, 2, 3]);

    let device = B::device();
    let floats = |shape| Tensor::<B, 3>::full(shape, 0.5, &device);
    let config = LovaszSoftmaxLossConfig::new().with_classes(Some(vec![3]));
    panics(
        &["LovaszSoftmaxLoss", "`classes`", "[0, 3)", "got 3"],
        || {
            let targets = Tensor::<B, 2, Int>::zeros([2, 4], &device);
            config
                .init::<B>(&device)
                .forward(floats([2, 3, 4]), targets)
        },
    );
    let softmax = LovaszSoftmaxLossConfig::new().init::<B>(&device);
    panics(
        &["LovaszSoftmaxLoss", "`targets`", "[2, 4]", "[2, 5]"],
        || {
            softmax.forward(
                floats([2, 3, 4]),
                Tensor::<B, 2, Int>::zeros([2, 5], &device),
            )
        },
    );
    let wrong = Tensor::<B, 2, Int>::from_ints([[0, 1, 7]], &device);
    if B::CHECKS_TARGETS {
        panics(&["LovaszSoftmaxLoss", "row 2", "7", "[0, 3)"], || {
            softmax.forward(floats([1, 3, 3]), wrong)
        });
    } else {
        assert!(numbers(softmax.forward(floats([1, 3, 3]), wrong))[0].is_nan());
    }
    let loss = LovaszHingeLossConfig::new().init();
    panics(
        &["LovaszHingeLoss", "`targets`", "[2, 3, 4]", "[2, 3, 1]"],
        || loss.forward(floats([2, 3, 4]), floats([2, 3, 1])),
    );

    // Nothing that counts has no loss, and what is ignored reaches nothing.
    let config = LovaszSoftmaxLossConfig::new().with_ignore_index(Some(255));
    let loss = config
        .with_reduction(Reduction::MeanOrZero)
        .init::<Autodiff<B>>(&device);
    let spoiled = [f64::NAN, 1.0, 2.0, f64::INFINITY, 0.5, 1.0];
    let x = tensor::<Autodiff<B>, 3>(&spoiled, &[1, 2, 3], &device).require_grad();
    let targets = Tensor::<Autodiff<B>, 2, Int>::from_ints([[255, 0, 1]], &device);
    let value = loss.forward(x.clone(), targets);
    let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
    assert!(numbers(value)[0] > 0.0);
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    assert_eq!((gradient[0], gradient[3]), (0.0, 0.0));
    let all = Tensor::<Autodiff<B>, 2, Int>::full([1, 3], 255, &device);
    assert_eq!(numbers(loss.forward(x, all)), [0.0]);
}

/// Logits so far apart that each probability is 0, 1 or one half: the numbers are known by hand.
pub fn lovasz_of_saturated_logits<B: TestBackend>() {
    let device = B::device();
    let softmax = |logits: [f64; 6]| {
        let x = tensor::<Autodiff<B>, 3>(&logits, &[1, 2, 3], &device).require_grad();
        let loss = LovaszSoftmaxLossConfig::new().init::<Autodiff<B>>(&device);
        let value = loss.forward(x.clone(), classes(&device));
        let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
        (numbers(value), gradient)
    };
    let right = [-1e4, 1e4, -1e4, 1e4, -1e4, 1e4];
    assert_eq!(softmax(right), (vec![0.0], vec![0.0; 6]));
    let (loss, gradient) = softmax(right.map(|x| -x));
    assert_close("all wrong", &loss, &[1.0], B::TOLERANCE);
    assert_eq!(gradient, [0.0; 6], "no small step makes it right");
    // The last position is wrong, which makes both Jaccard losses 1/2, and the second unsure, which adds its 1/2 of the 1/2 that is
    // left of class 0, and of the step to 2/3 of class 1.
    let (loss, gradient) = softmax([-1e4, 1e4, 1e4, 1e4, 1e4, -1e4]);
    assert_close("one wrong", &loss, &[2.0 / 3.0], B::TOLERANCE);
    let slope = (0.5 + 1.0 / 6.0) / 8.0;
    let expected = [0.0, -slope, 0.0, 0.0, slope, 0.0];
    assert_close("its gradient", &gradient, &expected, B::TOLERANCE);

    let hinge = |targets: [f64; 3]| {
        let x = tensor::<Autodiff<B>, 2>(&[1e4, -1e4, 1e4], &[1, 3], &device).require_grad();
        let targets = tensor::<Autodiff<B>, 2>(&targets, &[1, 3], &device);
        let value = LovaszHingeLossConfig::new()
            .init()
            .forward(x.clone(), targets);
        let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
        (numbers(value), gradient)
    };
    assert_eq!(hinge([1.0, 0.0, 1.0]), (vec![0.0], vec![0.0; 3]));
    // One more in the region than there is.
    let (loss, gradient) = hinge([1.0, 0.0, 0.0]);
    assert_close("one wrong", &loss, &[10_001.0 / 2.0], B::TOLERANCE);
    assert_close("its gradient", &gradient, &[0.0, 0.0, 0.5], B::TOLERANCE);
    // Errors that are alike share a Jaccard loss of 1 in any way.
    let (loss, gradient) = hinge([0.0, 1.0, 0.0]);
    assert_close("all wrong", &loss, &[10_001.0], B::TOLERANCE);
    let sum = gradient[0] - gradient[1] + gradient[2];
    assert_close("sum of slopes", &[sum], &[1.0], B::TOLERANCE);
}

/// Weights of positions: their size does not matter, none is 0 or less, and what they drop reaches nothing.
pub fn lovasz_of_weighted_positions<B: TestBackend>() {
    fn of_softmax_logits<B: LossBackend>(x: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = x.device();
        let weights = tensor::<B, 2>(&[0.5, 1.25, 2.0], &[1, 3], &device);
        let loss = LovaszSoftmaxLossConfig::new().init::<B>(&device);
        loss.forward_weighted(x, classes(&device), weights)
    }
    fn of_softmax_weights<B: LossBackend>(w: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = w.device();
        let logits = [
            0.3, -1.25, 2.0, -0.6, 0.1, 1.4, 0.75, 0.5, -2.0, 1.0, 1.5, -0.25,
        ];
        let logits = tensor::<B, 3>(&logits, &[2, 2, 3], &device);
        let targets = Tensor::<_, 2, Int>::from_ints([[1, 0, 1], [0, 0, 1]], &device);
        let loss = LovaszSoftmaxLossConfig::new().init::<B>(&device);
        loss.forward_weighted(logits, targets, w.powi_scalar(2).reshape([2, 3]))
    }
    fn of_hinge_logits<B: LossBackend>(x: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = x.device();
        let targets = tensor::<B, 3>(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0], &[1, 2, 3], &device);
        let weights = tensor::<B, 3>(&[0.5, 1.25, 2.0, 1.0, 0.0, 3.0], &[1, 2, 3], &device);
        let loss = LovaszHingeLossConfig::new().init();
        loss.forward_weighted(x, targets, weights)
    }
    fn of_hinge_weights<B: LossBackend>(w: Tensor<B, 3>) -> Tensor<B, 1> {
        let device = w.device();
        let logits = tensor::<B, 3>(&LOGITS, &[1, 2, 3], &device);
        let targets = tensor::<B, 3>(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0], &[1, 2, 3], &device);
        let loss = LovaszHingeLossConfig::new().init();
        loss.forward_weighted(logits, targets, w.powi_scalar(2))
    }
    compare_gradient!(B, of_softmax_logits, LOGITS, [1, 2, 3]);
    compare_gradient!(B, of_softmax_weights, LOGITS, [2, 1, 3]);
    compare_gradient!(B, of_hinge_logits, LOGITS, [1, 2, 3]);
    compare_gradient!(B, of_hinge_weights, LOGITS, [1, 2, 3]);

    let device = B::device();
    let softmax = LovaszSoftmaxLossConfig::new().init::<Autodiff<B>>(&device);
    let hinge = LovaszHingeLossConfig::new().init();
    let weights = |numbers: [f64; 3]| tensor::<Autodiff<B>, 2>(&numbers, &[1, 3], &device);
    let x = || tensor::<Autodiff<B>, 3>(&LOGITS, &[1, 2, 3], &device);
    let row = || tensor::<Autodiff<B>, 2>(&LOGITS[..3], &[1, 3], &device);
    let y = || tensor::<Autodiff<B>, 2>(&[1.0, 0.0, 1.0], &[1, 3], &device);
    for size in [1.0, 1e-6, 1e6] {
        let all = || weights([size; 3]);
        let found = numbers(softmax.forward_weighted(x(), classes(&device), all()));
        let expected = numbers(softmax.forward(x(), classes(&device)));
        assert_close("softmax", &found, &expected, B::TOLERANCE);
        let found = numbers(hinge.forward_weighted(row(), y(), all()));
        let expected = numbers(hinge.forward(row(), y()));
        assert_close("hinge", &found, &expected, B::TOLERANCE);
    }

    // The last position is no class and no number.
    let mask = || weights([1.0, 1.0, 0.0]);
    let spoiled = [0.3, -1.25, f64::NAN, -0.6, 0.1, f64::INFINITY];
    let logits = tensor::<Autodiff<B>, 3>(&spoiled, &[1, 2, 3], &device).require_grad();
    let targets = Tensor::<_, 2, Int>::from_ints([[1, 0, 9]], &device);
    let value = softmax.forward_weighted(logits.clone(), targets, mask());
    let gradient = numbers(logits.grad(&value.backward()).expect("it is tracked"));
    let kept = tensor::<Autodiff<B>, 3>(&[0.3, -1.25, -0.6, 0.1], &[1, 2, 2], &device);
    let targets = Tensor::<_, 2, Int>::from_ints([[1, 0]], &device);
    let expected = numbers(softmax.forward(kept, targets));
    assert_close("masked", &numbers(value), &expected, B::TOLERANCE);
    assert_eq!((gradient[2], gradient[5]), (0.0, 0.0), "{gradient:?}");
    assert!(gradient[0] != 0.0 && gradient.iter().all(|g| g.is_finite()));

    let logits = tensor::<Autodiff<B>, 2>(&spoiled[..3], &[1, 3], &device).require_grad();
    let targets = tensor::<Autodiff<B>, 2>(&[1.0, 0.0, 255.0], &[1, 3], &device);
    let value = hinge.forward_weighted(logits.clone(), targets, mask());
    let gradient = numbers(logits.grad(&value.backward()).expect("it is tracked"));
    let expected = numbers(hinge.forward(row().narrow(1, 0, 2), y().narrow(1, 0, 2)));
    assert_close("masked", &numbers(value), &expected, B::TOLERANCE);
    assert_eq!(gradient[2], 0.0, "{gradient:?}");

    // More than are summed in one go.
    let found = lovasz_of_halves::<B>(300);
    assert_close("halves", &found, &[LOSS_OF_HALVES], B::TOLERANCE);

    // Where nothing counts, nothing is lost.
    let nothing = || weights([0.0; 3]);
    assert_eq!(
        numbers(hinge.forward_weighted(row(), y(), nothing())),
        [0.0]
    );
    let mean = softmax.forward_weighted(x(), classes(&device), nothing());
    assert!(numbers(mean)[0].is_nan(), "a mean of no class");

    let short = || Tensor::<Autodiff<B>, 2>::ones([1, 2], &device);
    panics(
        &["LovaszSoftmaxLoss", "`weights`", "[1, 3]", "[1, 2]"],
        || softmax.forward_weighted(x(), classes(&device), short()),
    );
    panics(
        &["LovaszHingeLoss", "`weights`", "[1, 3]", "[1, 2]"],
        || hinge.forward_weighted(row(), y(), short()),
    );
}

/// A mask of 0 and 255 is no target, NaN makes NaN, and what does not count may be anything.
pub fn targets_of_regions_outside_the_unit_interval<B: TestBackend>() {
    let device = B::device();
    let logits = || tensor::<B, 2>(&[0.5, -1.0, 2.0], &[1, 3], &device);
    let targets = |last: f64| tensor::<B, 2>(&[1.0, 0.0, last], &[1, 3], &device);
    let dice = DiceLossConfig::new().init::<B>(&device);
    let jaccard = JaccardLossConfig::new().init::<B>(&device);
    let tversky = TverskyLossConfig::new().init::<B>(&device);
    let lovasz = LovaszHingeLossConfig::new().init();
    type Forward<'a, B> = &'a dyn Fn(Tensor<B, 2>, Tensor<B, 2>) -> Tensor<B, 1>;
    let labels = |x: Tensor<B, 2>| x.reshape([1, 1, 3]);
    let losses: [(&str, Forward<'_, B>); 8] = [
        ("DiceLoss", &|x, y| dice.forward_binary(x, y)),
        ("DiceLoss", &|x, y| {
            dice.forward_labels(labels(x), labels(y))
        }),
        ("JaccardLoss", &|x, y| {
            jaccard.forward_binary_no_reduction(x, y).reshape([1])
        }),
        ("TverskyLoss", &|x, y| {
            let ones = x.ones_like();
            tversky.forward_binary_weighted(x, y, ones)
        }),
        ("DiceLoss", &|x, y| {
            let ones = labels(x.ones_like());
            dice.forward_labels_weighted(labels(x), labels(y), ones)
        }),
        ("LovaszHingeLoss", &|x, y| {
            let ones = x.ones_like();
            lovasz.forward_weighted(x, y, ones)
        }),
        ("LovaszHingeLoss", &|x, y| lovasz.forward(x, y)),
        ("LovaszHingeLoss", &|x, y| lovasz.forward_no_reduction(x, y)),
    ];
    for (name, loss) in losses {
        for wrong in [255.0, -0.25] {
            if B::CHECKS_TARGETS {
                let words = [
                    name,
                    "`targets` in [0, 1]",
                    &format!("got {wrong}"),
                    "element 2",
                ];
                panics(&words, || loss(logits(), targets(wrong)));
            } else {
                assert!(
                    numbers(loss(logits(), targets(wrong)))[0].is_nan(),
                    "{name}"
                );
            }
        }
        assert!(
            numbers(loss(logits(), targets(f64::NAN)))[0].is_nan(),
            "{name}"
        );
        assert!(
            numbers(loss(logits(), targets(1.0)))[0].is_finite(),
            "{name}"
        );
    }
    // A position that is ignored, or of weight 0.
    let config = DiceLossConfig::new().with_ignore_index(Some(255));
    let ignoring = config.init::<B>(&device);
    let expected = numbers(ignoring.forward_binary(logits(), targets(255.0)));
    assert!(expected[0].is_finite());
    let mask = tensor::<B, 2>(&[1.0, 1.0, 0.0], &[1, 3], &device);
    let masked = dice.forward_binary_weighted(logits(), targets(7.0), mask);
    assert_close("of weight 0", &numbers(masked), &expected, B::TOLERANCE);
}

/// The Lovász hinge of as many positions inside, of weight 0.1 and error 1, as outside, of weight 0.3 and error 2.
fn lovasz_of_halves<B: TestBackend>(positions: usize) -> Vec<f64> {
    let ones = Tensor::<B, 2>::ones([1, positions], &B::device());
    let zeros = ones.zeros_like();
    let x = Tensor::cat(vec![zeros.clone(), ones.clone()], 1);
    let y = Tensor::cat(vec![ones.clone(), zeros], 1);
    let weights = Tensor::cat(vec![ones.clone() * 0.1, ones * 0.3], 1);
    let loss = LovaszHingeLossConfig::new().init();
    numbers(loss.forward_weighted(x, y, weights))
}

/// First all outside are wrong, a Jaccard loss of 0.3 / (0.1 + 0.3), then all: 1.
const LOSS_OF_HALVES: f64 = 2.0 * 0.75 + 0.25;

/// Sums over as many positions as a prime, and running sums of weights that f32 rounds.
pub fn long_regions<B: TestBackend>() {
    if B::ONE_OF > 1 {
        return;
    }
    const POSITIONS: usize = 1_000_003;
    let device = B::device();
    let tolerance = Tolerance {
        relative: 1e-6,
        absolute: 0.0,
    };
    // Probabilities of 1/10 for the class that all positions have: 1 - 2 p / (p + 1).
    let p = 0.1f64;
    let logits = Tensor::<B, 3>::zeros([1, 2, POSITIONS], &device);
    let first = Tensor::<B, 3>::full([1, 1, POSITIONS], (p / (1.0 - p)).ln(), &device);
    let logits = logits.slice_assign([0..1, 0..1, 0..POSITIONS], first);
    let targets = Tensor::<B, 2, Int>::zeros([1, POSITIONS], &device);
    let loss = DiceLossConfig::new()
        .with_classes(Some(vec![0]))
        .init::<B>(&device);
    let mean = numbers(loss.forward(logits, targets));
    assert_close("Dice", &mean, &[1.0 - 2.0 * p / (p + 1.0)], tolerance);
    let found = lovasz_of_halves::<B>(POSITIONS);
    assert_close("Lovász", &found, &[LOSS_OF_HALVES], tolerance);
}
