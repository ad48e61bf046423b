//! Memory that threads share, the pages under it, and the caches above.

pub(crate) mod caches;
pub(crate) mod cells;
pub(crate) mod clear;
pub(crate) mod pages;

pub use cells::Cells;
pub(crate) use cells::{Logits, Rows, Run, Shared};
