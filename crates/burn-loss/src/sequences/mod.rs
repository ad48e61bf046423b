//! Losses of sequences.
//!
//! | loss | inputs | for |
//! | --- | --- | --- |
//! | [`CtcLoss`] | log-probabilities at each step, and a shorter sequence of classes | speech and handwriting, of which no one knows where each letter is |

mod ctc;

pub use ctc::{CtcLoss, CtcLossConfig};
