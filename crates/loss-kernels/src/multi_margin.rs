//! What a margin loss of class rows asks of the scores.

/// `sum_{c != t} max(0, margin - x_t + x_c)^p` of a row of scores `x` and its class `t`; the kernel is in `cpu::multi_margin`.
///
/// Where exactly the margin is kept the slope is 0. The loss of a row with NaN is NaN.
///
/// # Example
///
/// ```
/// use loss_kernels::MultiMargin;
///
/// let loss = MultiMargin { margin: 1.0, squared: false };
/// assert!(loss.margin.is_finite());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiMargin {
    /// How much larger than every other score that of the class has to be, finite.
    pub margin: f64,
    /// Whether the exponent `p` is 2, and not 1.
    pub squared: bool,
}
