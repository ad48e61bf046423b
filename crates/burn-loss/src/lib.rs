// The pictures of the page, which only the repository has as files: `scripts/embed.sh`.
#![doc = include_str!("pictures.md")]
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod backends;
mod check;
mod display;
mod exact_mean;
mod weights;

pub mod class_weights;
pub mod classification;
pub mod detection;
pub mod distributions;
pub mod embeddings;
pub mod forms;
pub mod regression;
pub mod segmentation;
pub mod sequences;
pub mod together;

pub use check::{TargetError, check_targets};
pub use classification::*;
pub use detection::*;
pub use distributions::*;
pub use embeddings::*;
pub use exact_mean::ExactMean;
pub use forms::{
    AbsentClasses, ClassFormulaLoss, ClassLoss, ClassOptions, ElementwiseFormulaLoss,
    ElementwiseLoss, LinearHead, LinearOutput, Overlap, RegionLoss, RegionOptions, SampleLoss,
    SpreadLoss,
};
pub use regression::*;
pub use segmentation::*;
pub use sequences::*;
pub use together::*;

#[cfg(any(feature = "ndarray", feature = "flex"))]
pub use burn_loss_kernels::keep_freed_memory;
pub use burn_loss_kernels::{AutodiffLossBackend, Formula, Input, LossBackend, Number, Reduction};
