//! How rows of scores become yes-or-no questions, one for each column.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::binary::BinaryScores;
use crate::check;
use crate::host::{self, Integers, Numbers};

/// The question "is it this class (does it have this label)?" for each column of scores in row-major order, with the answer
/// for each row and column.
pub(crate) fn one_vs_rest(
    scores: &[f64],
    columns: usize,
    is_positive: impl Fn(usize, usize) -> bool,
) -> Vec<BinaryScores> {
    let question = |column| BinaryScores {
        scores: scores
            .iter()
            .skip(column)
            .step_by(columns)
            .copied()
            .collect(),
        positive: (0..scores.len() / columns)
            .map(|row| is_positive(row, column))
            .collect(),
    };
    (0..columns).map(question).collect()
}

/// The questions of scores `[N, C]` and classes `[N]`, read a block of columns at a time.
#[track_caller]
pub(crate) fn questions_of_classes<B: Backend>(
    function: &str,
    scores: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
) -> impl Iterator<Item = BinaryScores> + use<B> {
    let dims = scores.dims();
    let [rows] = targets.dims();
    check::or_panic(function, check::one_target_a_row("scores", dims, rows));
    let classes = check::classes("targets", &host::integers(targets), dims[1]);
    let classes = check::or_panic(function, classes);
    questions(Numbers::of(scores), move |row, column| {
        classes[row] == column
    })
}

/// The questions of scores and labels, both `[N, L]`, read a block of columns at a time.
#[track_caller]
pub(crate) fn questions_of_labels<B: Backend>(
    function: &str,
    scores: Tensor<B, 2>,
    targets: Tensor<B, 2, Int>,
) -> impl Iterator<Item = BinaryScores> + use<B> {
    let [rows, columns] = scores.dims();
    let same = check::same_shape(("scores", &scores.dims()), ("targets", &targets.dims()));
    check::or_panic(function, same);
    let targets = Integers::of(targets);
    let mut labels = Vec::with_capacity(rows * columns);
    for block in host::blocks(rows, columns) {
        let first_row = block.start;
        let block = check::yes_or_no("targets", &targets.rows(block), columns, first_row);
        labels.extend(check::or_panic(function, block));
    }
    questions(Numbers::of(scores), move |row, column| {
        labels[row * columns + column]
    })
}

fn questions(
    scores: Numbers,
    is_positive: impl Fn(usize, usize) -> bool,
) -> impl Iterator<Item = BinaryScores> {
    let [rows, columns] = scores.dims;
    host::blocks(columns, rows).flat_map(move |block| {
        let first = block.start;
        let width = block.len();
        let scores = scores.columns(block);
        one_vs_rest(&scores, width, |row, column| {
            is_positive(row, first + column)
        })
    })
}
