//! The reduced losses of rows with classes: what each row's loss is, what it counts, and the gradient of their sum or mean.
//!
//! A unit has one row. What the rows' losses come to, and what they count, is added up by `sum`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `counted` | the rows: what each counts, and what their losses are divided by |
//! | `of_scores` | the loss that is the negated score of the row's class |
//! | `of_terms` | formulas of the terms of rows of logits |

mod counted;
mod of_scores;
mod of_terms;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

pub use of_scores::target_scores;
pub use of_terms::{kernel, softmax_terms};
