//! What the benchmarks share: the rows, their inputs and contenders, the clock, and what the machine allows.

mod class_rows;
mod clock;
mod composed;
mod contenders;
mod elementwise;
mod inputs;
mod limit;
mod products;
mod row;

pub use clock::{budget, median, medians, milliseconds};
pub use contenders::{BURN, COMPOSED, Case, OURS, Output, Prediction, Step};
pub use limit::limit;
pub use products::Products;
pub use row::Row;
