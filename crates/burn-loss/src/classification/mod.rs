//! Losses of class scores and of probabilities.

mod asymmetric;
mod bce;
mod bce_with_logits;
mod cross_entropy;
mod focal;
mod generalized_cross_entropy;
mod logit_adjusted;
mod multi_label_margin;
mod multi_label_soft_margin;
mod multi_margin;
mod nll;
mod poly;
mod probabilities;
mod sigmoid_focal;
mod soft_margin;

pub use asymmetric::{AsymmetricLoss, AsymmetricLossConfig};
pub use bce::{BceLoss, BceLossConfig};
pub use bce_with_logits::{BceWithLogitsLoss, BceWithLogitsLossConfig};
pub use cross_entropy::{CrossEntropyLoss, CrossEntropyLossConfig};
pub use focal::{FocalLoss, FocalLossConfig};
pub use generalized_cross_entropy::{
    GeneralizedCrossEntropyLoss, GeneralizedCrossEntropyLossConfig,
};
pub use logit_adjusted::{LogitAdjustedLoss, LogitAdjustedLossConfig};
pub use multi_label_margin::{MultiLabelMarginLoss, MultiLabelMarginLossConfig};
pub use multi_label_soft_margin::{MultiLabelSoftMarginLoss, MultiLabelSoftMarginLossConfig};
pub use multi_margin::{MultiMarginLoss, MultiMarginLossConfig};
pub use nll::{NllLoss, NllLossConfig};
pub use poly::{PolyLoss, PolyLossConfig};
pub use sigmoid_focal::{SigmoidFocalLoss, SigmoidFocalLossConfig};
pub use soft_margin::{SoftMarginLoss, SoftMarginLossConfig};
