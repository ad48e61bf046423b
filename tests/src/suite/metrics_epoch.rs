//! The metrics over an epoch of batches, and what is fitted when the training is over.

use burn::data::dataloader::Progress;
use burn::module::Module;
use burn::record::{
    BinBytesRecorder, DefaultRecorder, DoublePrecisionSettings, FullPrecisionSettings,
    NamedMpkFileRecorder, Recorder,
};
use burn::tensor::{ElementConversion, Int, Tensor};
use burn::train::metric::{Adaptor, Metric, MetricMetadata, Numeric, NumericEntry};
use burn_loss::{CrossEntropyLossConfig, LinearHead};
use burn_loss_metrics::*;

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::fixture::some_of;
use crate::metric_fixture::{Case, TOLERANCE, cases};

/// Uneven on purpose: a mean of the batches' values would be another number.
const BATCH_SIZES: [usize; 4] = [7, 1, 30, 12];

/// Where the batches of an epoch start and end.
fn batches(examples: usize) -> Vec<[usize; 2]> {
    let mut sizes = BATCH_SIZES.into_iter().cycle();
    let mut batches = Vec::new();
    let mut start = 0;
    while start < examples {
        let end = (start + sizes.next().expect("it cycles")).min(examples);
        batches.push([start, end]);
        start = end;
    }
    batches
}

pub(super) fn metadata(items_processed: usize, items_total: usize) -> MetricMetadata {
    MetricMetadata {
        progress: Progress {
            items_processed,
            items_total,
        },
        global_progress: Progress {
            items_processed: 1,
            items_total: 1,
        },
        iteration: None,
        lr: None,
    }
}

/// The epoch's value as the metric says it, and as Burn makes it of the logged entries.
fn epoch<A: Accumulator>(
    metric: &mut EpochMetric<A>,
    examples: usize,
    batch: impl Fn([usize; 2]) -> A::Batch,
) -> [f64; 2] {
    let (mut sum, mut weight) = (0.0, 0);
    for range in batches(examples) {
        let entry = metric.update(&batch(range), &metadata(range[1], examples));
        let logged = NumericEntry::deserialize(&entry.serialized).expect("an entry is a number");
        let NumericEntry::Aggregated { count, .. } = logged else {
            panic!("expected a value with its weight, got {}", entry.serialized);
        };
        sum += logged.current() * count as f64;
        weight += count;
    }
    [metric.running_value().current(), sum / weight as f64]
}

/// Runs two epochs, the second to see that the first is forgotten.
#[track_caller]
fn check<A: Accumulator>(
    case: &Case,
    mut metric: EpochMetric<A>,
    examples: usize,
    expected: f64,
    batch: impl Fn([usize; 2]) -> A::Batch,
) {
    for _ in 0..2 {
        let what = format!("{}, {}", case.name(), metric.name());
        let values = epoch(&mut metric, examples, &batch);
        assert_close(&what, &values, &[expected; 2], TOLERANCE);
        metric.clear();
    }
}

/// A metric of probabilities, for a model that ends in them.
macro_rules! of_probabilities {
    ($metric:ident $(.$option:ident($value:expr))*) => {
        $metric::new().with_model_output(ModelOutput::Probabilities)$(.$option($value))*
    };
}

/// Checks what the fixtures of classes and of labels have in common.
fn check_scores(case: &Case, examples: usize, batch: impl Fn([usize; 2]) -> ClassificationBatch) {
    let reals = |pointer| case.reals(pointer);
    for (index, average) in [Average::Macro, Average::Weighted].into_iter().enumerate() {
        let metric = of_probabilities!(RocAucMetric.with_average(average));
        check(case, metric, examples, reals("/roc_auc")[index], &batch);
        let metric = of_probabilities!(AveragePrecisionMetric.with_average(average));
        let expected = reals("/average_precision")[index];
        check(case, metric, examples, expected, &batch);
    }
    check_probabilities(case, examples, batch);
}

