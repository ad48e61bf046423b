//! Rows of class scores where they lie, on any backend's device, and the few numbers of each row that metrics are made of.
//!
//! What is exact in the scores' own type is found on the device and read once: the highest score, its class, the score of the
//! row's class. Sums over the classes are taken on the host, in f64, which not every device has: a block of rows at a time,
//! so that there is no copy of all scores. Each is found when a metric asks for it first, and kept for the next.

use std::sync::OnceLock;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::binary::BinaryScores;
use crate::host::{self, Numbers};
use crate::{ModelOutput, check};

/// A row's highest score, and that of its class.
#[derive(Clone, Copy, Debug, Default)]
pub struct Top {
    pub row: usize,
    pub class: usize,
    /// The first class with the highest score.
    pub predicted: usize,
    /// NaN where a score of the row is NaN.
    pub highest: f64,
    pub of_class: f64,
}

impl Top {
    /// Of a row's scores, of which there is one at least.
    pub fn of(scores: &[f64], row: usize, class: usize) -> Self {
        let (predicted, highest) = top(scores);
        Self {
            row,
            class,
            predicted,
            highest,
            of_class: scores[class],
        }
    }
}

/// The first of the highest scores and its position; NaN is the highest, so that it is not lost.
fn top(row: &[f64]) -> (usize, f64) {
    let mut top = (0, row[0]);
    for (column, &score) in row.iter().enumerate().skip(1) {
        if score > top.1 || (score.is_nan() && !top.1.is_nan()) {
            top = (column, score);
        }
    }
    top
}

/// Sums over all classes of a row but its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Others {
    /// Of the probabilities, or of `exp (x_c - max x)`.
    pub sum: f64,
    /// Of their squares.
    pub squares: f64,
}

impl Others {
    /// Of `exp (x_c - max x)`.
    pub fn of_logits(logits: &[f64], top: &Top) -> Self {
        Self::of(logits, top.class, |logit| (logit - top.highest).exp())
    }

    fn of_probabilities(probabilities: &[f64], top: &Top) -> Self {
        Self::of(probabilities, top.class, |p| p.clamp(0.0, 1.0))
    }

    fn of(scores: &[f64], class: usize, part: impl Fn(f64) -> f64) -> Self {
        let mut others = Self::default();
        let (before, after) = (&scores[..class], &scores[class + 1..]);
        for part in before.iter().chain(after).copied().map(part) {
            others.sum += part;
            others.squares += part * part;
        }
        others
    }

    /// Of logits, the sum over all classes.
    pub fn sum_of_all(&self, top: &Top) -> f64 {
        self.sum + (top.of_class - top.highest).exp()
    }
}

/// Scores `[N, C]` and the class of each row.
#[derive(Debug)]
pub struct ClassRows {
    name: &'static str,
    scores: Numbers,
    targets: Vec<i64>,
    tops: OnceLock<Vec<Top>>,
    negatives: OnceLock<Vec<f64>>,
    others_of_logits: OnceLock<Vec<Others>>,
    others_of_probabilities: OnceLock<Vec<Others>>,
}

