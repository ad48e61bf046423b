//! The metrics as plain functions, against scikit-learn.

use std::fmt::Debug;

use burn::tensor::{Int, Tensor};
use burn_loss_metrics::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::TestBackend;
use crate::metric_fixture::{Case, cases};

const AVERAGES: [Average; 2] = [Average::Macro, Average::Weighted];

fn bins(case: &Case) -> Bins {
    let count = case.count("/bins");
    match case.get("/kind").and_then(|kind| kind.as_str()) {
        Some("width") => Bins::EqualWidth(count),
        Some("mass") => Bins::EqualMass(count),
        other => panic!("unknown bins {other:?}"),
    }
}

/// The expected value and what has to have it, for each kind of bins.
fn calibration(
    case: &Case,
    diagram: impl Fn(Bins) -> Reliability,
    errors: impl Fn(Bins) -> [f64; 2],
) {
    for expected in case.list("/calibration") {
        let bins = bins(&expected);
        let diagram = diagram(bins);
        let column = |value: fn(&ReliabilityBin) -> f64| -> Vec<f64> {
            diagram.bins.iter().map(value).collect()
        };
        expected.assert("/counts", column(|bin| bin.count as f64));
        expected.assert("/confidence", column(|bin| bin.confidence));
        expected.assert("/accuracy", column(|bin| bin.accuracy));
        let [mean, largest] = errors(bins);
        expected.assert("/expected", [mean]);
        expected.assert("/maximum", [largest]);
    }
}

pub fn binary<B: TestBackend>() {
    let device = B::device();
    for case in cases("binary") {
        let shape = [case.reals("/targets").len()];
        let scores: Tensor<B, 1> = case.floats("/scores", shape, &device);
        let targets = || case.ints::<B, 1>("/targets", shape, &device);
        case.assert("/roc_auc", [roc_auc(scores.clone(), targets())]);
        case.assert(
            "/average_precision",
            [average_precision(scores.clone(), targets())],
        );
        case.assert("/brier", [brier_score(scores.clone(), targets())]);
        case.assert("/log_loss", [log_loss(scores.clone(), targets())]);
        calibration(
            &case,
            |bins| reliability(scores.clone(), targets(), bins),
            |bins| {
                [
                    expected_calibration_error(scores.clone(), targets(), bins),
                    maximum_calibration_error(scores.clone(), targets(), bins),
                ]
            },
        );
    }
}

pub fn curves<B: TestBackend>() {
    let device = B::device();
    for case in cases("binary") {
        if case.get("/roc_curve").is_none() {
            continue;
        }
        let shape = [case.reals("/targets").len()];
        let scores: Tensor<B, 1> = case.floats("/scores", shape, &device);
        let targets = || case.ints::<B, 1>("/targets", shape, &device);

        let curve = roc_curve(scores.clone(), targets());
        case.assert("/roc_curve/false_positive_rate", &curve.false_positive_rate);
        case.assert("/roc_curve/true_positive_rate", &curve.true_positive_rate);
        case.assert("/roc_curve/thresholds", &curve.thresholds);

        let curve = precision_recall_curve(scores, targets());
        case.assert("/precision_recall_curve/precision", &curve.precision);
        case.assert("/precision_recall_curve/recall", &curve.recall);
        case.assert("/precision_recall_curve/thresholds", &curve.thresholds);
    }
}

/// There and back through JSON, which has no NaN and no infinity: the same, by its debug text, in which NaN is NaN.
fn survives_json<T: Serialize + DeserializeOwned + Debug>(value: &T) -> String {
    let json = serde_json::to_string(value).expect("it is data");
    let read: T = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(format!("{read:?}"), format!("{value:?}"), "{json}");
    json
}

