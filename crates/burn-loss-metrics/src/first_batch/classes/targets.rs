//! The classes that are meant: their part of the walk over a batch, and what is wrong with them.

use crate::check;
use crate::first_batch::findings::{Findings, Kind, Severity};

/// Batches with fewer rows may hold one class by chance.
pub const ENOUGH: usize = 16;
/// Of less counted rows, the share of those that do not count is suspicious.
const FEW: f64 = 0.2;

/// What is known of the targets so far.
#[derive(Default)]
pub struct Targets {
    /// How many each class has.
    pub counts: Vec<usize>,
    rows: usize,
    ignored: usize,
    /// The first that is no class, and its row.
    wrong: Option<(usize, i64)>,
    wrongs: usize,
    least: i64,
    most: i64,
}

impl Targets {
    pub fn new(classes: usize) -> Self {
        Self {
            counts: vec![0; classes],
            least: i64::MAX,
            most: i64::MIN,
            ..Self::default()
        }
    }

    /// The next row's target; returns its class if the row counts and has one.
    pub fn add(&mut self, target: i64, ignored: bool) -> Option<usize> {
        let row = self.rows;
        self.rows += 1;
        if ignored {
            self.ignored += 1;
            return None;
        }
        (self.least, self.most) = (self.least.min(target), self.most.max(target));
        let class = check::as_class(target, self.counts.len());
        match class {
            Some(class) => self.counts[class] += 1,
            None => {
                self.wrongs += 1;
                self.wrong.get_or_insert((row, target));
            }
        }
        class
    }

    pub fn report(&self, findings: &mut Findings) {
        if let Some(wrong) = self.wrong {
            report_wrong(findings, self, wrong);
        }
        report_counts(findings, &self.counts, self.wrong.is_some());
        report_ignored(findings, self.ignored, self.rows);
    }
}

fn report_wrong(findings: &mut Findings, targets: &Targets, (row, target): (usize, i64)) {
    let (classes, least, most) = (targets.counts.len(), targets.least, targets.most);
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
            format!("{} targets are no class from 0 to {}, the first is {target}", targets.wrongs, classes - 1),
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
