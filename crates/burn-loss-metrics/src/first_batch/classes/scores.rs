//! The scores of classes: their part of the walk over a batch, and what is wrong with them.

use super::targets::ENOUGH;
use crate::check;
use crate::classification::log_loss::of_class_logits;
use crate::classification::{Others, Top};
use crate::first_batch::Takes;
use crate::first_batch::findings::{Findings, Kind, Severity};
use crate::first_batch::range::{Loss, Range, report_same_outputs};

/// How far from 1 the sum of a row of probabilities may be, of f16 and bf16, too.
const ROUNDING: f64 = 0.02;
/// Half a unit in the last place of bf16, of which f16 has less.
const HALF_UNIT: f64 = 1.0 / 256.0;
/// A row whose most probable class has more is saturated.
const SURE: f64 = 0.9999;

/// What is known of the scores so far. What they are shows only when all rows were seen, so that until then they are taken
/// for all that they may be.
pub struct Scores {
    takes: Takes,
    pub range: Range,
    /// Whether all rows sum to 1, as probabilities do.
    sum_to_one: bool,
    /// Whether the exponentials of all rows do, as those of log-probabilities.
    exps_sum_to_one: bool,
    as_logits: Losses,
    /// Of the rows before the first that does not sum to 1.
    as_probabilities: Losses,
}

impl Scores {
    pub fn new(takes: Takes, classes: usize) -> Self {
        Self {
            takes,
            range: Range::new(takes != Takes::Probabilities),
            sum_to_one: classes > 1,
            exps_sum_to_one: classes > 1,
            as_logits: Losses::default(),
            as_probabilities: Losses::default(),
        }
    }

    /// The next row, with its class if it counts.
    pub fn add(&mut self, row: usize, scores: &[f64], class: Option<usize>) {
        self.range.add(scores);
        let top = Top::of(scores, row, class.unwrap_or(0));
        let near_one = |sum: f64, rounding: f64| (sum - 1.0).abs() <= rounding;
        self.sum_to_one = self.sum_to_one && near_one(scores.iter().sum(), ROUNDING);
        if self.sum_to_one && class.is_some() {
            // The logarithms of probabilities are their logits.
            let positive = |p: f64| p.max(f64::MIN_POSITIVE);
            let sum: f64 = scores.iter().copied().map(positive).sum();
            let loss_of = |p| sum.ln() - positive(p).ln();
            self.as_probabilities
                .add(row, loss_of(top.of_class), loss_of(top.highest));
        }
        if self.exps_sum_to_one || class.is_some() {
            let others = Others::of_logits(scores, &top);
            let sum = others.sum_of_all(&top);
            // A log-softmax rounds the logarithm of its sum, up to log C, for all of a row, and then each difference.
            let log_classes = (scores.len() as f64).ln();
            let rounding = ROUNDING.max(2.0 * HALF_UNIT * (1.0 + log_classes));
            self.exps_sum_to_one =
                self.exps_sum_to_one && near_one(top.highest.exp() * sum, rounding);
            if class.is_some() {
                self.as_logits
                    .add(row, of_class_logits(&top, &others), sum.ln());
            }
        }
    }

    pub fn report(&self, findings: &mut Findings, counts: &[usize], loss: Option<f64>) {
        let given = self.given();
        report_given(findings, &self.range, self.takes, given);
        report_same_outputs(findings, &self.range);
        let losses = match given {
            Takes::Probabilities => &self.as_probabilities,
            _ => &self.as_logits,
        };
        if losses.rows > 0 {
            losses.report(findings, counts, loss);
        }
    }

    /// What the scores are.
    fn given(&self) -> Takes {
        if self.range.within(-1e-3, 1.0 + 1e-3) && self.sum_to_one {
            Takes::Probabilities
        } else if self.range.most <= 1e-3 && self.exps_sum_to_one {
            Takes::LogProbabilities
        } else {
            Takes::Logits
        }
    }
}

