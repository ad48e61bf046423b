//! What the examples share: the choice of the backend, the command line, the training loop,
//! tables, and the bundled book.
//!
//! An example is `Example { .. }.main(..)` around one generic function that [`on_backend!`] gives its type parameter.

#![warn(missing_docs)]

pub mod backend;
pub mod checks;
pub mod cli_test;
pub mod text;

mod args;
mod table;
mod training;

pub use args::{Example, SharedArgs};
pub use backend::BackendKind;
pub use rand_distr;
pub use table::Table;
pub use training::{Training, rows};

/// What every step returns; the message says what to do about it.
pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;
