//! The kernels of a CPU, on slices.
//!
//! | folder | what it holds |
//! | --- | --- |
//! | `simd` | instruction sets, vectors with operators, exp and log |
//! | `memory` | what threads share, what is written in place, large pages |
//! | `elementwise` | formulas of single elements: losses, gradients, and both with the sum |
//! | `softmax_terms` | rows of logits: terms, gradients, and the reduced loss with its gradient |
//! | `linear` | rows of logits that are a product of hidden states and a weight, a few rows or some of their classes at a time |
//! | `target_scores` | the scores of the rows' classes, with their gradient |
//! | `multi_margin` | what the rows' classes are short of a margin, with its gradient |
//! | `multi_label_margin` | what the rows' labels are short of a margin, with its gradient |
//! | `distillation` | how far a student is from its teacher and from the rows' classes, with its gradient |
//! | `ctc` | the loss of all ways to spread a target over the steps of an input |
//! | `sum` | sums that are right at any length |
//! | `in_place` | a gradient times one number; scores and an offset per class |
//! | `whole_rows` | what the losses share that take a row of scores whole |
//! | `tasks`, `parts` | work in parts of a fixed size |
//!
//! Work is cut into tasks by its size alone, and what they find is put together in their order: the same input gives the
//! same bits whatever the number of threads.

pub mod ctc;
pub mod distillation;
pub mod elementwise;
pub mod in_place;
pub mod linear;
pub mod memory;
pub mod multi_label_margin;
pub mod multi_margin;
mod parts;
pub mod simd;
pub mod softmax_terms;
pub mod sum;
pub mod target_scores;
mod tasks;
#[cfg(test)]
mod testing;
mod whole_rows;
