#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod check;
mod class_rows;
mod classification;
mod display;
mod elementwise;
mod gradient;
mod halves;
mod reduction;
mod regression;
mod softmax_terms;

pub use check::{TargetError, check_targets};
pub use classification::{
    BceLoss, BceLossConfig, BceWithLogitsLoss, BceWithLogitsLossConfig, CrossEntropyLoss,
    CrossEntropyLossConfig, FocalLoss, FocalLossConfig, GeneralizedCrossEntropyLoss,
    GeneralizedCrossEntropyLossConfig, NllLoss, NllLossConfig, PolyLoss, PolyLossConfig,
    SigmoidFocalLoss, SigmoidFocalLossConfig,
};
pub use reduction::Reduction;
pub use regression::{HuberLoss, HuberLossConfig, L1Loss, L1LossConfig, MseLoss, MseLossConfig};

pub use burn_loss_kernels::{AutodiffLossBackend, LossBackend};
