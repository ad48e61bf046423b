//! Reduced losses: what they equal, what they leave alone, and that long ones are right.

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use super::bad_input::panics;
use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::differences::compare_gradient;
use crate::fixture::{Config, tensor};
use crate::losses::{Domain, Row, VisitClass, VisitElementwise, each_class, each_elementwise};

type A<B> = Autodiff<B>;

/// More elements than one task of a CPU kernel or one cube has, and no multiple of any vector.
const SHAPE: [usize; 2] = [1021, 35];

/// Numbers between `low` and `high`, all different.
fn spread(count: usize, low: f64, high: f64) -> Vec<f64> {
    let golden = 0.618_033_988_749_894_9;
    (0..count)
        .map(|i| low + (high - low) * (i as f64 * golden).fract())
        .collect()
}

fn full<B: LossBackend>(device: &B::Device, low: f64, high: f64) -> Tensor<B, 2> {
    tensor(&spread(SHAPE[0] * SHAPE[1], low, high), &SHAPE, device)
}

fn prediction<B: LossBackend>(row: &Row, device: &B::Device) -> Tensor<B, 2> {
    match row.domain {
        Domain::Real => full(device, -4.0, 4.0),
        Domain::UnitInterval => full(device, 0.02, 0.98),
        Domain::LogProbabilities => full(device, -8.0, 0.0),
        Domain::Cosines => full(device, -0.98, 0.98),
    }
}

/// Every third element or row does not count.
fn mask(count: usize) -> Vec<f64> {
    (0..count).map(|i| [0.0, 1.0, 2.5][i % 3]).collect()
}

fn classes<B: LossBackend>(device: &B::Device) -> Tensor<B, 1, Int> {
    let classes: Vec<i64> = (0..SHAPE[0]).map(|i| (i * 7 % 35) as i64).collect();
    Tensor::from_ints(classes.as_slice(), device)
}

/// Sums of rounded numbers: in units of what is added up.
fn of_sums<B: TestBackend>() -> Tolerance {
    Tolerance {
        relative: B::TOLERANCE.relative,
        absolute: B::TOLERANCE.absolute,
    }
}

/// `forward` is the reduction of `forward_no_reduction`, and `forward_weighted` that of its products.
pub fn forward_reduces_what_is_not_reduced<B: TestBackend>() {
    struct Test;
    impl<B: TestBackend> VisitElementwise<B> for Test {
        fn visit<L: ElementwiseLoss<B>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            let device = B::device();
            let (x, y) = (prediction::<B>(row, &device), full::<B>(&device, 0.0, 1.0));
            let weights = mask(SHAPE[0] * SHAPE[1]);
            let mask = tensor::<B, 2>(&weights, &SHAPE, &device);
            for config in row.variants.iter().filter(|c| c.fits_any_width()) {
                let each = loss(config, Reduction::Mean).forward_no_reduction(x.clone(), y.clone());
                let each = numbers(each);
                let sum: f64 = each.iter().sum();
                let weighted: f64 = each.iter().zip(&weights).map(|(l, w)| l * w).sum();
                let count: f64 = weights.iter().sum();
                let check = |what: &str, found: Tensor<B, 1>, expected: f64| {
                    let what = format!("{} {config:?}, {what}", row.name);
                    assert_close(&what, &numbers(found), &[expected], of_sums::<B>());
                };
                for (reduction, divisor, weight) in [
                    (Reduction::Mean, each.len() as f64, count),
                    (Reduction::Sum, 1.0, 1.0),
                ] {
                    let loss = loss(config, reduction);
                    let found = loss.forward(x.clone(), y.clone());
                    check("plain", found, sum / divisor);
                    let found = loss.forward_weighted(x.clone(), y.clone(), mask.clone());
                    check("weighted", found, weighted / weight);
                }
            }
        }
    }
    impl<B: TestBackend> VisitClass<B> for Test {
        fn visit<L: ClassLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
            let device = B::device();
            let weights = mask(SHAPE[0]);
            let mask = tensor::<B, 1>(&weights, &SHAPE[..1], &device);
            let x = prediction::<B>(row, &device);
            for config in row.variants.iter().filter(|c| c.fits_any_classes()) {
                let each = loss(config, Reduction::Mean)
                    .forward_no_reduction(x.clone(), classes::<B>(&device));
                let each = numbers(each);
                let counts =
                    (0..SHAPE[0]).map(|i| config.ignore_index != Some((i * 7 % 35) as i64));
                let counts: Vec<f64> = counts.map(|counts| f64::from(u8::from(counts))).collect();
                let sum: f64 = each.iter().sum();
                let weighted: f64 = each.iter().zip(&weights).map(|(l, w)| l * w).sum();
                let weight: f64 = counts.iter().zip(&weights).map(|(c, w)| c * w).sum();
                let mean = loss(config, Reduction::Mean);
                let found = mean.forward(x.clone(), classes(&device));
                let expected = sum / counts.iter().sum::<f64>();
                let what = format!("{} {config:?}", row.name);
                assert_close(&what, &numbers(found), &[expected], of_sums::<B>());
                let found = mean.forward_weighted(x.clone(), classes(&device), mask.clone());
                let expected = weighted / weight;
                assert_close(&what, &numbers(found), &[expected], of_sums::<B>());
                // One example of as many positions: the rows turned into columns.
                let dense = x.clone().transpose().unsqueeze::<3>();
                let targets = classes::<B>(&device).unsqueeze::<2>();
                let found = mean.forward_nd_weighted(dense, targets, mask.clone().unsqueeze());
                assert_close(&what, &numbers(found), &[expected], of_sums::<B>());
            }
        }
    }
    each_elementwise::<B, B>(&B::device(), &mut Test);
    each_class::<B>(&B::device(), &mut Test);
}

