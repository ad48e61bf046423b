//! Batches with so many outputs that they are not read whole: a few numbers of each row are found on the device.

use burn::tensor::{DType, Int, Tensor};
use burn::train::metric::{Metric, Numeric};
use burn_loss_metrics::*;

use super::metrics_epoch::metadata;
use crate::backend::{TestBackend, Tolerance};
use crate::compare::assert_close;

/// More than the 2^19 numbers that are read at a time; each half is less.
const SHAPE: [usize; 2] = [1000, 1000];
const WHOLE: &[usize] = &[0, SHAPE[0]];
const HALVES: &[usize] = &[0, SHAPE[0] / 2, SHAPE[0]];
const IGNORED: i64 = -100;

/// A class that is right in some rows; each ninth row does not count.
fn class(row: usize) -> usize {
    row * 31 % SHAPE[1]
}

fn target(row: usize) -> i64 {
    match row % 9 {
        0 => IGNORED,
        _ => class(row) as i64,
    }
}

/// Scores with what makes a row hard: ties, `-inf`, and NaN where nothing counts. They are exact in 16 bits, too.
fn logit(row: usize, column: usize) -> f32 {
    let class = class(row);
    match row % 9 {
        0 if column == 7 => f32::NAN,
        // The class is the first of two that are the highest.
        1 if column == class || column == class + 3 => 16.0,
        // It is the second of two.
        2 if column == class || column + 3 == class => 16.0,
        // Most are impossible, or all others.
        3 if column != class && !column.is_multiple_of(50) => f32::NEG_INFINITY,
        4 if column != class => f32::NEG_INFINITY,
        _ => ((row * SHAPE[1] + column) * 7919 % 1009) as f32 / 64.0,
    }
}

/// Of the same rows; some lie outside `[0, 1]` by what rounding makes.
fn probability(row: usize, column: usize) -> f32 {
    match (row % 9, column) {
        (5, 11) => 1.0 + 2.0 * f32::EPSILON,
        (6, 12) => -1e-7,
        _ => logit(row, column).max(0.0) / 16.0,
    }
}

fn tensor<B: TestBackend>(score: impl Fn(usize, usize) -> f32) -> Tensor<B, 2> {
    let [rows, columns] = SHAPE;
    let mut scores = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        scores.extend((0..columns).map(|column| score(row, column)));
    }
    Tensor::<B, 1>::from_floats(scores.as_slice(), &B::device()).reshape(SHAPE)
}

fn batch<B: TestBackend>(scores: &Tensor<B, 2>, [start, end]: [usize; 2]) -> ClassificationBatch {
    let targets: Vec<i64> = (start..end).map(target).collect();
    let targets = Tensor::<B, 1, Int>::from_ints(targets.as_slice(), &scores.device());
    ClassificationBatch::of_classes(scores.clone().narrow(0, start, end - start), targets)
}

/// The values of the metrics after batches that end in these rows.
fn values<B: TestBackend>(
    scores: &Tensor<B, 2>,
    model_output: ModelOutput,
    ends: &[usize],
) -> Vec<f64> {
    let batches = ends.windows(2).map(|ends| {
        let end = ends[1];
        (batch(scores, [ends[0], end]), metadata(end, SHAPE[0]))
    });
    let batches: Vec<_> = batches.collect();
    macro_rules! values {
        ($($metric:expr),+ $(,)?) => {
            vec![$({
                let metric = $metric.with_model_output(model_output);
                let mut metric = metric.with_ignore_index(Some(IGNORED));
                for (batch, metadata) in &batches {
                    metric.update(batch, metadata);
                }
                metric.running_value().current()
            }),+]
        };
    }
    values![
        BalancedAccuracyMetric::new(),
        LogLossMetric::new(),
        BrierScoreMetric::new(),
        ExpectedCalibrationErrorMetric::new(),
        RocAucMetric::new().with_average(Average::Weighted),
    ]
}

/// What is found on the device is what is found of the rows themselves, in 16 bits, too.
pub fn the_size_of_a_batch_does_not_matter<B: TestBackend>() {
    let tolerance = Tolerance {
        relative: 1e-12,
        absolute: 0.0,
    };
    let logits = tensor::<B>(logit);
    let expected = values(&logits, ModelOutput::Logits, HALVES);
    assert!(expected.iter().all(|value| value.is_finite()));
    assert!(expected[0] > 0.1 && expected[0] < 0.9, "{expected:?}");
    let found = values(&logits, ModelOutput::Logits, WHOLE);
    assert_close("logits", &found, &expected, tolerance);
    if B::HAS_HALVES {
        let logits = logits.cast(DType::F16);
        let found = values(&logits, ModelOutput::Logits, WHOLE);
        assert_close("logits of 16 bits", &found, &expected, tolerance);
    }

    let probabilities = tensor::<B>(probability);
    let expected = values(&probabilities, ModelOutput::Probabilities, HALVES);
    assert!(expected.iter().all(|value| value.is_finite()));
    let found = values(&probabilities, ModelOutput::Probabilities, WHOLE);
    assert_close("probabilities", &found, &expected, tolerance);
}

/// What is wrong in one of many rows is found, and its place named.
pub fn what_is_wrong_is_found<B: TestBackend>() {
    let why = |score: fn(usize, usize) -> f32, model_output| {
        let batch = batch(&tensor::<B>(score), [0, SHAPE[0]]);
        let metric = ConfusionMatrixMetric::new().with_model_output(model_output);
        let mut metric = metric.with_ignore_index(Some(IGNORED));
        metric.update(&batch, &metadata(1, 1)).formatted
    };
    let of_logits = |score| why(score, ModelOutput::Logits);
    let nan = |row, column| match (row, column) {
        (700, 999) => f32::NAN,
        _ => logit(row, column),
    };
    assert_eq!(of_logits(nan), "the output has a NaN");
    // Their softmax is NaN.
    let impossible = |row, column| match row {
        700 => f32::NEG_INFINITY,
        _ => logit(row, column),
    };
    assert_eq!(of_logits(impossible), "the output has a NaN");
    let sure = |row, column| match (row, column) {
        (998, 0) => f32::INFINITY,
        _ => logit(row, column),
    };
    assert_eq!(of_logits(sure), "the output has a NaN");

    let of_probabilities = |score| why(score, ModelOutput::Probabilities);
    let nan = |row, column| match (row, column) {
        (700, 999) => f32::NAN,
        _ => probability(row, column),
    };
    assert_eq!(of_probabilities(nan), "the output has a NaN");
    let above = |row, column| match (row, column) {
        (700, 3) => 1.5,
        _ => probability(row, column),
    };
    let expected = "expected `output` in [0, 1], got 1.5 at row 700, column 3";
    assert_eq!(of_probabilities(above), expected);
    let below = |row, column| match (row, column) {
        (998, 998) => -0.5,
        (998, 999) => f32::NAN,
        _ => probability(row, column),
    };
    let expected = "expected `output` in [0, 1], got -0.5 at row 998, column 998";
    assert_eq!(of_probabilities(below), expected);
}