fn check_probabilities(
    case: &Case,
    examples: usize,
    batch: impl Fn([usize; 2]) -> ClassificationBatch,
) {
    let real = |pointer| case.reals(pointer)[0];
    let brier = of_probabilities!(BrierScoreMetric);
    check(case, brier, examples, real("/brier"), &batch);
    let log_loss = of_probabilities!(LogLossMetric);
    check(case, log_loss, examples, real("/log_loss"), &batch);
    for part in case.list("/calibration") {
        let count = part.count("/bins");
        let bins = match part.get("/kind").and_then(|kind| kind.as_str()) {
            Some("width") => Bins::EqualWidth(count),
            _ => Bins::EqualMass(count),
        };
        let metric = of_probabilities!(ExpectedCalibrationErrorMetric.with_bins(bins));
        let expected = part.reals("/expected")[0];
        check(case, metric, examples, expected, &batch);
        let metric = of_probabilities!(MaximumCalibrationErrorMetric.with_bins(bins));
        check(case, metric, examples, part.reals("/maximum")[0], &batch);
    }
}

pub fn classes_in_batches<B: TestBackend>() {
    let device = B::device();
    for case in cases("multiclass") {
        let (rows, classes) = (case.reals("/targets").len(), case.count("/classes"));
        let scores: Tensor<B, 2> = case.floats("/probabilities", [rows, classes], &device);
        let targets: Tensor<B, 1, Int> = case.ints("/targets", [rows], &device);
        let batch = |[start, end]: [usize; 2]| {
            let rows = start..end;
            ClassificationBatch::of_classes(
                scores.clone().slice([rows.clone()]),
                targets.clone().slice([rows]),
            )
        };
        if classes > 2 {
            check_scores(&case, rows, batch);
        } else {
            check_probabilities(&case, rows, batch);
        }
    }
}

pub fn labels_in_batches<B: TestBackend>() {
    let device = B::device();
    for case in cases("multilabel") {
        let labels = case.count("/classes");
        let rows = case.reals("/targets").len() / labels;
        let scores: Tensor<B, 2> = case.floats("/probabilities", [rows, labels], &device);
        let targets: Tensor<B, 2, Int> = case.ints("/targets", [rows, labels], &device);
        check_scores(&case, rows, |[start, end]| {
            let rows = start..end;
            ClassificationBatch::of_labels(
                scores.clone().slice([rows.clone()]),
                targets.clone().slice([rows]),
            )
        });
    }
}

pub fn one_output_in_batches<B: TestBackend>() {
    let device = B::device();
    for case in some_of::<B, _>(cases("binary")) {
        let rows = case.reals("/targets").len();
        let scores: Tensor<B, 2> = case.floats("/scores", [rows, 1], &device);
        let targets: Tensor<B, 1, Int> = case.ints("/targets", [rows], &device);
        let batch = |[start, end]: [usize; 2]| {
            let rows = start..end;
            ClassificationBatch::of_classes(
                scores.clone().slice([rows.clone()]),
                targets.clone().slice([rows]),
            )
        };
        let area = case.reals("/roc_auc")[0];
        check(&case, of_probabilities!(RocAucMetric), rows, area, batch);
        let precision = case.reals("/average_precision")[0];
        let metric = of_probabilities!(AveragePrecisionMetric);
        check(&case, metric, rows, precision, batch);
        check_probabilities(&case, rows, batch);
    }
    // The class that was decided for, as the highest of the logits.
    for case in cases("decisions") {
        let (rows, classes) = (case.reals("/targets").len(), case.count("/classes"));
        let predictions: Tensor<B, 1, Int> = case.ints("/predictions", [rows], &device);
        let logits: Tensor<B, 2> = predictions.one_hot(classes).float();
        let targets: Tensor<B, 1, Int> = case.ints("/targets", [rows], &device);
        let batch = |[start, end]: [usize; 2]| {
            let rows = start..end;
            ClassificationBatch::of_classes(
                logits.clone().slice([rows.clone()]),
                targets.clone().slice([rows]),
            )
        };
        let real = |pointer, index: usize| case.reals(pointer)[index];
        let expected = real("/matthews", 0);
        check(&case, MatthewsMetric::new(), rows, expected, batch);
        let expected = real("/balanced_accuracy", 0);
        check(&case, BalancedAccuracyMetric::new(), rows, expected, batch);
        let weights = [
            KappaWeights::None,
            KappaWeights::Linear,
            KappaWeights::Quadratic,
        ];
        for (index, weights) in weights.into_iter().enumerate() {
            let kappa = CohenKappaMetric::new().with_weights(weights);
            check(&case, kappa, rows, real("/kappa", index), batch);
        }
    }
}