/// The sum over the size of the first axis, weighted or not; of losses made by hand, too.
pub fn means_over_the_batch<B: TestBackend>() {
    let device = B::device();
    let loss = |reduction| KlDivLossConfig::new().with_reduction(reduction).init();
    let x = full::<A<B>>(&device, -4.0, 0.0).require_grad();
    let y = || full::<A<B>>(&device, 0.0, 1.0);
    let mask = tensor::<A<B>, 2>(&mask(SHAPE[0] * SHAPE[1]), &SHAPE, &device);
    let size = SHAPE[0] as f64;
    let check = |what: &str, found: Tensor<A<B>, 1>, sum: Tensor<A<B>, 1>| {
        let (of_found, of_sum) = (found.backward(), (sum.clone() * size.recip()).backward());
        let gradients = [of_found, of_sum].map(|grads| numbers(x.grad(&grads).unwrap()));
        assert_close(what, &numbers(found), &numbers(sum / size), of_sums::<B>());
        assert_close(what, &gradients[0], &gradients[1], of_sums::<B>());
    };
    let [mean, sum] = [Reduction::BatchMean, Reduction::Sum].map(loss);
    check(
        "plain",
        mean.forward(x.clone(), y()),
        sum.forward(x.clone(), y()),
    );
    check(
        "weighted",
        mean.forward_weighted(x.clone(), y(), mask.clone()),
        sum.forward_weighted(x.clone(), y(), mask),
    );
    check(
        "by hand",
        Reduction::BatchMean.reduce(mean.forward_no_reduction(x.clone(), y())),
        sum.forward(x.clone(), y()),
    );
}

/// `forward_levels` compares each target with the predictions of all its levels.
pub fn levels_of_one_target<B: TestBackend>() {
    let device = B::device();
    let levels = [0.1, 0.5, 0.9];
    let loss = QuantileLossConfig::new()
        .with_levels(levels.to_vec())
        .init::<A<B>>(&device);
    let prediction = [[-1.0, 0.25, 1.0], [0.5, 2.0, 4.0]];
    let targets = [0.5, 1.0];
    let x = tensor::<A<B>, 2>(prediction.as_flattened(), &[2, 3], &device).require_grad();
    let y = tensor::<A<B>, 1>(&targets, &[2], &device).require_grad();
    let expected: Vec<f64> = (0..6)
        .map(|i| {
            let e = targets[i / 3] - prediction[i / 3][i % 3];
            (levels[i % 3] * e).max((levels[i % 3] - 1.0) * e)
        })
        .collect();
    let each = loss.forward_levels_no_reduction(x.clone(), y.clone());
    assert_close("each", &numbers(each), &expected, B::TOLERANCE);
    let mean = loss.forward_levels(x.clone(), y.clone());
    let expected = expected.iter().sum::<f64>() / 6.0;
    assert_close("mean", &numbers(mean.clone()), &[expected], B::TOLERANCE);
    let grads = mean.backward();
    let of_prediction: Vec<f64> = [-0.1, -0.5, 0.1, -0.1, 0.5, 0.1].map(|g| g / 6.0).to_vec();
    let found = numbers(x.grad(&grads).unwrap());
    assert_close("prediction", &found, &of_prediction, B::TOLERANCE);
    // Each target has the gradients of its levels, with the other sign.
    let of_target = [0, 3].map(|row| -of_prediction[row..row + 3].iter().sum::<f64>());
    let found = numbers(y.grad(&grads).unwrap());
    assert_close("target", &found, &of_target, B::TOLERANCE);
    weighted_levels::<B>();
}

