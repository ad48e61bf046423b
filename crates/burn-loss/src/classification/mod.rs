//! Losses of class scores and of probabilities.
//!
//! One of C classes; the target is a class:
//!
//! | loss | when to take it |
//! | --- | --- |
//! | [`CrossEntropyLoss`] | the usual case; also label smoothing, soft labels, a class per pixel, very many classes |
//! | [`NllLoss`] | the model ends in `log_softmax` |
//! | [`FocalLoss`] | a few easy classes drown the others |
//! | [`PolyLoss`] | cross entropy with one more knob |
//! | [`GeneralizedCrossEntropyLoss`] | some labels are wrong |
//! | [`LogitAdjustedLoss`] | rare classes are to be found as well as the others |
//! | [`MultiMarginLoss`] | a margin, as a support vector machine has it |
//!
//! Yes or no, and several labels at once; the target is 0 or 1 per label:
//!
//! | loss | when to take it |
//! | --- | --- |
//! | [`BceWithLogitsLoss`] | the usual case |
//! | [`SigmoidFocalLoss`] | few labels are positive, as in detection |
//! | [`AsymmetricLoss`] | of many labels few are positive, and some positive ones are missing |
//! | [`BceLoss`] | the model ends in a sigmoid |
//! | [`MultiLabelSoftMarginLoss`] | one loss per row of labels |
//! | [`MultiLabelMarginLoss`] | a margin between the labels that hold, given as classes, and those that do not |
//! | [`SoftMarginLoss`] | labels written 1 and -1 |

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
