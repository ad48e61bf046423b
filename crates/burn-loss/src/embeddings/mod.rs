//! Losses that teach embeddings which of them belong together, and scores in which order they are.
//!
//! | loss | when to take it |
//! | --- | --- |
//! | [`InfoNceLoss`] | pairs of views, and nothing else is known: contrastive learning, CLIP, SimCLR |
//! | [`SupConLoss`] | embeddings with classes, compared with each other |
//! | [`CosineEmbeddingLoss`] | pairs, compared by their angle |
//! | [`TripletMarginLoss`] | an anchor, what belongs to it, and what does not |
//! | [`MarginRankingLoss`] | two scores, and which is to be the larger: learning to rank |
//! | [`HingeEmbeddingLoss`] | distances of pairs, alike or not |
//! | [`ArcFaceLoss`], [`CosFaceLoss`] | embeddings with classes, each of which has a vector of its own: faces, products |

mod cosine_embedding;
mod hinge_embedding;
mod info_nce;
mod margin;
mod margin_ranking;
mod sup_con;
mod triplet_margin;

pub use cosine_embedding::{CosineEmbeddingLoss, CosineEmbeddingLossConfig};
pub use hinge_embedding::{HingeEmbeddingLoss, HingeEmbeddingLossConfig};
pub use info_nce::{InfoNceLoss, InfoNceLossConfig};
pub use margin::{ArcFaceLoss, ArcFaceLossConfig, CosFaceLoss, CosFaceLossConfig};
pub use margin_ranking::{MarginRankingLoss, MarginRankingLossConfig};
pub use sup_con::{SupConLoss, SupConLossConfig};
pub use triplet_margin::{TripletMarginLoss, TripletMarginLossConfig};

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_loss_kernels::LossBackend;

use crate::check;
use crate::forms::probabilities::normalized;

/// Rows of length 1, if they are to be.
fn unit_rows<B: LossBackend>(normalize: bool, rows: Tensor<B, 2>) -> Tensor<B, 2> {
    if normalize { normalized(rows, 1) } else { rows }
}

/// Panics unless a second tensor of embeddings goes with the first.
#[track_caller]
fn same_width<B: Backend>(
    loss: &str,
    (reference, first): (&str, &Tensor<B, 2>),
    (name, second): (&str, &Tensor<B, 2>),
) {
    let ([_, expected], [_, got]) = (first.dims(), second.dims());
    assert!(
        got == expected,
        "{loss}: expected `{name}` of width {expected}, as `{reference}`, got {got}"
    );
    let dtype = (reference, first.dtype());
    check::same_dtype(loss, dtype, (name, second.dtype()));
    let device = (reference, &first.device());
    check::same_device::<B>(loss, device, (name, &second.device()));
}
