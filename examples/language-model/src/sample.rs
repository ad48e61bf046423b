//! New text, token by token.

use burn::prelude::*;
use burn::tensor::activation::softmax;
use rand::SeedableRng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::rngs::StdRng;

use crate::data::LONGEST;
use crate::model::LanguageModel;
use crate::tokenizer::{BOUNDARY, Tokenizer};

/// Draws tokens from the softmax of the logits divided by `temperature`, until the text ends or is as long as the longest
/// sequence of the training.
pub fn text<B: Backend>(
    model: &LanguageModel<B>,
    tokenizer: &Tokenizer,
    temperature: f64,
    seed: u64,
    device: &B::Device,
) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    let mut tokens = Vec::new();
    let (mut token, mut state) = (BOUNDARY, None);
    while tokens.len() < LONGEST {
        let input = Tensor::from_data([[token as i64]], device);
        let next: Tensor<B, 2> = model.forward(input, state).squeeze_dim(1);
        // Classes beyond what the tokenizer learned have no text.
        let logits = model
            .head()
            .logits(next.clone())
            .narrow(1, 0, tokenizer.tokens());
        let probabilities = softmax(logits / temperature, 1).into_data();
        let choice = WeightedIndex::new(probabilities.iter::<f64>());
        token = choice.expect("a softmax adds up to 1").sample(&mut random);
        if token == BOUNDARY {
            break;
        }
        tokens.push(token);
        state = Some(next);
    }
    tokenizer.decode(&tokens)
}
