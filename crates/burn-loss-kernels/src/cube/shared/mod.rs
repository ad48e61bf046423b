//! What the operations share.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `device` | what a device can do, and how many cubes a launch may have |
//! | `crew` | the units of a cube, and a sum over them |
//! | `matrix` | tensors of any shape as rows of one length, read where they lie |
//! | `rows` | rows of scores, and what their classes say |
//! | `shares` | how a long list of vectors is shared out among units, so that sums over it are right |
//! | `lanes` | one number of a vector, and the sum over them |
//! | `number` | what a formula asks of a vector of numbers |
//! | `math` | exponentials and logarithms of single numbers, and tests on bits |

pub mod crew;
pub mod device;
pub mod lanes;
pub mod math;
pub mod matrix;
pub mod number;
pub mod rows;
pub mod shares;
