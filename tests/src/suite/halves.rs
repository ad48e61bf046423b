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

/// A gradient that is found with the loss is rounded after the loss has been scaled: of one way in a million.
pub fn gradients_found_with_the_loss<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    // Two steps of a blank and a class: mostly the class twice, and each blank with the probability `e^-14`.
    let log_probs = half::<A<B>, 3>(&[-14.0, 0.0, -14.0, 0.0], [2, 1, 2], &device);
    let ints = |number: i64| Tensor::<A<B>, 1, Int>::from_ints([number], &device);
    let targets = ints(1).reshape([1, 1]);
    let loss = CtcLossConfig::new().init();
    let (_, grad) =
        loss_and_grad::<B, 3>(log_probs, |x| loss.forward(x, targets, ints(2), ints(1)));
    let blank = (-14f64).exp() / (1.0 + 2.0 * (-14f64).exp());
    let step = [-512.0 * blank, -512.0 * (1.0 - blank)];
    assert_close("CTC", &grad, &[step, step].concat(), TOLERANCE);
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

/// Class weights and their sums that 16 bits do not hold: their quotient is a mean like any other.
pub fn class_weights_beyond_the_type<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let zeros = |shape: [usize; 2]| Tensor::<A<B>, 2>::zeros(shape, &device).cast(DType::F16);
    let targets = || Tensor::<A<B>, 1, Int>::from_ints([0, 3, 1], &device);
    let row_weights = || half::<A<B>, 1>(&[1.0, 2.0, 0.5], [3], &device);
    let head = || LinearHead::new(zeros([2, 4]), None);
    for weight in [1e5, 1e-8] {
        let weights = Some(vec![weight; 4]);
        let check =
            |what: &str, loss: &dyn Fn(Tensor<A<B>, 2>) -> Tensor<A<B>, 1>, of: f64, slope: f64| {
                let of_logits = |x| loss(x);
                let (mean, gradient) = loss_and_grad::<B, 2>(zeros([3, 4]), of_logits);
                let what = format!("{what}, weights of {weight}");
                assert_close(&what, &[mean], &[of], TOLERANCE);
                assert_close(&what, &gradient[1..2], &[512.0 * slope], TOLERANCE);
            };
        let config = CrossEntropyLossConfig::new().with_class_weights(weights.clone());
        let loss = config.init::<A<B>>(&device);
        let ln_4 = 4f64.ln();
        check(
            "cross entropy",
            &|x| loss.forward(x, targets()),
            ln_4,
            0.25 / 3.0,
        );
        let weighted = |x| loss.forward_weighted(x, targets(), row_weights());
        check("weighted", &weighted, ln_4, 0.25 / 3.5);
        let dense = |x: Tensor<A<B>, 2>| {
            let x = x.reshape([1, 3, 4]).swap_dims(1, 2);
            loss.forward_nd(x, targets().reshape([1, 3]))
        };
        check("dense", &dense, ln_4, 0.25 / 3.0);
        let smooth = config.with_label_smoothing(0.1).with_z_loss(0.5);
        let smooth = smooth.init::<A<B>>(&device);
        let of_smooth = ln_4 + 0.5 * ln_4 * ln_4;
        let slope = (0.25 - 0.1 / 4.0 + 0.5 * 2.0 * ln_4 * 0.25) / 3.0;
        check(
            "smoothed",
            &|x| smooth.forward(x, targets()),
            of_smooth,
            slope,
        );

        let config = FocalLossConfig::new().with_class_weights(weights.clone());
        let focal = config.init::<A<B>>(&device);
        // (1 - p)^2 (1 + 2 p l / (1 - p)) for the target's logit, times p for another.
        let slope = 0.25 * 0.75 * 0.75 * (1.0 + 2.0 * ln_4 / 3.0);
        let of_focal = 0.75 * 0.75 * ln_4;
        check(
            "focal",
            &|x| focal.forward(x, targets()),
            of_focal,
            slope / 3.0,
        );
        let config = NllLossConfig::new().with_class_weights(weights.clone());
        let nll = config.init::<A<B>>(&device);
        check("NLL", &|x| nll.forward(x - 2.0, targets()), 2.0, 0.0);
        let config = CosFaceLossConfig::new().with_margin(0.0).with_scale(1.0);
        let cosines = config
            .with_class_weights(weights.clone())
            .init::<A<B>>(&device);
        check(
            "CosFace",
            &|x| cosines.forward(x, targets()),
            ln_4,
            0.25 / 3.0,
        );

        let linear = loss.forward_linear(zeros([3, 2]), &head(), targets());
        assert_close("linear", &numbers(linear), &[ln_4], TOLERANCE);
        let linear = nll.forward_linear(zeros([3, 2]), &head(), targets());
        assert_close("held", &numbers(linear), &[0.0], TOLERANCE);
        let normalizer = numbers(loss.normalizer(&targets()));
        let sum = 3.0 * f64::from(weight);
        assert_close("normalizer", &normalizer, &[sum], TOLERANCE);
    }

    // Each loss is held by 16 bits, its weight is not.
    let weights = Some(vec![1e5; 4]);
    let config = MultiMarginLossConfig::new().with_class_weights(weights.clone());
    let loss = config.init::<A<B>>(&device);
    let missing = 2f64.powi(-8);
    let scores = || half::<A<B>, 2>(&[1.0, missing, 0.0, 0.0], [1, 4], &device);
    let class = || Tensor::<A<B>, 1, Int>::zeros([1], &device);
    let expected = [1e5 * missing / 4.0];
    assert_close(
        "margin",
        &numbers(loss.forward(scores(), class())),
        &expected,
        TOLERANCE,
    );
    let each = loss.forward_no_reduction(scores(), class());
    assert_close("margins", &numbers(each), &expected, TOLERANCE);
    let config = NllLossConfig::new().with_class_weights(weights.clone());
    let loss = config.init::<A<B>>(&device);
    let each = loss.forward_no_reduction(scores() * -1.0, class() + 1);
    assert_close("NLL", &numbers(each), &[1e5 * missing], TOLERANCE);
    let config = CrossEntropyLossConfig::new().with_class_weights(weights);
    let loss = config.init::<A<B>>(&device);
    let each = loss.forward_no_reduction(scores() * 8.0, class());
    let l = (1.0 + (8.0 * missing - 8.0).exp() + 2.0 * (-8f64).exp()).ln();
    assert_close("cross entropy", &numbers(each), &[1e5 * l], TOLERANCE);
}

