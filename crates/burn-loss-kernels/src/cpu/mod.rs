//! The fused operation on slices of `f32` or `f64`: what the CPU backends run.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `problem` | what is computed: shape, classes, weights |
//! | `forward` | logits to terms |
//! | `backward` | gradient of the terms to gradient of the logits |
//! | `rows` | loops along one long row |
//! | `columns` | loops across many rows, one a lane: short rows and strided rows |
//! | `panel` | what both have in common: a few rows at a time, one a lane |
//! | `math` | exp, exp - 1 and ln(1 + x) of a vector, and how good they are |
//! | `float`, `arch` | vectors of either float type, on whatever the processor has |
//! | `cells` | the gradient's memory, shared between threads |
//! | `pages` | large pages for a new gradient |
//! | `host` | the kernels on memory that a backend owns |
//! | `ndarray`, `flex` | the adapters: the only files with Burn's types |
//!
//! Rows are independent and every row is summed in an order that depends on the shape and the processor alone, so that
//! the result has the same bits whatever the number of threads.

mod arch;
mod backward;
mod cells;
mod columns;
#[cfg(feature = "flex")]
mod flex;
mod float;
mod forward;
mod host;
mod math;
#[cfg(feature = "ndarray")]
mod ndarray;
mod pages;
mod panel;
mod problem;
mod rows;
#[cfg(test)]
mod tests;

pub use arch::Arch;
pub use backward::{backward, backward_in_place};
pub use float::Float;
pub use forward::forward;
pub use panel::Input;
pub use problem::{ClassIndex, Problem};
