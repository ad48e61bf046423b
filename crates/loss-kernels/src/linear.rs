//! What a classifier head does to its matrix product, and how much memory a loss of it may take.

/// How hidden states become logits, `cap * tanh(scale * (h W + b) / cap)`, and in how much memory.
///
/// # Example
///
/// ```
/// use loss_kernels::HeadOptions;
///
/// let options = HeadOptions { softcap: Some(30.0), ..HeadOptions::default() };
/// assert_eq!(options.logit_scale, 1.0);
/// assert_eq!(options.memory_budget, 128 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadOptions {
    /// What the logits are multiplied by before the cap.
    pub logit_scale: f64,
    /// The bound `cap` of the logits, above 0.
    pub softcap: Option<f64>,
    /// Bytes that logits, their gradient and copies of rows may take at a time. A product of few rows takes 2 MiB (4 in `f64`) beside.
    pub memory_budget: usize,
}

impl Default for HeadOptions {
    /// The plain product, in 128 MiB.
    fn default() -> Self {
        Self {
            logit_scale: 1.0,
            softcap: None,
            memory_budget: 128 << 20,
        }
    }
}