/// Sums over samples that 16 bits do not hold, of losses and of weights: their quotient is a mean like any other.
pub fn samples_beyond_the_type<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let full = |shape: [usize; 2], x: f64| {
        let full = Tensor::<A<B>, 2>::full(shape, x, &device);
        full.cast(DType::F16)
    };
    let ones = |rows: usize| Tensor::<A<B>, 1>::ones([rows], &device).cast(DType::F16);
    // The first of two classes is certain in one distribution, both are as likely in the other.
    const ROWS: usize = 70_000;
    let half_each = || full([ROWS, 2], 0.5f64.ln());
    let certain = || {
        let log_p = Tensor::<A<B>, 2>::from_floats([[0.0, -1000.0]], &device);
        log_p.expand([ROWS, 2]).cast(DType::F16)
    };
    let jsd = JsDivLossConfig::new().init();
    // The mixture is 3/4 and 1/4.
    let of_halves = 0.5 * (2f64 / 3.0).ln() + 0.5 * 2f64.ln();
    let expected = [0.5 * (4f64 / 3.0).ln() + 0.5 * of_halves];
    let (mean, _) = loss_and_grad::<B, 2>(half_each(), |x| jsd.forward(x, certain()));
    assert_close("JSD", &[mean], &expected, TOLERANCE);
    let (mean, _) = loss_and_grad::<B, 2>(half_each(), |x| {
        jsd.forward_weighted(x, certain(), ones(ROWS))
    });
    assert_close("JSD, weighted", &[mean], &expected, TOLERANCE);

    let shape = [1024, 100];
    let yes = || full(shape, 1.0);
    for weights in [None, Some(vec![1.0; 100])] {
        let config = MultiLabelSoftMarginLossConfig::new().with_class_weights(weights);
        let loss = config.init::<A<B>>(&device);
        let close = |what, found: (f64, Vec<f64>)| {
            assert_close(what, &[found.0], &[2f64.ln()], TOLERANCE);
            let slope = -0.5 * 512.0 / 102_400.0;
            assert_close(what, &found.1[..1], &[slope], TOLERANCE);
        };
        let found = loss_and_grad::<B, 2>(full(shape, 0.0), |x| loss.forward(x, yes()));
        close("labels", found);
        let found = loss_and_grad::<B, 2>(full(shape, 0.0), |x| {
            loss.forward_weighted(x, yes(), ones(1024))
        });
        close("labels, weighted", found);
    }

    let kl = KlDivLossConfig::new().with_reduction(Reduction::BatchMean);
    let kl = kl.init();
    // Each element is 40, and there are 2000 of them, one per example.
    let (mean, _) = loss_and_grad::<B, 2>(full([2000, 1], -40.0), |x| {
        kl.forward(x, full([2000, 1], 1.0))
    });
    assert_close("KL divergence", &[mean], &[40.0], TOLERANCE);
}

