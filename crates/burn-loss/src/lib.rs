#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod check;
mod display;
mod exact_mean;
mod weights;

pub mod classification;
pub mod distributions;
pub mod embeddings;
pub mod forms;
pub mod regression;

pub use check::{TargetError, check_targets};
pub use classification::*;
pub use distributions::*;
pub use embeddings::*;
pub use exact_mean::ExactMean;
pub use forms::{
    ClassFormulaLoss, ClassLoss, ClassOptions, ElementwiseFormulaLoss, ElementwiseLoss, LinearHead,
    LinearOutput,
};
pub use regression::*;

pub use burn_loss_kernels::{AutodiffLossBackend, Formula, Input, LossBackend, Number, Reduction};
