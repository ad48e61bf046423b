//! Scores of labels, each yes or no.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::findings::{Findings, Kind, Severity};
use super::range::{Loss, Range, all_rows_equal, report_same_outputs, report_shapes};
use super::{Meant, Takes};
use crate::{check, host};

/// A logit beyond it has a probability of 0 or 1 to six digits.
const SURE: f64 = 15.0;
/// Fewer scores may all lie from 0 to 1 by chance.
const ENOUGH: usize = 32;

/// Looks at the first batch of a loss of labels, each yes or no.
///
/// A model that knows nothing gives each label the probability 1/2 and has the loss `log 2`; one that knows how frequent
/// the labels are has their mean entropy, which is less.
///
/// - `scores`, `targets`: `[N, L]`, what the loss is given; targets in `[0, 1]`
/// - cost: one copy of the batch to the host, and a few passes over it there
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
    let (scores, targets) = (host::numbers(scores), host::numbers(targets));
    let of_targets = Range::of(&targets, false);
    let broken = of_targets.report_broken(&mut findings, "targets", labels);
    let of_scores = Range::of(&scores, meant.takes != Takes::Probabilities);
    if of_scores.report_broken(&mut findings, "scores", labels) || broken {
        return findings;
    }
    report_targets(&mut findings, &targets, labels, &of_targets);
    let given = report_scores(&mut findings, scores.len(), &of_scores, meant.takes);
    if all_rows_equal(&scores, labels) {
        report_same_outputs(&mut findings);
    }
    if of_targets.within(0.0, 1.0) {
        report_losses(&mut findings, (&scores, given), &targets, labels, meant);
    }
    findings
}

fn report_targets(findings: &mut Findings, targets: &[f64], labels: usize, range: &Range) {
    if !range.within(0.0, 1.0) {
        let outside = |target: &f64| !(0.0..=1.0).contains(target);
        let first = targets.iter().position(outside).unwrap_or(0);
        findings.add(
            Severity::Error,
            Kind::WrongTarget,
            check::place(first, labels),
            format!("the targets lie from {} to {}", range.least, range.most),
            "A target is how true a label is, from 0 to 1. Of others the loss has no lowest value, and falls without end.",
            "Make them 0 and 1; of several classes, take a loss of classes.",
        );
        return;
    }
    if range.least == range.most && targets.len() >= ENOUGH {
        findings.add(
            Severity::Warning,
            Kind::OneClass,
            "",
            format!("all {} targets are {}", targets.len(), range.least),
            "There is nothing to tell apart.",
            "Shuffle the data before it is cut into batches, and look at how the targets are read.",
        );
    }
    let rows = targets.len() / labels;
    let mut yeses = vec![0; labels];
    for row in targets.chunks_exact(labels) {
        let counts = yeses.iter_mut().zip(row);
        counts.for_each(|(count, target)| *count += usize::from(*target >= 0.5));
    }
    let weight = |&yeses: &usize| match yeses {
        0 => 0.0,
        _ => (rows - yeses) as f64 / yeses as f64,
    };
    findings.balancing_weights = yeses.iter().map(weight).collect();
    findings.class_counts = yeses;
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
    let probabilities = range.within(-1e-3, 1.0 + 1e-3);
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
        Takes::LogProbabilities if range.most > 1e-3 && probabilities && enough => {
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
        Takes::LogProbabilities if range.most > 1e-3 => {
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
fn report_losses(
    findings: &mut Findings,
    (scores, given): (&[f64], Takes),
    targets: &[f64],
    labels: usize,
    meant: &Meant,
) {
    let logit = |score: f64| match given {
        Takes::Logits => score,
        Takes::LogProbabilities => score - (-score.exp().min(1.0 - 1e-12)).ln_1p(),
        Takes::Probabilities => {
            (score.clamp(1e-12, 1.0 - 1e-12)).ln() - (1.0 - score.clamp(1e-12, 1.0 - 1e-12)).ln()
        }
    };
    let (mut sum, mut sure, mut rates, mut broken) = (0.0, 0, vec![0.0; labels], None);
    for (index, (&score, &target)) in scores.iter().zip(targets).enumerate() {
        let x = logit(score);
        let softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
        // Of -inf, the product with 0 would be NaN.
        let loss = softplus - if target == 0.0 { 0.0 } else { target * x };
        if !loss.is_finite() {
            broken.get_or_insert(index / labels);
        }
        sum += loss;
        sure += usize::from(x.abs() > SURE);
        rates[index % labels] += target;
    }
    let (count, rows) = (scores.len() as f64, (scores.len() / labels) as f64);
    let loss = meant.loss.unwrap_or(sum / count);
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    let entropies = rates
        .iter()
        .map(|sum| sum / rows)
        .map(|p| part(p) + part(1.0 - p));
    let entropy = entropies.sum::<f64>() / labels as f64;
    let nothing = 2f64.ln();
    findings.summary += &format!(
        ", loss {loss:.4} (a model that knows nothing: {nothing:.4}, the labels' rates alone: {entropy:.4})"
    );
    if sure as f64 >= 0.1 * count {
        findings.add(
            Severity::Warning,
            Kind::Saturated,
            "",
            format!("{sure} of {count} logits are beyond 15 or -15"),
            "A model that is so sure before it has learned anything starts with a high loss and flat gradients.",
            "Scale the last layer's weights or the inputs down.",
        );
    }
    Loss {
        loss,
        broken,
        nothing,
        // Of scores of another kind the loss that was found is another one.
        least: match scores.len() >= ENOUGH && (meant.loss.is_none() || given == meant.takes) {
            true => 0.3 * entropy,
            false => f64::NEG_INFINITY,
        },
        air: 0.75 + 4.0 / count.sqrt(),
    }
    .report(findings);
}
