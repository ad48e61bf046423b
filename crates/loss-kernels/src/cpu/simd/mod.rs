//! Vectors of either float type on whatever the processor has.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `isa` | instruction sets: which ones there are, and running a kernel compiled for one |
//! | `float` | the two float types, and vectors of them |
//! | `math` | exp, exp - 1, ln and ln(1 + x) of a vector, and how good they are |
//! | `lanes` | a vector with operators, in which formulas are written |

pub(crate) mod float;
pub(crate) mod isa;
mod lanes;
pub(crate) mod math;

pub use float::Float;
pub(crate) use float::{MAX_LANES, PerLane};
pub use isa::Arch;
pub(crate) use isa::{Isa, Kernel};
pub(crate) use lanes::Lanes;
pub use pulp::bytemuck::Pod;
