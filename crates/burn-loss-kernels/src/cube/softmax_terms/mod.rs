//! The terms of rows of logits, and their gradient.
//!
//! The forward pass reads the logits once and writes three to five numbers per row; the backward pass reads them once more and
//! writes the gradient, into the logits' own buffer if nothing else holds it. A row is the work of one cube, of several
//! cubes whose sums are then merged (few long rows), or of one unit (short rows, and rows that lie side by side in
//! memory).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `args` | Burn's tensors as the kernels take them |
//! | `plan` | which kernel serves which shape |
//! | `launch` | the launches |
//! | `inputs` | what both kernels read, and which part of it a unit has |
//! | `row` | the sums over a row |
//! | `merge` | merging them between the units of a cube |
//! | `forward`, `backward` | the kernels |

mod args;
mod backward;
mod forward;
mod inputs;
mod launch;
mod merge;
mod plan;
mod row;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

pub use launch::{grad, terms};
