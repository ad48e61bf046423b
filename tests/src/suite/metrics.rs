//! The metrics as plain functions, against scikit-learn.

use burn::tensor::{Int, Tensor};
use burn_loss_metrics::*;

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

pub fn curves_survive_json<B: TestBackend>() {
    let device = B::device();
    let scores = Tensor::<B, 1>::from_floats([0.25, 0.75], &device);
    let targets = Tensor::<B, 1, Int>::from_ints([0, 1], &device);
    let curve = roc_curve(scores.clone(), targets.clone());
    let json = serde_json::to_string(&curve).expect("a curve is data");
    assert!(json.contains("[null,0.75,0.25]"), "{json}");
    assert_eq!(serde_json::from_str::<RocCurve>(&json).unwrap(), curve);

    let curve = precision_recall_curve(scores.clone(), targets.clone());
    let json = serde_json::to_string(&curve).expect("a curve is data");
    let read: PrecisionRecallCurve = serde_json::from_str(&json).unwrap();
    assert_eq!(read, curve);

    let diagram = reliability(scores, targets, Bins::EqualWidth(4));
    let json = serde_json::to_string(&diagram).expect("a diagram is data");
    assert_eq!(serde_json::from_str::<Reliability>(&json).unwrap(), diagram);
}

pub fn thresholds<B: TestBackend>() {
    let device = B::device();
    let mut compared = 0;
    for case in cases("binary") {
        let shape = [case.reals("/targets").len()];
        for expected in case.list("/thresholds") {
            let number = expected.reals("/number")[0];
            let kind = expected.get("/kind").and_then(|kind| kind.as_str());
            let criterion = match kind.expect("a criterion") {
                "f_beta" => ThresholdCriterion::FBeta { beta: number },
                "youden_j" => ThresholdCriterion::YoudenJ,
                "precision_at_recall" => ThresholdCriterion::PrecisionAtRecall { recall: number },
                "recall_at_precision" => {
                    ThresholdCriterion::RecallAtPrecision { precision: number }
                }
                "cost" => ThresholdCriterion::CostMatrix {
                    true_negative: 0.0,
                    false_positive: 1.0,
                    false_negative: number,
                    true_positive: 0.0,
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
        report(
            &case,
            &classification_report(predictions(), targets(), classes),
        );
    }
}

fn report(case: &Case, report: &ClassificationReport) {
    let row = |scores: &ClassScores| {
        let support = scores.support as f64;
        [scores.precision, scores.recall, scores.f1_score, support]
    };
    let rows: Vec<f64> = report.classes.iter().flat_map(row).collect();
    case.assert("/report", rows);
    case.assert("/accuracy", [report.accuracy.expect("of classes")]);
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