/// Weights are those of examples, and count for each of their levels; an example of weight 0 reaches nothing.
fn weighted_levels<B: TestBackend>() {
    const PREDICTION: [f64; 9] = [-1.0, 0.25, 1.0, 0.5, 2.0, 4.0, 1.0, 0.0, -2.0];
    fn loss<B: LossBackend>(device: &B::Device) -> QuantileLoss<B> {
        let config = QuantileLossConfig::new().with_levels(vec![0.1, 0.5, 0.9]);
        config.init(device)
    }
    fn of_predictions<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = x.device();
        let y = tensor::<B, 1>(&[0.5, 1.0, 3.0], &[3], &device);
        let weights = tensor::<B, 1>(&[0.5, 0.0, 2.0], &[3], &device);
        loss(&device).forward_levels_weighted(x, y, weights)
    }
    fn of_targets_and_weights<B: LossBackend>(of: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = of.device();
        let row = |row: usize| of.clone().slice([row..row + 1, 0..3]).reshape([3]);
        let x = tensor::<B, 2>(&PREDICTION, &[3, 3], &device);
        loss(&device).forward_levels_weighted(x, row(0), row(1))
    }
    compare_gradient!(B, of_predictions, PREDICTION, [3, 3]);
    let both = [0.5, 1.0, 3.0, 0.5, 1.25, 2.0];
    compare_gradient!(B, of_targets_and_weights, both, [2, 3]);

    let device = B::device();
    let nan = f64::NAN;
    let x = tensor::<A<B>, 2>(&[-1.0, 0.25, 1.0, nan, nan, nan], &[2, 3], &device).require_grad();
    let y = tensor::<A<B>, 1>(&[0.5, nan], &[2], &device);
    let mask = tensor::<A<B>, 1>(&[1.0, 0.0], &[2], &device);
    let mean = loss(&device).forward_levels_weighted(x.clone(), y, mask);
    let expected = (0.1 * 1.5 + 0.5 * 0.25 + 0.1 * 0.5) / 3.0;
    assert_close("masked", &numbers(mean.clone()), &[expected], B::TOLERANCE);
    let slopes = numbers(x.grad(&mean.backward()).unwrap());
    assert_eq!(slopes[3..], [0.0; 3], "{slopes:?}");
}

/// The gradient of a tensor that the loss alone holds, and of one that is held elsewhere, whose numbers stay.
fn of_consumed_and_held<B: TestBackend>(
    what: &str,
    input: Tensor<B, 2>,
    loss: impl Fn(Tensor<A<B>, 2>) -> Tensor<A<B>, 1>,
) {
    let leaf = || Tensor::<A<B>, 2>::from_inner(input.clone()).require_grad();
    let (consumed, held) = (leaf(), leaf());
    // The product is the loss's own.
    let grads = loss(consumed.clone() * 1.0).backward();
    let of_consumed = numbers(consumed.grad(&grads).expect("it is tracked"));
    let value = loss(held.clone());
    let of_held = numbers(held.grad(&value.backward()).expect("it is tracked"));
    assert!(of_consumed == of_held, "{what}: in place and beside");
    assert!(
        numbers(held) == numbers(input.clone()),
        "{what}: what is held has changed"
    );
}

pub fn in_place_and_beside<B: TestBackend>() {
    struct Test;
    impl<B: TestBackend> VisitElementwise<A<B>> for Test {
        fn visit<L: ElementwiseLoss<A<B>>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            let device = B::device();
            let y = || full::<A<B>>(&device, 0.0, 1.0);
            let loss = loss(&Config::default(), Reduction::Mean);
            of_consumed_and_held::<B>(row.name, prediction(row, &device), |x| loss.forward(x, y()));
            let x = || prediction::<A<B>>(row, &device);
            of_consumed_and_held::<B>(row.name, full(&device, 0.0, 1.0), |y| loss.forward(x(), y));
            of_consumed_and_held::<B>(row.name, prediction(row, &device), |x| {
                loss.forward_no_reduction(x, y()).sum()
            });
        }
    }
    impl<B: TestBackend> VisitClass<A<B>> for Test {
        fn visit<L: ClassLoss<A<B>>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
            let device = B::device();
            for config in row.variants.iter().filter(|c| c.fits_any_classes()) {
                let loss = loss(config, Reduction::Mean);
                let input = prediction(row, &device);
                of_consumed_and_held::<B>(row.name, input, |x| loss.forward(x, classes(&device)));
            }
        }
    }
    each_elementwise::<B, A<B>>(&B::device(), &mut Test);
    each_class::<A<B>>(&B::device(), &mut Test);
}

