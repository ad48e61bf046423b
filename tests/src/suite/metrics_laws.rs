//! What holds of every metric, and what is undefined or wrong.

use burn::tensor::{Int, Tensor, TensorData};
use burn_loss_metrics::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::backend::TestBackend;
use crate::fixture::tensor;
use crate::suite::bad_input::panics;

/// Probabilities in sixteenths, so that some are tied, with their answers.
type Examples = Vec<(u8, bool)>;

fn holds<B: TestBackend>(law: impl Fn(&Examples) -> Result<(), String>) {
    let config = Config {
        cases: B::PROPERTY_CASES,
        failure_persistence: None,
        ..Config::default()
    };
    // The same cases each time, on each backend.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let examples = vec((0u8..=16, any::<bool>()), 1..50);
    let result = TestRunner::new_with_rng(config, rng).run(&examples, |examples| {
        law(&examples).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn scores<B: TestBackend>(examples: &Examples, of: impl Fn(f64) -> f64) -> Tensor<B, 1> {
    let scores: Vec<f64> = examples
        .iter()
        .map(|(score, _)| of(f64::from(*score) / 16.0))
        .collect();
    tensor(&scores, &[scores.len()], &B::device())
}

fn targets<B: TestBackend>(examples: &Examples) -> Tensor<B, 1, Int> {
    let targets: Vec<i64> = examples
        .iter()
        .map(|(_, positive)| i64::from(*positive))
        .collect();
    let length = targets.len();
    Tensor::from_data(TensorData::new(targets, [length]), &B::device())
}

/// Equal, or both undefined.
fn same(what: &str, a: f64, b: f64) -> Result<(), String> {
    match (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan()) {
        true => Ok(()),
        false => Err(format!("{what}: {a} and {b}")),
    }
}

pub fn roc_auc_keeps_under_monotone_maps<B: TestBackend>() {
    holds::<B>(|examples| {
        let area = roc_auc(scores::<B>(examples, |p| p), targets(examples));
        let mapped = roc_auc(
            scores::<B>(examples, |p| 1024.0 * p * p - 7.0),
            targets(examples),
        );
        same("of a monotone map", area, mapped)?;
        let reversed = roc_auc(scores::<B>(examples, |p| -p), targets(examples));
        same("of the reverse", area, 1.0 - reversed)
    });
}

pub fn calibration_errors_are_shares<B: TestBackend>() {
    holds::<B>(|examples| {
        for bins in [Bins::EqualWidth(1), Bins::EqualWidth(7), Bins::EqualMass(4)] {
            let scores = || scores::<B>(examples, |p| p);
            let mean = expected_calibration_error(scores(), targets(examples), bins);
            let largest = maximum_calibration_error(scores(), targets(examples), bins);
            if !(0.0 <= mean && mean <= largest + 1e-12 && largest <= 1.0) {
                return Err(format!("{bins:?}: {mean} and {largest}"));
            }
            let held = reliability(scores(), targets(examples), bins).bins;
            let count: usize = held.iter().map(|bin| bin.count).sum();
            same("count", count as f64, examples.len() as f64)?;
        }
        Ok(())
    });
}

pub fn the_order_of_examples_does_not_matter<B: TestBackend>() {
    holds::<B>(|examples| {
        let mut turned = examples.clone();
        turned.rotate_left(examples.len() / 3);
        turned.reverse();
        let values = |examples: &Examples| {
            let scores = || scores::<B>(examples, |p| p);
            let targets = || targets::<B>(examples);
            let decided = || scores().greater_equal_elem(0.5).int();
            let best = best_threshold(scores(), targets(), ThresholdCriterion::F1);
            [
                roc_auc(scores(), targets()),
                average_precision(scores(), targets()),
                brier_score(scores(), targets()),
                log_loss(scores(), targets()),
                expected_calibration_error(scores(), targets(), Bins::EqualMass(5)),
                matthews_corrcoef(decided(), targets(), 2),
                cohen_kappa(decided(), targets(), 2, KappaWeights::None),
                best.map_or(f64::NAN, |best| best.threshold),
                r2_score(scores(), targets().float()),
                median_absolute_error(scores(), targets().float()),
            ]
        };
        for (index, (a, b)) in values(examples)
            .into_iter()
            .zip(values(&turned))
            .enumerate()
        {
            same(&format!("value {index}"), a, b)?;
        }
        Ok(())
    });
}

pub fn undefined_inputs<B: TestBackend>() {
    let device = B::device();
    let nan = || Tensor::<B, 1>::from_floats([0.5, f32::NAN], &device);
    let answers = || Tensor::<B, 1, Int>::from_ints([0, 1], &device);
    assert!(roc_auc(nan(), answers()).is_nan());
    assert!(average_precision(nan(), answers()).is_nan());
    assert!(brier_score(nan(), answers()).is_nan());
    assert!(log_loss(nan(), answers()).is_nan());
    assert!(expected_calibration_error(nan(), answers(), Bins::default()).is_nan());
    assert!(roc_curve(nan(), answers()).thresholds.is_empty());
    assert!(best_threshold(nan(), answers(), ThresholdCriterion::F1).is_none());
    assert!(mean_absolute_error(nan(), answers().float()).is_nan());
    assert!(median_absolute_error(nan(), answers().float()).is_nan());
    assert!(r2_score(nan(), answers().float()).is_nan());

    let one_class = || Tensor::<B, 1, Int>::from_ints([0, 0], &device);
    let scores = || Tensor::<B, 1>::from_floats([0.25, 0.75], &device);
    for criterion in [ThresholdCriterion::F1, ThresholdCriterion::YoudenJ] {
        assert!(best_threshold(scores(), one_class(), criterion).is_none());
    }
    let unreachable = ThresholdCriterion::RecallAtPrecision { precision: 1.0 };
    let reversed = Tensor::<B, 1, Int>::from_ints([1, 0], &device);
    assert!(best_threshold(scores(), reversed, unreachable).is_none());

    if B::HAS_EMPTY_TENSORS {
        let none = || Tensor::<B, 1>::empty([0], &device);
        let of_none = || Tensor::<B, 1, Int>::empty([0], &device);
        assert!(roc_auc(none(), of_none()).is_nan());
        assert!(average_precision(none(), of_none()).is_nan());
        assert!(brier_score(none(), of_none()).is_nan());
        assert!(log_loss(none(), of_none()).is_nan());
        assert!(maximum_calibration_error(none(), of_none(), Bins::default()).is_nan());
        assert!(matthews_corrcoef(of_none(), of_none(), 2).is_nan());
        assert!(cohen_kappa(of_none(), of_none(), 2, KappaWeights::None).is_nan());
        assert!(balanced_accuracy(of_none(), of_none(), 2).is_nan());
        assert!(mean_absolute_error(none(), none()).is_nan());
        assert!(median_absolute_error(none(), none()).is_nan());
        assert!(explained_variance_score(none(), none()).is_nan());
        assert!(best_threshold(none(), of_none(), ThresholdCriterion::F1).is_none());
    }
}

pub fn bad_input<B: TestBackend>() {
    let device = B::device();
    let scores = |n| Tensor::<B, 1>::full([n], 0.5, &device);
    let rows = || Tensor::<B, 2>::full([2, 3], 0.25, &device);
    let zeros = |n| Tensor::<B, 1, Int>::zeros([n], &device);
    let ints = |a, b| Tensor::<B, 1, Int>::from_ints([a, b], &device);

    panics(&["roc_auc:", "`targets`", "`scores`", "[2]", "[3]"], || {
        roc_auc(scores(2), zeros(3))
    });
    panics(&["roc_auc:", "row 1 is 2", "0 or 1"], || {
        roc_auc(scores(2), ints(0, 2))
    });
    panics(&["brier_score:", "in [0, 1]", "1.5 at row 0"], || {
        brier_score(scores(2) + 1.0, zeros(2))
    });
    panics(&["brier_score_multiclass:", "row 1, column 2"], || {
        let mut wrong = [0.25f32; 6];
        wrong[5] = 1.25;
        let wrong = Tensor::<B, 1>::from_floats(wrong, &device).reshape([2, 3]);
        brier_score_multiclass(wrong, zeros(2))
    });
    panics(&["roc_auc_multilabel:", "row 1, column 0 is 3"], || {
        let targets = Tensor::<B, 2, Int>::from_ints([[0, 1, 1], [3, 0, 0]], &device);
        roc_auc_multilabel(rows(), targets, Average::Macro)
    });
    panics(
        &[
            "classification_report_multilabel:",
            "`predictions`",
            "row 0, column 1 is 2",
        ],
        || {
            let two = Tensor::<B, 2, Int>::from_ints([[0, 2], [1, 0]], &device);
            classification_report_multilabel(two.clone(), two)
        },
    );
    panics(
        &["TemperatureScalingConfig:", "row 1 is 3", "[0, 3)"],
        || TemperatureScalingConfig::new().fit(rows(), ints(0, 3)),
    );
    panics(
        &["log_loss_multiclass:", "`targets`", "[2]", "[2, 3]", "[3]"],
        || log_loss_multiclass(rows(), zeros(3)),
    );
    panics(&["roc_auc_multiclass:", "row 1 is 3", "[0, 3)"], || {
        roc_auc_multiclass(rows(), ints(0, 3), Average::Macro)
    });
    panics(
        &["confusion_matrix:", "`predictions`", "row 0 is -1"],
        || confusion_matrix(ints(-1, 0), zeros(2), 2),
    );
    panics(&["reliability:", "`bins`", "at least 1", "got 0"], || {
        reliability(scores(2), zeros(2), Bins::EqualWidth(0))
    });
    panics(&["best_threshold:", "`beta`", "above 0", "got 0"], || {
        let criterion = ThresholdCriterion::FBeta { beta: 0.0 };
        best_threshold(scores(2), zeros(2), criterion)
    });
    panics(
        &["r2_score:", "`targets`", "`predictions`", "[2]", "[3]"],
        || r2_score(scores(2), scores(3)),
    );
    panics(
        &["TemperatureScalingConfig:", "`temperature`", "above 0"],
        || {
            TemperatureScalingConfig::new()
                .with_temperature(0.0)
                .init::<B>(&device)
        },
    );
    panics(&["TemperatureScalingConfig:", "finite", "NaN"], || {
        TemperatureScalingConfig::new().fit(rows() * f32::NAN, zeros(2))
    });
}
