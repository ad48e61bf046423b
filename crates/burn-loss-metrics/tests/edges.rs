//! Values at the edges of what numbers hold: large counts, confident logits, NaN, many classes, and an epoch cut short.

mod support;

use burn::backend::NdArray;
use burn::data::dataloader::Progress;
use burn::tensor::{Int, Tensor, TensorData};
use burn::train::metric::{Metric, MetricMetadata, Numeric};
use burn_loss::{CrossEntropyLossConfig, LinearHead};
use burn_loss_metrics::*;
use support::{logged, logger};

type B = NdArray;

fn floats<const D: usize>(data: impl Into<TensorData>) -> Tensor<B, D> {
    Tensor::from_data(data.into(), &Default::default())
}

fn ints(data: &[i64]) -> Tensor<B, 1, Int> {
    Tensor::from_data(data, &Default::default())
}

fn metadata(items_processed: usize, items_total: usize) -> MetricMetadata {
    let progress = Progress {
        items_processed,
        items_total,
    };
    MetricMetadata {
        global_progress: progress.clone(),
        progress,
        iteration: None,
        lr: None,
    }
}

/// The value of one batch.
fn value_of<M: Metric + Numeric>(mut metric: M, batch: &M::Input) -> f64 {
    metric.update(batch, &metadata(1, 1));
    metric.running_value().current()
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    let error = (found - expected).abs();
    assert!(
        error <= 1e-12 * expected.abs(),
        "{found}, expected {expected}"
    );
}

#[test]
fn matthews_keeps_the_digits_of_a_rare_class() {
    let of = |counts: [[usize; 2]; 2]| {
        ConfusionMatrix::of_counts(counts.map(Vec::from).to_vec()).matthews_corrcoef()
    };
    assert_near(
        of([[70_000, 6000], [4000, 61_000]]),
        0.857_952_519_910_228_6,
    );
    assert_near(of([[1_999_999_998, 1], [0, 1]]), 0.707_106_781_009_770_8);
    // As far as whole numbers of 64 bits go: the same shares, the same value.
    let many = 1 << 60;
    assert_near(of([[3 * many, many], [0, many]]), of([[3, 1], [0, 1]]));
    assert_eq!(of([[0, 5], [0, 5]]), 0.0);
}

#[test]
fn scores_of_logits_come_from_the_logits() {
    // One output a row: 35 on a negative, 2 on a positive.
    let sure = ClassificationBatch::of_classes(floats([[35.0], [2.0]]), ints(&[0, 1]));
    assert_near(value_of(LogLossMetric::new(), &sure), 17.563_464_005_526_3);
    // The same of two classes, and far beyond what a probability holds.
    let pairs = floats([[0.0, 35.0], [0.0, 2.0]]);
    let pairs = ClassificationBatch::of_classes(pairs, ints(&[0, 1]));
    assert_near(value_of(LogLossMetric::new(), &pairs), 17.563_464_005_526_3);
    let far = ClassificationBatch::of_classes(floats([[800.0, 0.0, 0.0]]), ints(&[1]));
    assert_near(value_of(LogLossMetric::new(), &far), 800.0);
    let right = ClassificationBatch::of_classes(floats([[50.0]]), ints(&[1]));
    assert_near(value_of(LogLossMetric::new(), &right), (-50f64).exp());
    assert_near(value_of(BrierScoreMetric::new(), &right), (-100f64).exp());
    let right = ClassificationBatch::of_classes(floats([[50.0, 0.0]]), ints(&[0]));
    assert_near(value_of(LogLossMetric::new(), &right), (-50f64).exp());
    assert_near(value_of(BrierScoreMetric::new(), &right), (-100f64).exp());
}

#[test]
fn decisions_are_those_of_the_logits() {
    // Their probabilities are equal in f64, and 0.5.
    let classes = floats([[1e-20, 2e-20], [2e-20, 1e-20]]);
    let classes = ClassificationBatch::of_classes(classes, ints(&[1, 0]));
    assert_eq!(value_of(BalancedAccuracyMetric::new(), &classes), 1.0);
    let labels = ClassificationBatch::of_classes(floats([[-1e-20], [1e-20]]), ints(&[0, 1]));
    assert_eq!(value_of(BalancedAccuracyMetric::new(), &labels), 1.0);
    let nan = ClassificationBatch::of_classes(floats([[f32::NAN, 0.0]]), ints(&[0]));
    assert!(value_of(BalancedAccuracyMetric::new(), &nan).is_nan());
}