pub fn results_survive_json<B: TestBackend>() {
    let device = B::device();
    let scores = || Tensor::<B, 1>::from_floats([0.25, 0.75], &device);
    let targets = |a, b| Tensor::<B, 1, Int>::from_ints([a, b], &device);
    let json = survives_json(&roc_curve(scores(), targets(0, 1)));
    assert!(json.contains(r#"["inf",0.75,0.25]"#), "{json}");
    survives_json(&precision_recall_curve(scores(), targets(0, 1)));
    survives_json(&reliability(scores(), targets(0, 1), Bins::EqualWidth(4)));
    survives_json(&confusion_matrix(targets(0, 1), targets(1, 1), 2));
    // One class alone: the other's rates are NaN. A score of -inf: the last threshold.
    survives_json(&roc_curve(scores(), targets(0, 0)));
    let low = || Tensor::<B, 1>::from_floats([f32::NEG_INFINITY, 0.75], &device);
    let json = survives_json(&roc_curve(low(), targets(0, 1)));
    assert!(json.contains(r#"["inf",0.75,"-inf"]"#), "{json}");
    survives_json(&precision_recall_curve(low(), targets(0, 1)));

    // It is best to call nothing positive: the threshold is infinite, and the precision NaN.
    let never = ThresholdCriterion::CostMatrix {
        true_negative: 0.0,
        false_positive: 9.0,
        false_negative: 1.0,
        true_positive: 0.0,
    };
    let best = best_threshold(scores(), targets(1, 0), never).expect("there is one");
    assert!(best.threshold.is_infinite() && best.precision.is_nan());
    survives_json(&best);
    survives_json(&never);

    survives_json(&classification_report(targets(0, 1), targets(1, 1), 2));
    // Of no examples: NaN, and not an accuracy that is missing.
    let none = ConfusionMatrix::new(2).report();
    assert!(none.accuracy.is_some_and(f64::is_nan));
    survives_json(&none);
    assert!(
        serde_json::from_str::<ClassScores>(
            r#"{"precision":"high","recall":0,"f1_score":0,"support":0}"#
        )
        .is_err()
    );
}

/// Where scikit-learn raises: what counts classes is 0, what averages them is NaN.
pub fn a_report_of_nothing<B: TestBackend>() {
    let numbers = |scores: &ClassScores| [scores.precision, scores.recall, scores.f1_score];
    let check = |report: &ClassificationReport| {
        for average in [
            &report.micro_average,
            &report.macro_average,
            &report.weighted_average,
        ] {
            assert!(numbers(average).iter().all(|number| number.is_nan()));
            assert_eq!(average.support, 0);
        }
        for class in &report.classes {
            assert_eq!(numbers(class), [0.0; 3]);
        }
    };
    let report = ConfusionMatrix::new(3).report();
    check(&report);
    assert!(report.accuracy.is_some_and(f64::is_nan));
    if B::HAS_EMPTY_TENSORS {
        let device = B::device();
        let none = || Tensor::<B, 1, Int>::empty([0], &device);
        check(&classification_report(none(), none(), 2));
        let none = || Tensor::<B, 2, Int>::empty([0, 2], &device);
        let report = classification_report_multilabel(none(), none());
        check(&report);
        assert!(
            report
                .samples_average
                .is_some_and(|scores| scores.recall.is_nan())
        );
    }
}

pub fn thresholds<B: TestBackend>() {
    let device = B::device();
    let mut compared = 0;
    for case in cases("binary") {
        let shape = [case.reals("/targets").len()];
        for expected in case.list("/thresholds") {
            let numbers = expected.reals("/number");
            let number = numbers[0];
            let kind = expected.get("/kind").and_then(|kind| kind.as_str());
            let criterion = match kind.expect("a criterion") {
                "f_beta" => ThresholdCriterion::FBeta { beta: number },
                "youden_j" => ThresholdCriterion::YoudenJ,
                "precision_at_recall" => ThresholdCriterion::PrecisionAtRecall { recall: number },
                "recall_at_precision" => {
                    ThresholdCriterion::RecallAtPrecision { precision: number }
                }
                "cost" => ThresholdCriterion::CostMatrix {
                    true_negative: numbers[0],
                    false_positive: numbers[1],
                    false_negative: numbers[2],
                    true_positive: numbers[3],
                },
                other => panic!("unknown criterion {other}"),
            };
            let scores = case.floats::<B, 1>("/scores", shape, &device);
            let targets = case.ints::<B, 1>("/targets", shape, &device);
            let best = best_threshold(scores, targets, criterion);
            let best = best.unwrap_or_else(|| panic!("{}: none for {criterion:?}", case.name()));
            expected.assert("/value", [best.value]);
            // Elsewhere several thresholds can have the value, and which is taken is not scikit-learn's to say.
            if matches!(kind, Some("f_beta" | "youden_j" | "cost")) {
                expected.assert("/threshold", [best.threshold]);
            }
            compared += 1;
        }
    }
    assert!(compared > 50, "only {compared} thresholds");
}

/// Of thresholds that are equally good, the highest; of equal precision, the one with more recall, and the other way round.
pub fn equally_good_thresholds<B: TestBackend>() {
    let device = B::device();
    let best = |scores: &[f32], targets: &[i64], criterion| {
        let scores = Tensor::<B, 1>::from_floats(scores, &device);
        let targets = Tensor::<B, 1, Int>::from_ints(targets, &device);
        best_threshold(scores, targets, criterion).expect("there is one")
    };
    let scores = [0.875, 0.75, 0.5, 0.25];
    // A precision of 1 at 0.875 and at 0.75: the second has more recall.
    let criterion = ThresholdCriterion::PrecisionAtRecall { recall: 0.25 };
    let found = best(&scores, &[1, 1, 0, 1], criterion);
    assert_eq!((found.threshold, found.value), (0.75, 1.0));
    assert!((found.recall - 2.0 / 3.0).abs() < 1e-12);
    // A recall of 1 at 0.5 and at 0.25: the first has more precision.
    let criterion = ThresholdCriterion::RecallAtPrecision { precision: 0.5 };
    let found = best(&scores, &[1, 0, 1, 0], criterion);
    assert_eq!((found.threshold, found.value), (0.5, 1.0));
    assert!((found.precision - 2.0 / 3.0).abs() < 1e-12);
    // F1 is 2/3 at 0.875 and at 0.25.
    let found = best(&scores, &[1, 0, 0, 1], ThresholdCriterion::F1);
    assert_eq!(found.threshold, 0.875);

    // J is 1/5 - 1/10 at the first score and 2/5 - 3/10 at the second; as rounded shares, the second is larger.
    let counts = [[1, 1], [1, 2], [3, 7]];
    let (mut scores, mut targets) = (Vec::new(), Vec::new());
    for ([positives, negatives], score) in counts.into_iter().zip([0.75, 0.5, 0.25]) {
        scores.extend(vec![score; positives + negatives]);
        targets.extend(vec![1; positives]);
        targets.extend(vec![0; negatives]);
    }
    let found = best(&scores, &targets, ThresholdCriterion::YoudenJ);
    assert_eq!((found.threshold, found.value), (0.75, 0.1));
}

pub fn multiclass<B: TestBackend>() {
    let device = B::device();
    for case in cases("multiclass") {
        let rows = case.reals("/targets").len();
        let shape = [rows, case.count("/classes")];
        let scores: Tensor<B, 2> = case.floats("/probabilities", shape, &device);
        let targets = || case.ints::<B, 1>("/targets", [rows], &device);
        let averages =
            AVERAGES.map(|average| roc_auc_multiclass(scores.clone(), targets(), average));
        case.assert("/roc_auc", averages);
        let averages = AVERAGES
            .map(|average| average_precision_multiclass(scores.clone(), targets(), average));
        case.assert("/average_precision", averages);
        case.assert(
            "/brier",
            [brier_score_multiclass(scores.clone(), targets())],
        );
        case.assert(
            "/log_loss",
            [log_loss_multiclass(scores.clone(), targets())],
        );
        calibration(
            &case,
            |bins| reliability_multiclass(scores.clone(), targets(), bins),
            |bins| {
                [
                    expected_calibration_error_multiclass(scores.clone(), targets(), bins),
                    maximum_calibration_error_multiclass(scores.clone(), targets(), bins),
                ]
            },
        );
    }
}

pub fn multilabel<B: TestBackend>() {
    let device = B::device();
    for case in cases("multilabel") {
        let labels = case.count("/classes");
        let shape = [case.reals("/targets").len() / labels, labels];
        let scores: Tensor<B, 2> = case.floats("/probabilities", shape, &device);
        let targets = || case.ints::<B, 2>("/targets", shape, &device);
        let averages =
            AVERAGES.map(|average| roc_auc_multilabel(scores.clone(), targets(), average));
        case.assert("/roc_auc", averages);
        let averages = AVERAGES
            .map(|average| average_precision_multilabel(scores.clone(), targets(), average));
        case.assert("/average_precision", averages);
    }
}

pub fn decisions<B: TestBackend>() {
    let device = B::device();
    for case in cases("decisions") {
        let (shape, classes) = ([case.reals("/targets").len()], case.count("/classes"));
        let predictions = || case.ints::<B, 1>("/predictions", shape, &device);
        let targets = || case.ints::<B, 1>("/targets", shape, &device);

        let matrix = confusion_matrix(predictions(), targets(), classes);
        let counts: Vec<f64> = matrix.counts.iter().flatten().map(|&n| n as f64).collect();
        case.assert("/matrix", counts);
        let correlation = matthews_corrcoef(predictions(), targets(), classes);
        case.assert("/matthews", [correlation]);
        let kappas = [
            KappaWeights::None,
            KappaWeights::Linear,
            KappaWeights::Quadratic,
        ]
        .map(|weights| cohen_kappa(predictions(), targets(), classes, weights));
        case.assert("/kappa", kappas);
        let accuracy = balanced_accuracy(predictions(), targets(), classes);
        case.assert("/balanced_accuracy", [accuracy]);
        let found = classification_report(predictions(), targets(), classes);
        let micro = &found.micro_average;
        let micro = [micro.precision, micro.recall, micro.f1_score];
        case.assert("/micro_average", micro);
        case.assert("/accuracy", [found.accuracy.expect("of classes")]);
        report(&case, &found);
    }
}

pub fn label_decisions<B: TestBackend>() {
    let device = B::device();
    for case in cases("multilabel")
        .into_iter()
        .chain(cases("label_decisions"))
    {
        let labels = case.count("/classes");
        let shape = [case.reals("/targets").len() / labels, labels];
        let decisions = case.ints::<B, 2>("/decisions", shape, &device);
        let targets = case.ints::<B, 2>("/targets", shape, &device);
        let found = classification_report_multilabel(decisions, targets);
        assert_eq!(found.accuracy, None);
        case.assert("/micro_average", row(&found.micro_average));
        let samples = found.samples_average.expect("of labels");
        case.assert("/samples_average", row(&samples));
        report(&case, &found);
    }
}

fn row(scores: &ClassScores) -> [f64; 4] {
    let support = scores.support as f64;
    [scores.precision, scores.recall, scores.f1_score, support]
}

fn report(case: &Case, report: &ClassificationReport) {
    let rows: Vec<f64> = report.classes.iter().flat_map(row).collect();
    case.assert("/report", rows);
    case.assert("/macro_average", row(&report.macro_average));
    case.assert("/weighted_average", row(&report.weighted_average));
    if let Some(table) = case.get("/table") {
        assert_eq!(
            Some(&*report.to_string()),
            table.as_str(),
            "{}",
            case.name()
        );
    }
}

pub fn regression<B: TestBackend>() {
    let device = B::device();
    for case in cases("regression") {
        let outputs = case.count("/outputs");
        let shape = [case.reals("/targets").len() / outputs, outputs];
        let predictions = case.floats::<B, 2>("/predictions", shape, &device);
        let targets = case.floats::<B, 2>("/targets", shape, &device);
        macro_rules! equal {
            ($($metric:ident)+) => {
                $(case.assert(
                    concat!("/", stringify!($metric)),
                    [$metric(predictions.clone(), targets.clone())],
                );)+
            };
        }
        equal! {
            mean_absolute_error root_mean_squared_error median_absolute_error
            mean_absolute_percentage_error r2_score explained_variance_score
        }
    }
}
