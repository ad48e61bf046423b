//! The bundled book, as sentences of tokens, a token a letter.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use example_support::text;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// The letters in a sentence; longer ones, of which the book has some, would make every batch long.
pub const LENGTHS: RangeInclusive<usize> = 8..=80;

/// The token before the first letter of a sentence and after its last.
pub const BOUNDARY: usize = 0;

/// One of so many sentences is kept for the test.
const TEST_SHARE: usize = 10;

/// A sentence as tokens, without its boundaries.
pub type Sentence = Vec<usize>;

/// The letters that the book uses; the token of each is its place, from 1 on.
pub struct Vocabulary(Vec<char>);

impl Vocabulary {
    /// The number of tokens, [`BOUNDARY`] among them.
    pub fn tokens(&self) -> usize {
        self.0.len() + 1
    }

    fn encode(&self, text: &str) -> Sentence {
        let token = |letter| {
            let place = self.0.binary_search(&letter);
            place.expect("the vocabulary is of this text") + 1
        };
        text.chars().map(token).collect()
    }

    /// The letters of a sentence.
    pub fn decode(&self, sentence: &[usize]) -> String {
        sentence.iter().map(|&token| self.0[token - 1]).collect()
    }
}

/// Sentences and their letters.
pub struct Corpus {
    pub vocabulary: Vocabulary,
    sentences: Vec<Sentence>,
}

impl Corpus {
    /// The sentences of the book that have one of the [`LENGTHS`].
    pub fn bundled() -> Self {
        let fits = |sentence: &String| LENGTHS.contains(&sentence.chars().count());
        let sentences: Vec<String> = text::sentences().filter(fits).collect();
        let letters: BTreeSet<char> = sentences.iter().flat_map(|text| text.chars()).collect();
        let vocabulary = Vocabulary(letters.into_iter().collect());
        Corpus {
            sentences: sentences
                .iter()
                .map(|text| vocabulary.encode(text))
                .collect(),
            vocabulary,
        }
    }

    /// The sentences to train on and those to test with, shuffled.
    pub fn split(&self, seed: u64) -> (Vec<Sentence>, Vec<Sentence>) {
        let mut train = self.sentences.clone();
        train.shuffle(&mut StdRng::seed_from_u64(seed));
        let test = train.split_off(train.len() - train.len() / TEST_SHARE);
        (train, test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_is_read() {
        let Corpus {
            vocabulary,
            sentences,
        } = Corpus::bundled();
        let decode = |sentence: &Sentence| vocabulary.decode(sentence);
        let text: BTreeSet<String> = sentences.iter().map(decode).collect();
        assert!(text.contains("Would the fall NEVER come to an end!"));
        let (count, tokens) = (text.len(), vocabulary.tokens());
        assert!((700..2000).contains(&count), "{count} sentences");
        assert!((50..90).contains(&tokens), "{tokens} tokens");
        let lengths: BTreeSet<usize> = text.iter().map(String::len).collect();
        assert!(lengths.len() > 60, "lengths: {lengths:?}");
    }

    #[test]
    fn the_test_has_its_own_sentences() {
        let corpus = Corpus::bundled();
        let (train, test) = corpus.split(1);
        assert_eq!(train.len() + test.len(), corpus.sentences.len());
        assert_eq!(test.len(), corpus.sentences.len() / TEST_SHARE);
        assert_ne!(test, corpus.split(2).1);
    }
}
