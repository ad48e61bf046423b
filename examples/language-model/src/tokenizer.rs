//! Byte-pair encoding, learned of the book by the `tokenizers` crate: the tokens are a boundary, the 256 bytes, and then
//! whatever two neighbouring tokens of a word are most often.

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, NormalizerWrapper, TokenizerImpl};

/// The token before the first of a text and after its last.
pub const BOUNDARY: usize = 0;

/// The tokens that are there before anything is learned.
pub const LEAST: usize = 257;

/// Why no text is refused.
const ALL_BYTES: &str = "all bytes are tokens";

/// What was learned of a text.
pub struct Tokenizer(TokenizerImpl<BPE, NormalizerWrapper, ByteLevel, ByteLevel, ByteLevel>);

impl Tokenizer {
    /// Learns up to `size` tokens of texts; fewer where no two neighbours occur twice.
    pub fn learn<'a>(texts: impl Iterator<Item = &'a str> + Send, size: usize) -> Self {
        // Words have the space before them, and the first of a text has none.
        let words = ByteLevel::default().add_prefix_space(false);
        let mut tokenizer = TokenizerImpl::new(BPE::default());
        tokenizer
            .with_pre_tokenizer(Some(words))
            .with_decoder(Some(words));
        let mut trainer = BpeTrainer::builder()
            .vocab_size(size)
            .min_frequency(2)
            .special_tokens(vec![AddedToken::from("<boundary>", true)])
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .show_progress(false)
            .build();
        tokenizer.train(&mut trainer, texts).expect(ALL_BYTES);
        Tokenizer(tokenizer)
    }

    /// The number of tokens.
    pub fn tokens(&self) -> usize {
        self.0.get_vocab_size(true)
    }

    /// The tokens of a text, without boundaries.
    pub fn encode(&self, text: &str) -> Vec<usize> {
        let found = self.0.encode_fast(text, false).expect(ALL_BYTES);
        found.get_ids().iter().map(|&id| id as usize).collect()
    }

    /// The text of tokens; a boundary is nothing, and bytes that are no letter are a question mark.
    pub fn decode(&self, tokens: &[usize]) -> String {
        let ids: Vec<u32> = tokens.iter().map(|&token| token as u32).collect();
        self.0.decode(&ids, true).expect(ALL_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "low low lower lowest newer newest \u{e9}";

    fn learn(size: usize) -> Tokenizer {
        Tokenizer::learn([TEXT].into_iter(), size)
    }

    #[test]
    fn learns_what_is_frequent() {
        let tokenizer = learn(LEAST + 2);
        assert_eq!(tokenizer.tokens(), LEAST + 2);
        // `lo`, `ow` and `we` occur four times each, and the pair with the lower tokens is first: then `we` before `lo` and `w`.
        let [first, second] = [LEAST, LEAST + 1].map(|token| tokenizer.decode(&[token]));
        assert_eq!([first.as_str(), second.as_str()], ["lo", "we"]);
        assert_eq!(tokenizer.encode("lowe"), [LEAST, LEAST + 1]);
        let [lo, w] = tokenizer.encode("low")[..] else {
            panic!("`low` is two tokens");
        };
        assert_eq!((lo, tokenizer.decode(&[w]).as_str()), (LEAST, "w"));
    }

    #[test]
    fn text_survives() {
        let tokenizer = learn(400);
        for text in [TEXT, "slow \u{20ac} ", " new", ""] {
            let tokens = tokenizer.encode(text);
            assert!(
                tokens
                    .iter()
                    .all(|token| (1..tokenizer.tokens()).contains(token))
            );
            assert_eq!(tokenizer.decode(&tokens), text);
            let bounded = [&[BOUNDARY], &tokens[..], &[BOUNDARY]].concat();
            assert_eq!(tokenizer.decode(&bounded), text);
        }
        // Nothing occurs twice any more.
        assert!(tokenizer.tokens() < 400);
    }

    #[test]
    fn a_learned_text_is_short() {
        assert!(learn(400).encode(TEXT).len() < TEXT.len() / 2);
    }
}
