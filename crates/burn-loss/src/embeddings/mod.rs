//! Losses of embeddings and of their distances.

mod hinge_embedding;

pub use hinge_embedding::{HingeEmbeddingLoss, HingeEmbeddingLossConfig};
