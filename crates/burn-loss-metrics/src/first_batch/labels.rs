//! Scores of labels, each yes or no.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::findings::{Findings, Kind, Severity};
use super::range::{Loss, Range, each_row, report_same_outputs, report_shapes};
use super::{Meant, Takes};
use crate::check;

/// A logit beyond it has a probability of 0 or 1 to six digits.
const SURE: f64 = 15.0;
/// Fewer scores may all lie from 0 to 1 by chance.
const ENOUGH: usize = 32;
/// How far outside its bounds a probability or its logarithm may be.
const ROUNDING: f64 = 1e-3;
/// No probability is taken for one nearer to 0 or 1, so that its losses are finite.
const NEAREST: f64 = 1e-12;

/// Looks at the first batch of a loss of labels, each yes or no.
///
/// A model that knows nothing gives each label the probability 1/2 and has the loss `log 2`; one that knows how frequent
/// the labels are has their mean entropy, which is less.
///
/// - `scores`, `targets`: `[N, L]`, what the loss is given; targets in `[0, 1]`
/// - cost: one pass over the batch, of which a block of rows at a time is copied to the host
/// - panics: never
///
/// Of fewer than 32 scores, probabilities are not told from logits.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::first_batch::{Kind, Meant, label_scores};
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.1, -0.2], [0.3, -1.4]], &device);
/// let targets = Tensor::<NdArray, 2>::from_floats([[0.0, 1.0], [1.0, 0.0]], &device);
/// let findings = label_scores(logits, targets, &Meant::probabilities());
/// assert!(findings.has(Kind::LogitsGiven));
/// ```
pub fn label_scores<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 2>,
    meant: &Meant,
) -> Findings {
    let [rows, labels] = scores.dims();
    let mut findings = Findings::new(format!("{rows} rows, {labels} labels"));
    if report_shapes(&mut findings, [rows, labels], &targets.dims()) {
        return findings;
    }
    let mut batch = Batch {
        takes: meant.takes,
        scores: Range::new(meant.takes != Takes::Probabilities),
        targets: Range::new(false),
        outside: None,
        yeses: vec![0; labels],
        sums: vec![0.0; labels],
        losses: Default::default(),
    };
    each_row([scores, targets], |scores, targets| {
        batch.add(scores, targets)
    });
    batch.report(&mut findings, meant.loss);
    findings
}

/// What is known of the rows so far. What the scores are shows only when all were seen, so that until then they are taken for
/// all that they may be.
struct Batch {
    takes: Takes,
    scores: Range,
    targets: Range,
    /// The first target that is not from 0 to 1.
    outside: Option<usize>,
    /// How many targets of each label are true.
    yeses: Vec<usize>,
    /// The sum of each label's targets.
    sums: Vec<f64>,
    /// Of the scores as logits, as log-probabilities and as probabilities, in the order of [`Takes`].
    losses: [Losses; 3],
}

impl Batch {
    /// The next row.
    fn add(&mut self, scores: &[f64], targets: &[f64]) {
        let row = self.targets.rows;
        self.scores.add(scores);
        self.targets.add(targets);
        for (label, &target) in targets.iter().enumerate() {
            if !(0.0..=1.0).contains(&target) {
                self.outside.get_or_insert(row * targets.len() + label);
            }
            self.yeses[label] += usize::from(target >= 0.5);
            self.sums[label] += target;
        }
        // What the rows so far cannot be, the batch is not: of most logits there are no losses but as logits.
        let logs = self.takes == Takes::LogProbabilities && self.scores.most <= ROUNDING;
        let probabilities = self.scores.within(-ROUNDING, 1.0 + ROUNDING);
        for (reading, may_be) in [
            (Takes::Logits, true),
            (Takes::LogProbabilities, logs),
            (Takes::Probabilities, probabilities),
        ] {
            if may_be {
                self.losses[reading as usize].add(row, scores, targets, reading);
            }
        }
    }

    fn count(&self) -> usize {
        self.scores.rows * self.sums.len()
    }

    fn report(&self, findings: &mut Findings, found: Option<f64>) {
        let labels = self.sums.len();
        let broken = self.targets.report_broken(findings, "targets", labels);
        if self.scores.report_broken(findings, "scores", labels) || broken {
            return;
        }
        report_targets(findings, self);
        let given = report_scores(findings, self.count(), &self.scores, self.takes);
        report_same_outputs(findings, &self.scores);
        if self.outside.is_none() {
            report_losses(findings, self, given, found);
        }
    }
}

/// The losses of the scores in one reading.
#[derive(Default)]
struct Losses {
    sum: f64,
    sure: usize,
    /// The first row with a loss that is NaN or infinite.
    broken: Option<usize>,
}

impl Losses {
    fn add(&mut self, row: usize, scores: &[f64], targets: &[f64], reading: Takes) {
        for (&score, &target) in scores.iter().zip(targets) {
            let (logit, of_no) = logit_and_loss_of_no(score, reading);
            // Of -inf, the product with 0 would be NaN.
            let loss = of_no - if target == 0.0 { 0.0 } else { target * logit };
            if !loss.is_finite() {
                self.broken.get_or_insert(row);
            }
            self.sum += loss;
            self.sure += usize::from(logit.abs() > SURE);
        }
    }
}

/// A score as a logit, and its loss where the label is no: minus the logarithm of that probability.
fn logit_and_loss_of_no(score: f64, reading: Takes) -> (f64, f64) {
    let (log_yes, log_no) = match reading {
        Takes::Logits => return (score, score.max(0.0) + (-score.abs()).exp().ln_1p()),
        Takes::LogProbabilities => {
            let log_no = (-score.exp().min(1.0 - NEAREST)).ln_1p();
            // No logarithm of a probability is above 0: what rounding put there is taken from both.
            (score.min(0.0), log_no - score.max(0.0))
        }
        Takes::Probabilities => {
            let p = score.clamp(NEAREST, 1.0 - NEAREST);
            (p.ln(), (1.0 - p).ln())
        }
    };
    (log_yes - log_no, -log_no)
}