fn logits<B: TestBackend>() -> Tensor<A<B>, 2> {
    Tensor::<A<B>, 2>::from_inner(full(&B::device(), -4.0, 4.0)).require_grad()
}

fn losses_of<B: TestBackend>(x: Tensor<A<B>, 2>) -> [Tensor<A<B>, 1>; 2] {
    let device = B::device();
    let mse = MseLossConfig::new().init();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    [
        mse.forward(x.clone(), full(&device, 0.0, 1.0)),
        cross_entropy.forward(x, classes(&device)),
    ]
}

fn gradient_of<B: TestBackend>(f: impl FnOnce(Tensor<A<B>, 2>) -> Tensor<A<B>, 1>) -> Vec<f64> {
    let x = logits::<B>();
    let grads = f(x.clone()).backward();
    numbers(x.grad(&grads).expect("it is tracked"))
}

pub fn a_loss_that_is_scaled<B: TestBackend>() {
    for which in 0..2 {
        let plain = gradient_of::<B>(|x| losses_of::<B>(x * 1.0)[which].clone());
        let scaled = gradient_of::<B>(|x| losses_of::<B>(x * 1.0)[which].clone() * 0.5);
        let expected: Vec<f64> = plain.iter().map(|slope| slope * 0.5).collect();
        assert_close("half the loss", &scaled, &expected, B::TOLERANCE);
        let squared = gradient_of::<B>(|x| losses_of::<B>(x * 1.0)[which].clone().powi_scalar(2));
        let value = numbers(losses_of::<B>(logits::<B>())[which].clone())[0];
        let expected: Vec<f64> = plain.iter().map(|slope| slope * 2.0 * value).collect();
        assert_close("the loss squared", &squared, &expected, B::TOLERANCE);
    }
}

pub fn two_losses_of_the_same_prediction<B: TestBackend>() {
    let both = gradient_of::<B>(|x| {
        let [a, b] = losses_of::<B>(x * 1.0);
        a + b
    });
    let [a, b] = [0, 1].map(|i| gradient_of::<B>(|x| losses_of::<B>(x * 1.0)[i].clone()));
    let expected: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    assert_close("both", &both, &expected, B::TOLERANCE);
}

pub fn a_loss_that_is_never_differentiated<B: TestBackend>() {
    let x = logits::<B>();
    let before = numbers(x.clone());
    let tracked = losses_of::<B>(x.clone() * 1.0).map(numbers);
    let device = B::device();
    let untracked = [
        MseLossConfig::new()
            .init()
            .forward(x.clone().inner(), full(&device, 0.0, 1.0)),
        CrossEntropyLossConfig::new()
            .init(&device)
            .forward(x.clone().inner(), classes(&device)),
    ];
    for (tracked, untracked) in tracked.iter().zip(untracked) {
        assert_close("value", tracked, &numbers(untracked), B::TOLERANCE);
    }
    assert!(numbers(x) == before, "the prediction has changed");
}

/// Gradients of weights are sums over all losses: as right over a million of them as over ten.
pub fn long_sums_of_slopes<B: TestBackend>() {
    let device = B::device();
    // Burn scatters in one loop, and Mesa's software driver ends a loop after 65,535 rounds.
    let rows: usize = if B::ON_HOST { 1 << 20 } else { 60_000 };
    let right = |what: &str, found: Option<Tensor<B, 1>>, expected: [f64; 2]| {
        let found = numbers(found.expect("the weights are tracked"));
        for (found, expected) in found.iter().zip(expected) {
            let error = (found - expected).abs() / expected.abs().max(0.1);
            assert!(error <= 2e-6, "{what}: {found} instead of {expected}");
        }
    };
    let tracked = |numbers: [f32; 2]| {
        let weights = Tensor::<Autodiff<B>, 1>::from_floats(numbers, &device);
        weights.require_grad()
    };
    let zeros = || Tensor::<Autodiff<B>, 2>::zeros([rows, 2], &device);
    let ln_2 = 2f64.ln();

    let mut loss = BceWithLogitsLossConfig::new()
        .with_pos_weight(Some(vec![1.0, 1.0]))
        .init::<Autodiff<B>>(&device);
    let weights = tracked([1.0, 1.0]);
    loss.pos_weight = Some(weights.clone());
    let targets = Tensor::<Autodiff<B>, 2>::from_floats([[1.0, 0.0]], &device);
    let grads = loss.forward(zeros(), targets.expand([rows, 2])).backward();
    right("pos_weight", weights.grad(&grads), [ln_2 / 2.0, 0.0]);

    // Of a sum: a mean over one class does not depend on its weight.
    for smoothing in [0.0, 0.5] {
        let config = CrossEntropyLossConfig::new()
            .with_class_weights(Some(vec![1.0, 1.0]))
            .with_label_smoothing(smoothing)
            .with_reduction(Reduction::Sum);
        let mut loss = config.init::<Autodiff<B>>(&device);
        let weights = tracked([1.0, 1.0]);
        loss.class_weights = Some(weights.clone());
        let targets = Tensor::<Autodiff<B>, 1, Int>::zeros([rows], &device);
        let loss = loss.forward(zeros(), targets);
        // The loss is its weights' slopes times the weights. Not a multiple of ln 2, which a GPU's logarithm rounds.
        let sum = numbers(loss.clone())[0];
        let of_other = smoothing / 2.0 * sum;
        let grads = loss.backward();
        let found = weights.grad(&grads);
        right(
            &format!("smoothing of {smoothing}"),
            found,
            [sum - of_other, of_other],
        );
    }
}

