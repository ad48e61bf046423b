//! What the numbers of a tensor are, the walk over them, and reports that all kinds of outputs share.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::findings::{Findings, Kind, Severity};
use crate::check;
use crate::host::Numbers;

/// What is known of the rows of numbers that were seen so far.
#[derive(Default)]
pub struct Range {
    pub least: f64,
    pub most: f64,
    /// Whether `-inf` may stand for "never".
    never: bool,
    /// The first NaN or infinity that may not be, and where it is.
    broken: Option<(f64, usize)>,
    broken_count: usize,
    pub rows: usize,
    first: Vec<f64>,
    /// Whether all rows so far are as the first.
    repeated: bool,
}

impl Range {
    pub fn new(never: bool) -> Self {
        Self {
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            never,
            repeated: true,
            ..Self::default()
        }
    }

    /// The next row.
    pub fn add(&mut self, row: &[f64]) {
        for (column, &number) in row.iter().enumerate() {
            if number.is_finite() {
                self.least = self.least.min(number);
                self.most = self.most.max(number);
            } else if !(self.never && number == f64::NEG_INFINITY) {
                self.broken
                    .get_or_insert((number, self.rows * row.len() + column));
                self.broken_count += 1;
            }
        }
        if self.rows == 0 {
            self.first = row.to_vec();
        }
        self.repeated = self.repeated && row == self.first;
        self.rows += 1;
    }

    pub fn within(&self, least: f64, most: f64) -> bool {
        self.least >= least && self.most <= most
    }

    /// Reports what is not finite; true if there is something.
    pub fn report_broken(&self, findings: &mut Findings, name: &str, columns: usize) -> bool {
        let Some((number, index)) = self.broken else {
            return false;
        };
        findings.add(
            Severity::Error,
            Kind::NotFinite,
            check::place(index, columns),
            format!("{} of the {name} are not finite, the first is {number}", self.broken_count),
            "One such number makes the loss and every weight NaN with the first step.",
            "Look for a logarithm or a root of 0, a division by 0, missing values in the data, or f16 beyond 65504.",
        );
        true
    }
}

/// Reports outputs that are the same for all rows; of one row there is nothing to say.
pub fn report_same_outputs(findings: &mut Findings, outputs: &Range) {
    if outputs.rows < 2 || !outputs.repeated {
        return;
    }
    findings.add(
        Severity::Warning,
        Kind::SameOutputs,
        "",
        "all rows have the same outputs",
        "The outputs do not depend on the inputs: nothing that tells the rows apart reaches them.",
        "Look for inputs that are all alike, units that are dead (a rectifier after a large negative bias), or a last layer \
         of zeros; the last learns, the others do not.",
    );
}

/// The rows of two tensors of one shape side by side; of each, a block of rows at a time is copied to the host.
pub fn each_row<B: Backend>([one, other]: [Tensor<B, 2>; 2], mut look: impl FnMut(&[f64], &[f64])) {
    let columns = one.dims()[1].max(1);
    let (one, other) = (Numbers::of(one), Numbers::of(other));
    for ((_, one), (_, other)) in one.blocks().zip(other.blocks()) {
        let rows = one.chunks_exact(columns).zip(other.chunks_exact(columns));
        rows.for_each(|(one, other)| look(one, other));
    }
}

/// Reports shapes that do not fit; true if they do not, or if there is nothing.
pub fn report_shapes(findings: &mut Findings, scores: [usize; 2], targets: &[usize]) -> bool {
    let fit = match targets {
        [rows] => *rows == scores[0],
        dims => dims == scores,
    };
    if !fit {
        findings.add(
            Severity::Error,
            Kind::Shape,
            "",
            format!("the outputs have the shape {scores:?}, the targets {targets:?}"),
            "The loss would refuse them.",
            "Give each row of outputs its target.",
        );
    } else if scores.contains(&0) {
        findings.add(
            Severity::Error,
            Kind::Empty,
            "",
            format!("the outputs have the shape {scores:?}"),
            "There is nothing to learn from, and the mean of nothing is NaN.",
            "Look at how the batches are made.",
        );
    }
    !fit || scores.contains(&0)
}

/// A loss, and what it is compared with.
pub struct Loss {
    pub loss: f64,
    /// The first row whose loss is NaN or infinite.
    pub broken: Option<usize>,
    /// That of a model that knows nothing.
    pub nothing: f64,
    /// What a healthy start is not below.
    pub least: f64,
    /// What a healthy start may lie above `nothing`.
    pub air: f64,
}

impl Loss {
    /// Reports a loss that is no number, or far from that of a model that knows nothing.
    pub fn report(&self, findings: &mut Findings) {
        let (loss, nothing) = (self.loss, self.nothing);
        let what = format!("the loss is {loss:.4}; a model that knows nothing has {nothing:.4}");
        if !loss.is_finite() || self.broken.is_some() {
            findings.add(
                Severity::Error,
                Kind::NotFinite,
                self.broken.map_or_else(String::new, |row| check::place(row, 1)),
                match loss.is_finite() {
                    true => "the loss of a row is not finite".into(),
                    false => format!("the loss is {loss}"),
                },
                "One such number makes the loss and every weight NaN with the first step.",
                "Look for a row whose scores are all -inf, a target whose score is -inf, a mean over no rows, or errors whose \
                 squares are too large.",
            );
        } else if loss > nothing + self.air {
            findings.add(
                Severity::Warning,
                Kind::LossTooHigh,
                "",
                what,
                "The first steps only undo what the weights' start or the targets got wrong, or the loss is a sum and the \
                 learning rate is too large for it.",
                "Look for a reduction to the sum, outputs that are scaled up, or targets in another order than the outputs.",
            );
        } else if loss < self.least {
            findings.add(
                Severity::Warning,
                Kind::LossTooLow,
                "",
                what,
                "Before the first step only a trained model can know so much.",
                "Look for the target among the inputs, or a loss that most rows do not enter; of a trained model all is well.",
            );
        }
    }
}
