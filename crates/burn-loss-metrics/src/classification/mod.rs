//! Metrics of classes and labels, a file each.

mod average;
mod average_precision;
mod balanced_accuracy;
mod binary;
pub(crate) mod brier;
mod calibration_error;
mod class_rows;
mod cohen_kappa;
mod confusion_matrix;
pub(crate) mod log_loss;
mod matthews;
mod one_vs_rest;
mod report;
mod roc_auc;

pub use average::Average;
pub use average_precision::{
    average_precision, average_precision_multiclass, average_precision_multilabel,
};
pub use balanced_accuracy::balanced_accuracy;
pub use brier::{brier_score, brier_score_multiclass};
pub use calibration_error::{
    expected_calibration_error, expected_calibration_error_multiclass, maximum_calibration_error,
    maximum_calibration_error_multiclass,
};
pub use cohen_kappa::{KappaWeights, cohen_kappa};
pub use confusion_matrix::{ConfusionMatrix, confusion_matrix};
pub use log_loss::{log_loss, log_loss_multiclass};
pub use matthews::matthews_corrcoef;
pub use report::{
    ClassScores, ClassificationReport, classification_report, classification_report_multilabel,
};
pub use roc_auc::{roc_auc, roc_auc_multiclass, roc_auc_multilabel};

pub(crate) use average_precision::average_precision_of;
pub(crate) use binary::{BinaryScores, Sorted};
pub(crate) use class_rows::{ClassRows, Others, Top};
pub(crate) use one_vs_rest::one_vs_rest;
pub(crate) use report::{SampleSums, add_labels};
pub(crate) use roc_auc::area_under_roc;
