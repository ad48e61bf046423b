//! What a network makes of digits, one by one.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::prelude::*;
use burn::tensor::activation::softmax;

use crate::data::{CLASSES, Digit, DigitBatch, DigitBatcher};
use crate::model::ConvNet;

/// Images at once where nothing is learned.
pub const BATCH_SIZE: usize = 128;

/// A digit and what the network takes it for.
pub struct Prediction {
    /// Where the digit is in its data set.
    pub index: usize,
    pub digit: Digit,
    /// The softmax of the logits: ten probabilities.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// The likeliest class.
    pub fn class(&self) -> usize {
        let likelier =
            |&a: &usize, &b: &usize| self.probabilities[a].total_cmp(&self.probabilities[b]);
        (0..CLASSES)
            .max_by(likelier)
            .expect("there are ten classes")
    }

    /// The probability of the likeliest class.
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.class()]
    }

    pub fn is_wrong(&self) -> bool {
        self.class() != usize::from(self.digit.label)
    }
}

/// Predicts the digits from `start` on, a batch at a time and only as far as the iterator is read.
pub fn predictions<B: Backend>(
    network: &ConvNet<B>,
    digits: &impl Dataset<Digit>,
    start: usize,
    device: &B::Device,
) -> impl Iterator<Item = Prediction> {
    (start..digits.len())
        .step_by(BATCH_SIZE)
        .flat_map(move |start| {
            let batch: Vec<_> = (start..digits.len())
                .take(BATCH_SIZE)
                .filter_map(|index| digits.get(index))
                .collect();
            let rows = probabilities(network, batch.clone(), device);
            batch
                .into_iter()
                .zip(rows)
                .enumerate()
                .map(move |(offset, (digit, probabilities))| Prediction {
                    index: start + offset,
                    digit,
                    probabilities,
                })
        })
}

/// One row of ten a digit.
fn probabilities<B: Backend>(
    network: &ConvNet<B>,
    digits: Vec<Digit>,
    device: &B::Device,
) -> Vec<Vec<f32>> {
    let batch: DigitBatch<B> = DigitBatcher.batch(digits, device);
    let data = softmax(network.forward(batch.images), 1).into_data();
    let values: Vec<f32> = data.iter().collect();
    values.chunks(CLASSES).map(<[f32]>::to_vec).collect()
}