/// Weights of labels and classes that 16 bits do not hold, of losses that they do.
pub fn options_beyond_the_type<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let logits = || half::<A<B>, 2>(&[8.0, 0.0, -8.0, 8.0], [2, 2], &device);
    let targets = || half::<A<B>, 2>(&[1.0, 0.0, 0.0, 1.0], [2, 2], &device);
    let far = (-8f64).exp().ln_1p();
    let config = BceWithLogitsLossConfig::new().with_pos_weight(Some(vec![1e5, 1e5]));
    let loss = config.init::<A<B>>(&device);
    let expected = [1e5 * far, 2f64.ln(), far, 1e5 * far];
    let each = loss.forward_no_reduction(logits(), targets());
    assert_eq!(each.dtype(), DType::F16);
    assert_close("losses", &numbers(each), &expected, TOLERANCE);
    let (mean, _) = loss_and_grad::<B, 2>(logits(), |x| loss.forward(x, targets()));
    let of_all = expected.iter().sum::<f64>() / 4.0;
    assert_close("mean", &[mean], &[of_all], TOLERANCE);

    let config = MultiLabelSoftMarginLossConfig::new().with_class_weights(Some(vec![1e5, 0.0]));
    let loss = config.init::<A<B>>(&device);
    let each = loss.forward_no_reduction(logits(), targets());
    let expected = [1e5 * far / 2.0, 1e5 * far / 2.0];
    assert_close("labels", &numbers(each), &expected, TOLERANCE);
}

/// Of more rows of a class than 16 bits count one by one: the loss is that in 32 bits.
pub fn groups_of_many<B: TestBackend>() {
    let device = B::device();
    // Candle has no product of them, and where it is added up in 32 bits there is nothing to lose.
    if !B::ON_HOST || !B::supports_dtype(&device, DType::BF16) {
        return;
    }
    // Two directions, 200 rows each: of all others, half are alike.
    const ROWS: usize = 400;
    let two = Tensor::<B, 2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &device);
    let rounded = two.repeat_dim(0, ROWS / 2).cast(DType::BF16);
    let classes = || Tensor::<B, 1, Int>::zeros([ROWS], &device);
    let loss = SupConLossConfig::new().with_temperature(1.0).init();
    let expected = numbers(loss.forward(rounded.clone().cast(DType::F32), classes()));
    let found = numbers(loss.forward(rounded, classes()));
    let tolerance = Tolerance {
        relative: 1e-2,
        absolute: 0.0,
    };
    assert_close("loss", &found, &expected, tolerance);
}