impl ClassRows {
    /// Of scores with a name for the messages.
    pub(crate) fn of<B: Backend>(
        name: &'static str,
        scores: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> Self {
        Self {
            name,
            scores: Numbers::of(scores),
            targets: host::integers(targets),
            tops: OnceLock::new(),
            negatives: OnceLock::new(),
            others_of_logits: OnceLock::new(),
            others_of_probabilities: OnceLock::new(),
        }
    }

    pub(crate) fn scores(&self) -> &Numbers {
        &self.scores
    }

    pub fn columns(&self) -> usize {
        self.scores.dims[1]
    }

    /// The rows that count and their targets, after a check of the shapes.
    pub(crate) fn counted(
        &self,
        ignore_index: Option<i64>,
    ) -> Result<impl Iterator<Item = (usize, i64)>, String> {
        check::one_target_a_row(self.name, self.scores.dims, self.targets.len())?;
        let targets = self.targets.iter().copied().enumerate();
        Ok(targets.filter(move |(_, target)| Some(*target) != ignore_index))
    }

    /// The rows that count and their classes.
    pub(crate) fn classes(&self, ignore_index: Option<i64>) -> Result<Vec<(usize, usize)>, String> {
        let columns = self.columns();
        let class = |(row, target)| {
            let class = check::class("targets", row, target, columns)?;
            Ok((row, class))
        };
        self.counted(ignore_index)?.map(class).collect()
    }

    /// The highest scores of the rows that count; probabilities are checked.
    pub fn tops(
        &self,
        model_output: ModelOutput,
        ignore_index: Option<i64>,
    ) -> Result<Vec<Top>, String> {
        let classes = self.classes(ignore_index)?;
        let tops = self.all_tops();
        let counted = classes.into_iter().map(|(row, _)| tops[row]);
        match model_output {
            ModelOutput::Logits => Ok(counted.collect()),
            ModelOutput::Probabilities => counted.map(|top| self.probabilities(top)).collect(),
        }
    }

    /// The sums over the other classes, of each row that has a class.
    pub fn others(&self, model_output: ModelOutput) -> &[Others] {
        match model_output {
            ModelOutput::Logits => self
                .others_of_logits
                .get_or_init(|| self.of_rows(Others::of_logits)),
            ModelOutput::Probabilities => self
                .others_of_probabilities
                .get_or_init(|| self.of_rows(Others::of_probabilities)),
        }
    }

    /// The highest scores of all rows, whether they count or not.
    fn all_tops(&self) -> &[Top] {
        self.tops.get_or_init(|| match self.scores.are_one_block() {
            true => self.tops_on_the_host(),
            false => self.tops_on_the_device(),
        })
    }

    fn tops_on_the_host(&self) -> Vec<Top> {
        let columns = self.columns();
        let scores = self.scores.rows(0..self.targets.len());
        let rows = scores.chunks_exact(columns).zip(&self.targets);
        let top = |(row, (scores, target)): (usize, (&[f64], &i64))| {
            Top::of(scores, row, self.class_or_first(*target))
        };
        rows.enumerate().map(top).collect()
    }

    fn tops_on_the_device(&self) -> Vec<Top> {
        let classes = self
            .targets
            .iter()
            .map(|&target| self.class_or_first(target));
        let classes: Vec<usize> = classes.collect();
        let found = self.scores.in_rows(&classes);
        let top = |(row, &class): (usize, &usize)| Top {
            row,
            class,
            predicted: found.top[row],
            highest: found.highest[row],
            of_class: found.chosen[row],
        };
        let mut tops: Vec<Top> = classes.iter().enumerate().map(top).collect();
        // With a NaN or an infinity in a row, each device has its own idea of the highest.
        let is_unclear = |row: usize| !found.sum[row].is_finite();
        for (block, scores) in self.scores.blocks_with(is_unclear) {
            for (row, scores) in block.zip(scores.chunks_exact(self.columns())) {
                if is_unclear(row) {
                    tops[row] = Top::of(scores, row, classes[row]);
                }
            }
        }
        tops
    }

    /// A row without a class does not count, and has any.
    fn class_or_first(&self, target: i64) -> usize {
        check::as_class(target, self.columns()).unwrap_or(0)
    }

    fn of_rows(&self, of_row: impl Fn(&[f64], &Top) -> Others) -> Vec<Others> {
        let tops = self.all_tops();
        let mut all = vec![Others::default(); tops.len()];
        let has_class = |row: usize| check::as_class(self.targets[row], self.columns()).is_some();
        for (block, scores) in self.scores.blocks_with(has_class) {
            for (row, scores) in block.zip(scores.chunks_exact(self.columns())) {
                if has_class(row) {
                    all[row] = of_row(scores, &tops[row]);
                }
            }
        }
        all
    }

    /// Checks that a row's scores are probabilities.
    fn probabilities(&self, mut top: Top) -> Result<Top, String> {
        let negatives = self.negatives.get_or_init(|| self.scores.negatives());
        // Where all may be well, too: of many that rounding put below 0, and of NaN, beside which there may be others.
        if !check::is_probability(negatives[top.row]) || !check::is_probability(top.highest) {
            let mut scores = self.scores.rows(top.row..top.row + 1);
            check::probabilities(self.name, &mut scores, self.columns(), top.row)?;
        }
        top.highest = top.highest.clamp(0.0, 1.0);
        top.of_class = top.of_class.clamp(0.0, 1.0);
        Ok(top)
    }

    /// Reads probabilities `[N, C]` and classes `[N]`.
    #[track_caller]
    pub(crate) fn of_probabilities<B: Backend>(
        function: &str,
        probabilities: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> (Self, Vec<Top>) {
        let rows = Self::of("probabilities", probabilities, targets);
        let tops = rows.tops(ModelOutput::Probabilities, None);
        (rows, check::or_panic(function, tops))
    }

    /// The confidences of probabilities `[N, C]`, with classes `[N]`.
    #[track_caller]
    pub(crate) fn confidences_of_probabilities<B: Backend>(
        function: &str,
        probabilities: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> BinaryScores {
        let (rows, tops) = Self::of_probabilities(function, probabilities, targets);
        rows.confidences(&tops, ModelOutput::Probabilities)
    }

    /// The question "is the class of the highest score right?" with the highest probability as its score.
    pub(crate) fn confidences(&self, tops: &[Top], model_output: ModelOutput) -> BinaryScores {
        let confidence = |top: &Top| match model_output {
            ModelOutput::Logits => 1.0 / self.others(model_output)[top.row].sum_of_all(top),
            ModelOutput::Probabilities => top.highest,
        };
        BinaryScores {
            scores: tops.iter().map(confidence).collect(),
            positive: tops.iter().map(|top| top.predicted == top.class).collect(),
        }
    }
}

impl PartialEq for ClassRows {
    fn eq(&self, other: &Self) -> bool {
        self.scores == other.scores && self.targets == other.targets
    }
}

/// The mean of a number per row.
pub(crate) fn mean(tops: &[Top], of_row: impl Fn(&Top) -> f64) -> f64 {
    tops.iter().map(of_row).sum::<f64>() / tops.len() as f64
}
