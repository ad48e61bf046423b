//! What is chosen or fitted on validation data when the training is over.

mod best_threshold;
mod temperature_scaling;

pub use best_threshold::{BestThreshold, ThresholdCriterion, best_threshold};
pub use temperature_scaling::{TemperatureScaling, TemperatureScalingConfig};
