//! Scores of one of several classes.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::findings::{Findings, Kind, Severity};
use super::range::{Loss, Range, all_rows_equal, report_same_outputs, report_shapes};
use super::{Meant, Takes};
use crate::classification::log_loss::of_class_logits;
use crate::classification::{Others, Top};
use crate::{check, host};

/// How far from 1 the sum of a row of probabilities may be, of f16 and bf16, too.
const ROUNDING: f64 = 0.02;
/// Half a unit in the last place of bf16, of which f16 has less.
const HALF_UNIT: f64 = 1.0 / 256.0;
/// A row whose most probable class has more is saturated.
const SURE: f64 = 0.9999;
/// Of less counted rows, the share of those that do not count is suspicious.
const FEW: f64 = 0.2;
/// Batches with fewer rows may hold one class by chance.
const ENOUGH: usize = 16;

/// Looks at the first batch of a loss of one of `C` classes.
///
/// A model that knows nothing gives each class the probability `1 / C` and has the loss `log C`; one that knows how
/// frequent the classes are has their entropy, which is less.
///
/// - `scores`: `[N, C]`, what the loss is given
/// - `targets`: `[N]`, what the loss is given; classes in `[0, C)`
/// - cost: one copy of the batch to the host, and a few passes over it there
/// - panics: never
///
/// For a run that is not yet trained; of a trained model, a low loss is no mistake.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::first_batch::{Kind, Meant, class_scores};
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.1, -0.2, 0.3], [0.0, 0.4, -0.1]], &device);
/// // Counted from 1.
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([3, 1], &device);
/// let findings = class_scores(logits, targets, &Meant::logits());
/// assert!(findings.has(Kind::ShiftedTargets));
/// ```
pub fn class_scores<B: Backend>(
    scores: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    meant: &Meant,
) -> Findings {
    let [rows, classes] = scores.dims();
    let mut findings = Findings::new(format!("{rows} rows, {classes} classes"));
    if report_shapes(&mut findings, [rows, classes], &targets.dims()) {
        return findings;
    }
    let (scores, targets) = (host::numbers(scores), host::integers(targets));
    let counts = report_targets(&mut findings, &targets, classes, meant);
    let never = meant.takes != Takes::Probabilities;
    let range = Range::of(&scores, never);
    if range.report_broken(&mut findings, "scores", classes) {
        return findings;
    }
    let given = report_scores(&mut findings, &scores, &range, classes, meant.takes);
    if all_rows_equal(&scores, classes) {
        report_same_outputs(&mut findings);
    }
    let logits = match given {
        // The logarithms of probabilities are their logits.
        Takes::Probabilities => scores
            .iter()
            .map(|p| p.max(f64::MIN_POSITIVE).ln())
            .collect(),
        _ => scores,
    };
    let losses = Losses::of(&logits, classes, &targets, meant);
    if losses.rows > 0 {
        losses.report(&mut findings, &counts, meant);
    }
    findings
}

/// Reports what is wrong with the targets; returns how many each class has.
fn report_targets(
    findings: &mut Findings,
    targets: &[i64],
    classes: usize,
    meant: &Meant,
) -> Vec<usize> {
    let mut counts = vec![0; classes];
    let mut wrong = None;
    let (mut ignored, mut wrongs) = (0, 0);
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for (row, &target) in targets.iter().enumerate() {
        if meant.ignores(target) {
            ignored += 1;
            continue;
        }
        (least, most) = (least.min(target), most.max(target));
        match usize::try_from(target)
            .ok()
            .and_then(|class| counts.get_mut(class))
        {
            Some(count) => *count += 1,
            None => {
                wrongs += 1;
                wrong.get_or_insert((row, target));
            }
        }
    }
    if let Some((row, target)) = wrong {
        report_wrong(findings, (wrongs, row, target), [least, most], classes);
    }
    report_counts(findings, &counts, wrong.is_some());
    report_ignored(findings, ignored, targets.len());
    counts
}

fn report_wrong(
    findings: &mut Findings,
    (wrongs, row, target): (usize, usize, i64),
    [least, most]: [i64; 2],
    classes: usize,
) {
    let place = check::place(row, 1);
    if (least, most) == (1, classes as i64) || (least >= 1 && most == classes as i64) {
        findings.add(
            Severity::Error,
            Kind::ShiftedTargets,
            place,
            format!("the targets go from {least} to {most}, and the classes from 0 to {}", classes - 1),
            "They are counted from 1: the loss refuses the last class, and takes each other one for its neighbour.",
            "Subtract 1 from the targets.",
        );
    } else if least == -1 && most < classes as i64 - 1 {
        findings.add(
            Severity::Error,
            Kind::ShiftedTargets,
            place,
            format!("the targets go from -1 to {most}, and the classes from 0 to {}", classes - 1),
            "1 too much was subtracted, or -1 marks rows that do not count, which the loss does not know.",
            "Add 1 to the targets, or set the loss's `ignore_index` to -1.",
        );
    } else {
        findings.add(
            Severity::Error,
            Kind::WrongTarget,
            place,
            format!("{wrongs} targets are no class from 0 to {}, the first is {target}", classes - 1),
            "On a CPU the loss refuses them, on a GPU it is NaN.",
            "Give the model an output for each class, and set the loss's `ignore_index` if the number marks padding.",
        );
    }
}

