//! What a metric shows and logs, its options, and its tables.

use burn::tensor::{Int, Tensor};
use burn::train::metric::{Metric, Numeric, NumericEntry};
use burn_loss_metrics::*;

use super::metrics_epoch::{metadata, one_output};
use crate::backend::TestBackend;

fn of_classes<B: TestBackend, const N: usize, const C: usize>(
    logits: [[f32; C]; N],
    targets: [i64; N],
) -> ClassificationBatch {
    let device = B::device();
    ClassificationBatch::of_classes(
        Tensor::<B, 2>::from_floats(logits, &device),
        Tensor::<B, 1, Int>::from_ints(targets, &device),
    )
}

fn of_labels<B: TestBackend, const N: usize, const L: usize>(
    logits: [[f32; L]; N],
    targets: [[i64; L]; N],
) -> ClassificationBatch {
    let device = B::device();
    ClassificationBatch::of_labels(
        Tensor::<B, 2>::from_floats(logits, &device),
        Tensor::<B, 2, Int>::from_ints(targets, &device),
    )
}

/// The value of one batch.
fn value<A: Accumulator>(mut metric: EpochMetric<A>, batch: &A::Batch) -> f64 {
    metric.update(batch, &metadata(1, 1));
    metric.running_value().current()
}

/// What a table logs of one batch.
fn table<M: Metric<Input = ClassificationBatch>>(mut metric: M, batch: &M::Input) -> String {
    metric.update(batch, &metadata(1, 1)).serialized
}

pub fn what_is_shown_stays_in_range<B: TestBackend>() {
    let mut metric = RocAucMetric::new();
    let good = one_output::<B, 4>([3.0, 2.0, -2.0, -3.0], [1, 1, 0, 0]);
    let bad = one_output::<B, 4>([-3.0, -2.0, 2.0, 3.0], [1, 1, 0, 0]);
    metric.update(&good, &metadata(4, 8));
    let entry = metric.update(&bad, &metadata(8, 8));
    let logged = NumericEntry::deserialize(&entry.serialized).unwrap();
    // Half of all pairs are in order, after all of them were.
    assert_eq!(metric.value().current(), 0.5);
    assert_eq!(metric.running_value().current(), 0.5);
    assert_eq!(logged.current(), 0.0);
    assert!(entry.formatted.contains("0.5"), "{}", entry.formatted);

    let mut metric = RocAucMetric::new();
    let few = one_output::<B, 2>([-3.0, 3.0], [1, 0]);
    for (batch, seen) in [(&good, 4), (&good, 8), (&few, 10)] {
        metric.update(batch, &metadata(seen, 10));
        let shown = metric.value().current();
        assert!((0.0..=1.0).contains(&shown), "{shown} is plotted");
    }
}

pub fn a_regression_that_diverges_is_nan<B: TestBackend>() {
    let device = B::device();
    let batch = |prediction: f32| {
        RegressionBatch::new(
            Tensor::<B, 2>::from_floats([[prediction]], &device),
            Tensor::<B, 2>::zeros([1, 1], &device),
        )
    };
    fn check<A: Accumulator<Batch = RegressionBatch>>(
        mut metric: EpochMetric<A>,
        batch: impl Fn(f32) -> RegressionBatch,
    ) {
        for numbers in [[f32::NAN, 1.0], [1.0, f32::NAN]] {
            for number in numbers {
                metric.update(&batch(number), &metadata(1, 2));
            }
            let name = metric.name();
            assert!(metric.value().current().is_nan(), "{name} plots a number");
            assert!(metric.running_value().current().is_nan(), "{name}");
            metric.clear();
        }
    }
    check(MeanAbsoluteErrorMetric::new(), batch);
    check(RootMeanSquaredErrorMetric::new(), batch);
    check(MeanAbsolutePercentageErrorMetric::new(), batch);
    check(R2Metric::new(), batch);
    check(ExplainedVarianceMetric::new(), batch);
    check(MedianAbsoluteErrorMetric::new(), batch);

    // An infinite error is one, and no NaN.
    let mut metric = MeanAbsoluteErrorMetric::new();
    let (mut sum, mut weight) = (0.0, 0);
    for (seen, number) in [1.0, f32::INFINITY, 1.0].into_iter().enumerate() {
        let entry = metric.update(&batch(number), &metadata(seen + 1, 3));
        let entry = NumericEntry::deserialize(&entry.serialized).unwrap();
        if let NumericEntry::Aggregated { count, .. } = entry {
            sum += entry.current() * count as f64;
            weight += count;
        }
    }
    assert_eq!(metric.running_value().current(), f64::INFINITY);
    assert_eq!(sum / weight as f64, f64::INFINITY);
}

