//! One number from the numbers of several classes or labels.

use serde::{Deserialize, Serialize};

use super::binary::BinaryScores;

/// How the values of several classes (each against the rest) or of several labels become one.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::Average;
///
/// assert_eq!(Average::default(), Average::Macro);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Average {
    /// The mean over the classes: each counts the same, however rare.
    #[default]
    Macro,
    /// The mean weighted by the number of examples of each class; a class without any does not count.
    Weighted,
}

impl Average {
    /// Averages `value` over the questions.
    pub(crate) fn of(
        self,
        questions: &[BinaryScores],
        value: impl Fn(&BinaryScores) -> f64,
    ) -> f64 {
        if questions.iter().all(BinaryScores::is_empty) {
            return f64::NAN;
        }
        match self {
            Average::Macro => questions.iter().map(value).sum::<f64>() / questions.len() as f64,
            Average::Weighted => {
                let total: usize = questions.iter().map(BinaryScores::positives).sum();
                // scikit-learn's value where no label occurs at all.
                if total == 0 {
                    return 0.0;
                }
                let share = |question: &&BinaryScores| question.positives() > 0;
                let weighted = |question| {
                    BinaryScores::positives(question) as f64 * value(question) / total as f64
                };
                questions.iter().filter(share).map(weighted).sum()
            }
        }
    }
}
