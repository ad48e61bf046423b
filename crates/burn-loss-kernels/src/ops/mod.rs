//! The operations, one folder each.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | the words of the operation |
//! | `composed` | it in plain Burn operations |
//! | `autodiff` | its backward node |
//! | `fusion` | its place between what Burn fuses |

pub(crate) mod check;
pub(crate) mod ctc;
pub(crate) mod distillation;
pub(crate) mod elementwise;
#[cfg(feature = "fusion")]
pub(crate) mod fusion;
pub(crate) mod linear;
pub(crate) mod multi_label_margin;
pub(crate) mod multi_margin;
pub(crate) mod per_class;
#[cfg(feature = "autodiff")]
pub(crate) mod reduced_node;
pub(crate) mod sample_losses;
pub(crate) mod softmax_terms;
pub(crate) mod sum;
pub(crate) mod target_scores;
pub(crate) mod tensors;
