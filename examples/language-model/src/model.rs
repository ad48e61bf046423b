//! The network: it reads tokens one by one, and its state is held against each token's vector to say what comes next.

use burn::nn::gru::{Gru, GruConfig};
use burn::nn::{Embedding, EmbeddingConfig, Initializer};
use burn::prelude::*;
use burn::tensor::backend::Backend;
use burn_loss::{CrossEntropyLoss, LinearHead, LossBackend};
use burn_loss_metrics::TokenBatch;

use crate::data::{Batch, PADDING};

/// The sizes of a [`LanguageModel`].
#[derive(Config, Debug)]
pub struct LanguageModelConfig {
    /// The number of classes.
    pub vocabulary: usize,
    /// The size of a token's vector, and of the state.
    #[config(default = 128)]
    pub width: usize,
}

/// An embedding and a gated recurrent unit; the embedding is the head, too.
#[derive(Module, Debug)]
pub struct LanguageModel<B: Backend> {
    pub embedding: Embedding<B>,
    gru: Gru<B>,
}

/// How logits and loss are computed.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// With the logits of all positions in one tensor.
    Logits,
    /// By `forward_linear`, within so many bytes.
    Linear { memory_budget: usize },
}

impl LanguageModelConfig {
    pub fn init<B: Backend>(&self, device: &B::Device) -> LanguageModel<B> {
        // So that the first logits are small, though the vectors have many numbers.
        let initializer = Initializer::Normal {
            mean: 0.0,
            std: (self.width as f64).sqrt().recip(),
        };
        LanguageModel {
            embedding: EmbeddingConfig::new(self.vocabulary, self.width)
                .with_initializer(initializer)
                .init(device),
            gru: GruConfig::new(self.width, self.width, true).init(device),
        }
    }
}

impl<B: Backend> LanguageModel<B> {
    /// Tokens `[N, T]` and the state `[N, H]` before them to the states `[N, T, H]` after each.
    pub fn forward(&self, tokens: Tensor<B, 2, Int>, state: Option<Tensor<B, 2>>) -> Tensor<B, 3> {
        let vectors = self.embedding.forward(tokens);
        let [_, _, width] = vectors.dims();
        self.gru.forward(vectors * (width as f64).sqrt(), state)
    }

    /// The last layer.
    pub fn head(&self) -> LinearHead<B> {
        LinearHead::tied(&self.embedding)
    }
}

impl<B: LossBackend> LanguageModel<B> {
    /// The loss of a batch as configured, and what its tokens come to.
    pub fn loss(
        &self,
        loss: &CrossEntropyLoss<B>,
        batch: Batch<B>,
        way: Way,
    ) -> (Tensor<B, 1>, TokenBatch) {
        let states = self.forward(batch.inputs, None);
        match way {
            Way::Linear { memory_budget } => {
                let head = self.head().with_memory_budget(memory_budget);
                let output = loss.forward_linear_with_predictions(states, &head, batch.targets);
                (output.loss.clone(), TokenBatch::new(output))
            }
            Way::Logits => {
                let logits = self.head().logits(states.flatten(0, 1));
                let targets: Tensor<B, 1, Int> = batch.targets.flatten(0, 1);
                // Before the loss, so that its gradient can take the place of logits that nothing else holds.
                let tokens = TokenBatch::of_logits(logits.clone(), targets.clone(), Some(PADDING));
                (loss.forward(logits, targets), tokens)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::optim::GradientsParams;
    use burn_loss::CrossEntropyLossConfig;
    use example_support::backend::NdArray;

    #[test]
    fn both_ways_are_the_same() {
        let device = Default::default();
        NdArray::seed(&device, 3);
        let model: LanguageModel<NdArray> =
            LanguageModelConfig::new(300).with_width(8).init(&device);
        let loss = CrossEntropyLossConfig::new()
            .with_ignore_index(Some(PADDING))
            .init(&device);
        let found = [
            Way::Logits,
            Way::Linear {
                memory_budget: 4096,
            },
        ]
        .map(|way| {
            let batch = Batch::pad(&[&[5, 6, 7], &[8]], &device);
            let (loss, tokens) = model.loss(&loss, batch, way);
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            let id = model.embedding.weight.id;
            let gradient = gradients.get::<burn::backend::NdArray, 2>(id).unwrap();
            assert_eq!(tokens.tokens(), 6);
            (loss.into_scalar(), gradient)
        });
        let [(a, of_a), (b, of_b)] = found;
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
        let difference = (of_a.clone() - of_b).abs().max().into_scalar();
        assert!(difference < 1e-6, "{difference}");
        assert!(of_a.abs().max().into_scalar() > 1e-3);
    }
}
