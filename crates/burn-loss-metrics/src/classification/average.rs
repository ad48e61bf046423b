//! One number from the numbers of several classes or labels.

use std::borrow::Borrow;

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
    pub(crate) fn of<Q: Borrow<BinaryScores>>(
        self,
        questions: impl IntoIterator<Item = Q>,
        value: impl Fn(&BinaryScores) -> f64,
    ) -> f64 {
        let (mut sum, mut weights, mut examples) = (0.0, 0, 0);
        for question in questions {
            let question = question.borrow();
            let weight = match self {
                Average::Macro => 1,
                Average::Weighted => question.positives(),
            };
            if weight > 0 {
                sum += weight as f64 * value(question);
            }
            weights += weight;
            examples += question.len();
        }
        match (examples, weights) {
            (0, _) => f64::NAN,
            // scikit-learn's value where no label occurs at all.
            (_, 0) => 0.0,
            _ => sum / weights as f64,
        }
    }
}