pub fn numbers_in_batches<B: TestBackend>() {
    let device = B::device();
    for case in cases("regression") {
        let outputs = case.count("/outputs");
        let rows = case.reals("/targets").len() / outputs;
        let predictions: Tensor<B, 2> = case.floats("/predictions", [rows, outputs], &device);
        let targets: Tensor<B, 2> = case.floats("/targets", [rows, outputs], &device);
        let batch = |[start, end]: [usize; 2]| {
            let rows = start..end;
            RegressionBatch::new(
                predictions.clone().slice([rows.clone()]),
                targets.clone().slice([rows]),
            )
        };
        macro_rules! check {
            ($($metric:ident $value:literal)+) => {
                $(check(&case, $metric::new(), rows, case.reals($value)[0], batch);)+
            };
        }
        check! {
            MeanAbsoluteErrorMetric "/mean_absolute_error"
            RootMeanSquaredErrorMetric "/root_mean_squared_error"
            MedianAbsoluteErrorMetric "/median_absolute_error"
            MeanAbsolutePercentageErrorMetric "/mean_absolute_percentage_error"
            R2Metric "/r2_score"
            ExplainedVarianceMetric "/explained_variance_score"
        }
    }
}

/// A batch of one output, of logits.
pub(super) fn one_output<B: TestBackend, const N: usize>(
    logits: [f32; N],
    targets: [i64; N],
) -> ClassificationBatch {
    let device = B::device();
    ClassificationBatch::of_classes(
        Tensor::<B, 1>::from_floats(logits, &device).reshape([N, 1]),
        Tensor::<B, 1, Int>::from_ints(targets, &device),
    )
}

/// Class weights and ignored rows as the library's own loss has them: the epoch's value is the loss of all rows at once.
pub fn losses_in_batches<B: TestBackend>() {
    let device = B::device();
    let logits: Vec<f32> = (0..48).map(|i| ((i * 29) % 17) as f32 / 8.0).collect();
    let logits = Tensor::<B, 1>::from_floats(logits.as_slice(), &device).reshape([16, 3]);
    let targets = [0, 2, 1, 7, 7, 7, 7, 7, 2, 0, 7, 1, 2, 2, 0, 1];
    let targets = Tensor::<B, 1, Int>::from_ints(targets, &device);
    for weights in [None, Some(vec![1.0, 0.25, 3.0])] {
        let loss = CrossEntropyLossConfig::new()
            .with_ignore_index(Some(7))
            .with_class_weights(weights.clone())
            .init(&device);
        let expected = loss.forward(logits.clone(), targets.clone());
        let expected: f64 = expected.into_scalar().elem();
        for mean in [true, false] {
            let mut metric = MeanLossMetric::new()
                .with_ignore_index(Some(7))
                .with_class_weights(weights.clone());
            // The second batch has no row that counts.
            let ends = [0, 3, 8, 15, 16];
            let (mut sum, mut weight) = (0.0, 0);
            for range in ends.windows(2) {
                let rows = range[0]..range[1];
                // One row alone is taken for a mean.
                let is_mean = mean || rows.len() == 1;
                let seen = rows.end;
                let logits = logits.clone().slice([rows.clone()]);
                let targets = targets.clone().slice([rows]);
                let losses = match is_mean {
                    true => loss.forward(logits, targets.clone()),
                    false => loss.forward_no_reduction(logits, targets.clone()),
                };
                let batch = LossBatch::of_classes(losses, targets);
                let entry = metric.update(&batch, &metadata(seen, 16));
                let entry = NumericEntry::deserialize(&entry.serialized).unwrap();
                if let NumericEntry::Aggregated { count, .. } = entry {
                    sum += entry.current() * count as f64;
                    weight += count;
                }
            }
            let values = [metric.running_value().current(), sum / weight as f64];
            assert_close("loss", &values, &[expected; 2], B::TOLERANCE);
        }
    }
}

pub fn a_loss_that_is_nan<B: TestBackend>() {
    let loss = |loss: f32| Tensor::<B, 1>::from_floats([loss], &B::device());
    let mut metric = MeanLossMetric::new();
    metric.update(&LossBatch::new(loss(0.5), 3), &metadata(3, 4));
    metric.update(&LossBatch::new(loss(f32::NAN), 1), &metadata(4, 4));
    assert!(metric.running_value().current().is_nan());
    metric.clear();
    metric.update(&LossBatch::new(loss(0.5), 3), &metadata(3, 3));
    assert_eq!(metric.running_value().current(), 0.5);
    let three = Tensor::<B, 1>::zeros([3], &B::device());
    metric.update(&LossBatch::new(three, 4), &metadata(4, 4));
    assert!(
        metric.running_value().current().is_nan(),
        "of another shape"
    );
}