/// In f64, the sigmoid of 40 is 1, as that of 50 is.
pub fn saturated_logits_are_no_ties<B: TestBackend>() {
    let batches = [
        one_output::<B, 2>([40.0, 50.0], [0, 1]),
        of_classes::<B, 2, 2>([[0.0, 40.0], [0.0, 50.0]], [0, 1]),
        of_classes::<B, 2, 2>([[-25.0, 20.0], [-25.0, 30.0]], [0, 1]),
        of_classes::<B, 3, 3>(
            [[0.0, 40.0, 0.0], [0.0, 50.0, 0.0], [60.0, 0.0, 45.0]],
            [2, 1, 0],
        ),
        of_labels::<B, 2, 2>([[40.0, -50.0], [50.0, -40.0]], [[0, 0], [1, 1]]),
    ];
    for (index, batch) in batches.iter().enumerate() {
        if index != 3 {
            assert_eq!(value(RocAucMetric::new(), batch), 1.0, "{index}");
            assert_eq!(value(AveragePrecisionMetric::new(), batch), 1.0, "{index}");
        }
    }
    // Of three classes: the first two are perfect, the third is the second of three.
    let area = value(RocAucMetric::new(), &batches[3]);
    assert!((area - (1.0 + 1.0 + 0.5) / 3.0).abs() < 1e-12, "{area}");
}

pub fn ignored_rows_are_left_out<B: TestBackend>() {
    let logits = [
        [2.0, -1.0],
        [0.5, 0.25],
        [-1.0, 1.5],
        [1.0, 0.0],
        [0.0, 0.5],
    ];
    for ignore in [7, -100] {
        let targets = [0, 1, ignore, 1, ignore];
        let all = of_classes::<B, 5, 2>(logits, targets);
        let device = B::device();
        let kept = [0, 1, 3];
        let part: Vec<f32> = kept.iter().flat_map(|&row| logits[row]).collect();
        let classes: Vec<i64> = kept.iter().map(|&row| targets[row]).collect();
        let part = ClassificationBatch::of_classes(
            Tensor::<B, 1>::from_floats(part.as_slice(), &device).reshape([kept.len(), 2]),
            Tensor::<B, 1, Int>::from_ints(classes.as_slice(), &device),
        );
        macro_rules! same {
            ($($metric:ident)+) => {
                $(
                    let without = value($metric::new(), &part);
                    let ignoring = value($metric::new().with_ignore_index(Some(ignore)), &all);
                    assert!(!without.is_nan(), stringify!($metric));
                    assert_eq!(ignoring, without, stringify!($metric));
                )+
            };
        }
        same! {
            RocAucMetric AveragePrecisionMetric LogLossMetric BrierScoreMetric MatthewsMetric
            CohenKappaMetric BalancedAccuracyMetric ExpectedCalibrationErrorMetric
            MaximumCalibrationErrorMetric
        }
        let tables = |batch, ignore| {
            [
                table(
                    ConfusionMatrixMetric::new().with_ignore_index(ignore),
                    batch,
                ),
                table(
                    ClassificationReportMetric::new().with_ignore_index(ignore),
                    batch,
                ),
            ]
        };
        assert_eq!(tables(&all, Some(ignore)), tables(&part, None));
    }
    let other = of_classes::<B, 5, 2>(logits, [0, 1, 7, 1, -100]);
    let metric = LogLossMetric::new().with_ignore_index(Some(7));
    assert!(value(metric, &other).is_nan(), "-100 is no class");
}

