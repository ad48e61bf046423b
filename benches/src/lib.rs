//! What the benchmarks share: the rows, their contenders, the clock, and what the machine allows.

mod clock;
mod composed;
mod contenders;
mod limit;
mod row;

pub use clock::{budget, medians, milliseconds};
pub use contenders::{BURN, COMPOSED, Case, OURS, Output, Prediction, Step};
pub use limit::limit;
pub use row::Row;
