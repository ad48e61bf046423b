//! Rows of scores with their targets, and how they become yes-or-no questions.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::binary::BinaryScores;
use crate::{check, host};

/// What a row of scores is measured against.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// The class of each row.
    Classes(Vec<usize>),
    /// A yes or no for each score.
    Labels(Vec<bool>),
}

/// Scores `[N, C]` in row-major order, and their answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    pub scores: Vec<f64>,
    pub columns: usize,
    pub answers: Answers,
}

impl Rows {
    /// Reads scores `[N, C]` and classes `[N]`.
    #[track_caller]
    pub fn of_classes<B: Backend>(
        function: &str,
        name: &str,
        scores: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> Self {
        let dims = scores.dims();
        let [rows] = targets.dims();
        check::or_panic(function, check::one_target_a_row(name, dims, rows));
        let classes = check::classes("targets", &host::integers(targets), dims[1]);
        Self {
            scores: host::numbers(scores),
            columns: dims[1],
            answers: Answers::Classes(check::or_panic(function, classes)),
        }
    }

    /// Reads probabilities `[N, C]` and classes `[N]`.
    #[track_caller]
    pub fn of_class_probabilities<B: Backend>(
        function: &str,
        probabilities: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> Self {
        let mut rows = Self::of_classes(function, "probabilities", probabilities, targets);
        let valid = check::probabilities("probabilities", &mut rows.scores, rows.columns);
        check::or_panic(function, valid);
        rows
    }

    /// Reads scores and labels, both `[N, L]`.
    #[track_caller]
    pub fn of_labels<B: Backend>(
        function: &str,
        name: &str,
        scores: Tensor<B, 2>,
        targets: Tensor<B, 2, Int>,
    ) -> Self {
        let dims = scores.dims();
        let same = check::same_shape((name, &dims), ("targets", &targets.dims()));
        check::or_panic(function, same);
        let labels = check::yes_or_no("targets", &host::integers(targets), dims[1]);
        Self {
            scores: host::numbers(scores),
            columns: dims[1],
            answers: Answers::Labels(check::or_panic(function, labels)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.scores.chunks_exact(self.columns.max(1))
    }

    /// The question "is it this class (does it have this label)?" for each column.
    pub fn one_vs_rest(&self) -> Vec<BinaryScores> {
        let question = |column| {
            let answer = |row| match &self.answers {
                Answers::Classes(classes) => classes[row] == column,
                Answers::Labels(labels) => labels[row * self.columns + column],
            };
            BinaryScores {
                scores: self.iter().map(|row| row[column]).collect(),
                positive: (0..self.scores.len() / self.columns).map(answer).collect(),
            }
        };
        (0..self.columns).map(question).collect()
    }

    /// The question "is the class of the highest probability right?" with that probability as its score; of labels, the
    /// question "does it have this label?" for all labels together.
    pub fn confidences(&self) -> BinaryScores {
        self.confidences_by(|p| p, |_, highest| highest)
    }

    /// The same of scores with the order of the probabilities: the probability of a label's score, and of a row's highest.
    pub fn confidences_by(
        &self,
        of_label: impl Fn(f64) -> f64,
        of_row: impl Fn(&[f64], f64) -> f64,
    ) -> BinaryScores {
        let classes = match &self.answers {
            Answers::Classes(classes) => classes,
            Answers::Labels(labels) => {
                return BinaryScores {
                    scores: self.scores.iter().copied().map(of_label).collect(),
                    positive: labels.clone(),
                };
            }
        };
        let mut confidences = BinaryScores::default();
        for (row, class) in self.iter().zip(classes) {
            let (top, highest) = top(row);
            confidences.push(of_row(row, highest), top == *class);
        }
        confidences
    }
}

/// The first of the highest scores and its position; NaN is the highest, so that it is not lost.
pub(crate) fn top(row: &[f64]) -> (usize, f64) {
    let mut top = (0, row[0]);
    for (column, &score) in row.iter().enumerate().skip(1) {
        if score > top.1 || (score.is_nan() && !top.1.is_nan()) {
            top = (column, score);
        }
    }
    top
}
