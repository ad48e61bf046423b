//! Losses of regions: a class per position of an image, judged by overlap.
//!
//! | loss | when to take it |
//! | --- | --- |
//! | [`DiceLoss`] | classes with few positions; the score is Dice (F1) |
//! | [`JaccardLoss`] | the same; the score is intersection over union |
//! | [`TverskyLoss`] | missing a region and inventing one do not cost the same |
//! | [`LovaszSoftmaxLoss`], [`LovaszHingeLoss`] | the last points of intersection over union |

mod dice;
mod jaccard;
mod lovasz;
mod tversky;

pub use dice::{DiceLoss, DiceLossConfig};
pub use jaccard::{JaccardLoss, JaccardLossConfig};
pub use lovasz::{
    LovaszHingeLoss, LovaszHingeLossConfig, LovaszSoftmaxLoss, LovaszSoftmaxLossConfig,
};
pub use tversky::{TverskyLoss, TverskyLossConfig};

use burn::tensor::Tensor;
use burn_loss_kernels::{Elements, LossBackend, formulas};

use crate::forms::{Overlap, primitive, tensor};

/// A formula of what each region has in common with its target.
fn overlap_loss<B: LossBackend>(formula: &formulas::Tversky, overlap: Overlap<B>) -> Tensor<B, 2> {
    let inputs = Elements {
        prediction: primitive(overlap.true_positives),
        target: primitive(overlap.false_positives),
        third: Some(primitive(overlap.false_negatives)),
    };
    tensor(B::elementwise(formula, inputs).losses)
}
