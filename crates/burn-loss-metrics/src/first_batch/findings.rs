//! What is found, as text and as data.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Worth to know; a healthy batch has some.
    Note,
    /// Most likely a mistake.
    Warning,
    /// The training cannot become what it should.
    Error,
}

/// Which finding it is, for code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Scores and targets of shapes that do not fit.
    Shape,
    /// There is nothing in the batch.
    Empty,
    /// NaN, or infinity where there should be none.
    NotFinite,
    /// Probabilities where the loss takes logits or log-probabilities.
    ProbabilitiesGiven,
    /// Log-probabilities where the loss takes logits or probabilities.
    LogProbabilitiesGiven,
    /// Logits where the loss takes probabilities or log-probabilities.
    LogitsGiven,
    /// A target that is no class, or outside `[0, 1]`.
    WrongTarget,
    /// Classes that are counted from 1, or to one too few.
    ShiftedTargets,
    /// Only one class, or only one value, among the targets.
    OneClass,
    /// Rows that do not count.
    Ignored,
    /// Much more of one class than of another.
    Imbalance,
    /// A loss far above that of a model that knows nothing.
    LossTooHigh,
    /// A loss far below that of a model that knows nothing.
    LossTooLow,
    /// Scores so large that their probabilities are 0 and 1.
    Saturated,
    /// The same outputs for all rows.
    SameOutputs,
    /// Targets of regression far from a scale of 1.
    TargetScale,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// Which it is.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, with its numbers.
    pub what: String,
    /// The first place, such as `row 3, column 0`; empty where it is the whole batch.
    pub place: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub cure: String,
}

/// All that was found in a batch.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::first_batch::{self, Kind, Meant, Severity};
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[0.1], [-0.2], [0.3]], &device);
/// let prices = Tensor::<NdArray, 2>::from_floats([[250e3], [310e3], [180e3]], &device);
/// let findings = first_batch::regression(predictions, prices, &Meant::numbers());
/// assert!(findings.has(Kind::TargetScale));
/// assert_eq!(findings.worst(), Some(Severity::Warning));
/// assert_eq!(findings.into_vec()[0].kind, Kind::TargetScale);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Findings {
    /// The batch in one line.
    pub summary: String,
    /// How many targets each class has, of a label the yeses; empty for regression.
    pub class_counts: Vec<usize>,
    /// Weights that balance the classes, `N / (C n_c)`; of labels `pos_weight`, noes for each yes; 0 for what is not there.
    pub balancing_weights: Vec<f64>,
    findings: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            class_counts: Vec::new(),
            balancing_weights: Vec::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        severity: Severity,
        kind: Kind,
        place: impl Into<String>,
        what: impl Into<String>,
        why: &'static str,
        cure: impl Into<String>,
    ) {
        self.findings.push(Finding {
            kind,
            severity,
            what: what.into(),
            place: place.into(),
            why,
            cure: cure.into(),
        });
        // The worst first, those of one severity in the order in which they were found.
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }

    /// The findings, the worst first.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    /// The findings, the worst first.
    pub fn into_vec(self) -> Vec<Finding> {
        self.findings
    }

    /// Whether there is a finding of a kind.
    pub fn has(&self, kind: Kind) -> bool {
        self.iter().any(|finding| finding.kind == kind)
    }

    /// The severity of the worst finding; none if there is none.
    pub fn worst(&self) -> Option<Severity> {
        self.iter().map(|finding| finding.severity).max()
    }
}

impl fmt::Display for Findings {
    /// The batch in a line, and three lines for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "First batch: {}", self.summary)?;
        if self.worst().is_none_or(|worst| worst == Severity::Note) {
            write!(f, "; nothing suspicious")?;
        }
        for finding in self.iter() {
            let severity = match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            write!(f, "\n{severity}: {}", finding.what)?;
            if !finding.place.is_empty() {
                write!(f, " ({})", finding.place)?;
            }
            write!(f, "\n    {}\n    {}", finding.why, finding.cure)?;
        }
        Ok(())
    }
}