#[test]
fn a_threshold_is_compared_with_the_logit() {
    // The sigmoid of 40 is below 1, and rounds to it.
    let labels = ClassificationBatch::of_classes(floats([[40.0], [-40.0]]), ints(&[1, 0]));
    let of = |threshold| {
        let metric = BalancedAccuracyMetric::new().with_threshold(threshold);
        value_of(metric, &labels)
    };
    // All no: half of the two recalls.
    assert_eq!(of(1.0), 0.5);
    assert_eq!(of(f64::INFINITY), 0.5);
    assert_eq!(of(1.0 - 1e-15), 1.0);
    assert_eq!(of(1e-15), 1.0);
    // All yes.
    assert_eq!(of(0.0), 0.5);
    let highest = ClassificationBatch::of_classes(floats([[f32::INFINITY]]), ints(&[1]));
    let metric = BalancedAccuracyMetric::new().with_threshold(1.0);
    assert_eq!(value_of(metric, &highest), 1.0);
}

#[test]
fn a_confidence_is_that_of_the_highest_logit() {
    // Their probabilities are equal in f64: the first would be taken for the class of both rows.
    let classes = floats([[1e-20, 2e-20], [2e-20, 1e-20]]);
    let classes = ClassificationBatch::of_classes(classes, ints(&[1, 0]));
    let metric = ExpectedCalibrationErrorMetric::new();
    assert_eq!(value_of(metric, &classes), 0.5);
}

#[test]
fn tokens_that_do_not_count_are_not_correct() {
    let logits = || floats([[5.0, 0.0], [0.0, 5.0], [0.0, 5.0]]);
    let one = TokenBatch::of_logits(logits(), ints(&[0, 1, 0]), Some(0));
    assert_eq!(one.tokens(), 1);
    assert_eq!(value_of(TokenAccuracyMetric::new(), &one), 1.0);
    let of_several = |ignored: &[i64]| {
        let ignored = ignored.iter().copied();
        TokenBatch::of_logits(logits(), ints(&[0, 1, -100]), ignored)
    };
    let several = of_several(&[0, -100]);
    assert_eq!(several.tokens(), 1);
    assert_eq!(value_of(TokenAccuracyMetric::new(), &several), 1.0);
    let perplexity = value_of(PerplexityMetric::new(), &several);
    assert!((perplexity - (1.0 + (-5f64).exp())).abs() < 1e-6);
}

#[test]
fn a_token_of_nan_counts() {
    logger();
    let head = LinearHead::new(floats([[1.0, -1.0]]), None);
    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(-100))
        .init::<B>(&Default::default());
    let of = |targets: [i64; 2]| {
        let hidden = floats::<2>([[f32::NAN], [1.0]]);
        let output = loss.forward_linear_with_predictions(hidden, &head, ints(&targets));
        TokenBatch::new(output)
    };
    let batch = of([0, 0]);
    assert_eq!(batch.tokens(), 2);
    assert!(value_of(PerplexityMetric::new(), &batch).is_nan());
    assert!(logged("Perplexity: a log-probability is NaN"));
    assert_eq!(value_of(TokenAccuracyMetric::new(), &batch), 0.5);
    // Of padding nothing is said.
    let batch = of([-100, 0]);
    assert_eq!(batch.tokens(), 1);
    assert!(value_of(PerplexityMetric::new(), &batch).is_finite());
}

#[test]
fn nan_among_equal_targets_is_nan() {
    let predictions = || floats::<1>([f32::NAN, 2.0, 2.0]);
    let targets = || floats::<1>([2.0, 2.0, 2.0]);
    assert!(r2_score(predictions(), targets()).is_nan());
    assert!(explained_variance_score(predictions(), targets()).is_nan());
    assert!(r2_score(targets(), predictions()).is_nan());
    assert!(explained_variance_score(targets(), predictions()).is_nan());
    assert_eq!(r2_score(targets(), targets()), 1.0);
}

/// Asserts that a call panics with a message.
#[track_caller]
fn assert_refused<T>(call: impl FnOnce() -> T, expected: &str) {
    let call = std::panic::AssertUnwindSafe(|| drop(call()));
    let message = std::panic::catch_unwind(call).unwrap_err();
    assert_eq!(message.downcast_ref::<String>().unwrap(), expected);
}

