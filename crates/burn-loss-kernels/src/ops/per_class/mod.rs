//! Scores and an offset per class, numbers and a factor for each place along an axis.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
