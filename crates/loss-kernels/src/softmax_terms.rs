//! The three terms of a row of logits, from which the losses of class scores are made.
//!
//! Of a row `x` with the class `t` and the weights `w`:
//!
//! | column | value | its gradient with respect to logit `j` |
//! | --- | --- | --- |
//! | [`TARGET_LOSS`] | `lse - x_t` | `p_j - 1[j = t]` |
//! | [`SMOOTH_LOSS`] | `sum_c w_c (lse - x_c)` | `p_j * sum_c w_c - w_j` |
//! | [`LOG_SUM_EXP`] | `lse = log sum_c exp(x_c)` | `p_j` |
//!
//! with `p = softmax(x)`. Both passes, as every kernel computes them:
//!
//! ```text
//! forward:   max          = the largest logit
//!            ties         = how many logits are the largest
//!            below        = sum of exp(x_c - max) over the others: counted apart, ties do not swallow them
//!            relative_lse = ln(ties) + ln(1 + below / ties)
//!            weighted     = sum of w_c (x_c - max),    weight = sum of w_c
//!            target loss  = relative_lse - (x_t - max)
//!            smooth loss  = weight * relative_lse - weighted
//!            lse          = max + relative_lse
//!
//! backward:  p_j          = exp((x_j - max) - relative_lse)
//!            gradient_j   = (g_target + g_smooth * weight + g_lse) p_j - g_smooth w_j
//!            gradient_t   = that less g_target, with 1 - p_t from exp - 1: a confident row keeps its digits
//! ```
//!
//! Where a CPU computes both in one go, the forward pass leaves `e_j = exp(x_j - m)` in the gradient's place, with the largest
//! logit `m` up to there, and `p_j = e_j exp((m - max) - relative_lse)`: one exponential per logit, not two.

/// Column of the terms that holds the loss of the target class, `lse - x_t`.
pub const TARGET_LOSS: usize = 0;
/// Column of the terms that holds the weighted sum of the losses of all classes, `sum_c w_c (lse - x_c)`.
pub const SMOOTH_LOSS: usize = 1;
/// Column of the terms that holds the log of the sum of the exponentials of the logits.
pub const LOG_SUM_EXP: usize = 2;

/// Which columns of the terms are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// [`TARGET_LOSS`] alone, `[M]`: all that most losses need, at a third of the memory.
    TargetLoss,
    /// All three, `[M, 3]`.
    All,
}

impl Columns {
    /// How many there are.
    ///
    /// # Example
    ///
    /// ```
    /// assert_eq!(loss_kernels::Columns::All.count(), 3);
    /// ```
    pub fn count(self) -> usize {
        match self {
            Columns::TargetLoss => 1,
            Columns::All => 3,
        }
    }
}

/// The weights `w` of [`SMOOTH_LOSS`].
///
/// # Example
///
/// ```
/// use loss_kernels::SmoothWeights;
///
/// let weights = SmoothWeights::PerClass(vec![0.25, 0.75]);
/// // Of every kind of tensor, what `f` makes of it.
/// let sum = weights.as_ref().map(|weights| weights.iter().sum::<f64>());
/// assert!(matches!(sum, SmoothWeights::PerClass(1.0)));
/// let absent: Option<SmoothWeights<f64>> = SmoothWeights::PerLogit(None).transpose();
/// assert!(absent.is_none());
/// ```
#[derive(Clone, Debug)]
pub enum SmoothWeights<T> {
    /// No weights: the column is 0.
    Zero,
    /// The same weight for every class of every row.
    Uniform(f64),
    /// One weight per class, `[C]`, the same in every row.
    PerClass(T),
    /// One weight per logit, of the shape of the logits: target probabilities.
    PerLogit(T),
}

impl<T> SmoothWeights<T> {
    /// The same weights by reference.
    pub fn as_ref(&self) -> SmoothWeights<&T> {
        match self {
            SmoothWeights::Zero => SmoothWeights::Zero,
            SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(*weight),
            SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(weights),
            SmoothWeights::PerLogit(weights) => SmoothWeights::PerLogit(weights),
        }
    }

    /// The same weights in another tensor type.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> SmoothWeights<U> {
        match self {
            SmoothWeights::Zero => SmoothWeights::Zero,
            SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(weight),
            SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(f(weights)),
            SmoothWeights::PerLogit(weights) => SmoothWeights::PerLogit(f(weights)),
        }
    }
}

impl<T> SmoothWeights<Option<T>> {
    /// The weights if there are any to be had, like [`Option::transpose`].
    pub fn transpose(self) -> Option<SmoothWeights<T>> {
        Some(match self {
            SmoothWeights::Zero => SmoothWeights::Zero,
            SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(weight),
            SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(weights?),
            SmoothWeights::PerLogit(weights) => SmoothWeights::PerLogit(weights?),
        })
    }
}

/// What logits go through before their terms are taken: `factor x` and the offset of the class.
///
/// # Example
///
/// ```
/// use loss_kernels::Adjustment;
///
/// let cosines = Adjustment { factor: 64.0, per_class: None::<Vec<f64>> };
/// // Of the tensor, what `f` makes of it.
/// assert_eq!(cosines.as_ref().map(|offsets| offsets.len()).per_class, None);
/// ```
#[derive(Clone, Debug)]
pub struct Adjustment<T> {
    /// What each logit is multiplied by.
    pub factor: f64,
    /// What is added to the product, `[C]`; nothing without.
    pub per_class: Option<T>,
}

impl<T> Adjustment<T> {
    /// The same adjustment by reference.
    pub fn as_ref(&self) -> Adjustment<&T> {
        Adjustment {
            factor: self.factor,
            per_class: self.per_class.as_ref(),
        }
    }

    /// The same adjustment in another tensor type.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Adjustment<U> {
        Adjustment {
            factor: self.factor,
            per_class: self.per_class.map(f),
        }
    }
}

impl<T> Adjustment<Option<T>> {
    /// The adjustment if its offsets are to be had, like [`Option::transpose`].
    pub fn transpose(self) -> Option<Adjustment<T>> {
        let per_class = match self.per_class {
            Some(offsets) => Some(offsets?),
            None => None,
        };
        Some(Adjustment {
            factor: self.factor,
            per_class,
        })
    }
}