pub fn undefined_until_both_classes_came<B: TestBackend>() {
    let mut metric = RocAucMetric::new();
    let entry = metric.update(&one_output::<B, 2>([1.0, -1.0], [0, 0]), &metadata(2, 4));
    assert_eq!(entry.serialized, "0,0", "an undefined batch weighs nothing");
    assert!(metric.running_value().current().is_nan());
    assert!(metric.value().current().is_nan(), "0 would be plotted");
    let entry = metric.update(&one_output::<B, 2>([0.0, 2.0], [1, 1]), &metadata(4, 4));
    assert_eq!(
        entry.serialized, "0.75,4",
        "the first defined one weighs for both"
    );
    assert_eq!(metric.value().current(), 0.75);
}

pub fn undefined_for_good<B: TestBackend>() {
    let good = one_output::<B, 2>([1.0, -1.0], [1, 0]);
    let bad = [
        one_output::<B, 1>([f32::NAN], [1]),
        one_output::<B, 1>([0.0], [2]),
        ClassificationBatch::of_labels(
            Tensor::<B, 2>::zeros([1, 3], &B::device()),
            Tensor::<B, 2, Int>::zeros([1, 3], &B::device()),
        ),
        ClassificationBatch::of_classes(
            Tensor::<B, 2>::zeros([2, 1], &B::device()),
            Tensor::<B, 1, Int>::zeros([3], &B::device()),
        ),
    ];
    for (index, bad) in bad.iter().enumerate() {
        let mut metric = RocAucMetric::new();
        for batch in [&good, bad, &good] {
            metric.update(batch, &metadata(1, 1));
        }
        assert!(metric.running_value().current().is_nan(), "{index}");
        assert!(metric.value().current().is_nan(), "{index}");
        // The next epoch is a new one.
        metric.clear();
        metric.update(&good, &metadata(1, 1));
        assert_eq!(metric.running_value().current(), 1.0, "{index}");
    }
    let mut metric = RocAucMetric::new().with_capacity(3);
    metric.update(&good, &metadata(2, 4));
    assert_eq!(metric.running_value().current(), 1.0);
    metric.update(&good, &metadata(4, 4));
    assert!(
        metric.running_value().current().is_nan(),
        "more than it may keep"
    );
    let rows = ClassificationBatch::of_classes(
        Tensor::<B, 2>::zeros([2, 3], &B::device()),
        Tensor::<B, 1, Int>::from_ints([-100, 5], &B::device()),
    );
    let mut metric = LogLossMetric::new().with_ignore_index(Some(-100));
    metric.update(&rows, &metadata(1, 1));
    assert!(
        metric.running_value().current().is_nan(),
        "a class outside, and not ignored"
    );
    let mut metric = LogLossMetric::new().with_ignore_index(Some(5));
    metric.update(&rows, &metadata(1, 1));
    assert!(metric.running_value().current().is_nan());
}

/// In a large epoch the value is not computed after every batch, but after the last one it is.
pub fn large_epochs<B: TestBackend>() {
    let device = B::device();
    let (rows, size) = (20_000, 500);
    let logits: Vec<f32> = (0..rows)
        .map(|i: i32| ((i * 7919) % 1009) as f32 / 64.0 - 8.0)
        .collect();
    let targets: Vec<i32> = (0..rows).map(|i| i32::from((i * 31) % 101 < 20)).collect();
    let tensor = |range: std::ops::Range<usize>| {
        let logits = Tensor::<B, 1>::from_floats(&logits[range.clone()], &device);
        let targets = Tensor::<B, 1, Int>::from_ints(&targets[range], &device);
        (logits, targets)
    };
    let (all, classes) = tensor(0..rows as usize);
    let expected = roc_auc(all, classes);

    let mut metric = RocAucMetric::new();
    let (mut sum, mut weight, mut computed) = (0.0, 0, 0);
    for start in (0..rows as usize).step_by(size) {
        let (logits, targets) = tensor(start..start + size);
        let batch = ClassificationBatch::of_classes(logits.reshape([size, 1]), targets);
        let entry = metric.update(&batch, &metadata(start + size, rows as usize));
        let logged = NumericEntry::deserialize(&entry.serialized).expect("an entry is a number");
        let NumericEntry::Aggregated {
            aggregated_value,
            count,
        } = logged
        else {
            panic!("expected a value with its weight");
        };
        sum += aggregated_value * count as f64;
        weight += count;
        computed += usize::from(count > 0);
        let shown = metric.value().current();
        assert!((0.0..=1.0).contains(&shown), "{shown} is shown");
    }
    assert!((16..24).contains(&computed), "{computed} of 40 batches");
    let values = [metric.running_value().current(), sum / weight as f64];
    assert_close("ROC-AUC", &values, &[expected; 2], TOLERANCE);
}