/// Reports classes that are missing or rare.
fn report_counts(findings: &mut Findings, counts: &[usize], has_wrong: bool) {
    let (classes, counted): (usize, usize) = (counts.len(), counts.iter().sum());
    let weight = |&count: &usize| match count {
        0 => 0.0,
        _ => counted as f64 / (classes as f64 * count as f64),
    };
    findings.balancing_weights = counts.iter().map(weight).collect();
    findings.class_counts = counts.to_vec();
    let present = counts.iter().filter(|&&count| count > 0).count();
    if present == 1 && classes > 1 && counted >= ENOUGH {
        let class = counts.iter().position(|&count| count > 0).unwrap_or(0);
        findings.add(
            Severity::Warning,
            Kind::OneClass,
            "",
            format!("all {counted} targets are the class {class}"),
            "Batch after batch of one class teaches the model to say that class, and then the next.",
            "Shuffle the data before it is cut into batches.",
        );
    }
    // All but the first or the last, in a batch where chance leaves none out: in a million batches one class that is five
    // times rarer than the mean.
    let likely = counted as f64 * (-0.2 / classes as f64).ln_1p() < -14.0;
    for (class, all_from) in [(0, "from 1"), (classes - 1, "to one too few")] {
        if present + 1 == classes && classes > 2 && counts[class] == 0 && likely && !has_wrong {
            findings.add(
                Severity::Warning,
                Kind::ShiftedTargets,
                "",
                format!("the class {class} never occurs, and all others do"),
                "An output without targets often comes of classes that are counted wrong.",
                format!("Look whether the classes are counted {all_from}, or the model has an output too many."),
            );
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let least = counts
        .iter()
        .filter(|&&count| count > 0)
        .min()
        .copied()
        .unwrap_or(0);
    if least > 0 && most >= 10 * least && counted >= ENOUGH {
        let weights = findings.balancing_weights.iter().take(10);
        let weights: Vec<String> = weights.map(|weight| format!("{weight:.2}")).collect();
        let more = if classes > 10 { ", .." } else { "" };
        findings.add(
            Severity::Note,
            Kind::Imbalance,
            "",
            format!("the most frequent class has {most} targets, the rarest {least}"),
            "A mean over all rows is a mean over the frequent classes.",
            format!(
                "These class weights would balance it: {}{more}",
                weights.join(", ")
            ),
        );
    }
}

fn report_ignored(findings: &mut Findings, ignored: usize, rows: usize) {
    let share = ignored as f64 / rows as f64;
    let severity = match share {
        0.0 => return,
        1.0 => Severity::Error,
        share if share >= 1.0 - FEW => Severity::Warning,
        _ => Severity::Note,
    };
    findings.add(
        severity,
        Kind::Ignored,
        "",
        format!("{ignored} of {rows} rows do not count ({:.0}%)", 100.0 * share),
        "The mean is over the others alone; of none it is NaN.",
        "Look whether so much is padding: sort sequences by their length, or check the `ignore_index`.",
    );
}

/// Reports scores of another kind than the loss takes; returns what they are.
fn report_scores(
    findings: &mut Findings,
    scores: &[f64],
    range: &Range,
    classes: usize,
    takes: Takes,
) -> Takes {
    let sum_to_one = |value: fn(f64) -> f64, rounding: f64| {
        let near = |row: &[f64]| {
            let sum: f64 = row.iter().map(|&score| value(score)).sum();
            (sum - 1.0).abs() <= rounding
        };
        classes > 1 && scores.chunks_exact(classes).all(near)
    };
    // A log-softmax rounds the logarithm of its sum, up to log C, for all of a row, and then each difference.
    let of_logs = ROUNDING.max(2.0 * HALF_UNIT * (1.0 + (classes as f64).ln()));
    let given = if range.within(-1e-3, 1.0 + 1e-3) && sum_to_one(|p| p, ROUNDING) {
        Takes::Probabilities
    } else if range.most <= 1e-3 && sum_to_one(f64::exp, of_logs) {
        Takes::LogProbabilities
    } else {
        Takes::Logits
    };
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
    given
}

/// The losses of the rows that have a class.
struct Losses {
    sum: f64,
    rows: usize,
    sure: usize,
    first_sure: usize,
    /// The first row whose loss is NaN or infinite.
    broken: Option<usize>,
}

impl Losses {
    fn of(logits: &[f64], classes: usize, targets: &[i64], meant: &Meant) -> Self {
        let mut losses = Self {
            sum: 0.0,
            rows: 0,
            sure: 0,
            first_sure: 0,
            broken: None,
        };
        for (row, (logits, target)) in logits.chunks_exact(classes).zip(targets).enumerate() {
            let Some(class) = usize::try_from(*target)
                .ok()
                .filter(|&class| class < classes && !meant.ignores(*target))
            else {
                continue;
            };
            losses.rows += 1;
            let loss_of = |class| {
                let top = Top::of(logits, row, class);
                of_class_logits(&top, &Others::of_logits(logits, &top))
            };
            let loss = loss_of(class);
            losses.sum += loss;
            if !loss.is_finite() {
                losses.broken.get_or_insert(row);
            }
            let predicted = Top::of(logits, row, class).predicted;
            if classes > 1 && loss_of(predicted) < -SURE.ln() {
                losses.first_sure = if losses.sure == 0 {
                    row
                } else {
                    losses.first_sure
                };
                losses.sure += 1;
            }
        }
        losses
    }

    fn report(&self, findings: &mut Findings, counts: &[usize], meant: &Meant) {
        let (rows, classes) = (self.rows as f64, counts.len() as f64);
        let loss = meant.loss.unwrap_or(self.sum / rows);
        let nothing = classes.ln();
        let shares = counts.iter().map(|&count| count as f64 / rows);
        let entropy: f64 = shares
            .filter(|&share| share > 0.0)
            .map(|p| -p * p.ln())
            .sum();
        findings.summary += &format!(
            ", loss {loss:.4} (a model that knows nothing: {nothing:.4}, the class counts alone: {entropy:.4})"
        );
        if self.sure as f64 >= 0.1 * rows {
            findings.add(
                Severity::Warning,
                Kind::Saturated,
                check::place(self.first_sure, 1),
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
