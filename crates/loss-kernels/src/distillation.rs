//! What distillation asks of a student's and a teacher's logits.

/// `alpha T^2 KL(softmax(z / T) || softmax(x / T)) + (1 - alpha) (lse(x) - x_t)` of a row of a student's logits `x` and a teacher's
/// `z`; the kernel is in `cpu::distillation`.
///
/// # Example
///
/// ```
/// use loss_kernels::Distillation;
///
/// let loss = Distillation { temperature: 2.0, alpha: 0.5 };
/// // What the divergence is multiplied by.
/// assert_eq!(loss.soft_weight(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distillation {
    /// `T`, finite and more than 0.
    pub temperature: f64,
    /// The share of the teacher, in `[0, 1]`. At 0 the teacher's logits do not matter, whatever they hold; at 1 the classes need
    /// only exist.
    pub alpha: f64,
}

impl Distillation {
    /// What the divergence is multiplied by: `T^2` keeps its gradient as large at every temperature.
    pub fn soft_weight(self) -> f64 {
        self.alpha * self.temperature * self.temperature
    }

    /// What the cross entropy with the classes is multiplied by.
    pub fn hard_weight(self) -> f64 {
        1.0 - self.alpha
    }
}
