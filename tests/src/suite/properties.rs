//! Laws that hold for every input.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use burn_loss::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{difference, numbers};
use crate::fixture::tensor;

/// Logits `[rows, classes]` with one class and one weight a row.
#[derive(Clone, Debug)]
struct Batch {
    shape: [usize; 2],
    logits: Vec<f64>,
    classes: Vec<i64>,
    weights: Vec<f64>,
    constant: f64,
}

impl Batch {
    fn logits<B: TestBackend>(&self) -> Tensor<B, 2> {
        tensor(&self.logits, &self.shape, &B::device())
    }

    fn classes<B: TestBackend>(&self) -> Tensor<B, 1, Int> {
        Tensor::from_ints(self.classes.as_slice(), &B::device())
    }

    fn mask<B: TestBackend>(&self) -> (Tensor<B, 1>, Vec<usize>) {
        let mask: Vec<f64> = self.weights.iter().map(|&w| (w > 1.0).into()).collect();
        let kept = (0..mask.len()).filter(|&row| mask[row] == 1.0).collect();
        (tensor(&mask, &[mask.len()], &B::device()), kept)
    }
}

fn batches() -> impl Strategy<Value = Batch> {
    (1usize..6, 1usize..40).prop_flat_map(|(rows, classes)| {
        (
            vec(
                (-640i32..640).prop_map(|x| f64::from(x) / 64.0),
                rows * classes,
            ),
            vec(0..classes as i64, rows),
            vec((0i32..=8).prop_map(|x| f64::from(x) / 4.0), rows),
            (-2000i32..2000).prop_map(f64::from),
        )
            .prop_map(move |(logits, classes_of_rows, weights, constant)| Batch {
                shape: [rows, classes],
                logits,
                classes: classes_of_rows,
                weights,
                constant,
            })
    })
}

/// Tries the law on the backend's share of batches.
fn law<B: TestBackend>(holds: impl Fn(Batch) -> Result<(), String>) {
    holds_for::<B, _>(batches(), holds);
}

