//! Memory that threads share, and the pages under it.

pub(crate) mod cells;
pub(crate) mod clear;
pub(crate) mod pages;

pub use cells::Cells;
pub(crate) use cells::{Logits, Rows, Run, Shared};