#[test]
fn settings_out_of_range_are_refused() {
    for (threshold, got) in [(f64::NAN, "NaN"), (2.0, "2"), (-0.5, "-0.5")] {
        let expected = format!("expected `threshold` in [0, 1] or infinite, got {got}");
        let metric = || BalancedAccuracyMetric::new().with_threshold(threshold);
        assert_refused(metric, &format!("Balanced accuracy: {expected}"));
        let table = || ClassificationReportMetric::new().with_threshold(threshold);
        assert_refused(table, &format!("Classification report: {expected}"));
    }
    assert_refused(
        || ExpectedCalibrationErrorMetric::new().with_bins(Bins::EqualMass(0)),
        "ECE: expected `bins` of at least 1, got 0",
    );
    let threshold = |criterion| move || best_threshold(floats([0.5]), ints(&[1]), criterion);
    let costs = |false_negative| ThresholdCriterion::CostMatrix {
        true_negative: 0.0,
        false_positive: 1.0,
        false_negative,
        true_positive: 0.0,
    };
    assert_refused(
        threshold(costs(f64::NAN)),
        "best_threshold: expected `false_negative` finite, got NaN",
    );
    assert_refused(
        threshold(ThresholdCriterion::PrecisionAtRecall { recall: 1.5 }),
        "best_threshold: expected `recall` in [0, 1], got 1.5",
    );
    assert_refused(
        threshold(ThresholdCriterion::RecallAtPrecision { precision: -0.5 }),
        "best_threshold: expected `precision` in [0, 1], got -0.5",
    );
}

#[test]
fn tensors_of_nothing_are_refused() {
    let empty = |shape: [usize; 2]| Tensor::<B, 2>::zeros(shape, &Default::default());
    assert_refused(
        || log_loss_multiclass(empty([2, 0]), ints(&[0, 0])),
        "log_loss_multiclass: expected `probabilities` with at least one class on axis 1, got [2, 0]",
    );
    assert_refused(
        || TemperatureScalingConfig::new().fit(empty([0, 2]), ints(&[])),
        "TemperatureScalingConfig: expected `logits` of at least one row, got 0",
    );
    assert_refused(
        || TemperatureScalingConfig::new().fit(empty([2, 3]), ints(&[0])),
        "TemperatureScalingConfig: expected `targets` of shape [2] for `logits` of shape [2, 3], got [1]",
    );
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    assert_refused(
        || confusion_matrix(ints(&[0, 1]), ints(&[0]), 2),
        "confusion_matrix: expected `targets` of the shape of `predictions`, [2], got [1]",
    );
    // Both are asked whether they are classes, and each is named.
    assert_refused(
        || confusion_matrix(ints(&[0, 2]), ints(&[0, 1]), 2),
        "confusion_matrix: `predictions` at row 1 is 2, expected a class in [0, 2) (C = 2)",
    );
    assert_refused(
        || confusion_matrix(ints(&[0, 1]), ints(&[-1, 1]), 2),
        "confusion_matrix: `targets` at row 0 is -1, expected a class in [0, 2) (C = 2)",
    );
    let labels = |shape: [usize; 2]| Tensor::<B, 2, Int>::zeros(shape, &Default::default());
    assert_refused(
        || classification_report_multilabel(labels([2, 3]), labels([2, 2])),
        "classification_report_multilabel: expected `targets` of the shape of `predictions`, [2, 3], got [2, 2]",
    );
    let scores = || Tensor::<B, 2>::zeros([2, 3], &Default::default());
    let expected = "expected `targets` of the shape of `scores`, [2, 3], got [3, 2]";
    assert_refused(
        || roc_auc_multilabel(scores(), labels([3, 2]), Average::Macro),
        &format!("roc_auc_multilabel: {expected}"),
    );
    assert_refused(
        || average_precision_multilabel(scores(), labels([3, 2]), Average::Macro),
        &format!("average_precision_multilabel: {expected}"),
    );
}

