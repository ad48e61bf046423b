//! The scores of the rows' classes.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
#[cfg(feature = "fusion")]
pub(crate) mod fusion;
