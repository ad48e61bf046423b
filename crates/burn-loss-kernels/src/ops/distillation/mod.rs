//! How far a student's rows of logits are from a teacher's and from their classes.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
