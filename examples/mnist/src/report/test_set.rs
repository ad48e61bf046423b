//! The test images with what the network makes of them, as the metrics want them.

use burn::data::dataset::Dataset;
use burn::prelude::*;

use crate::data::{CLASSES, Digit};
use crate::model::ConvNet;
use crate::prediction::{Prediction, predictions};

/// The metrics compute on the host, so any backend does for them.
pub type Host = burn::backend::Flex;

/// Every test image and its prediction.
pub struct TestSet {
    predictions: Vec<Prediction>,
}

impl TestSet {
    /// Predicts all digits.
    pub fn new<B: Backend>(
        network: &ConvNet<B>,
        digits: &impl Dataset<Digit>,
        device: &B::Device,
    ) -> Self {
        Self::of(predictions(network, digits, 0, device).collect())
    }

    pub fn of(predictions: Vec<Prediction>) -> Self {
        TestSet { predictions }
    }

    #[cfg(test)]
    pub fn into_predictions(self) -> Vec<Prediction> {
        self.predictions
    }

    pub fn len(&self) -> usize {
        self.predictions.len()
    }

    /// Whether the network diverged.
    pub fn has_nan(&self) -> bool {
        self.predictions
            .iter()
            .any(|p| p.probabilities.iter().any(|p| p.is_nan()))
    }

    /// The share of the images that are read right.
    pub fn accuracy(&self) -> f64 {
        1.0 - self.wrong().len() as f64 / self.len() as f64
    }

    /// The wrong ones, the most confident first.
    pub fn wrong(&self) -> Vec<&Prediction> {
        let mut wrong: Vec<_> = self.predictions.iter().filter(|p| p.is_wrong()).collect();
        wrong.sort_by(|a, b| b.confidence().total_cmp(&a.confidence()));
        wrong
    }

    /// `[N, 10]`
    pub fn probabilities(&self) -> Tensor<Host, 2> {
        let rows = self.predictions.iter().flat_map(|p| &p.probabilities);
        let values: Vec<f32> = rows.copied().collect();
        let data = TensorData::new(values, [self.len(), CLASSES]);
        Tensor::from_data(data, &Default::default())
    }

    /// `[N]`
    pub fn targets(&self) -> Tensor<Host, 1, Int> {
        integers(self.predictions.iter().map(|p| i32::from(p.digit.label)))
    }

    /// `[N]`
    pub fn classes(&self) -> Tensor<Host, 1, Int> {
        integers(self.predictions.iter().map(|p| p.class() as i32))
    }

    /// Of one digit against the rest: its probabilities, and whether it is the one; nothing where the images do not hold
    /// both.
    pub fn one_vs_rest(&self, class: usize) -> Option<(Tensor<Host, 1>, Tensor<Host, 1, Int>)> {
        let is = |p: &Prediction| usize::from(p.digit.label) == class;
        let positives = self.predictions.iter().filter(|p| is(p)).count();
        if positives == 0 || positives == self.len() {
            return None;
        }
        let scores = self.probabilities().narrow(1, class, 1).squeeze_dim(1);
        Some((
            scores,
            integers(self.predictions.iter().map(|p| i32::from(is(p)))),
        ))
    }

    /// Of all digits against the rest, one after the other.
    pub fn all_vs_rest(&self) -> (Tensor<Host, 1>, Tensor<Host, 1, Int>) {
        let is = |p: &Prediction| {
            let label = usize::from(p.digit.label);
            (0..CLASSES).map(move |class| i32::from(class == label))
        };
        let targets = integers(self.predictions.iter().flat_map(is));
        (self.probabilities().flatten(0, 1), targets)
    }
}

fn integers(values: impl Iterator<Item = i32>) -> Tensor<Host, 1, Int> {
    let values: Vec<_> = values.collect();
    Tensor::from_data(values.as_slice(), &Default::default())
}
