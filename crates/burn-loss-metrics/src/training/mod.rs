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
mod tokens;
mod untold;

pub use accumulator::Accumulator;
pub(crate) use batch::sigmoid;
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
pub use tokens::{PerplexityMetric, TokenAccuracyMetric, TokenBatch};

/// What the metrics are made of: the accumulators of an epoch, and what each computes.
///
/// Each metric is an [`EpochMetric`] of one of these under a name of its own, as `RocAucMetric` is
/// `EpochMetric<Ranked<RocAuc>>`. They are here to be named, in a bound such as `A: KeepsExamples`; a metric of your own
/// implements [`Accumulator`].
///
/// # Example
///
/// ```
/// use burn::train::metric::Metric;
/// use burn_loss_metrics::accumulators::KeepsExamples;
/// use burn_loss_metrics::{EpochMetric, MedianAbsoluteErrorMetric};
///
/// /// For any metric that keeps numbers of every example.
/// fn small<A: KeepsExamples>(metric: EpochMetric<A>) -> EpochMetric<A> {
///     metric.with_capacity(1000)
/// }
///
/// let metric = small(MedianAbsoluteErrorMetric::new());
/// assert_eq!(metric.name().as_str(), "Median absolute error");
/// ```
pub mod accumulators {
    pub use super::batch::Reading;
    pub use super::calibration::{Calibration, CalibrationStatistic, Expected, Maximum};
    pub use super::decisions::{
        BalancedAccuracy, Decided, Decides, DecisionStatistic, Decisions, Kappa, Matthews,
    };
    pub use super::loss::MeanLoss;
    pub use super::options::{KeepsExamples, ReadsOutputs};
    pub use super::proper_scores::{Brier, LogLoss, MeanScore, ProperScore};
    pub use super::ranked::{AveragePrecision, RankStatistic, Ranked, RocAuc};
    pub use super::regression::{
        ErrorStatistic, ExplainedVariance, KeptErrors, MeanAbsolute, MeanAbsolutePercentage, R2,
        Regression, RootMeanSquared,
    };
    pub use super::tables::{Matrix, Report, Table};
    pub use super::tokens::{Perplexity, TokenAccuracy};
}
