//! The digits: where they come from, how they are split, and how they become tensors.

mod batch;
mod idx;
mod source;

pub use batch::{DigitBatch, DigitBatcher};
pub use source::{Source, Split};

use std::sync::Arc;

use burn::data::dataset::Dataset;
use burn::data::dataset::transform::{PartialDataset, ShuffledDataset};

/// The pixels of a side of an image.
pub const SIDE: usize = 28;
/// The pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// The digits 0 to 9.
pub const CLASSES: usize = 10;
/// One image of this many is kept for validation: 5,000 of the 60,000.
const VALIDATION_SHARE: usize = 12;

/// One image, row by row, 0 for paper and 255 for ink, and what it shows.
#[derive(Clone, Debug)]
pub struct Digit {
    pub pixels: [u8; PIXELS],
    pub label: u8,
}

/// All images of one file, kept as bytes: a fourth of what they take as floats.
#[derive(Debug)]
pub struct Digits {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Dataset<Digit> for Digits {
    fn get(&self, index: usize) -> Option<Digit> {
        let label = *self.labels.get(index)?;
        let pixels = self.pixels[index * PIXELS..][..PIXELS].try_into().ok()?;
        Some(Digit { pixels, label })
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}

/// A part of the digits, in shuffled order.
pub type Part = PartialDataset<Arc<ShuffledDataset<Digits, Digit>>, Digit>;

/// Splits the digits, or `limit` of them, into those to train on and those to validate with.
///
/// The same seed gives the same split.
pub fn split(digits: Digits, limit: Option<usize>, seed: u64) -> (Part, Part) {
    let used = limit.unwrap_or(usize::MAX).min(digits.len());
    let valid = (used / VALIDATION_SHARE).max(1);
    let shuffled = Arc::new(ShuffledDataset::new(digits, seed));
    (
        PartialDataset::new(shuffled.clone(), valid, used),
        PartialDataset::new(shuffled, 0, valid),
    )
}

/// How many there are of each digit.
pub fn counts(part: &impl Dataset<Digit>) -> [u64; CLASSES] {
    let mut counts = [0; CLASSES];
    let labels = (0..part.len()).filter_map(|index| part.get(index));
    labels.for_each(|digit| counts[usize::from(digit.label)] += 1);
    counts
}

/// The first digits of the file, or all of them.
pub fn first(digits: Digits, limit: Option<usize>) -> PartialDataset<Digits, Digit> {
    let used = limit.unwrap_or(usize::MAX).min(digits.len());
    PartialDataset::new(digits, 0, used)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Digits that can be told apart by their first two pixels.
    fn numbered(count: usize) -> Digits {
        let mut pixels = vec![0; count * PIXELS];
        for index in 0..count {
            pixels[index * PIXELS..][..2].copy_from_slice(&(index as u16).to_be_bytes());
        }
        let labels = (0..count).map(|index| (index % CLASSES) as u8).collect();
        Digits { pixels, labels }
    }

    fn numbers(part: &impl Dataset<Digit>) -> Vec<u16> {
        let number = |digit: Digit| u16::from_be_bytes([digit.pixels[0], digit.pixels[1]]);
        (0..part.len())
            .map(|index| number(part.get(index).unwrap()))
            .collect()
    }

    #[test]
    fn split_uses_every_digit_once() {
        let (train, valid) = split(numbered(120), None, 7);
        assert_eq!((train.len(), valid.len()), (110, 10));
        let all: BTreeSet<_> = numbers(&train).into_iter().chain(numbers(&valid)).collect();
        assert_eq!(all, (0..120).collect());
    }

    #[test]
    fn split_is_its_seeds() {
        let valid = |seed| numbers(&split(numbered(120), None, seed).1);
        assert_eq!(valid(7), valid(7));
        assert_ne!(valid(7), valid(8));
    }

    #[test]
    fn limit_counts_training_and_validation() {
        let (train, valid) = split(numbered(120), Some(24), 7);
        assert_eq!((train.len(), valid.len()), (22, 2));
        let (train, valid) = split(numbered(120), Some(2), 7);
        assert_eq!((train.len(), valid.len()), (1, 1));
        assert_eq!(numbers(&first(numbered(9), Some(3))), [0, 1, 2]);
        assert_eq!(first(numbered(9), Some(30)).len(), 9);
    }
}
