//! The terms of rows of logits, `f32` or `f64`; what they are is told in [`crate::softmax_terms`].
//!
//! | file | what it holds |
//! | --- | --- |
//! | `problem` | what is computed: shape, classes, weights |
//! | `forward` | logits to terms |
//! | `backward` | gradient of the terms to gradient of the logits |
//! | `reduced` | logits to the reduced loss and its gradient in one go |
//! | `rows` | loops along one long row |
//! | `columns` | loops across many rows, one per lane: short rows and strided rows |
//! | `panel` | what both have in common: a few rows at a time, one per lane |
//! | `host` | all of it on memory that a backend owns |
//! | `picked` | some of the rows, as rows of their own |
//!
//! Rows are independent and every row is summed in an order that depends on the shape and the processor alone, so that
//! the result has the same bits whatever the number of threads.

#[cfg(test)]
mod accuracy;
mod backward;
mod columns;
mod forward;
mod host;
mod panel;
mod picked;
mod problem;
mod reduced;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use backward::run as run_backward;
pub use backward::{backward, backward_in_place};
pub use forward::forward;
pub use host::{Classes, HostRows, Logits};
pub use panel::Input;
pub use picked::Picked;
pub(crate) use problem::Row;
pub use problem::{ClassSlice, Problem};
pub(crate) use reduced::apply;
pub use reduced::{Counted, PanelLosses, RowFormula, RowLoss};
pub(crate) use reduced::{of_terms, sum_of_losses, with_gradient};
pub(crate) use rows::largest;
