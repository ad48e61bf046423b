//! The table of key numbers.

use burn_loss_metrics::{
    Average, Bins, average_precision_multiclass, brier_score_multiclass, confusion_matrix,
    log_loss_multiclass, reliability_multiclass, roc_auc_multiclass,
};

use super::{Run, TestSet};
use crate::data::CLASSES;

/// The bins of the calibration error and its picture.
pub const BINS: Bins = Bins::EqualWidth(10);

/// Names and values, in the order of the table.
pub fn of(run: &Run<'_>, test: &TestSet) -> Vec<(&'static str, String)> {
    let (probabilities, targets) = (test.probabilities(), test.targets());
    let matrix = confusion_matrix(test.classes(), targets.clone(), CLASSES);
    let calibration = reliability_multiclass(probabilities.clone(), targets.clone(), BINS);
    let both = || (probabilities.clone(), targets.clone());
    let of_both = |metric: &dyn Fn(_, _) -> f64| {
        let (probabilities, targets) = both();
        number(metric(probabilities, targets))
    };
    vec![
        ("test accuracy", format!("{:.2}%", 100.0 * test.accuracy())),
        (
            "wrong test images",
            format!("{} of {}", test.wrong().len(), test.len()),
        ),
        ("balanced accuracy", number(matrix.balanced_accuracy())),
        ("macro F1", number(matrix.report().macro_average.f1_score)),
        ("Matthews correlation", number(matrix.matthews_corrcoef())),
        (
            "ROC-AUC, one digit against the rest, mean",
            of_both(&|p, t| roc_auc_multiclass(p, t, Average::Macro)),
        ),
        (
            "average precision, one digit against the rest, mean",
            of_both(&|p, t| average_precision_multiclass(p, t, Average::Macro)),
        ),
        ("log loss", of_both(&|p, t| log_loss_multiclass(p, t))),
        ("Brier score", of_both(&|p, t| brier_score_multiclass(p, t))),
        (
            "expected calibration error",
            number(calibration.expected_calibration_error()),
        ),
        (
            "seconds of training",
            format!("{:.0}", run.training.as_secs_f64()),
        ),
    ]
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "undefined: a digit is missing, or a probability is NaN".to_owned()
    } else {
        format!("{value:.4}")
    }
}