fn fitted<B: TestBackend>(case: &Case) -> (TemperatureScaling<B>, ClassificationBatch) {
    let device = B::device();
    let (rows, classes) = (case.reals("/targets").len(), case.count("/classes"));
    let logits: Tensor<B, 2> = case.floats("/logits", [rows, classes], &device);
    let targets: Tensor<B, 1, Int> = case.ints("/targets", [rows], &device);
    let scaling = TemperatureScalingConfig::new().fit(logits.clone(), targets.clone());
    let scaled = scaling.apply(logits);
    (scaling, ClassificationBatch::of_classes(scaled, targets))
}

pub fn temperature_scaling<B: TestBackend>() {
    for case in cases("temperature") {
        let (scaling, scaled) = fitted::<B>(&case);
        let [expected, log_loss] = ["/temperature", "/log_loss"].map(|part| case.reals(part)[0]);
        // On every backend: the fit runs in f64, and the backend's float holds its result.
        let tolerance = Tolerance {
            relative: 1e-6,
            absolute: 0.0,
        };
        let actual = [scaling.temperature()];
        assert_close(case.name(), &actual, &[expected], tolerance);
        let mut metric = LogLossMetric::new();
        metric.update(&scaled, &metadata(1, 1));
        let difference = (metric.running_value().current() - log_loss).abs();
        assert!(difference < 1e-6, "{}: {difference:e}", case.name());
    }
}

pub fn a_temperature_is_saved_and_loaded<B: TestBackend>() {
    let (scaling, _) = fitted::<B>(&cases("temperature")[0]);
    let expected = scaling.temperature();
    let recorder = BinBytesRecorder::<DoublePrecisionSettings>::new();
    let bytes = Recorder::<B>::record(&recorder, scaling.into_record(), ()).expect("it is saved");
    let device = B::device();
    let record = recorder.load(bytes, &device).expect("it is loaded");
    let loaded = TemperatureScalingConfig::new()
        .init::<B>(&device)
        .load_record(record);
    assert_close(
        "temperature",
        &[loaded.temperature()],
        &[expected],
        TOLERANCE,
    );
}

/// As the doc of `TemperatureScaling` says it: to a file and back, with Burn's recorders.
pub fn a_temperature_survives_a_file<B: TestBackend>() {
    let (scaling, scaled) = fitted::<B>(&cases("temperature")[0]);
    let expected = scaling.temperature();
    let folder = std::env::temp_dir().join(format!(
        "burn-loss-temperature-{}-{}",
        std::process::id(),
        std::any::type_name::<B>().replace(|c: char| !c.is_alphanumeric(), "-")
    ));
    std::fs::create_dir_all(&folder).expect("a folder");
    let device = B::device();
    let fresh = || TemperatureScalingConfig::new().init::<B>(&device);

    let path = folder.join("default");
    let recorder = DefaultRecorder::new();
    scaling.clone().save_file(&path, &recorder).expect("saved");
    let loaded = fresh().load_file(&path, &recorder, &device);
    let half_precision = loaded.expect("loaded").temperature();
    assert!(
        (half_precision / expected - 1.0).abs() < 1e-3,
        "{half_precision}"
    );

    let path = folder.join("full");
    let recorder = NamedMpkFileRecorder::<FullPrecisionSettings>::new();
    scaling.save_file(&path, &recorder).expect("saved");
    let loaded = fresh()
        .load_file(&path, &recorder, &device)
        .expect("loaded");
    assert!((loaded.temperature() / expected - 1.0).abs() < 1e-7);
    std::fs::remove_dir_all(&folder).expect("the files are there");

    // What was loaded scales as what was fitted does.
    let case = &cases("temperature")[0];
    let shape = [case.reals("/targets").len(), case.count("/classes")];
    let logits = loaded.apply(case.floats("/logits", shape, &device));
    let targets: Tensor<B, 1, Int> = case.ints("/targets", [shape[0]], &device);
    let loss = |batch: &ClassificationBatch| {
        let mut metric = LogLossMetric::new();
        metric.update(batch, &metadata(1, 1));
        metric.running_value().current()
    };
    let again = ClassificationBatch::of_classes(logits, targets);
    assert!((loss(&again) - loss(&scaled)).abs() < 1e-6);
}