pub fn thresholds_decide<B: TestBackend>() {
    // Probabilities of 0.27, 0.5 and 0.73.
    let one = one_output::<B, 3>([-1.0, 0.0, 1.0], [0, 1, 1]);
    let counts = |threshold, batch: &ClassificationBatch| -> serde_json::Value {
        let metric = ConfusionMatrixMetric::new().with_threshold(threshold);
        serde_json::from_str(&table(metric, batch)).unwrap()
    };
    let at = |threshold| counts(threshold, &one)["counts"].clone();
    assert_eq!(at(0.5), serde_json::json!([[1, 0], [0, 2]]), "0.5 is a yes");
    assert_eq!(at(0.6), serde_json::json!([[1, 0], [1, 1]]));
    assert_eq!(at(0.2), serde_json::json!([[0, 1], [0, 2]]));
    let accuracy = |threshold| {
        let metric = BalancedAccuracyMetric::new().with_threshold(threshold);
        value(metric, &one)
    };
    assert_eq!([0.5, 0.6, 0.2].map(accuracy), [1.0, 0.75, 0.5]);
    let correlation = |threshold| value(MatthewsMetric::new().with_threshold(threshold), &one);
    assert_eq!([0.5, 0.6, 0.2].map(correlation), [1.0, 0.5, 0.0]);

    let labels = of_labels::<B, 2, 2>([[-1.0, 0.0], [1.0, 2.0]], [[1, 0], [1, 1]]);
    let found = counts(0.5, &labels);
    assert_eq!(found[0]["counts"], serde_json::json!([[0, 0], [1, 1]]));
    assert_eq!(found[1]["counts"], serde_json::json!([[0, 1], [0, 1]]));
    let found = counts(0.2, &labels);
    assert_eq!(found[0]["counts"], serde_json::json!([[0, 0], [0, 2]]));
}

pub fn tables_of_labels<B: TestBackend>() {
    let device = B::device();
    let (logits, targets) = (
        [[-1.0, 0.0, 2.0], [1.0, 2.0, -3.0], [-1.0, -2.0, -3.0]],
        [[1, 0, 1], [1, 1, 0], [0, 0, 1]],
    );
    let batch = of_labels::<B, 3, 3>(logits, targets);
    let mut metric = ClassificationReportMetric::new();
    let entry = metric.update(&batch, &metadata(1, 1));
    let logged: ClassificationReport = serde_json::from_str(&entry.serialized).unwrap();
    let decided = Tensor::<B, 2>::from_floats(logits, &device);
    let expected = classification_report_multilabel(
        decided.greater_equal_elem(0.0).int(),
        Tensor::<B, 2, Int>::from_ints(targets, &device),
    );
    assert_eq!(logged, expected);
    assert_eq!(
        entry.formatted,
        "precision 1.00 0.50 1.00, recall 0.50 1.00 0.50, F1 0.67 0.67 0.67"
    );
    // One output is a question with two answers: a matrix of two classes.
    let one = one_output::<B, 3>([-1.0, 0.0, 1.0], [0, 1, 1]);
    let logged = table(ClassificationReportMetric::new(), &one);
    let report: ClassificationReport = serde_json::from_str(&logged).unwrap();
    assert_eq!((report.accuracy, report.classes.len()), (Some(1.0), 2));
    assert!(report.samples_average.is_none());
}

pub fn tables_say_why_there_is_none<B: TestBackend>() {
    let good = one_output::<B, 2>([1.0, -1.0], [1, 0]);
    let bad = one_output::<B, 2>([1.0, -1.0], [1, 3]);
    let mut metric = ConfusionMatrixMetric::new();
    metric.update(&good, &metadata(2, 6));
    for batch in [&bad, &good] {
        let entry = metric.update(batch, &metadata(6, 6));
        assert_eq!(entry.serialized, "null");
        assert!(
            entry.formatted.contains("row 1 is 3"),
            "{}",
            entry.formatted
        );
    }
    metric.clear();
    let entry = metric.update(&good, &metadata(2, 2));
    assert_eq!(entry.formatted, "[[1, 0], [0, 1]]");
    // The row is that of the batch, the ignored ones counted, too.
    let classes = of_classes::<B, 3, 2>([[0.0; 2]; 3], [-100, 1, 2]);
    let mut metric = ConfusionMatrixMetric::new().with_ignore_index(Some(-100));
    let entry = metric.update(&classes, &metadata(3, 3));
    assert!(
        entry.formatted.contains("row 2 is 2"),
        "{}",
        entry.formatted
    );
}

