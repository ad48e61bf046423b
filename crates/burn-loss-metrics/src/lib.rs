#![doc = include_str!("../README.md")]
//!
//! Start here: [From loss to judgement](guide).
#![warn(missing_docs)]

mod after_training;
mod check;
mod classification;
mod curves;
mod exact;
pub mod first_batch;
pub mod guide;
mod host;
mod regression;
mod training;

pub use after_training::{
    BestThreshold, TemperatureScaling, TemperatureScalingConfig, ThresholdCriterion, best_threshold,
};
pub use classification::{
    Average, ClassScores, ClassificationReport, ConfusionMatrix, KappaWeights, average_precision,
    average_precision_multiclass, average_precision_multilabel, balanced_accuracy, brier_score,
    brier_score_multiclass, classification_report, classification_report_multilabel, cohen_kappa,
    confusion_matrix, expected_calibration_error, expected_calibration_error_multiclass, log_loss,
    log_loss_multiclass, matthews_corrcoef, maximum_calibration_error,
    maximum_calibration_error_multiclass, roc_auc, roc_auc_multiclass, roc_auc_multilabel,
};
pub use curves::{
    Bins, PrecisionRecallCurve, Reliability, ReliabilityBin, RocCurve, precision_recall_curve,
    reliability, reliability_multiclass, roc_curve,
};
pub use regression::{
    explained_variance_score, mean_absolute_error, mean_absolute_percentage_error,
    median_absolute_error, r2_score, root_mean_squared_error,
};
pub use training::accumulators;
pub use training::{
    Accumulator, AveragePrecisionMetric, BalancedAccuracyMetric, BrierScoreMetric,
    ClassificationBatch, ClassificationReportMetric, CohenKappaMetric, ConfusionMatrixMetric,
    EpochMetric, ExpectedCalibrationErrorMetric, ExplainedVarianceMetric, LogLossMetric, LossBatch,
    MatthewsMetric, MaximumCalibrationErrorMetric, MeanAbsoluteErrorMetric,
    MeanAbsolutePercentageErrorMetric, MeanLossMetric, MedianAbsoluteErrorMetric, ModelOutput,
    PerplexityMetric, R2Metric, RegressionBatch, RocAucMetric, RootMeanSquaredErrorMetric,
    TableMetric, TokenAccuracyMetric, TokenBatch,
};
