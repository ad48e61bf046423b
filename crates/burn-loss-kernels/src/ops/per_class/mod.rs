//! Scores and an offset per class, numbers and a factor per class.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
