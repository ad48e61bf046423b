//! Byte-pair encoding: the tokens are the 256 bytes, and then whatever two neighbouring tokens of a word are most often.
//!
//! After [Sennrich, Haddow and Birch](https://arxiv.org/abs/1508.07909), on bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

/// The token before the first of a text and after its last.
pub const BOUNDARY: usize = 256;

/// The tokens that are there before anything is learned.
pub const LEAST: usize = 257;

type Pair = (usize, usize);

/// What was learned of a text.
pub struct Tokenizer {
    /// The bytes of each token; none of the boundary.
    bytes: Vec<Vec<u8>>,
    /// The token that two neighbours become; a lower one was learned earlier.
    merged: HashMap<Pair, usize>,
}

impl Tokenizer {
    /// Learns up to `size` tokens of texts; fewer where no two neighbours occur twice.
    pub fn learn<'a>(texts: impl Iterator<Item = &'a str>, size: usize) -> Self {
        let mut counts = BTreeMap::new();
        for word in texts.flat_map(words) {
            *counts.entry(word).or_insert(0) += 1;
        }
        let mut learned = Learning::new(counts);
        let mut bytes: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        bytes.push(Vec::new());
        let mut merged = HashMap::new();
        while bytes.len() < size {
            let Some(pair) = learned.most_frequent() else {
                break;
            };
            let token = bytes.len();
            learned.merge(pair, token);
            merged.insert(pair, token);
            bytes.push([&bytes[pair.0][..], &bytes[pair.1]].concat());
        }
        Tokenizer { bytes, merged }
    }

    /// The number of tokens.
    pub fn tokens(&self) -> usize {
        self.bytes.len()
    }

    /// The tokens of a text, without boundaries.
    pub fn encode(&self, text: &str) -> Vec<usize> {
        words(text)
            .flat_map(|word| self.encode_word(word))
            .collect()
    }

    fn encode_word(&self, word: &str) -> Vec<usize> {
        let mut tokens: Vec<usize> = word.bytes().map(usize::from).collect();
        let earliest = |tokens: &[usize]| {
            let pairs = tokens.windows(2).map(|pair| (pair[0], pair[1]));
            let known = pairs.filter_map(|pair| Some((*self.merged.get(&pair)?, pair)));
            known.min()
        };
        while let Some((token, pair)) = earliest(&tokens) {
            replace(&mut tokens, pair, token);
        }
        tokens
    }

    /// The text of tokens; a boundary is nothing, and bytes that are no letter are a question mark.
    pub fn decode(&self, tokens: &[usize]) -> String {
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|&token| self.bytes[token].clone())
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Words with the space before them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices(' ').map(|(start, _)| start);
    let mut starts = starts.filter(|&start| start > 0).chain([text.len()]);
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = starts.next()?;
        let word = &text[start..end];
        start = end;
        Some(word)
    })
}

fn replace(tokens: &mut Vec<usize>, pair: Pair, token: usize) {
    let mut place = 0;
    while place + 1 < tokens.len() {
        if (tokens[place], tokens[place + 1]) == pair {
            tokens.splice(place..place + 2, [token]);
        }
        place += 1;
    }
}

/// The words as they are cut so far, and how often each pair of neighbours occurs.
struct Learning {
    words: Vec<(Vec<usize>, usize)>,
    counts: HashMap<Pair, usize>,
    /// The words that have, or had, a pair.
    places: HashMap<Pair, HashSet<usize>>,
    /// Counts as they were at some time; the first pair of those that are as frequent wins.
    queue: BinaryHeap<(usize, Reverse<Pair>)>,
}

impl Learning {
    fn new(words: BTreeMap<&str, usize>) -> Self {
        let cut = |(word, count): (&str, usize)| (word.bytes().map(usize::from).collect(), count);
        let mut learning = Learning {
            words: words.into_iter().map(cut).collect(),
            counts: HashMap::new(),
            places: HashMap::new(),
            queue: BinaryHeap::new(),
        };
        for index in 0..learning.words.len() {
            learning.count(index);
        }
        let counts = learning.counts.iter();
        learning.queue = counts
            .map(|(&pair, &count)| (count, Reverse(pair)))
            .collect();
        learning
    }

    /// The most frequent pair, if it occurs twice.
    fn most_frequent(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.queue.pop() {
            let now = self.counts.get(&pair).copied().unwrap_or(0);
            if now == count {
                return (count > 1).then_some(pair);
            }
            // It has become rarer since.
            self.queue.push((now, Reverse(pair)));
        }
        None
    }

    fn merge(&mut self, pair: Pair, token: usize) {
        let mut words: Vec<usize> = self.places.remove(&pair).into_iter().flatten().collect();
        words.sort_unstable();
        for index in words {
            self.discount(index);
            replace(&mut self.words[index].0, pair, token);
            let pairs = self.count(index);
            for pair in pairs
                .into_iter()
                .filter(|pair| pair.0 == token || pair.1 == token)
            {
                self.queue.push((self.counts[&pair], Reverse(pair)));
            }
        }
    }

    /// Adds the pairs of a word, and returns them.
    fn count(&mut self, index: usize) -> Vec<Pair> {
        let (tokens, count) = &self.words[index];
        let pairs: Vec<Pair> = tokens.windows(2).map(|pair| (pair[0], pair[1])).collect();
        for &pair in &pairs {
            *self.counts.entry(pair).or_insert(0) += count;
            self.places.entry(pair).or_default().insert(index);
        }
        pairs
    }

    fn discount(&mut self, index: usize) {
        let (tokens, count) = &self.words[index];
        for pair in tokens.windows(2) {
            let counted = self.counts.get_mut(&(pair[0], pair[1]));
            *counted.expect("it was counted") -= count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "low low lower lowest newer newest \u{e9}";

    #[test]
    fn learns_what_is_frequent() {
        let tokenizer = Tokenizer::learn([TEXT].into_iter(), LEAST + 2);
        // `lo`, `ow` and `we` occur four times each, and the pair with the lower tokens is first: then `we` before `lo` and `w`.
        let [first, second] = [LEAST, LEAST + 1].map(|token| tokenizer.decode(&[token]));
        assert_eq!([first.as_str(), second.as_str()], ["lo", "we"]);
        assert_eq!(tokenizer.encode("lowe"), [LEAST, LEAST + 1]);
        assert_eq!(tokenizer.encode("low"), [LEAST, usize::from(b'w')]);
    }

    #[test]
    fn text_survives() {
        let tokenizer = Tokenizer::learn([TEXT].into_iter(), 400);
        for text in [TEXT, "slow \u{20ac} ", " new", ""] {
            let tokens = tokenizer.encode(text);
            assert_eq!(tokenizer.decode(&tokens), text);
            assert!(tokens.iter().all(|&token| token < tokenizer.tokens()));
        }
        // Nothing occurs twice any more.
        assert!(tokenizer.tokens() < 400);
    }

    #[test]
    fn a_learned_text_is_short() {
        let tokenizer = Tokenizer::learn([TEXT].into_iter(), 400);
        assert!(tokenizer.encode(TEXT).len() < TEXT.len() / 2);
    }
}