/// A mean is as right over millions of losses as over ten, on every backend.
pub fn long_sums<B: TestBackend>() {
    let device = B::device();
    let right = |what: &str, found: Tensor<B, 1>, expected: f64| {
        let found = numbers(found)[0];
        let error = (found / expected - 1.0).abs();
        assert!(error <= 1e-6, "{what}: {found} instead of {expected}");
    };
    let count: usize = if B::ON_HOST {
        (1 << 26) + 3
    } else {
        (1 << 21) + 3
    };
    let error = Tensor::<B, 1>::full([count], 0.1, &device);
    let exact = numbers(Tensor::<B, 1>::full([1], 0.1, &device))[0];
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let divisor = reduction.divisor(count as f64);
        let loss = L1LossConfig::new().with_reduction(reduction).init();
        let found = loss.forward(error.clone(), error.zeros_like());
        right("equal losses", found, exact * count as f64 / divisor);
        let found = loss.forward_weighted(error.clone(), error.zeros_like(), error.clone());
        let expected = match reduction {
            Reduction::Sum => exact * exact * count as f64,
            _ => exact,
        };
        right("equal weights", found, expected);
        let found = reduction.reduce(error.clone());
        right("losses of one's own", found, exact * count as f64 / divisor);
    }
    drop(error);
    // -ln of evenly spread numbers: exponentially distributed losses.
    let count = count / 4;
    let spread: Vec<f32> = (0..count)
        .map(|i| -(((i as f64 * 0.618_033_988_749_894_9).fract() + 1e-9).ln()) as f32)
        .collect();
    let exact: f64 = spread.iter().map(|x| f64::from(*x)).sum();
    let losses = Tensor::<B, 1>::from_floats(spread.as_slice(), &device);
    let loss = L1LossConfig::new().with_reduction(Reduction::Sum).init();
    let found = loss.forward(losses.clone(), losses.zeros_like());
    right("exponentially distributed losses", found, exact);

    let rows = if B::ON_HOST { 1 << 20 } else { 1 << 16 };
    let targets = Tensor::<B, 1, Int>::ones([rows], &device);
    let found = CrossEntropyLossConfig::new()
        .init(&device)
        .forward(Tensor::zeros([rows, 21], &device), targets);
    right("cross entropy of 21 equal logits", found, 21f64.ln());
}

pub fn weights_in_the_denominator<B: TestBackend>() {
    let device = B::device();
    let rows = if B::ON_HOST { 1 << 21 } else { 1 << 17 };
    let loss = CrossEntropyLossConfig::new()
        .with_class_weights(Some(vec![0.1, 0.3]))
        .init::<B>(&device);
    let found = loss.forward(
        Tensor::zeros([rows, 2], &device),
        Tensor::<B, 1, Int>::zeros([rows], &device),
    );
    let error = (numbers(found)[0] / 2f64.ln() - 1.0).abs();
    assert!(error <= 1e-6, "off by {error:e}");
}

