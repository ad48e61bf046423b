//! Metrics of real numbers over an epoch.

use std::marker::PhantomData;

use super::accumulator::Accumulator;
use super::batch::RegressionBatch;
use super::epoch_metric::EpochMetric;
use super::options::{CAPACITY, KeepsExamples, same_number, within_capacity};
use crate::regression::{AbsoluteErrors, Errors, OutputErrors};

/// The mean absolute error over the epoch, as [`mean_absolute_error`](crate::mean_absolute_error). Keeps eight numbers an
/// output.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{MeanAbsoluteErrorMetric, RegressionBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[1.0], [2.0], [4.0]], &device);
/// let targets = Tensor::from_floats([[1.0], [2.0], [3.0]], &device);
/// let mut metric = MeanAbsoluteErrorMetric::new();
/// metric.update(&RegressionBatch::new(predictions, targets), &metadata);
/// assert!((metric.running_value().current() - 1.0 / 3.0).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "MAE");
/// ```
pub type MeanAbsoluteErrorMetric = EpochMetric<Regression<MeanAbsolute>>;

/// The root mean squared error over the epoch, as [`root_mean_squared_error`](crate::root_mean_squared_error). Keeps eight numbers an
/// output.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{RootMeanSquaredErrorMetric, RegressionBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[1.0], [2.0], [4.0]], &device);
/// let targets = Tensor::from_floats([[1.0], [2.0], [3.0]], &device);
/// let mut metric = RootMeanSquaredErrorMetric::new();
/// metric.update(&RegressionBatch::new(predictions, targets), &metadata);
/// assert!((metric.running_value().current() - (1f64 / 3.0).sqrt()).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "RMSE");
/// ```
pub type RootMeanSquaredErrorMetric = EpochMetric<Regression<RootMeanSquared>>;

/// The mean absolute percentage error (a share) over the epoch, as [`mean_absolute_percentage_error`](crate::mean_absolute_percentage_error). Keeps eight numbers an
/// output.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{MeanAbsolutePercentageErrorMetric, RegressionBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[1.0], [2.0], [4.0]], &device);
/// let targets = Tensor::from_floats([[1.0], [2.0], [3.0]], &device);
/// let mut metric = MeanAbsolutePercentageErrorMetric::new();
/// metric.update(&RegressionBatch::new(predictions, targets), &metadata);
/// assert!((metric.running_value().current() - 1.0 / 9.0).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "MAPE");
/// ```
pub type MeanAbsolutePercentageErrorMetric = EpochMetric<Regression<MeanAbsolutePercentage>>;

/// The coefficient of determination over the epoch, as [`r2_score`](crate::r2_score). Keeps eight numbers an
/// output.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{R2Metric, RegressionBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[1.0], [2.0], [4.0]], &device);
/// let targets = Tensor::from_floats([[1.0], [2.0], [3.0]], &device);
/// let mut metric = R2Metric::new();
/// metric.update(&RegressionBatch::new(predictions, targets), &metadata);
/// assert_eq!(metric.running_value().current(), 0.5);
/// assert_eq!(metric.name().as_str(), "R2");
/// ```
pub type R2Metric = EpochMetric<Regression<R2>>;

/// The explained variance over the epoch, as [`explained_variance_score`](crate::explained_variance_score). Keeps eight numbers an
/// output.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{ExplainedVarianceMetric, RegressionBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[1.0], [2.0], [4.0]], &device);
/// let targets = Tensor::from_floats([[1.0], [2.0], [3.0]], &device);
/// let mut metric = ExplainedVarianceMetric::new();
/// metric.update(&RegressionBatch::new(predictions, targets), &metadata);
/// assert!((metric.running_value().current() - 2.0 / 3.0).abs() < 1e-12);
/// assert_eq!(metric.name().as_str(), "Explained variance");
/// ```
pub type ExplainedVarianceMetric = EpochMetric<Regression<ExplainedVariance>>;