#[test]
fn what_makes_an_epoch_nan_is_told() {
    logger();
    let refused = |losses: Tensor<B, 1>, reason: &str| {
        let batch = LossBatch::new(losses, 2);
        assert!(value_of(MeanLossMetric::new(), &batch).is_nan());
        assert!(logged(&format!("Loss: {reason}")), "{reason}");
    };
    refused(
        floats([1.0, 2.0, 3.0]),
        "expected `loss` of shape [1] or [2], got [3]",
    );
    refused(floats([f32::NAN]), "the loss is NaN");
    // A batch of three and one of one, of which only the first has the part that is asked for.
    let part = |value: f64| [("boxes".to_string(), value)];
    let mut metric = MeanLossMetric::of_part("boxes");
    for (batch, seen, expected) in [
        (
            LossBatch::new(floats([9.0]), 3).with_parts(part(0.5)),
            3,
            0.5,
        ),
        (
            LossBatch::new(floats([9.0]), 1).with_parts(part(2.5)),
            4,
            1.0,
        ),
        (LossBatch::new(floats([9.0]), 1), 5, f64::NAN),
    ] {
        metric.update(&batch, &metadata(seen, 5));
        let found = metric.running_value().current();
        assert!(found == expected || found.is_nan() && expected.is_nan());
    }
    assert!(logged(
        "Loss: boxes: expected a part `boxes` of the loss, got []"
    ));
    // Of a target that is no class there is no weight.
    let weighted = || MeanLossMetric::new().with_class_weights(Some(vec![1.0, 3.0]));
    let of_classes = |targets: &[i64]| LossBatch::of_classes(floats([0.5]), ints(targets));
    assert_eq!(value_of(weighted(), &of_classes(&[0, 1])), 0.5);
    assert!(value_of(weighted(), &of_classes(&[0, 2])).is_nan());
    assert!(logged(
        "Loss: `targets` at row 1 is 2, expected a class in [0, 2) (C = 2)"
    ));

    let mut metric = CohenKappaMetric::new();
    for columns in [2, 3] {
        let logits = Tensor::<B, 2>::zeros([1, columns], &Default::default());
        metric.update(
            &ClassificationBatch::of_classes(logits, ints(&[0])),
            &metadata(1, 1),
        );
    }
    assert!(metric.running_value().current().is_nan());
    assert!(logged(
        "Cohen kappa: expected `output` with as many columns as in the batches before (2), got 3"
    ));

    let of = |logit: f32| ClassificationBatch::of_classes(floats([[logit; 2]]), ints(&[0]));
    assert!(value_of(BrierScoreMetric::new(), &of(f32::NAN)).is_nan());
    assert!(logged("Brier score: the output has a NaN"));
    // Their softmax is NaN.
    assert!(value_of(MatthewsMetric::new(), &of(f32::NEG_INFINITY)).is_nan());
    assert!(logged("MCC: the output has a NaN"));
    let other = RegressionBatch::new(floats([[1.0, 2.0]]), floats([[1.0]]));
    assert!(value_of(R2Metric::new(), &other).is_nan());
    assert!(logged(
        "R2: expected `targets` of the shape of `output`, [1, 2], got [1, 1]"
    ));
    let broken = RegressionBatch::new(floats([[1.0, f32::NAN]]), floats([[1.0, 2.0]]));
    assert!(value_of(R2Metric::new(), &broken).is_nan());
    assert!(logged("R2: `output` is NaN at row 0, column 1"));
}

#[test]
fn what_is_wrong_with_a_batch_is_told() {
    logger();
    let logits = || floats::<2>([[1.0, -1.0], [0.0, 2.0]]);
    let of_classes = |classes: &[i64]| ClassificationBatch::of_classes(logits(), ints(classes));
    let of_labels = |labels: Tensor<B, 2, Int>| ClassificationBatch::of_labels(logits(), labels);
    let three = Tensor::<B, 2, Int>::zeros([3, 2], &Default::default());
    let labels = Tensor::<B, 2, Int>::from_ints([[0, 1], [2, 1]], &Default::default());
    for (batch, reason) in [
        (
            of_classes(&[0, 2]),
            "`targets` at row 1 is 2, expected a class in [0, 2) (C = 2)",
        ),
        (
            of_classes(&[0]),
            "expected `targets` of shape [2] for `output` of shape [2, 2], got [1]",
        ),
        (
            of_labels(three),
            "expected `targets` of the shape of `output`, [2, 2], got [3, 2]",
        ),
        (
            of_labels(labels),
            "`targets` at row 1, column 0 is 2, expected 0 or 1",
        ),
    ] {
        assert!(value_of(LogLossMetric::new(), &batch).is_nan());
        assert!(logged(&format!("Log loss: {reason}")), "{reason}");
    }
    let probabilities = LogLossMetric::new().with_model_output(ModelOutput::Probabilities);
    let name = probabilities.name();
    assert!(value_of(probabilities, &of_classes(&[0, 1])).is_nan());
    let reason = "expected `output` in [0, 1], got -1 at row 0, column 1";
    assert!(logged(&format!("{name}: {reason}")), "{reason}");
    let few = RocAucMetric::new().with_capacity(1);
    assert!(value_of(few, &of_classes(&[0, 1])).is_nan());
    let reason =
        "the epoch has 2 numbers to keep and more, expected at most 1 (`with_capacity` sets it)";
    assert!(logged(&format!("ROC-AUC: {reason}")), "{reason}");
}

