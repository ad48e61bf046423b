//! Bins of probabilities: where they end, and what they hold.

use serde::{Deserialize, Serialize};

use crate::check;
use crate::classification::BinaryScores;

/// How probabilities are put into bins.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::Bins;
///
/// assert_eq!(Bins::default(), Bins::EqualWidth(15));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Bins {
    /// This many bins of the same width over `[0, 1]`: scikit-learn's `strategy="uniform"`.
    EqualWidth(usize),
    /// This many bins between quantiles, so that each holds about as many examples: scikit-learn's
    /// `strategy="quantile"`. Ties stay together, which can leave bins empty.
    EqualMass(usize),
}

impl Default for Bins {
    /// 15 bins of equal width, as in [Guo et al.](https://arxiv.org/abs/1706.04599).
    fn default() -> Self {
        Bins::EqualWidth(15)
    }
}

impl Bins {
    pub(crate) fn count(self) -> usize {
        let (Bins::EqualWidth(count) | Bins::EqualMass(count)) = self;
        count
    }

    pub(crate) fn check(self) -> Result<(), String> {
        check::setting(self.count() > 0, "bins", "of at least 1", self.count())
    }

    /// The `count + 1` ends of the bins.
    pub(crate) fn edges(self, scores: &[f64]) -> Vec<f64> {
        let last = self.count();
        // NumPy's `linspace`, step by step: another rounding would put a score on an edge into the other bin.
        let step = 1.0 / last as f64;
        let even = (0..=last).map(|bin| if bin == last { 1.0 } else { bin as f64 * step });
        match self {
            Bins::EqualWidth(_) => even.collect(),
            Bins::EqualMass(_) => {
                let mut sorted = scores.to_vec();
                sorted.sort_unstable_by(f64::total_cmp);
                even.map(|share| percentile(&sorted, share * 100.0))
                    .collect()
            }
        }
    }
}

/// NumPy's `percentile` by linear interpolation, with its rounding.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = percent / 100.0 * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let share = position - below as f64;
    let (a, b) = (sorted[below], sorted[above]);
    match share >= 0.5 {
        true => b - (b - a) * (1.0 - share),
        false => a + (b - a) * share,
    }
}

/// What a bin holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BinSum {
    pub count: usize,
    pub scores: f64,
    pub positives: usize,
}

/// Puts scores into the bins between `edges`; a score on an edge belongs to the lower one, as in scikit-learn.
pub(crate) fn fill(sums: &mut [BinSum], edges: &[f64], binary: &BinaryScores) {
    let inner = &edges[1..edges.len() - 1];
    for (score, positive) in binary.iter() {
        let sum = &mut sums[inner.partition_point(|&edge| edge < score)];
        sum.count += 1;
        sum.scores += score;
        sum.positives += usize::from(positive);
    }
}