pub fn nothing_counts<B: TestBackend>() {
    let device = B::device();
    let config = CrossEntropyLossConfig::new().with_ignore_index(Some(0));
    let ignored = || Tensor::<A<B>, 1, Int>::zeros([2], &device);
    for (reduction, is_nan) in [(Reduction::Mean, true), (Reduction::MeanOrZero, false)] {
        let logits = tensor::<A<B>, 2>(&[1.0, 2.0, f64::NAN, 0.0], &[2, 2], &device).require_grad();
        let loss = config.clone().with_reduction(reduction).init(&device);
        let loss = loss.forward(logits.clone(), ignored());
        let value = numbers(loss.clone())[0];
        assert_eq!(
            (value.is_nan(), value == 0.0),
            (is_nan, !is_nan),
            "{reduction:?}"
        );
        let grad = numbers(logits.grad(&loss.backward()).unwrap());
        assert_eq!(grad, [0.0; 4], "{reduction:?}");

        let prediction = tensor::<B, 1>(&[1.0, f64::NAN], &[2], &device);
        let loss = MseLossConfig::new().with_reduction(reduction).init();
        let zeros = prediction.zeros_like();
        let loss = loss.forward_weighted(prediction, zeros.clone(), zeros);
        let value = numbers(loss)[0];
        assert_eq!(
            (value.is_nan(), value == 0.0),
            (is_nan, !is_nan),
            "{reduction:?}"
        );
    }
}

/// Batches of no samples, of the losses that do not go through a form alone.
pub fn batches_of_nothing<B: TestBackend>() {
    if !B::HAS_EMPTY_TENSORS {
        return;
    }
    let device = B::device();
    let floats = |shape: [usize; 2]| Tensor::<A<B>, 2>::zeros(shape, &device).require_grad();
    let classes = || Tensor::<A<B>, 1, Int>::zeros([0], &device);
    for (reduction, expected) in [
        (Reduction::Mean, f64::NAN),
        (Reduction::MeanOrZero, 0.0),
        (Reduction::Sum, 0.0),
    ] {
        let check = |name: &str, input: &Tensor<A<B>, 2>, loss: Tensor<A<B>, 1>| {
            let found = numbers(loss.clone())[0];
            let same = found == expected || found.is_nan() && expected.is_nan();
            assert!(same, "{name}, {reduction:?}: {found}");
            let gradient = input.grad(&loss.backward());
            assert!(gradient.is_none_or(|gradient| gradient.shape() == input.shape()));
        };
        let config = InfoNceLossConfig::new().with_reduction(reduction);
        for config in [
            config.clone(),
            config.clone().with_symmetric(true),
            config.with_within_views(true),
        ] {
            let loss = config.init();
            let first = floats([0, 4]);
            check(
                "InfoNCE",
                &first,
                loss.forward(first.clone(), floats([0, 4])),
            );
            let none = Tensor::zeros([0], &device);
            let weighted = loss.forward_weighted(first.clone(), floats([0, 4]), none);
            check("InfoNCE, weighted", &first, weighted);
            if !config.within_views {
                let (second, negatives) = (floats([0, 4]), floats([3, 4]));
                let found = loss.forward_with_negatives(first.clone(), second, negatives);
                check("InfoNCE, negatives", &first, found);
            }
        }
        let scores = floats([0, 4]);
        let loss = MultiLabelMarginLossConfig::new()
            .with_reduction(reduction)
            .init();
        let targets = Tensor::<A<B>, 2, Int>::zeros([0, 4], &device);
        check(
            "multi-label margin",
            &scores,
            loss.forward(scores.clone(), targets),
        );
        let none = Tensor::zeros([0], &device);
        let targets = Tensor::<A<B>, 2, Int>::zeros([0, 4], &device);
        let weighted = loss.forward_weighted(scores.clone(), targets, none);
        check("multi-label margin, weighted", &scores, weighted);
        let prediction = floats([0, 2]);
        let config = QuantileLossConfig::new().with_levels(vec![0.1, 0.9]);
        let loss = config.with_reduction(reduction).init(&device);
        let target = Tensor::<A<B>, 1>::zeros([0], &device);
        check(
            "quantiles",
            &prediction,
            loss.forward_levels(prediction.clone(), target),
        );
        for per_image in [false, true] {
            let logits = floats([0, 4]);
            let config = LovaszHingeLossConfig::new().with_per_image(per_image);
            let loss = config.with_reduction(reduction).init();
            let found = loss.forward(logits.clone(), floats([0, 4]));
            check("Lovász hinge", &logits, found);
            let config = LovaszSoftmaxLossConfig::new().with_per_image(per_image);
            let config = config.with_ignore_index(Some(7));
            let loss = config.with_reduction(reduction).init(&device);
            let found = loss.forward(logits.clone(), classes());
            check("Lovász softmax", &logits, found);
        }
        let hidden = floats([0, 3]);
        let head = LinearHead::new(floats([3, 5]), None);
        let loss = NllLossConfig::new().with_reduction(reduction).init(&device);
        check(
            "NLL of a head",
            &hidden,
            loss.forward_linear(hidden.clone(), &head, classes()),
        );
        let loss = CrossEntropyLossConfig::new()
            .with_reduction(reduction)
            .init(&device);
        check(
            "a head",
            &hidden,
            loss.forward_linear(hidden.clone(), &head, classes()),
        );
    }
    // Images without positions are a mistake.
    let logits = Tensor::<A<B>, 3>::zeros([2, 3, 0], &device);
    let targets = Tensor::<A<B>, 2, Int>::zeros([2, 0], &device);
    let words = ["DiceLoss", "at least one position", "[2, 3, 0]"];
    panics(&words, || {
        DiceLossConfig::new().init(&device).forward(logits, targets)
    });
}

