//! Sums that are right at any length, and a gradient times one number.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
#[cfg(feature = "fusion")]
pub(crate) mod fusion;
