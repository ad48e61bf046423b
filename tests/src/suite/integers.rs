//! Integer inputs of every type: classes, lengths and labels say the same whatever they are written in.

use burn::tensor::{DType, Element, Int, IntDType, Tensor};
use burn_loss::*;
use burn_loss_kernels::{CtcTargets, composed};

use crate::backend::TestBackend;
use crate::compare::numbers;
use crate::suite::bad_input::integers;
use crate::suite::kernels::{primitive, tensor};

/// Numbers between -1 and 1.
fn waves<B: TestBackend, const D: usize>(shape: [usize; D]) -> Tensor<B, D> {
    let count = shape.iter().product::<usize>() as i64;
    let numbers = Tensor::<B, 1, Int>::arange(0..count, &B::device()).float();
    (numbers * 1.7).sin().reshape(shape)
}

fn log_probs<B: TestBackend>(shape: [usize; 3]) -> Tensor<B, 3> {
    burn::tensor::activation::log_softmax(waves(shape), 2)
}

/// Holds a loss of integers to itself with each of their types.
fn same_for_all<B: TestBackend, const D: usize, const K: usize>(
    what: &str,
    ints: Tensor<B, D, Int>,
    loss: impl Fn(Tensor<B, D, Int>) -> Tensor<B, K>,
) {
    let expected = numbers(loss(ints.clone()));
    assert!(
        expected.iter().all(|loss| loss.is_finite()),
        "{what}: {expected:?}"
    );
    for dtype in integers::<B>() {
        let found = numbers(loss(ints.clone().cast(dtype)));
        assert_eq!(found, expected, "{what}, {dtype:?}");
    }
}

/// The backend's own type of floats; and, where a backend with kernels has 16 bits, these, for which it has none.
fn floats<B: TestBackend>() -> Vec<DType> {
    let composed = (B::ON_HOST && B::HAS_HALVES).then_some(DType::F16);
    std::iter::once(B::FloatElem::dtype())
        .chain(composed)
        .collect()
}

pub fn classes_of_any_integer<B: TestBackend>() {
    for float in floats::<B>() {
        classes_beside::<B>(float);
    }
}

fn classes_beside<B: TestBackend>(float: DType) {
    let device = B::device();
    let classes = || Tensor::<B, 1, Int>::from_ints([2, 0, 1, 2], &device);
    let scores = || waves::<B, 2>([4, 3]).cast(float);
    let log_probs = || burn::tensor::activation::log_softmax(scores(), 1);
    let nll = NllLossConfig::new().init(&device);
    same_for_all("NLL", classes(), |t| nll.forward(log_probs(), t.clone()));
    let margin = MultiMarginLossConfig::new().init(&device);
    same_for_all("multi margin", classes(), |t| margin.forward(scores(), t));
    let focal = FocalLossConfig::new().init(&device);
    same_for_all("focal", classes(), |t| {
        focal.forward_no_reduction(scores(), t)
    });
    let arc = ArcFaceLossConfig::new().init(&device);
    same_for_all("ArcFace", classes(), |t| arc.forward(scores() * 0.9, t));
    let distillation = DistillationLossConfig::new().init();
    same_for_all("distillation", classes(), |t| {
        distillation.forward(scores(), scores() * 2.0, t)
    });
    let adjusted = LogitAdjustedLossConfig::new(vec![0.5, 0.25, 0.25]).init(&device);
    same_for_all("adjusted", classes(), |t| adjusted.forward(scores(), t));
}

pub fn positions_of_any_integer<B: TestBackend>() {
    for float in floats::<B>() {
        positions_beside::<B>(float);
    }
}

fn positions_beside<B: TestBackend>(float: DType) {
    let device = B::device();
    let classes = || Tensor::<B, 2, Int>::from_ints([[2, 0, 1, 2], [1, 1, 0, 2]], &device);
    let logits = || waves::<B, 3>([2, 3, 4]).cast(float);
    let dice = DiceLossConfig::new()
        .with_ignore_index(Some(1))
        .init(&device);
    same_for_all("Dice", classes(), |t| dice.forward(logits(), t));
    let lovasz = LovaszSoftmaxLossConfig::new()
        .with_ignore_index(Some(1))
        .init(&device);
    same_for_all("Lovász", classes(), |t| lovasz.forward(logits(), t));
}

pub fn labels_of_any_integer<B: TestBackend>() {
    for float in floats::<B>() {
        labels_beside::<B>(float);
    }
}