pub fn several_ignored_indices<B: TestBackend>() {
    let device = B::device();
    let logits = || tensor::<B, 2>(&[1.0, 0.0, 2.0, 0.0, 0.5, -1.0, 3.0, 1.0], &[4, 2], &device);
    let targets = || Tensor::<B, 1, Int>::from_ints([0, -1, 7, 1], &device);
    let of = |config: CrossEntropyLossConfig| {
        numbers(config.init(&device).forward(logits(), targets()))[0]
    };
    let one_of_each = |a: f64, b: f64, t: usize| (a.exp() + b.exp()).ln() - [a, b][t];
    let expected = (one_of_each(1.0, 0.0, 0) + one_of_each(3.0, 1.0, 1)) / 2.0;
    let plain = CrossEntropyLossConfig::new();
    let cases = [
        plain.clone().with_ignore_indices(vec![-1, 7]),
        plain
            .clone()
            .with_ignore_index(Some(7))
            .with_ignore_indices(vec![-1]),
        plain
            .clone()
            .with_ignore_index(Some(-1))
            .with_ignore_indices(vec![7, 100]),
    ];
    for config in cases {
        assert_close(
            &config.to_string(),
            &[of(config)],
            &[expected],
            B::TOLERANCE,
        );
    }
    // A class may be one of them, as padding is in many vocabularies.
    let config = plain.with_ignore_indices(vec![-1, 7, 0]);
    let expected = one_of_each(3.0, 1.0, 1);
    assert_close("a class", &[of(config)], &[expected], B::TOLERANCE);
}

/// Sums over micro-batches, divided once, are the mean over all.
pub fn normalizers_average_exactly<B: TestBackend>() {
    let device = B::device();
    let config = CrossEntropyLossConfig::new()
        .with_class_weights(Some(
            spread(SHAPE[1], 0.5, 2.0)
                .iter()
                .map(|w| *w as f32)
                .collect(),
        ))
        .with_ignore_index(Some(3));
    let whole = config.init::<A<B>>(&device);
    let parts = config.with_reduction(Reduction::Sum).init::<A<B>>(&device);
    let x = logits::<B>();
    let mean = whole.forward(x.clone(), classes(&device));
    let expected = numbers(x.grad(&mean.backward()).unwrap());
    let mut sum = Tensor::<A<B>, 1>::zeros([1], &device);
    let mut normalizer = Tensor::<A<B>, 1>::zeros([1], &device);
    for rows in [0..7, 7..500, 500..SHAPE[0]] {
        let logits = x.clone().slice([rows.clone(), 0..SHAPE[1]]);
        let targets = classes::<A<B>>(&device).slice([rows]);
        normalizer = normalizer + parts.normalizer(&targets);
        sum = sum + parts.forward(logits, targets);
    }
    let found = sum / normalizer;
    assert_close(
        "mean",
        &numbers(found.clone()),
        &numbers(mean),
        B::TOLERANCE,
    );
    let found = numbers(x.grad(&found.backward()).unwrap());
    assert_close("gradient", &found, &expected, B::TOLERANCE);
}

