//! The metrics in `SupervisedTraining`: exact over the epoch.

mod accumulator;
mod batch;
mod calibration;
mod decisions;
mod epoch_metric;
mod loss;
mod options;
mod proper_scores;
mod ranked;
mod regression;
mod tables;

pub use accumulator::Accumulator;
pub use batch::{ClassificationBatch, ModelOutput, RegressionBatch};
pub use calibration::{ExpectedCalibrationErrorMetric, MaximumCalibrationErrorMetric};
pub use decisions::{BalancedAccuracyMetric, CohenKappaMetric, MatthewsMetric};
pub use epoch_metric::EpochMetric;
pub use loss::{LossBatch, MeanLossMetric};
pub use proper_scores::{BrierScoreMetric, LogLossMetric};
pub use ranked::{AveragePrecisionMetric, RocAucMetric};
pub use regression::{
    ExplainedVarianceMetric, MeanAbsoluteErrorMetric, MeanAbsolutePercentageErrorMetric,
    MedianAbsoluteErrorMetric, R2Metric, RootMeanSquaredErrorMetric,
};
pub use tables::{ClassificationReportMetric, ConfusionMatrixMetric, TableMetric};