fn labels_beside<B: TestBackend>(float: DType) {
    let device = B::device();
    let scores = || waves::<B, 2>([2, 3]).cast(float);
    let loss = MultiLabelMarginLossConfig::new().init();
    // Without an end, which a type without a sign does not hold: a row may name all classes.
    let labels = || Tensor::<B, 2, Int>::from_ints([[2, 0, 1], [1, 2, 0]], &device);
    same_for_all("multi-label margin", labels(), |t| {
        loss.forward(scores(), t)
    });
    let weights = || Tensor::<B, 1>::from_floats([0.0, 1.0], &device).cast(float);
    same_for_all("multi-label margin, weighted", labels(), |t| {
        loss.forward_weighted(scores(), t, weights())
    });
}

pub fn groups_of_any_integer<B: TestBackend>() {
    let classes = Tensor::<B, 1, Int>::from_ints([2, 0, 2, 0], &B::device());
    let loss = SupConLossConfig::new().init();
    for float in floats::<B>() {
        same_for_all("SupCon", classes.clone(), |t| {
            loss.forward(waves::<B, 2>([4, 3]).cast(float), t)
        });
    }
}

/// Targets and both lengths in types of their own.
pub fn sequences_of_any_integer<B: TestBackend>() {
    let device = B::device();
    let loss = CtcLossConfig::new().init();
    let all = |[classes, inputs, targets]: [IntDType; 3]| {
        let ints = |numbers: [i64; 2]| Tensor::<B, 1, Int>::from_ints(numbers, &device);
        let given = Tensor::<B, 2, Int>::from_ints([[1, 2, 2], [2, 1, 0]], &device);
        let given = given.cast(classes);
        let (inputs, targets) = (ints([6, 5]).cast(inputs), ints([3, 2]).cast(targets));
        (given, inputs, targets)
    };
    let losses = |types| {
        let (classes, inputs, targets) = all(types);
        numbers(loss.forward_no_reduction(log_probs([6, 2, 3]), classes, inputs, targets))
    };
    let types = integers::<B>();
    let expected = losses([types[0]; 3]);
    assert!(expected.iter().all(|loss| loss.is_finite()), "{expected:?}");
    let composed = |types| {
        let (classes, inputs, targets) = all(types);
        let targets = CtcTargets::<B> {
            classes: classes.into_primitive(),
            input_lengths: inputs.into_primitive(),
            target_lengths: targets.into_primitive(),
            blank: 0,
        };
        let found = composed::ctc::<B>(primitive(log_probs::<B>([6, 2, 3])), targets, true);
        let gradient = found.gradient.expect("it was wanted");
        let gradient = numbers(tensor::<B, 3>(gradient));
        (numbers(tensor::<B, 1>(found.losses)), gradient)
    };
    let reference = composed([B::IntElem::dtype().into(); 3]);
    for (i, &one) in types.iter().enumerate() {
        let other = types[(i + 1) % types.len()];
        for types in [[one; 3], [one, other, other], [other, one, other]] {
            assert_eq!(losses(types), expected, "{types:?}");
        }
        // The types that every backend indexes with; Candle, with its own alone.
        let is_index = match B::ON_HOST {
            true => [IntDType::I32, IntDType::I64].contains(&one),
            false => DType::from(one) == B::IntElem::dtype(),
        };
        if is_index {
            assert_eq!(composed([one; 3]), reference, "composed, {one:?}");
            assert_eq!(
                composed([one, other, other]),
                reference,
                "composed, {one:?} and {other:?}"
            );
        }
    }
}

/// What 32 bits do not hold is no class, and not another one.
pub fn labels_that_32_bits_do_not_hold<B: TestBackend>() {
    let device = B::device();
    if !integers::<B>().contains(&IntDType::I64) {
        return;
    }
    let large = burn::tensor::TensorData::new(vec![(1i64 << 32) + 1, -1, -1], [1, 3]);
    let labels = || Tensor::<B, 2, Int>::from_data(large.clone(), (&device, DType::I64));
    let loss = MultiLabelMarginLossConfig::new().init();
    let scores = || waves::<B, 2>([1, 3]);
    // Any negative number ends a row.
    let ended = |end: i64| {
        let row = burn::tensor::TensorData::new(vec![1, end, 0], [1, 3]);
        let row = Tensor::<B, 2, Int>::from_data(row, (&device, DType::I64));
        numbers(loss.forward(scores(), row))
    };
    assert_eq!(ended(-(1 << 40)), ended(-1));
    if B::CHECKS_TARGETS {
        crate::suite::bad_input::panics(&["MultiLabelMarginLoss", "4294967297"], || {
            loss.forward(scores(), labels())
        });
        crate::suite::bad_input::panics(&["MultiLabelMarginLoss", "4294967297"], || {
            loss.forward_weighted(scores(), labels(), Tensor::ones([1], &device))
        });
    } else {
        assert!(numbers(loss.forward(scores(), labels()))[0].is_nan());
    }
}
