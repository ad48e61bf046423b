//! One yes-or-no question: a score and an answer an example. What ranks, thresholds and bins is computed from these.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use crate::{check, host};

/// Scores of one yes-or-no question, and its answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BinaryScores {
    pub scores: Vec<f64>,
    pub positive: Vec<bool>,
}

impl BinaryScores {
    /// Reads `scores` and `targets`, both `[N]`.
    #[track_caller]
    pub fn read<B: Backend>(
        function: &str,
        name: &str,
        scores: Tensor<B, 1>,
        targets: Tensor<B, 1, Int>,
    ) -> Self {
        let same = check::same_shape((name, &scores.dims()), ("targets", &targets.dims()));
        check::or_panic(function, same);
        let positive = check::yes_or_no("targets", &host::integers(targets), 1, 0);
        Self {
            scores: host::numbers(scores),
            positive: check::or_panic(function, positive),
        }
    }

    /// Reads `probabilities` and `targets`, both `[N]`.
    #[track_caller]
    pub fn read_probabilities<B: Backend>(
        function: &str,
        probabilities: Tensor<B, 1>,
        targets: Tensor<B, 1, Int>,
    ) -> Self {
        let mut read = Self::read(function, "probabilities", probabilities, targets);
        let valid = check::probabilities("probabilities", &mut read.scores, 1, 0);
        check::or_panic(function, valid);
        read
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub fn has_nan(&self) -> bool {
        self.scores.iter().any(|score| score.is_nan())
    }

    pub fn positives(&self) -> usize {
        self.positive.iter().filter(|&&positive| positive).count()
    }

    pub fn iter(&self) -> impl Iterator<Item = (f64, bool)> {
        self.scores
            .iter()
            .copied()
            .zip(self.positive.iter().copied())
    }

    pub fn push(&mut self, score: f64, positive: bool) {
        self.scores.push(score);
        self.positive.push(positive);
    }

    /// Appends, and takes room for at most `most` scores where that is enough.
    pub fn append(&mut self, other: &Self, most: usize) {
        host::grow(&mut self.scores, other.len(), most);
        host::grow(&mut self.positive, other.len(), most);
        self.scores.extend_from_slice(&other.scores);
        self.positive.extend_from_slice(&other.positive);
    }
}

/// Examples from the highest score down.
pub struct Sorted {
    examples: Vec<(f64, bool)>,
    pub positives: usize,
    pub negatives: usize,
}

impl Sorted {
    /// Sorts scores; a set that is empty or holds NaN has no order.
    pub fn of(binary: &BinaryScores) -> Option<Self> {
        if binary.is_empty() || binary.has_nan() {
            return None;
        }
        let mut examples: Vec<(f64, bool)> = binary.iter().collect();
        examples.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let positives = binary.positives();
        Some(Self {
            examples,
            positives,
            negatives: binary.len() - positives,
        })
    }

    /// What every threshold decides, from the highest down: each distinct score with the true and false positives at it,
    /// starting with infinity, where nothing is positive. An example counts as positive when its score is at least the
    /// threshold, so that tied scores fall together.
    pub fn steps(&self) -> impl Iterator<Item = (f64, usize, usize)> {
        let mut counts = [0, 0];
        // By value and not by bits: 0 and -0 are tied.
        let tied = self.examples.chunk_by(|a, b| a.0 == b.0);
        let steps = tied.map(move |tied| {
            for (_, positive) in tied {
                counts[usize::from(*positive)] += 1;
            }
            (tied[0].0, counts[1], counts[0])
        });
        std::iter::once((f64::INFINITY, 0, 0)).chain(steps)
    }
}