/// Vectors whose squares 16 bits do not hold have the directions that they have in 32.
pub fn directions_of_any_length<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    // Long, short, and without length.
    let rows = [300.0, 0.0, 120.0, -500.0, 1e-4, 2e-4, 0.0, 0.0];
    let targets = || Tensor::<A<B>, 1, Int>::from_ints([0, 1, 1, 0], &device);
    type Forward<'a, B> = &'a dyn Fn(Tensor<A<B>, 2>) -> Tensor<A<B>, 1>;
    for dtype in [DType::F16, DType::BF16] {
        // Candle has bf16, and multiplies none of it.
        let multiplies = dtype != DType::BF16 || B::ON_HOST;
        if !multiplies || !B::supports_dtype(&device, dtype) {
            continue;
        }
        let others = |own: DType| {
            let others = tensor::<A<B>, 2>(
                &[400.0, 10.0, 0.5, -2.0, 3e-4, 0.0, 1.0, 1.0],
                &[4, 2],
                &device,
            );
            others.cast(dtype).cast(own)
        };
        // None of them near its class, where the slope of an angle has no bound.
        let head = |own: DType| {
            let weight = tensor::<A<B>, 2>(&[3.0, -400.0, 200.0, 1.0], &[2, 2], &device);
            LinearHead::new(weight.cast(dtype).cast(own), None)
        };
        let info = InfoNceLossConfig::new().with_temperature(0.5).init();
        let within = InfoNceLossConfig::new()
            .with_temperature(0.5)
            .with_within_views(true);
        let within = within.init();
        let sup = SupConLossConfig::new().with_temperature(0.5).init();
        let arc = ArcFaceLossConfig::new()
            .with_scale(4.0)
            .init::<A<B>>(&device);
        let cos = CosFaceLossConfig::new()
            .with_scale(4.0)
            .init::<A<B>>(&device);
        let losses: [(&str, Forward<'_, B>); 6] = [
            ("InfoNCE", &|x| {
                let others = others(x.dtype());
                info.forward(x, others)
            }),
            ("NT-Xent", &|x| {
                let others = others(x.dtype());
                within.forward(x, others)
            }),
            ("SupCon", &|x| sup.forward(x, targets())),
            ("ArcFace", &|x| {
                let head = head(x.dtype());
                arc.forward_linear(x, &head, targets())
            }),
            ("CosFace", &|x| {
                let head = head(x.dtype());
                cos.forward_linear(x, &head, targets())
            }),
            ("CosFace, each", &|x| {
                let head = head(x.dtype());
                let losses = cos.forward_linear_no_reduction(x, &head, targets());
                // Candle adds up numbers of 32 bits alone.
                losses.cast(DType::F32).sum()
            }),
        ];
        let tolerance = match dtype {
            DType::F16 => Tolerance {
                relative: 4e-3,
                absolute: 2e-6,
            },
            _ => Tolerance {
                relative: 3e-2,
                absolute: 2e-5,
            },
        };
        for (name, loss) in losses {
            let of = |wide: bool| {
                let mut x = tensor::<A<B>, 2>(&rows, &[4, 2], &device).cast(dtype);
                if wide {
                    x = x.cast(DType::F32);
                }
                let x = x.require_grad();
                let value = loss(x.clone());
                let gradient = numbers(x.grad(&value.backward()).expect("it is tracked"));
                (numbers(value), gradient)
            };
            let ((found, of_rows), (expected, of_wide)) = (of(false), of(true));
            let what = format!("{name}, {dtype:?}");
            assert_close(&what, &found, &expected, tolerance);
            // The slopes of the short row and of the row without length are beyond 16 bits or in them rounded.
            assert_close(&what, &of_rows[..4], &of_wide[..4], tolerance);
            assert!(
                of_rows[..4].iter().all(|slope| slope.is_finite()),
                "{what}: {of_rows:?}"
            );
        }
    }
}

