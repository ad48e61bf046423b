//! Formulas of single elements on slices: losses, gradients, and both with the sum in one pass.
//!
//! | function | what it does |
//! | --- | --- |
//! | [`losses`] | one loss per element |
//! | [`backward`] | the gradient of each element from that of its loss |
//! | [`reduced`] | the sum of the losses, and the gradients, in one pass |
//!
//! | file | what it holds |
//! | --- | --- |
//! | `operand` | where numbers are read, and where their gradient is written: in place or to new memory |
//! | `pass` | the loop, one for all formulas |
//! | `host` | all of it on memory that a backend owns |

#[cfg(test)]
mod accuracy;
pub mod host;
mod operand;
mod pass;
#[cfg(test)]
mod tests;

pub use operand::{Operand, Repeated};
pub(crate) use pass::run;
pub use pass::{Found, Pass, Passes, backward, losses, reduced};