/// A line of a million cells after every batch would be gigabytes.
pub fn tables_of_many_classes_are_short<B: TestBackend>() {
    let device = B::device();
    let classes = 200;
    let targets = Tensor::<B, 1, Int>::arange(0..classes, &device);
    // Each is taken for the next, but the first ten.
    let decided: Vec<i64> = (0..classes)
        .map(|c| if c < 10 { c } else { (c + 1) % classes })
        .collect();
    let decided = Tensor::<B, 1, Int>::from_ints(decided.as_slice(), &device);
    let logits: Tensor<B, 2> = decided.one_hot(classes as usize).float();
    let batch = ClassificationBatch::of_classes(logits, targets);

    let mut metric = ConfusionMatrixMetric::new();
    for seen in [200, 400] {
        let entry = metric.update(&batch, &metadata(seen, 600));
        assert_eq!(entry.serialized, format!("{{\"examples\":{seen}}}"));
        assert_eq!(
            entry.formatted,
            format!(
                "accuracy 0.0500, 10 as 11: {0}, 11 as 12: {0}, 12 as 13: {0}",
                seen / 200
            )
        );
    }
    let entry = metric.update(&batch, &metadata(600, 600));
    let matrix: ConfusionMatrix = serde_json::from_str(&entry.serialized).unwrap();
    assert_eq!((matrix.num_classes(), matrix.total()), (200, 600));
    assert!(entry.formatted.len() < 100, "{}", entry.formatted);

    let mut metric = ClassificationReportMetric::new();
    let entry = metric.update(&batch, &metadata(200, 600));
    assert_eq!(entry.serialized, "{\"examples\":200}");
    assert!(
        entry.formatted.starts_with("macro average: precision 0.05"),
        "{}",
        entry.formatted
    );
    let labels = of_labels::<B, 1, 12>([[1.0; 12]], [[1; 12]]);
    let entry = ConfusionMatrixMetric::new().update(&labels, &metadata(1, 1));
    assert_eq!(entry.formatted, "12 labels, 1 examples");
}

pub fn capacities<B: TestBackend>() {
    let good = one_output::<B, 2>([1.0, -1.0], [1, 0]);
    let mut metric = ExpectedCalibrationErrorMetric::new()
        .with_bins(Bins::EqualMass(2))
        .with_capacity(4);
    for (seen, is_nan) in [(2, false), (4, false), (6, true), (8, true)] {
        metric.update(&good, &metadata(seen, 8));
        assert_eq!(metric.running_value().current().is_nan(), is_nan, "{seen}");
    }
    metric.clear();
    metric.update(&good, &metadata(2, 8));
    assert!(!metric.running_value().current().is_nan());

    let device = B::device();
    let batch = RegressionBatch::new(
        Tensor::<B, 2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device),
        Tensor::<B, 2>::zeros([2, 2], &device),
    );
    let mut metric = MedianAbsoluteErrorMetric::new().with_capacity(8);
    for (seen, value) in [(2, 2.5), (4, 2.5), (6, f64::NAN)] {
        metric.update(&batch, &metadata(seen, 6));
        let found = metric.running_value().current();
        assert!(
            found == value || (found.is_nan() && value.is_nan()),
            "{seen}: {found}"
        );
    }
    metric.clear();
    metric.update(&batch, &metadata(2, 6));
    assert_eq!(metric.running_value().current(), 2.5);
}