/// A divergence much smaller than the two terms whose difference it is.
pub fn a_student_near_its_teacher<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    const CLASSES: usize = 1000;
    let device = B::device();
    let size = |index: usize| 0.125 * ((index * 7919 % 17) as f64 - 8.0) / 8.0;
    let student: Vec<f64> = (0..CLASSES).map(size).collect();
    let teacher: Vec<f64> = (0..CLASSES).map(|index| size(index + 5)).collect();
    for dtype in [DType::F16, DType::BF16] {
        if !B::supports_dtype(&device, dtype) {
            continue;
        }
        let [x, z] = [&student, &teacher]
            .map(|logits| tensor::<A<B>, 2>(logits, &[1, CLASSES], &device).cast(dtype));
        let exact = |tensor: &Tensor<A<B>, 2>| {
            let logits = numbers(tensor.clone());
            let sum: f64 = logits.iter().map(|x| (x / 2.0).exp()).sum();
            logits
                .iter()
                .map(|x| x / 2.0 - sum.ln())
                .collect::<Vec<f64>>()
        };
        let terms = exact(&x).into_iter().zip(exact(&z));
        let expected: f64 = 4.0 * terms.map(|(x, z)| z.exp() * (z - x)).sum::<f64>();
        assert!(expected > 1e-3 && expected < 0.1, "{expected}");
        let loss = DistillationLossConfig::new().with_alpha(1.0).init();
        let targets = || Tensor::<A<B>, 1, Int>::zeros([1], &device);
        let tolerance = Tolerance {
            relative: if dtype == DType::F16 { 1e-3 } else { 8e-3 },
            absolute: 0.0,
        };
        let weights = || Tensor::<A<B>, 1>::ones([1], &device).cast(dtype);
        let head = || LinearHead::new(x.clone(), None);
        let one = || Tensor::<A<B>, 2>::ones([1, 1], &device).cast(dtype);
        let found = [
            loss.forward(x.clone(), z.clone(), targets()),
            loss.forward_no_reduction(x.clone(), z.clone(), targets()),
            loss.forward_weighted(x.clone(), z.clone(), targets(), weights()),
            loss.forward_linear(one(), &head(), z.clone(), targets()),
            loss.forward_linear_no_reduction(one(), &head(), z.clone(), targets()),
        ];
        for found in found {
            assert_eq!(found.dtype(), dtype);
            assert_close("divergence", &numbers(found), &[expected], tolerance);
        }
    }
}

/// What a head's logits say of the rows is right, row by row, and adds nothing to the gradient of the loss.
pub fn predictions_of_a_head<B: TestBackend>() {
    if !has_halves::<B>() {
        return;
    }
    let device = B::device();
    let hidden = half::<A<B>, 2>(&[0.5, -1.0, 2.0, 0.25, 1.0, 1.0], [3, 2], &device);
    let weight = half::<A<B>, 2>(&[1.0, -0.5, 0.25, 0.5, 1.5, -1.0], [2, 3], &device);
    let weight = weight.require_grad();
    let targets = Tensor::<A<B>, 1, Int>::from_ints([1, -1, 2], &device);
    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(-1))
        .init(&device);
    for memory_budget in [1 << 20, 1] {
        let head = LinearHead::new(weight.clone(), None).with_memory_budget(memory_budget);
        let found = loss.forward_linear_with_predictions(hidden.clone(), &head, targets.clone());
        let alone = loss.forward_linear(hidden.clone(), &head, targets.clone());
        // Logits of (0, -1.75, 1.125) and (1.5, 1, -0.75).
        let log_sum = |logits: [f64; 3]| logits.map(f64::exp).iter().sum::<f64>().ln();
        let first = -1.75 - log_sum([0.0, -1.75, 1.125]);
        let last = -0.75 - log_sum([1.5, 1.0, -0.75]);
        let log_probs = numbers(found.log_probs.clone());
        assert_close("log p", &log_probs, &[first, 0.0, last], TOLERANCE);
        assert_close(
            "loss",
            &numbers(found.loss.clone()),
            &numbers(alone.clone()),
            TOLERANCE,
        );
        let predicted: Vec<i64> = found.predicted.into_data().iter::<i64>().collect();
        assert_eq!(predicted, [2, -1, 0]);

        let gradient = |loss: Tensor<A<B>, 1>| {
            let gradient = weight.grad(&loss.backward());
            numbers(gradient.expect("it is tracked"))
        };
        let with_rows = found.loss + found.log_probs.sum().cast(DType::F16);
        let (found, expected) = (gradient(with_rows), gradient(alone));
        assert_close("gradient", &found, &expected, TOLERANCE);
    }
}