/// Tokens in uneven batches, one of them all padding, by a linear head and by logits: the metrics of all of them together.
pub fn tokens_in_batches<B: TestBackend>() {
    const PADDING: i64 = -100;
    let device = B::device();
    let number = |i: usize| ((i * 7919 + 13) % 2003) as f32 / 500.0 - 2.0;
    let hidden: Vec<f32> = (0..60).map(number).collect();
    let hidden = Tensor::<B, 1>::from_floats(hidden.as_slice(), &device).reshape([20, 3]);
    let weight: Vec<f32> = (60..75).map(number).collect();
    let weight = Tensor::<B, 1>::from_floats(weight.as_slice(), &device).reshape([3, 5]);
    let head = LinearHead::new(weight.clone(), None);
    // The rows 7 to 11 are padding.
    let class = |row: usize| {
        if (7..12).contains(&row) {
            PADDING
        } else {
            (row * 3 % 5) as i64
        }
    };
    let classes: Vec<i64> = (0..20).map(class).collect();
    let targets = Tensor::<B, 1, Int>::from_ints(classes.as_slice(), &device);
    let logits = hidden.clone().matmul(weight);

    let log_probs = numbers(burn::tensor::activation::log_softmax(logits.clone(), 1));
    let predicted: Vec<i64> = logits.clone().argmax(1).into_data().iter().collect();
    let counted: Vec<usize> = (0..20).filter(|&row| classes[row] != PADDING).collect();
    let of_target = |&row: &usize| log_probs[5 * row + classes[row] as usize];
    let sum: f64 = counted.iter().map(of_target).sum();
    let correct = counted
        .iter()
        .filter(|&&row| predicted[row] == classes[row]);
    let correct = correct.count() as f64;
    assert!(
        correct > 0.0 && correct < 15.0,
        "{correct} of 15 show little"
    );
    let perplexity = (-sum / 15.0).exp();

    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(PADDING))
        .init(&device);
    for by_head in [true, false] {
        let (mut tokens, mut accuracy) = (PerplexityMetric::new(), TokenAccuracyMetric::new());
        let mut mean = MeanLossMetric::new();
        let mut logged = [(0.0, 0); 2];
        for range in [0..2, 2..7, 7..12, 12..20] {
            let (end, rows) = (range.end, [range]);
            let targets = targets.clone().slice(rows.clone());
            let batch = match by_head {
                true => {
                    let hidden = hidden.clone().slice(rows);
                    TokenBatch::new(loss.forward_linear_with_predictions(hidden, &head, targets))
                }
                false => {
                    let logits = logits.clone().slice(rows);
                    let loss = loss.forward(logits.clone(), targets.clone());
                    TokenBatch::of_logits(logits, targets, Some(PADDING)).with_loss(loss)
                }
            };
            mean.update(&batch.adapt(), &metadata(end, 20));
            let entries = [
                tokens.update(&batch, &metadata(end, 20)),
                accuracy.update(&batch, &metadata(end, 20)),
            ];
            for ((sum, weight), entry) in logged.iter_mut().zip(entries) {
                let entry = NumericEntry::deserialize(&entry.serialized).unwrap();
                if let NumericEntry::Aggregated { count, .. } = entry {
                    *sum += entry.current() * count as f64;
                    *weight += count;
                }
            }
        }
        assert_eq!(logged.map(|(_, weight)| weight), [15; 2]);
        let mut found = logged.map(|(sum, weight)| sum / weight as f64).to_vec();
        found.extend([
            tokens.running_value().current(),
            accuracy.running_value().current(),
            mean.running_value().current(),
        ]);
        let share = correct / 15.0;
        let expected = [perplexity, share, perplexity, share, perplexity.ln()];
        assert_close("tokens", &found, &expected, B::TOLERANCE);
    }
}

pub fn tokens_of_a_diverged_model<B: TestBackend>() {
    let device = B::device();
    let logits = Tensor::<B, 2>::from_floats([[f32::NAN, 0.0], [1.0, 0.0]], &device);
    let targets = Tensor::<B, 1, Int>::from_ints([0, 0], &device);
    let batch = TokenBatch::of_logits(logits, targets, None);
    let mut metric = PerplexityMetric::new();
    metric.update(&batch, &metadata(2, 2));
    assert!(metric.running_value().current().is_nan());
}
