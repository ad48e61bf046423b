//! Memory that threads share, the pages under it, what becomes of it when it is freed, and the caches above.

pub(crate) mod caches;
pub(crate) mod cells;
pub(crate) mod clear;
mod keep;
pub(crate) mod pages;

pub use cells::Cells;
pub(crate) use cells::{Logits, Rows, Run, Shared};
pub use keep::keep_freed_memory;
