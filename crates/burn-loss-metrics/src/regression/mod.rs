//! Metrics of real numbers, a file each.

mod errors;
mod explained_variance;
mod mape;
mod mean_absolute_error;
mod median_absolute_error;
mod r2;
mod root_mean_squared_error;

pub use explained_variance::explained_variance_score;
pub use mape::mean_absolute_percentage_error;
pub use mean_absolute_error::mean_absolute_error;
pub use median_absolute_error::median_absolute_error;
pub use r2::r2_score;
pub use root_mean_squared_error::root_mean_squared_error;

pub(crate) use errors::{Errors, OutputErrors, Pairs};
pub(crate) use median_absolute_error::AbsoluteErrors;
