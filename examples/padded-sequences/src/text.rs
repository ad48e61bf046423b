//! The bundled book, as sentences of tokens, a token a letter.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// *Alice's Adventures in Wonderland*; `data/README.md` says where it is from.
const BOOK: &str = include_str!("../data/alice.txt");

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
        let paragraphs = paragraphs(BOOK);
        let sentences = paragraphs.flat_map(|paragraph| sentences(&paragraph));
        let sentences: Vec<String> = sentences.filter(fits).collect();
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

/// What is between empty lines, in one line each; without verses and headings, which are indented throughout.
fn paragraphs(book: &str) -> impl Iterator<Item = String> {
    let is_prose = |paragraph: &&str| {
        let mut lines = paragraph.lines().filter(|line| !line.is_empty());
        let indent = |line: &str| line.len() - line.trim_start().len();
        lines.next().is_some_and(|first| indent(first) <= 2) && lines.all(|line| indent(line) == 0)
    };
    let one_line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    book.split("\n\n").filter(is_prose).map(one_line)
}

/// Cuts after a full stop, a question mark or an exclamation mark and the quotation mark behind it.
fn sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in paragraph.split(' ') {
        let sentence = sentences.last_mut().expect("there is always one");
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        let closing = word.trim_end_matches(['\'', ')']);
        if closing.ends_with(['.', '!', '?']) {
            sentences.push(String::new());
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_sentences() {
        let cut = sentences("`Well!' thought Alice. (Which was likely true.) Down, down");
        assert_eq!(
            cut,
            [
                "`Well!'",
                "thought Alice.",
                "(Which was likely true.)",
                "Down, down"
            ]
        );
    }

    #[test]
    fn the_book_is_read() {
        let Corpus {
            vocabulary,
            sentences,
        } = Corpus::bundled();
        let decode = |sentence: &Sentence| vocabulary.decode(sentence);
        let text: BTreeSet<String> = sentences.iter().map(decode).collect();
        assert!(text.contains("Would the fall NEVER come to an end!"));
        assert!(!text.iter().any(|text| text.contains("CHAPTER")));
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
