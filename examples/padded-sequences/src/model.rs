//! The network: it reads a sentence letter by letter and says what comes next.

use burn::nn::gru::{Gru, GruConfig};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::prelude::*;

use crate::batch::Batch;

/// The sizes of a [`LanguageModel`]. The defaults are what two CPU cores train in half a minute.
#[derive(Config, Debug)]
pub struct LanguageModelConfig {
    /// The number of tokens.
    pub vocabulary: usize,
    /// The size of a token's vector.
    #[config(default = 32)]
    pub embedding: usize,
    /// The size of the state.
    #[config(default = 96)]
    pub hidden: usize,
}

/// An embedding, a gated recurrent unit and a linear layer.
#[derive(Module, Debug)]
pub struct LanguageModel<B: Backend> {
    pub embedding: Embedding<B>,
    gru: Gru<B>,
    output: Linear<B>,
}

impl LanguageModelConfig {
    pub fn init<B: Backend>(&self, device: &B::Device) -> LanguageModel<B> {
        LanguageModel {
            embedding: EmbeddingConfig::new(self.vocabulary, self.embedding).init(device),
            gru: GruConfig::new(self.embedding, self.hidden, true).init(device),
            output: LinearConfig::new(self.hidden, self.vocabulary).init(device),
        }
    }
}

impl<B: Backend> LanguageModel<B> {
    /// Tokens `[N, L]` and the state `[N, hidden]` before them to logits `[N, L, C]` and the state after them.
    pub fn forward(
        &self,
        tokens: Tensor<B, 2, Int>,
        state: Option<Tensor<B, 2>>,
    ) -> (Tensor<B, 3>, Tensor<B, 2>) {
        let states = self.gru.forward(self.embedding.forward(tokens), state);
        let last = states.dims()[1] - 1;
        let state = states.clone().narrow(1, last, 1).squeeze_dim(1);
        (self.output.forward(states), state)
    }

    /// The logits `[N * L, C]` and the targets `[N * L]` of a batch, a row a position.
    ///
    /// The classes are already last, so rows cost nothing; for `forward_nd` they would have to move to axis 1.
    pub fn rows(&self, batch: Batch<B>) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
        let (logits, _) = self.forward(batch.inputs, None);
        (logits.flatten(0, 1), batch.targets.flatten(0, 1))
    }
}
