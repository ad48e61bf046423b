#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod check;
mod display;
mod weights;

pub mod class_weights;
pub mod classification;
pub mod distributions;
pub mod embeddings;
pub mod forms;
pub mod regression;
pub mod sequences;

pub use check::{TargetError, check_targets};
pub use classification::*;
pub use distributions::*;
pub use embeddings::*;
pub use forms::{
    ClassFormulaLoss, ClassLoss, ClassOptions, ElementwiseFormulaLoss, ElementwiseLoss, SampleLoss,
};
pub use regression::*;
pub use sequences::*;

pub use burn_loss_kernels::{AutodiffLossBackend, Formula, Input, LossBackend, Number, Reduction};
