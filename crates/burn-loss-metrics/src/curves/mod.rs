//! Curves as plain data, to draw or to keep.

mod bins;
mod precision_recall;
mod reliability;
mod roc;

pub use bins::Bins;
pub use precision_recall::{PrecisionRecallCurve, precision_recall_curve};
pub use reliability::{Reliability, ReliabilityBin, reliability, reliability_multiclass};
pub use roc::{RocCurve, roc_curve};

pub(crate) use bins::{BinSum, fill};
pub(crate) use reliability::{diagram, of_scores, of_sums};