/// The median absolute error over the epoch, as [`median_absolute_error`](crate::median_absolute_error).
///
/// Keeps every error of the epoch, 8 bytes each: by default up to 8,388,608, 64 MiB, and half of that again for the moment
/// in which the room for them grows. While it looks for the median of an output, it takes 8 bytes an example. With more
/// errors, the value is NaN; see [`with_capacity`](EpochMetric::with_capacity).
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// # use burn::data::dataloader::Progress;
/// use burn::tensor::Tensor;
/// # use burn::train::metric::MetricMetadata;
/// use burn::train::metric::{Metric, Numeric};
/// use burn_loss_metrics::{MedianAbsoluteErrorMetric, RegressionBatch};
///
/// # let progress = Progress { items_processed: 4, items_total: 4 };
/// # let metadata = MetricMetadata { global_progress: progress.clone(), progress, iteration: None, lr: None };
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[1.0], [2.0], [4.0]], &device);
/// let targets = Tensor::from_floats([[1.0], [2.0], [3.0]], &device);
/// let mut metric = MedianAbsoluteErrorMetric::new();
/// metric.update(&RegressionBatch::new(predictions, targets), &metadata);
/// assert_eq!(metric.running_value().current(), 0.0);
/// assert_eq!(metric.name().as_str(), "Median absolute error");
/// ```
pub type MedianAbsoluteErrorMetric = EpochMetric<KeptErrors>;

/// What is computed from the errors of an output.
pub trait ErrorStatistic: Clone + Default + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &str;
    /// Whether a larger value is a better one.
    const HIGHER_IS_BETTER: bool;

    /// The value of an output.
    fn value(errors: &OutputErrors) -> f64;
}

macro_rules! error_statistic {
    ($name:ident, $text:literal, $value:ident, higher_is_better = $higher:literal) => {
        #[doc = $text]
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl ErrorStatistic for $name {
            const NAME: &str = $text;
            const HIGHER_IS_BETTER: bool = $higher;

            fn value(errors: &OutputErrors) -> f64 {
                errors.$value()
            }
        }
    };
}

error_statistic!(MeanAbsolute, "MAE", mean_absolute, higher_is_better = false);
error_statistic!(
    RootMeanSquared,
    "RMSE",
    root_mean_squared,
    higher_is_better = false
);
error_statistic!(
    MeanAbsolutePercentage,
    "MAPE",
    mean_absolute_percentage,
    higher_is_better = false
);
error_statistic!(R2, "R2", r2, higher_is_better = true);
error_statistic!(
    ExplainedVariance,
    "Explained variance",
    explained_variance,
    higher_is_better = true
);

/// The epoch's sums and moments.
#[derive(Clone, Debug, Default)]
pub struct Regression<S> {
    statistic: PhantomData<S>,
    errors: Errors,
}

impl<S: ErrorStatistic> Accumulator for Regression<S> {
    type Batch = RegressionBatch;

    fn name(&self) -> String {
        S::NAME.into()
    }

    fn higher_is_better(&self) -> bool {
        S::HIGHER_IS_BETTER
    }

    fn add(&mut self, batch: &RegressionBatch) -> Result<(), String> {
        if self.errors.examples() > 0 {
            same_number(self.errors.outputs(), batch.outputs())?;
        }
        for pairs in batch.blocks()? {
            self.errors.add(&pairs?);
        }
        Ok(())
    }

    fn examples(&self) -> usize {
        self.errors.examples()
    }

    fn value(&self) -> f64 {
        self.errors.mean(S::value)
    }

    fn clear(&mut self) {
        self.errors = Errors::default();
    }
}

/// All errors of the epoch.
#[derive(Clone, Debug)]
pub struct KeptErrors {
    capacity: usize,
    errors: AbsoluteErrors,
}

impl Default for KeptErrors {
    fn default() -> Self {
        Self {
            capacity: CAPACITY,
            errors: AbsoluteErrors::default(),
        }
    }
}

impl Accumulator for KeptErrors {
    type Batch = RegressionBatch;

    fn name(&self) -> String {
        "Median absolute error".into()
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn add(&mut self, batch: &RegressionBatch) -> Result<(), String> {
        let blocks = batch.blocks()?;
        if self.errors.examples() > 0 {
            same_number(self.errors.outputs(), batch.outputs())?;
        }
        let new = batch.examples() * batch.outputs();
        within_capacity(self.numbers_kept() + new, self.capacity).inspect_err(|_| self.clear())?;
        for pairs in blocks {
            self.errors.add(&pairs?, self.capacity);
        }
        Ok(())
    }

    fn examples(&self) -> usize {
        self.errors.examples()
    }

    fn value(&self) -> f64 {
        self.errors.mean_of_medians()
    }

    fn clear(&mut self) {
        self.errors = AbsoluteErrors::default();
    }

    fn numbers_kept(&self) -> usize {
        self.errors.examples() * self.errors.outputs()
    }
}

impl KeepsExamples for KeptErrors {
    fn capacity(&mut self) -> &mut usize {
        &mut self.capacity
    }
}
