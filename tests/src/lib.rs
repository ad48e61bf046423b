//! One suite of tests, generic over the backend; each file in `tests/` runs all of it on one backend.

pub mod backend;
pub mod compare;
mod differences;
pub mod fixture;
pub mod losses;
pub mod metric_fixture;
pub mod rounding;
pub mod samples;
pub mod suite;
pub mod task_fixture;
pub mod wgpu;