pub fn probabilities_of_any_rank<B: TestBackend>() {
    let device = B::device();
    let [n, c, s] = [2, 3, 4];
    let logits = tensor::<B, 3>(&spread(n * c * s, -3.0, 3.0), &[n, c, s], &device);
    let probabilities = burn::tensor::activation::softmax(
        tensor::<B, 3>(&spread(n * c * s, -1.0, 2.0), &[n, c, s], &device),
        1,
    );
    let as_rows = |x: Tensor<B, 3>| x.swap_dims(1, 2).reshape([n * s, c]);
    for config in [
        CrossEntropyLossConfig::new(),
        CrossEntropyLossConfig::new()
            .with_class_weights(Some(vec![0.5, 2.0, 1.0]))
            .with_label_smoothing(0.1)
            .with_z_loss(0.1),
    ] {
        let loss = config.init::<B>(&device);
        let found = loss.forward_probabilities_nd(logits.clone(), probabilities.clone());
        let expected =
            loss.forward_probabilities(as_rows(logits.clone()), as_rows(probabilities.clone()));
        assert_close("dense", &numbers(found), &numbers(expected), B::TOLERANCE);

        let each: Tensor<B, 2> =
            loss.forward_probabilities_nd_no_reduction(logits.clone(), probabilities.clone());
        assert_eq!(each.dims(), [n, s]);
        let (rows, of_rows) = (as_rows(logits.clone()), as_rows(probabilities.clone()));
        let expected = numbers(loss.forward_probabilities_no_reduction(rows, of_rows));
        assert_close("each", &numbers(each), &expected, B::TOLERANCE);

        // Every third row is dropped, whatever stands in it.
        let weights = mask(n * s);
        let sum: f64 = expected.iter().zip(&weights).map(|(l, w)| l * w).sum();
        let expected = [sum / weights.iter().sum::<f64>()];
        let weights = tensor::<B, 2>(&weights, &[n, s], &device);
        let dropped = weights.clone().equal_elem(0.0).reshape([n, 1, s]);
        let spoiled = |of: Tensor<B, 3>| of.mask_fill(dropped.clone().expand([n, c, s]), f64::NAN);
        let (x, q) = (spoiled(logits.clone()), spoiled(probabilities.clone()));
        let found = loss.forward_probabilities_nd_weighted(x.clone(), q.clone(), weights.clone());
        assert_close("weighted", &numbers(found), &expected, B::TOLERANCE);
        let weights = weights.reshape([n * s]);
        let found = loss.forward_probabilities_weighted(as_rows(x), as_rows(q), weights);
        assert_close("weighted", &numbers(found), &expected, B::TOLERANCE);
    }
}

/// A loss in plain Burn operations has masks that NaN does not pass, in the gradient either.
pub fn losses_of_ones_own<B: TestBackend>() {
    struct Relative;
    impl<B: LossBackend> ElementwiseLoss<B> for Relative {
        fn name(&self) -> &'static str {
            "Relative"
        }

        fn losses<const D: usize>(&self, x: Tensor<B, D>, y: Tensor<B, D>) -> Tensor<B, D> {
            (x - y.clone()).abs() / (y + 1.0)
        }
    }
    struct Missing;
    impl<B: LossBackend> ClassLoss<B> for Missing {
        fn name(&self) -> &'static str {
            "Missing"
        }

        fn options(&self) -> ClassOptions<'_, B> {
            ClassOptions {
                ignore_index: Some(-1),
                ..ClassOptions::none()
            }
        }

        fn losses<const D: usize>(&self, x: Tensor<B, D>, t: Tensor<B, 1, Int>) -> Tensor<B, 1> {
            let (mut shape, [rows]) = (x.dims(), t.dims());
            shape[1] = 1;
            let log_p = burn::tensor::activation::log_softmax(x, 1);
            log_p
                .gather(1, t.reshape(shape))
                .reshape([rows])
                .exp()
                .neg()
                + 1.0
        }
    }
    let device = B::device();
    let x = tensor::<A<B>, 1>(&[3.0, f64::NAN, 0.5], &[3], &device).require_grad();
    let y = || tensor::<A<B>, 1>(&[1.0, 1.0, 0.25], &[3], &device);
    let mask = tensor::<A<B>, 1>(&[1.0, 0.0, 1.0], &[3], &device);
    let loss = Relative.forward_weighted(x.clone(), y(), mask);
    assert_close("mean", &numbers(loss.clone()), &[0.6], B::TOLERANCE);
    let grad = numbers(x.grad(&loss.backward()).unwrap());
    assert_close("gradient", &grad, &[0.25, 0.0, 0.4], B::TOLERANCE);

    let x = tensor::<A<B>, 2>(&[0.0, 0.0, f64::NAN, 1.0], &[2, 2], &device).require_grad();
    let targets = Tensor::<A<B>, 1, Int>::from_ints([0, -1], &device);
    let loss = Missing.forward(x.clone(), targets);
    assert_close("mean", &numbers(loss.clone()), &[0.5], B::TOLERANCE);
    let grad = numbers(x.grad(&loss.backward()).unwrap());
    assert_close("gradient", &grad, &[-0.25, 0.25, 0.0, 0.0], B::TOLERANCE);
}
