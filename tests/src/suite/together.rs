//! Several losses as one.

use burn::backend::Autodiff;
use burn::module::Module;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use super::bad_input::panics;
use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};
use crate::differences::compare_gradient;
use crate::fixture::tensor;

const LOGITS: [f64; 6] = [0.3, -1.25, 2.0, -0.6, 0.1, 1.4];

/// Value and gradient are those of the losses one by one.
pub fn weighted_sums<B: TestBackend>() {
    let device = B::device();
    let cross_entropy = CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let dice = DiceLossConfig::new().init::<Autodiff<B>>(&device);
    let targets = || Tensor::<Autodiff<B>, 2, Int>::from_ints([[1, 0, 1]], &device);
    let leaf = || tensor::<Autodiff<B>, 3>(&LOGITS, &[1, 2, 3], &device).require_grad();

    let x = leaf();
    let first = cross_entropy.forward_nd(x.clone(), targets());
    let second = dice.forward(x.clone(), targets());
    let values = [first.clone(), second.clone()].map(|value| numbers(value)[0]);
    let expected = first * 0.7 + second * -0.3;
    let of_expected = numbers(x.grad(&expected.backward()).expect("it is tracked"));

    let losses = WeightedSum::new()
        .with_class(cross_entropy, 0.7)
        .with_region(dice, -0.3);
    let x = leaf();
    let parts = losses.forward_classes(x.clone(), targets());
    let total = parts.total();
    let gradient = numbers(x.grad(&total.backward()).expect("it is tracked"));
    assert_close("total", &numbers(total), &numbers(expected), B::TOLERANCE);
    assert_close("gradient", &gradient, &of_expected, B::TOLERANCE);
    let (names, found): (Vec<_>, Vec<_>) = parts.values().into_iter().unzip();
    assert_eq!(names, ["CrossEntropyLoss", "DiceLoss"]);
    assert_close("values", &found, &values, B::TOLERANCE);
    assert_eq!(parts.parts()[1].weight, -0.3);

    let losses = WeightedSum::new()
        .with_elementwise(MseLossConfig::new().init(), 2.0)
        .with_elementwise(L1LossConfig::new().init(), 0.5);
    let y = Tensor::<B, 1>::from_floats([1.0, 2.0], &device);
    let parts = losses.forward(y.clone() * 3.0, y);
    assert_eq!(numbers(parts.total()), [2.0 * 10.0 + 0.5 * 3.0]);
    assert!(LossParts::<B>::new().values().is_empty());
}