fn report_targets(findings: &mut Findings, batch: &Batch) {
    let (count, rows, range) = (batch.count(), batch.targets.rows, &batch.targets);
    if let Some(first) = batch.outside {
        findings.add(
            Severity::Error,
            Kind::WrongTarget,
            check::place(first, batch.sums.len()),
            format!("the targets lie from {} to {}", range.least, range.most),
            "A target is how true a label is, from 0 to 1. Of others the loss has no lowest value, and falls without end.",
            "Make them 0 and 1; of several classes, take a loss of classes.",
        );
        return;
    }
    if range.least == range.most && count >= ENOUGH {
        findings.add(
            Severity::Warning,
            Kind::OneClass,
            "",
            format!("all {} targets are {}", count, range.least),
            "There is nothing to tell apart.",
            "Shuffle the data before it is cut into batches, and look at how the targets are read.",
        );
    }
    let weight = |&yeses: &usize| match yeses {
        0 => 0.0,
        _ => (rows - yeses) as f64 / yeses as f64,
    };
    findings.balancing_weights = batch.yeses.iter().map(weight).collect();
    findings.class_counts = batch.yeses.clone();
    let highest = findings
        .balancing_weights
        .iter()
        .copied()
        .fold(0.0, f64::max);
    if highest >= 10.0 {
        findings.add(
            Severity::Note,
            Kind::Imbalance,
            "",
            format!("a label has {highest:.0} noes for each yes"),
            "A model that always says no is right almost always.",
            format!("A `pos_weight` of up to {highest:.0} would balance it; take a threshold of its own afterwards."),
        );
    }
}

/// Reports scores of another kind than the loss takes; returns what they are.
fn report_scores(findings: &mut Findings, count: usize, range: &Range, takes: Takes) -> Takes {
    let between = format!(
        "the scores lie from {:.4} to {:.4}",
        range.least, range.most
    );
    let probabilities = range.within(-ROUNDING, 1.0 + ROUNDING);
    let enough = count >= ENOUGH;
    match takes {
        Takes::Logits if range.within(0.0, 1.0) && enough && range.most > range.least => {
            findings.add(
                Severity::Warning,
                Kind::ProbabilitiesGiven,
                "",
                format!("{between}, as probabilities do"),
                "The loss takes a sigmoid itself. Of one taken twice, no probability is below 1/2, and a no is never learned.",
                "Give it the logits, without the sigmoid.",
            );
            Takes::Probabilities
        }
        Takes::Probabilities if !probabilities => {
            findings.add(
                Severity::Error,
                Kind::LogitsGiven,
                "",
                format!("{between}: they are logits"),
                "The loss takes probabilities, from 0 to 1, and refuses others or is NaN.",
                "Give it the sigmoid of the logits, or take `BceWithLogitsLoss` of the logits.",
            );
            Takes::Logits
        }
        Takes::LogProbabilities if range.most > ROUNDING && probabilities && enough => {
            findings.add(
                Severity::Error,
                Kind::ProbabilitiesGiven,
                "",
                format!("{between}, as probabilities do, and no log-probability is above 0"),
                "The loss takes log-probabilities.",
                "Give it `log_sigmoid` of the logits, or take `BceWithLogitsLoss` of the logits.",
            );
            Takes::Probabilities
        }
        Takes::LogProbabilities if range.most > ROUNDING => {
            findings.add(
                Severity::Error,
                Kind::LogitsGiven,
                "",
                format!("{between}, and no log-probability is above 0"),
                "The loss takes log-probabilities.",
                "Give it `log_sigmoid` of the logits, or take `BceWithLogitsLoss` of the logits.",
            );
            Takes::Logits
        }
        takes => takes,
    }
}

/// Compares the binary cross entropy with that of a model that knows nothing.
fn report_losses(findings: &mut Findings, batch: &Batch, given: Takes, found: Option<f64>) {
    let losses = &batch.losses[given as usize];
    let (count, rows) = (batch.count() as f64, batch.scores.rows as f64);
    let loss = found.unwrap_or(losses.sum / count);
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    let entropies = batch
        .sums
        .iter()
        .map(|sum| sum / rows)
        .map(|p| part(p) + part(1.0 - p));
    let entropy = entropies.sum::<f64>() / batch.sums.len() as f64;
    let nothing = 2f64.ln();
    findings.summary += &format!(
        ", loss {loss:.4} (a model that knows nothing: {nothing:.4}, the labels' rates alone: {entropy:.4})"
    );
    let of_what = match given {
        Takes::Logits => "",
        _ => ", of which these are the probabilities",
    };
    if losses.sure as f64 >= 0.1 * count {
        findings.add(
            Severity::Warning,
            Kind::Saturated,
            "",
            format!("{} of {count} logits are beyond 15 or -15{of_what}", losses.sure),
            "A model that is so sure before it has learned anything starts with a high loss and flat gradients.",
            "Scale the last layer's weights or the inputs down.",
        );
    }
    Loss {
        loss,
        broken: losses.broken,
        nothing,
        // Of scores of another kind the loss that was found is another one.
        least: match batch.count() >= ENOUGH && (found.is_none() || given == batch.takes) {
            true => 0.3 * entropy,
            false => f64::NEG_INFINITY,
        },
        air: 0.75 + 4.0 / count.sqrt(),
    }
    .report(findings);
}
