//! New sentences, letter by letter.

use burn::prelude::*;
use burn::tensor::activation::softmax;
use rand::SeedableRng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::rngs::StdRng;

use crate::model::LanguageModel;
use crate::text::{BOUNDARY, LENGTHS, Sentence};

/// Draws letters from the softmax of the logits divided by `temperature`, until the sentence ends or is as long as the
/// longest of the book.
pub fn sentence<B: Backend>(
    model: &LanguageModel<B>,
    temperature: f64,
    seed: u64,
    device: &B::Device,
) -> Sentence {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sentence = Sentence::new();
    let (mut token, mut state) = (BOUNDARY, None);
    while sentence.len() < *LENGTHS.end() {
        let input = Tensor::from_data([[token as i64]], device);
        let (logits, next) = model.forward(input, state);
        let probabilities = softmax(logits / temperature, 2).into_data();
        let letters = WeightedIndex::new(probabilities.iter::<f64>());
        token = letters.expect("a softmax adds up to 1").sample(&mut random);
        if token == BOUNDARY {
            break;
        }
        sentence.push(token);
        state = Some(next);
    }
    sentence
}
