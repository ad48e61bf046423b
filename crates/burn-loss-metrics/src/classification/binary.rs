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
        let positive = check::yes_or_no("targets", &host::integers(targets));
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
        let read = Self::read(function, "probabilities", probabilities, targets);
        check::or_panic(
            function,
            check::probabilities("probabilities", &read.scores),
        );
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

    pub fn append(&mut self, other: &Self) {
        self.scores.extend_from_slice(&other.scores);
        self.positive.extend_from_slice(&other.positive);
    }
}

/// What every threshold decides: an entry for each distinct score, from the highest down. An example counts as positive
/// when its score is at least the threshold, so that tied scores fall together.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    pub thresholds: Vec<f64>,
    pub true_positives: Vec<usize>,
    pub false_positives: Vec<usize>,
    pub positives: usize,
    pub negatives: usize,
}

impl Ranking {
    /// Ranks scores; a set that is empty or holds NaN has no order.
    pub fn of(binary: &BinaryScores) -> Option<Self> {
        if binary.is_empty() || binary.has_nan() {
            return None;
        }
        let mut examples: Vec<(f64, bool)> = binary.iter().collect();
        examples.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));

        let positives = binary.positives();
        let mut ranking = Ranking {
            thresholds: Vec::new(),
            true_positives: Vec::new(),
            false_positives: Vec::new(),
            positives,
            negatives: binary.len() - positives,
        };
        let mut counts = [0, 0];
        // By value and not by bits: 0 and -0 are tied.
        for tied in examples.chunk_by(|a, b| a.0 == b.0) {
            for (_, positive) in tied {
                counts[usize::from(*positive)] += 1;
            }
            ranking.thresholds.push(tied[0].0);
            ranking.false_positives.push(counts[0]);
            ranking.true_positives.push(counts[1]);
        }
        Some(ranking)
    }

    /// True and false positives at each threshold, starting above the highest score, where nothing is positive.
    pub fn steps(&self) -> impl Iterator<Item = (usize, usize)> {
        let true_positives = self.true_positives.iter().copied();
        let false_positives = self.false_positives.iter().copied();
        std::iter::once((0, 0)).chain(true_positives.zip(false_positives))
    }
}