/// Reports scores of another kind than the loss takes.
fn report_given(findings: &mut Findings, range: &Range, takes: Takes, given: Takes) {
    let between = format!(
        "the scores lie from {:.4} to {:.4}",
        range.least, range.most
    );
    match (takes, given) {
        (Takes::Logits, Takes::Probabilities) => findings.add(
            Severity::Error,
            Kind::ProbabilitiesGiven,
            "",
            "every row of the scores is from 0 to 1 and sums to 1: they are probabilities",
            "The loss takes a softmax itself. Of one taken twice, the gradients are small and the loss cannot fall to 0.",
            "Give it the logits, without the softmax.",
        ),
        (Takes::Logits, Takes::LogProbabilities) => findings.add(
            Severity::Note,
            Kind::LogProbabilitiesGiven,
            "",
            "the scores are log-probabilities already",
            "The loss takes a log-softmax itself, which changes nothing of one, but costs time.",
            "Give it the logits, or take `NllLoss`.",
        ),
        (Takes::LogProbabilities, Takes::Probabilities) => findings.add(
            Severity::Error,
            Kind::ProbabilitiesGiven,
            "",
            "every row of the scores is from 0 to 1 and sums to 1: they are probabilities",
            "The loss takes their logarithms. Of probabilities it lies from -1 to 0, and its gradients are the same \
             whatever the model says.",
            "Give it `log_softmax` of the logits, or take `CrossEntropyLoss` of the logits.",
        ),
        (Takes::LogProbabilities, Takes::Logits) => findings.add(
            Severity::Error,
            Kind::LogitsGiven,
            "",
            format!("{between}, and their exponentials do not sum to 1: they are logits"),
            "The loss takes log-probabilities. Of logits it falls without end, and nothing is learned.",
            "Give it `log_softmax` of the logits, or take `CrossEntropyLoss` of the logits.",
        ),
        (Takes::Probabilities, Takes::LogProbabilities) => findings.add(
            Severity::Error,
            Kind::LogProbabilitiesGiven,
            "",
            format!("{between}: they are log-probabilities"),
            "The loss takes probabilities, from 0 to 1.",
            "Give it `softmax` instead of `log_softmax`.",
        ),
        (Takes::Probabilities, Takes::Logits) => findings.add(
            Severity::Error,
            Kind::LogitsGiven,
            "",
            format!("{between}, and their rows do not sum to 1: they are logits"),
            "The loss takes probabilities, from 0 to 1.",
            "Give it `softmax` of the logits, or take a loss of logits.",
        ),
        (Takes::Logits, Takes::Logits)
        | (Takes::LogProbabilities, Takes::LogProbabilities)
        | (Takes::Probabilities, Takes::Probabilities) => {}
    }
}

/// The losses of the rows that have a class.
#[derive(Default)]
struct Losses {
    sum: f64,
    rows: usize,
    sure: usize,
    first_sure: Option<usize>,
    /// The first row whose loss is NaN or infinite.
    broken: Option<usize>,
}

impl Losses {
    /// A row's loss, and what it would be if the row had its most probable class.
    fn add(&mut self, row: usize, loss: f64, lowest: f64) {
        self.rows += 1;
        self.sum += loss;
        if !loss.is_finite() {
            self.broken.get_or_insert(row);
        }
        if lowest < -SURE.ln() {
            self.sure += 1;
            self.first_sure.get_or_insert(row);
        }
    }

    /// Compares the loss with those of models that know nothing, or the classes' counts alone.
    fn report(&self, findings: &mut Findings, counts: &[usize], loss: Option<f64>) {
        let (rows, classes) = (self.rows as f64, counts.len() as f64);
        let loss = loss.unwrap_or(self.sum / rows);
        let nothing = classes.ln();
        let shares = counts.iter().map(|&count| count as f64 / rows);
        let entropy: f64 = shares
            .filter(|&share| share > 0.0)
            .map(|p| -p * p.ln())
            .sum();
        findings.summary += &format!(
            ", loss {loss:.4} (a model that knows nothing: {nothing:.4}, the class counts alone: {entropy:.4})"
        );
        // Of one class alone, nothing else can be said.
        if counts.len() > 1 && self.sure as f64 >= 0.1 * rows {
            findings.add(
                Severity::Warning,
                Kind::Saturated,
                check::place(self.first_sure.unwrap_or(0), 1),
                format!("{} of {} rows are sure of a class beyond {SURE}", self.sure, self.rows),
                "A model that is so sure before it has learned anything starts with a high loss and flat gradients.",
                "Scale the last layer's weights or the inputs down.",
            );
        }
        Loss {
            loss,
            broken: self.broken,
            nothing,
            // Of few rows, chance alone may be right.
            least: match self.rows >= ENOUGH {
                true => 0.3 * entropy,
                false => f64::NEG_INFINITY,
            },
            // A quarter of log C above it, at least 1, and the scatter of few rows.
            air: f64::max(1.0, 0.25 * nothing) + 4.0 / rows.sqrt(),
        }
        .report(findings);
    }
}
