//! What the labels of rows are short of a margin.

pub(crate) mod composed;
