//! What the rows' classes are short of a margin, against all other classes.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
