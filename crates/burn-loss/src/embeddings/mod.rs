//! Losses of embeddings, and of scores that are to be in an order.
//!
//! | loss | inputs | for |
//! | --- | --- | --- |
//! | [`CosineEmbeddingLoss`] | two embeddings, and whether they belong together | pairs, compared by their angle |
//! | [`TripletMarginLoss`] | an anchor, a positive and a negative | what belongs together, nearer than what does not |
//! | [`MarginRankingLoss`] | two scores, and which is to be the larger | learning to rank |

mod cosine_embedding;
mod margin_ranking;
mod triplet_margin;

pub use cosine_embedding::{CosineEmbeddingLoss, CosineEmbeddingLossConfig};
pub use margin_ranking::{MarginRankingLoss, MarginRankingLossConfig};
pub use triplet_margin::{TripletMarginLoss, TripletMarginLossConfig};