/// A loss of a tracked tensor.
type Loss<'a, B, const D: usize> = &'a dyn Fn(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1>;

/// Value and gradient by the leaf are those of the losses one by one, each times its weight.
fn equals_the_sum<B: TestBackend, const D: usize>(
    leaf: impl Fn() -> Tensor<Autodiff<B>, D>,
    together: impl Fn(Tensor<Autodiff<B>, D>) -> LossParts<Autodiff<B>>,
    each: &[Loss<'_, B, D>],
    weights: &[f64],
) {
    let x = leaf();
    let mut values = Vec::new();
    let mut sum = Tensor::<Autodiff<B>, 1>::zeros([1], &B::device());
    for (loss, weight) in each.iter().zip(weights) {
        let value = loss(x.clone());
        values.extend(numbers(value.clone()));
        sum = sum + value * *weight;
    }
    let slopes = numbers(x.grad(&sum.backward()).expect("it is tracked"));
    let x = leaf();
    let parts = together(x.clone());
    let total = parts.total();
    let found = numbers(x.grad(&total.backward()).expect("it is tracked"));
    assert_close("total", &numbers(total), &numbers(sum), B::TOLERANCE);
    assert_close("slopes", &found, &slopes, B::TOLERANCE);
    let found: Vec<f64> = parts.values().into_iter().map(|(_, value)| value).collect();
    assert_close("values", &found, &values, B::TOLERANCE);
    let found: Vec<f64> = parts.parts().iter().map(|part| part.weight).collect();
    assert_eq!(found, weights);
}

/// Losses of every form that a prediction and its target, or logits and classes, go into.
pub fn sums_of_every_form<B: TestBackend>() {
    type A<B> = Autodiff<B>;
    const WEIGHTS: [f64; 4] = [0.7, -0.3, 2.0, 0.25];
    let device = B::device();
    let dice = || DiceLossConfig::new().init::<A<B>>(&device);
    let leaf = || tensor::<A<B>, 3>(&LOGITS, &[1, 2, 3], &device).require_grad();

    let y = || tensor::<A<B>, 3>(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.25], &[1, 2, 3], &device);
    let w = || tensor::<A<B>, 3>(&[1.0, 0.5, 0.0, 2.0, 1.5, 3.0], &[1, 2, 3], &device);
    let bce = || BceWithLogitsLossConfig::new().init::<A<B>>(&device);
    let hinge = || LovaszHingeLossConfig::new().init();
    let losses = WeightedSum::new()
        .with_elementwise(bce(), WEIGHTS[0])
        .with_region_binary(dice(), WEIGHTS[1])
        .with_region_labels(dice(), WEIGHTS[2])
        .with_lovasz(hinge(), WEIGHTS[3]);
    equals_the_sum::<B, 3>(
        leaf,
        |x| losses.forward(x, y()),
        &[
            &|x| bce().forward(x, y()),
            &|x| dice().forward_binary(x, y()),
            &|x| dice().forward_labels(x, y()),
            &|x| hinge().forward(x, y()),
        ],
        &WEIGHTS,
    );
    equals_the_sum::<B, 3>(
        leaf,
        |x| losses.forward_weighted(x, y(), w()),
        &[
            &|x| bce().forward_weighted(x, y(), w()),
            &|x| dice().forward_binary_weighted(x, y(), w()),
            &|x| dice().forward_labels_weighted(x, y(), w()),
            &|x| hinge().forward_weighted(x, y(), w()),
        ],
        &WEIGHTS,
    );

    let y = || Tensor::<A<B>, 2, Int>::from_ints([[1, 0, 1]], &device);
    let w = || tensor::<A<B>, 2>(&[1.0, 0.5, 3.0], &[1, 3], &device);
    let cross_entropy = || CrossEntropyLossConfig::new().init::<A<B>>(&device);
    let lovasz = || LovaszSoftmaxLossConfig::new().init::<A<B>>(&device);
    let losses = WeightedSum::new()
        .with_class(cross_entropy(), WEIGHTS[0])
        .with_region(dice(), WEIGHTS[1])
        .with_lovasz(lovasz(), WEIGHTS[2]);
    equals_the_sum::<B, 3>(
        leaf,
        |x| losses.forward_classes(x, y()),
        &[
            &|x| cross_entropy().forward_nd(x, y()),
            &|x| dice().forward(x, y()),
            &|x| lovasz().forward(x, y()),
        ],
        &WEIGHTS[..3],
    );
    equals_the_sum::<B, 3>(
        leaf,
        |x| losses.forward_classes_weighted(x, y(), w()),
        &[
            &|x| cross_entropy().forward_nd_weighted(x, y(), w()),
            &|x| dice().forward_weighted(x, y(), w()),
            &|x| lovasz().forward_weighted(x, y(), w()),
        ],
        &WEIGHTS[..3],
    );
}

/// Losses of samples, and functions of the same inputs.
pub fn sums_of_any_inputs<B: TestBackend>() {
    type A<B> = Autodiff<B>;
    type Triplets<B> = (Tensor<A<B>, 2>, Tensor<A<B>, 2>, Tensor<A<B>, 2>);
    let device = B::device();
    let leaf = || tensor::<A<B>, 2>(&LOGITS, &[3, 2], &device).require_grad();
    let other = |by: f64| tensor::<A<B>, 2>(&LOGITS, &[3, 2], &device).flip([0, 1]) * by;
    let triplet = || TripletMarginLossConfig::new().with_margin(4.0).init();
    let size = |(x, ..): Triplets<B>| {
        let zeros = x.zeros_like();
        MseLossConfig::new().init().forward(x, zeros)
    };
    let losses = WeightedSum::new()
        .with_sample(triplet(), 0.7)
        .with_function("size", size, -0.3);
    equals_the_sum::<B, 2>(
        leaf,
        |x| losses.forward_inputs((x, other(0.5), other(-1.0))),
        &[&|x| triplet().forward(x, other(0.5), other(-1.0)), &|x| {
            size((x.clone(), x.clone(), x))
        }],
        &[0.7, -0.3],
    );
    let names = losses.forward_inputs((leaf(), other(0.5), other(-1.0)));
    let names = names.values().into_iter().map(|(name, _)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["TripletMarginLoss", "size"]);

    let each = |(x, ..): Triplets<B>| x.reshape([6]);
    let losses = WeightedSum::new().with_function("each", each, 1.0);
    panics(&["LossParts", "`each`", "[1]", "[6]"], || {
        losses.forward_inputs((leaf(), leaf(), leaf()))
    });
}

pub fn uncertainty_weighting<B: TestBackend>() {
    fn kinds() -> UncertaintyWeightingConfig {
        let kinds = vec![Likelihood::Gaussian, Likelihood::Categorical];
        UncertaintyWeightingConfig::new(kinds).with_log_variance(0.5)
    }
    fn of_losses<B: LossBackend>(losses: Tensor<B, 1>) -> Tensor<B, 1> {
        let weighting = kinds().init::<B>(&losses.device());
        let [first, second] = [0, 1].map(|index| losses.clone().narrow(0, index, 1));
        weighting.forward([first, second])
    }
    let device = B::device();
    let losses = tensor::<B, 1>(&[3.0, 0.25], &[2], &device);
    let expected = 0.5 * (-0.5f64).exp() * 3.0 + (-0.5f64).exp() * 0.25 + 0.5;
    let found = numbers(of_losses(losses));
    assert_close("value", &found, &[expected], B::TOLERANCE);
    compare_gradient!(B, of_losses, [3.0, 0.25], [2]);

    let weighting = kinds().init::<Autodiff<B>>(&device);
    let [first, second] = [3.0, 0.25].map(|loss| tensor::<Autodiff<B>, 1>(&[loss], &[1], &device));
    let gradients = weighting.forward([first, second]).backward();
    let gradient = numbers(weighting.log_variances.grad(&gradients).expect("learned"));
    let slope = |factor: f64, loss: f64| 0.5 - factor * (-0.5f64).exp() * loss;
    let expected = [slope(0.5, 3.0), slope(1.0, 0.25)];
    assert_close("slopes", &gradient, &expected, B::TOLERANCE);

    // It is a module like any other.
    let changed = kinds().with_log_variance(0.0).init::<B>(&device);
    let changed = changed.load_record(kinds().init::<B>(&device).into_record());
    assert_eq!(numbers(changed.log_variances.val()), [0.5, 0.5]);
    assert_eq!(changed.num_params(), 2);
    assert!(changed.to_string().contains("Gaussian"), "{changed}");
    let text = serde_json::to_string(&kinds()).expect("a config is data");
    let back: UncertaintyWeightingConfig = serde_json::from_str(&text).expect("and comes back");
    assert_eq!(back.to_string(), kinds().to_string());
}

pub fn together_refuses<B: TestBackend>() {
    let device = B::device();
    let one = || Tensor::<B, 1>::ones([1], &device);
    panics(&["LossParts", "`reconstruction`", "[1]", "[3]"], || {
        let three = Tensor::<B, 1>::ones([3], &device);
        LossParts::new().with("reconstruction", three, 1.0)
    });
    panics(&["LossParts", "weight", "`kl`", "inf"], || {
        LossParts::new().with("kl", one(), f64::INFINITY)
    });
    panics(&["LossParts", "at least one loss"], || {
        LossParts::<B>::new().total()
    });
    panics(&["WeightedSum", "weight", "NaN"], || {
        WeightedSum::new().with_elementwise(MseLossConfig::new().init(), f64::NAN)
    });
    panics(&["WeightedSum", "weight", "`own`", "inf"], || {
        WeightedSum::new().with_function("own", (), f64::INFINITY)
    });
    for wrong in [100.0, 1e40, f64::NAN] {
        panics(
            &[
                "UncertaintyWeightingConfig",
                "`log_variance`",
                "in [-80, 80]",
            ],
            || {
                let config = UncertaintyWeightingConfig::new(vec![Likelihood::Gaussian]);
                config.with_log_variance(wrong).init::<B>(&device)
            },
        );
    }
    panics(&["UncertaintyWeightingConfig", "`likelihoods`"], || {
        UncertaintyWeightingConfig::new(vec![]).init::<B>(&device)
    });
    let weighting = UncertaintyWeightingConfig::new(vec![Likelihood::Gaussian; 2]);
    let weighting = weighting.init::<B>(&device);
    panics(&["UncertaintyWeighting", "2 losses", "got 1"], || {
        weighting.forward([one()])
    });
    panics(&["UncertaintyWeighting", "`losses[1]`", "[2]"], || {
        weighting.forward([one(), Tensor::ones([2], &device)])
    });
}