#[test]
fn a_matrix_is_made_of_square_counts() {
    let matrix = ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 4]]);
    assert_eq!((matrix.total(), matrix.correct()), (7, 6));
    assert_refused(
        || ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0]]),
        "ConfusionMatrix: expected `counts` with as many columns as rows, 2, got 1 in row 1",
    );
}

#[test]
fn a_matrix_of_too_many_classes_is_refused() {
    assert_refused(
        || ConfusionMatrix::new(8193),
        "ConfusionMatrix: expected `num_classes` at most 8192, got 8193",
    );
    assert_refused(
        || confusion_matrix(ints(&[0]), ints(&[0]), 50_257),
        "confusion_matrix: expected `num_classes` at most 8192, got 50257",
    );
    logger();
    // A metric says so in the log, and trains on.
    let logits = Tensor::<B, 2>::zeros([2, 50_257], &Default::default());
    let batch = ClassificationBatch::of_classes(logits, ints(&[0, 1]));
    assert!(value_of(MatthewsMetric::new(), &batch).is_nan());
    assert!(logged(
        "MCC: expected `num_classes` at most 8192, got 50257"
    ));
    // What needs no matrix works.
    assert_near(value_of(LogLossMetric::new(), &batch), 50_257f64.ln());
}

/// Of a number that a person wrote into a file, the words are those of NaN and the infinities.
#[test]
fn a_word_that_is_no_number_is_refused() {
    let read = |threshold: &str| {
        let text = format!(
            r#"{{"threshold": {threshold}, "value": 1, "precision": -1, "recall": "NaN"}}"#
        );
        serde_json::from_str::<BestThreshold>(&text)
    };
    let best = read("\"inf\"").unwrap();
    assert_eq!(
        (best.threshold, best.value, best.precision),
        (f64::INFINITY, 1.0, -1.0)
    );
    assert_eq!(read("\"-inf\"").unwrap().threshold, f64::NEG_INFINITY);
    let error = read("\"high\"").unwrap_err().to_string();
    let expected = r#"invalid value: string "high", expected a number, "NaN", "inf" or "-inf""#;
    assert!(error.starts_with(expected), "{error}");
    let error = read("true").unwrap_err().to_string();
    assert!(
        error.starts_with("invalid type: boolean `true`, expected a number"),
        "{error}"
    );
}

#[test]
fn an_epoch_cut_short_is_told() {
    logger();
    fn update<S: accumulators::RankStatistic>(metric: &mut EpochMetric<accumulators::Ranked<S>>) {
        // Just over what is computed every batch, and then less than a quarter more.
        for (rows, processed) in [(8193, 8193), (1000, 9193)] {
            let logits: Vec<f32> = (0..rows).map(|row| (row % 17) as f32).collect();
            let targets: Vec<i64> = (0..rows as i64).map(|row| row % 2).collect();
            let logits = Tensor::<B, 1>::from_floats(logits.as_slice(), &Default::default());
            let batch = ClassificationBatch::of_classes(logits.reshape([rows, 1]), ints(&targets));
            metric.update(&batch, &metadata(processed, 10_000));
        }
    }
    let mut metric = RocAucMetric::new();
    update(&mut metric);
    metric.clear();
    let missing = "the epoch's value is that of its first 8193 of 9193 examples";
    assert!(logged(&format!("ROC-AUC: {missing}")));
    let mut table = ConfusionMatrixMetric::new();
    let batch = ClassificationBatch::of_classes(floats([[1.0, 0.0]]), ints(&[0]));
    table.update(&batch, &metadata(1, 2));
    table.clear();
    assert!(logged("Confusion matrix: the epoch's table was not logged"));

    // Burn's evaluator lets its metrics go without an end of the epoch.
    let mut metric = AveragePrecisionMetric::new();
    update(&mut metric);
    drop(metric.clone());
    assert!(!logged("Average precision"), "it is not the last");
    drop(metric);
    assert!(logged(&format!("Average precision: {missing}")));
    let mut table = ClassificationReportMetric::new();
    table.update(&batch, &metadata(1, 2));
    drop(table);
    assert!(logged(
        "Classification report: the epoch's table was not logged"
    ));
}

#[test]
fn a_whole_epoch_has_no_warning() {
    logger();
    let mut metric = MedianAbsoluteErrorMetric::new();
    let numbers = floats::<2>([[1.0]]);
    metric.update(
        &RegressionBatch::new(numbers.clone(), numbers),
        &metadata(1, 1),
    );
    metric.clear();
    assert!(!logged("Median absolute error"));
}