/// Tries the law on the backend's share of cases, the same ones in every run.
pub(super) fn holds_for<B: TestBackend, S: Strategy>(
    cases: S,
    holds: impl Fn(S::Value) -> Result<(), String>,
) {
    let config = Config {
        cases: B::PROPERTY_CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng)
        .run(&cases, |case| holds(case).map_err(TestCaseError::fail));
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn equal<B: TestBackend, const D: usize>(
    left: Tensor<B, D>,
    right: Tensor<B, D>,
) -> Result<(), String> {
    // Both sides round.
    let tolerance = Tolerance {
        relative: 2.0 * B::TOLERANCE.relative,
        absolute: 2.0 * B::TOLERANCE.absolute,
    };
    match difference(&numbers(left), &numbers(right), tolerance) {
        None => Ok(()),
        Some(difference) => Err(difference),
    }
}

fn cross_entropy<B: TestBackend>(reduction: Reduction) -> CrossEntropyLoss<B> {
    CrossEntropyLossConfig::new()
        .with_label_smoothing(0.1)
        .with_reduction(reduction)
        .init(&B::device())
}

pub fn cross_entropy_ignores_a_constant<B: TestBackend>() {
    law::<B>(|batch| {
        let loss = cross_entropy::<B>(Reduction::Mean);
        // The sums are exact in f32: the logits have 6 binary places, and the constant has 11 digits.
        let shifted = batch.logits::<B>() + batch.constant;
        equal(
            loss.forward_no_reduction(batch.logits(), batch.classes()),
            loss.forward_no_reduction(shifted, batch.classes()),
        )
    });
}

pub fn forward_reduces_forward_no_reduction<B: TestBackend>() {
    law::<B>(|batch| {
        for (reduction, by) in [
            (Reduction::Sum, 1.0),
            (Reduction::Mean, batch.shape[0] as f64),
        ] {
            let loss = cross_entropy::<B>(reduction);
            let each = loss.forward_no_reduction(batch.logits(), batch.classes());
            let all = loss.forward(batch.logits(), batch.classes());
            equal(each.sum() / by, all)?;

            let huber = HuberLossConfig::new().with_reduction(reduction).init();
            let target = batch.logits::<B>().flip([0]);
            let each = huber.forward_no_reduction(batch.logits(), target.clone());
            let by = reduction.divisor(batch.logits.len() as f64);
            equal(each.sum() / by, huber.forward(batch.logits(), target))?;
        }
        Ok(())
    });
}

pub fn weights_of_one_are_no_weights<B: TestBackend>() {
    law::<B>(|batch| {
        let device = B::device();
        let [rows, classes] = batch.shape;
        let loss = cross_entropy::<B>(Reduction::Mean);
        let without = loss.forward(batch.logits(), batch.classes());
        let ones = Tensor::ones([rows], &device);
        let of_rows = loss.forward_weighted(batch.logits(), batch.classes(), ones);
        equal(without.clone(), of_rows)?;

        let with_class_weights = CrossEntropyLossConfig::new()
            .with_label_smoothing(0.1)
            .with_class_weights(Some(vec![1.0; classes]))
            .init::<B>(&device);
        equal(
            without,
            with_class_weights.forward(batch.logits(), batch.classes()),
        )?;

        let mse = MseLossConfig::new().init();
        let target = batch.logits::<B>().flip([0]);
        let ones = target.ones_like();
        equal(
            mse.forward(batch.logits(), target.clone()),
            mse.forward_weighted(batch.logits(), target, ones),
        )
    });
}

pub fn a_mask_drops_rows<B: TestBackend>() {
    law::<B>(|batch| {
        let (mask, kept) = batch.mask::<B>();
        let kept: Vec<i64> = kept.into_iter().map(|row| row as i64).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let kept = Tensor::<B, 1, Int>::from_ints(kept.as_slice(), &B::device());
        let loss = cross_entropy::<B>(Reduction::Mean);
        equal(
            loss.forward_weighted(batch.logits(), batch.classes(), mask),
            loss.forward(
                batch.logits::<B>().select(0, kept.clone()),
                batch.classes::<B>().select(0, kept),
            ),
        )
    });
}

pub fn a_mask_drops_elements<B: TestBackend>() {
    law::<B>(|batch| {
        let (mask, kept) = batch.mask::<B>();
        if kept.is_empty() {
            return Ok(());
        }
        let column: Vec<f64> = (0..batch.shape[0])
            .map(|row| batch.logits[row * batch.shape[1]])
            .collect();
        let of = |rows: &[f64]| tensor::<B, 1>(rows, &[rows.len()], &B::device());
        let kept: Vec<f64> = kept.into_iter().map(|row| column[row]).collect();
        let loss = L1LossConfig::new().init();
        let target = |prediction: &Tensor<B, 1>| prediction.zeros_like() + 0.5;
        let all = of(&column);
        let some = of(&kept);
        equal(
            loss.forward_weighted(all.clone(), target(&all), mask),
            loss.forward(some.clone(), target(&some)),
        )
    });
}

pub fn cross_entropy_is_nll_of_log_softmax<B: TestBackend>() {
    law::<B>(|batch| {
        let device = B::device();
        let weights: Vec<f32> = (0..batch.shape[1]).map(|c| 0.5 + c as f32).collect();
        let cross_entropy = CrossEntropyLossConfig::new()
            .with_class_weights(Some(weights.clone()))
            .with_ignore_index(Some(0))
            .init::<B>(&device);
        let nll = NllLossConfig::new()
            .with_class_weights(Some(weights))
            .with_ignore_index(Some(0))
            .init::<B>(&device);
        equal(
            cross_entropy.forward(batch.logits(), batch.classes()),
            nll.forward(log_softmax(batch.logits(), 1), batch.classes()),
        )
    });
}

pub fn bce_with_logits_is_bce_of_sigmoid<B: TestBackend>() {
    law::<B>(|batch| {
        // Logits within +-2: the sigmoid keeps its digits on both sides.
        let logits = batch.logits::<B>() / 5.0;
        // Not Burn's own, which computes in f32 on NdArray.
        let sigmoid = |x: Tensor<B, 2>| x.ones_like() / (x.neg().exp() + 1.0);
        let target = sigmoid(logits.clone().flip([0]));
        equal(
            BceWithLogitsLossConfig::new()
                .init::<B>(&B::device())
                .forward_no_reduction(logits.clone(), target.clone()),
            BceLossConfig::new()
                .init()
                .forward_no_reduction(sigmoid(logits), target),
        )
    });
}

pub fn one_hot_probabilities_are_classes<B: TestBackend>() {
    law::<B>(|batch| {
        let loss = cross_entropy::<B>(Reduction::Mean);
        let one_hot = batch.classes::<B>().one_hot::<2>(batch.shape[1].max(2));
        let one_hot = one_hot
            .float()
            .slice([0..batch.shape[0], 0..batch.shape[1]]);
        equal(
            loss.forward(batch.logits(), batch.classes()),
            loss.forward_probabilities(batch.logits(), one_hot),
        )
    });
}

pub fn relatives_meet_cross_entropy<B: TestBackend>() {
    law::<B>(|batch| {
        let device = B::device();
        let weights: Vec<f32> = (0..batch.shape[1]).map(|c| 0.5 + c as f32).collect();
        let cross_entropy = CrossEntropyLossConfig::new()
            .with_class_weights(Some(weights.clone()))
            .with_ignore_index(Some(0))
            .init::<B>(&device);
        let expected = || cross_entropy.forward(batch.logits(), batch.classes());
        let focal = FocalLossConfig::new()
            .with_gamma(0.0)
            .with_class_weights(Some(weights.clone()))
            .with_ignore_index(Some(0))
            .init::<B>(&device);
        equal(expected(), focal.forward(batch.logits(), batch.classes()))?;
        let poly = PolyLossConfig::new()
            .with_epsilon(0.0)
            .with_class_weights(Some(weights))
            .with_ignore_index(Some(0))
            .init::<B>(&device);
        equal(expected(), poly.forward(batch.logits(), batch.classes()))?;

        // At q = 1: the probability that the target does not have.
        let gce = GeneralizedCrossEntropyLossConfig::new().with_q(1.0);
        let gce = gce.init::<B>(&device);
        let plain = CrossEntropyLossConfig::new().init::<B>(&device);
        let rest = plain.forward_no_reduction(batch.logits(), batch.classes());
        equal(
            rest.neg().exp().neg() + 1.0,
            gce.forward_no_reduction(batch.logits(), batch.classes()),
        )?;

        let target = batch.logits::<B>().greater_elem(1.0).float();
        let target = target.cast(batch.logits::<B>().dtype());
        let sigmoid_focal = SigmoidFocalLossConfig::new()
            .with_alpha(None)
            .with_gamma(0.0);
        let bce = BceWithLogitsLossConfig::new().init::<B>(&device);
        equal(
            bce.forward_no_reduction(batch.logits(), target.clone()),
            sigmoid_focal
                .init()
                .forward_no_reduction(batch.logits(), target),
        )
    });
}
