//! What the numbers of a tensor are, and reports that all kinds of outputs share.

use super::findings::{Findings, Kind, Severity};
use crate::check;

/// What is known of numbers after a pass over them.
pub struct Range {
    pub least: f64,
    pub most: f64,
    /// The first NaN or infinity that may not be, and where it is.
    broken: Option<(f64, usize)>,
    broken_count: usize,
}

impl Range {
    /// Of numbers in which `-inf` may stand for "never", where `never` says so.
    pub fn of(numbers: &[f64], never: bool) -> Self {
        let mut range = Self {
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            broken: None,
            broken_count: 0,
        };
        for (index, &number) in numbers.iter().enumerate() {
            if number.is_finite() {
                range.least = range.least.min(number);
                range.most = range.most.max(number);
            } else if !(never && number == f64::NEG_INFINITY) {
                range.broken.get_or_insert((number, index));
                range.broken_count += 1;
            }
        }
        range
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

/// Whether the first row is repeated by all others; of one row there is nothing to say.
pub fn all_rows_equal(numbers: &[f64], columns: usize) -> bool {
    let columns = columns.max(1);
    let mut rows = numbers.chunks_exact(columns);
    let Some(first) = rows.next() else {
        return false;
    };
    let others = numbers.len() / columns;
    others > 1 && rows.all(|row| row == first)
}

/// Reports outputs that are the same for all rows.
pub fn report_same_outputs(findings: &mut Findings) {
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
