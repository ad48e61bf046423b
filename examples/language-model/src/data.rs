//! The bundled book as sequences of tokens, and sequences of different lengths as one tensor.

use burn::prelude::*;
use example_support::text;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::tokenizer::{BOUNDARY, Tokenizer};

/// The target behind the end of a sequence: not a token, so that no token is lost to it.
pub const PADDING: i64 = -100;

/// The most tokens in a sequence; longer paragraphs are cut.
pub const LONGEST: usize = 63;

/// What the tokenizer learns of the book at most; classes beyond it exist and are never right.
const MOST_TOKENS: usize = 2048;

/// One of so many paragraphs is kept for validation.
const VALIDATION_SHARE: usize = 10;

/// Tokens without boundaries.
pub type Sequence = Vec<usize>;

/// The book, cut.
pub struct Corpus {
    pub tokenizer: Tokenizer,
    pub train: Vec<Sequence>,
    pub valid: Vec<Sequence>,
}

impl Corpus {
    /// The paragraphs of the bundled book, shuffled, in tokens learned of those to train on.
    pub fn bundled(vocabulary: usize, seed: u64) -> Self {
        let mut train: Vec<String> = text::paragraphs().collect();
        train.shuffle(&mut StdRng::seed_from_u64(seed));
        let valid = train.split_off(train.len() - train.len() / VALIDATION_SHARE);
        let texts = train.iter().map(String::as_str);
        let tokenizer = Tokenizer::learn(texts, vocabulary.min(MOST_TOKENS));
        let cut = |paragraphs: Vec<String>| {
            let tokens = paragraphs
                .iter()
                .map(|paragraph| tokenizer.encode(paragraph));
            let pieces = |tokens: Sequence| {
                tokens
                    .chunks(LONGEST)
                    .map(<[_]>::to_vec)
                    .collect::<Vec<_>>()
            };
            tokens.flat_map(pieces).collect()
        };
        Corpus {
            train: cut(train),
            valid: cut(valid),
            tokenizer,
        }
    }
}

/// For each position of each sequence the token before it, and the token to predict.
#[derive(Clone, Debug)]
pub struct Batch<B: Backend> {
    /// `[N, T]`; anything behind the end of a sequence.
    pub inputs: Tensor<B, 2, Int>,
    /// `[N, T]`; [`PADDING`] behind the end of a sequence.
    pub targets: Tensor<B, 2, Int>,
}

impl<B: Backend> Batch<B> {
    /// Pads sequences to the longest. One of `n` tokens has `n + 1` positions: the last predicts its end.
    pub fn pad(sequences: &[&[usize]], device: &B::Device) -> Self {
        let longest = sequences.iter().map(|sequence| sequence.len() + 1).max();
        let length = longest.unwrap_or(0);
        let boundary = BOUNDARY as i64;
        let (mut inputs, mut targets, mut end) = (Vec::new(), Vec::new(), 0);
        for sequence in sequences {
            let tokens = sequence.iter().map(|&token| token as i64);
            end += length;
            inputs.push(boundary);
            inputs.extend(tokens.clone());
            inputs.resize(end, boundary);
            targets.extend(tokens);
            targets.push(boundary);
            targets.resize(end, PADDING);
        }
        let shape = [sequences.len(), length];
        Batch {
            inputs: Tensor::from_data(TensorData::new(inputs, shape), device),
            targets: Tensor::from_data(TensorData::new(targets, shape), device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    #[test]
    fn pads_to_the_longest() {
        let batch = Batch::<NdArray>::pad(&[&[5, 6, 7], &[8]], &Default::default());
        let rows = |tensor: Tensor<NdArray, 2, Int>| tensor.into_data().to_vec::<i64>().unwrap();
        let end = BOUNDARY as i64;
        assert_eq!(rows(batch.inputs), [end, 5, 6, 7, end, 8, end, end]);
        assert_eq!(
            rows(batch.targets),
            [5, 6, 7, end, 8, end, PADDING, PADDING]
        );
    }

    #[test]
    fn the_book_is_cut() {
        let corpus = Corpus::bundled(600, 1);
        assert_eq!(corpus.tokenizer.tokens(), 600);
        let all = || corpus.train.iter().chain(&corpus.valid);
        assert!(all().all(|sequence| (1..=LONGEST).contains(&sequence.len())));
        assert!(corpus.valid.len() * 5 < corpus.train.len());
        assert!(corpus.valid.len() > 50, "{}", corpus.valid.len());
        let text = corpus.tokenizer.decode(&corpus.train[0]);
        assert!(text.is_ascii() && text.contains(' '), "{text}");
    }

    #[test]
    fn the_same_seed_cuts_the_same() {
        // A table that is hashed anew each time must not decide between pairs that are as frequent.
        let [first, second] = [(); 2].map(|()| Corpus::bundled(2000, 1));
        assert_eq!(first.train, second.train);
        assert_eq!(first.valid, second.valid);
        assert_ne!(first.train, Corpus::bundled(2000, 2).train);
    }
}