/// Of many classes, few examples are many numbers: they are not sorted again after every batch.
pub fn numbers_bound_the_work<B: TestBackend>() {
    let device = B::device();
    let (rows, classes, batches) = (8, 500, 40);
    let logits: Vec<f32> = (0..rows * classes)
        .map(|i| ((i * 7919) % 1009) as f32 / 64.0)
        .collect();
    let logits = Tensor::<B, 1>::from_floats(logits.as_slice(), &device).reshape([rows, classes]);
    let targets = Tensor::<B, 1, Int>::arange(0..rows as i64, &device);
    let batch = ClassificationBatch::of_classes(logits, targets);
    let mut metric = AveragePrecisionMetric::new();
    let mut computed = 0;
    for seen in 1..=batches {
        metric.update(&batch, &metadata(seen * rows, batches * rows));
        let NumericEntry::Aggregated { count, .. } = metric.value() else {
            panic!("expected a value with its weight");
        };
        computed += usize::from(count > 0);
    }
    assert!(computed < 20, "{computed} of {batches} batches");
    let alone = value(AveragePrecisionMetric::new(), &batch);
    assert!(metric.running_value().current() >= alone - 1e-12);
}

pub fn names_tell_options_apart<B: TestBackend>() {
    let name = |metric: &dyn Fn() -> String| metric();
    let names = [
        name(&|| MatthewsMetric::new().with_threshold(0.3).name().to_string()),
        name(&|| MatthewsMetric::new().with_threshold(0.5).name().to_string()),
        name(&|| {
            let metric = CohenKappaMetric::new().with_weights(KappaWeights::Linear);
            let metric = metric.with_threshold(0.25).with_ignore_index(Some(-100));
            metric.name().to_string()
        }),
        name(&|| {
            let metric = LogLossMetric::new().with_model_output(ModelOutput::Probabilities);
            metric.name().to_string()
        }),
        name(&|| {
            let metric = RocAucMetric::new().with_average(Average::Weighted);
            metric.with_ignore_index(Some(0)).name().to_string()
        }),
        name(&|| {
            let metric = ExpectedCalibrationErrorMetric::new().with_bins(Bins::EqualMass(5));
            metric.with_ignore_index(Some(0)).name().to_string()
        }),
        name(&|| {
            ConfusionMatrixMetric::new()
                .with_threshold(0.3)
                .name()
                .to_string()
        }),
    ];
    let expected = [
        "MCC (threshold 0.3)",
        "MCC",
        "Cohen kappa (linear, threshold 0.25, ignoring -100)",
        "Log loss (of probabilities)",
        "ROC-AUC (weighted, ignoring 0)",
        "ECE (5 equal-mass bins, ignoring 0)",
        "Confusion matrix (threshold 0.3)",
    ];
    assert_eq!(names, expected);
}

/// A softmax in f32 may be a rounding error above 1, on a GPU above all.
pub fn rounded_probabilities_are_taken<B: TestBackend>() {
    let device = B::device();
    let above = 1.0 + 2.0 * f32::EPSILON;
    let rows = || Tensor::<B, 2>::from_floats([[above, -1e-7], [0.25, 0.75]], &device);
    let targets = || Tensor::<B, 1, Int>::from_ints([0, 1], &device);
    assert_eq!(brier_score_multiclass(rows(), targets()), 0.5 * 0.0625);
    let bins = reliability_multiclass(rows(), targets(), Bins::EqualWidth(2)).bins;
    assert_eq!((bins[0].count, bins[0].confidence), (2, 0.875));
    let positive = || rows().narrow(1, 0, 1).squeeze_dim(1);
    assert_eq!(brier_score(positive(), targets()), 0.5 * (1.0 + 0.5625));
    let batch = ClassificationBatch::of_classes(rows(), targets());
    let metric = BrierScoreMetric::new().with_model_output(ModelOutput::Probabilities);
    assert_eq!(value(metric, &batch), 0.5 * 0.0625);
    let far = ClassificationBatch::of_classes(rows() * 1.001, targets());
    let metric = BrierScoreMetric::new().with_model_output(ModelOutput::Probabilities);
    assert!(value(metric, &far).is_nan());
}
