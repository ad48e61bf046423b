//! A look at the first batch of a training, where most wasted trainings can be seen already.
//!
//! [`class_scores`], [`label_scores`] and [`regression`] take the outputs of a model that has learned nothing yet, its
//! targets, and what the loss is meant to be given ([`Meant`]). They return [`Findings`]: what is wrong, where, why it
//! matters and what to do. Nothing panics, and one walk over the batch finds all of it: a row is read once, and judged when all
//! were seen.
//!
//! # Example
//!
//! ```
//! use burn::backend::NdArray;
//! use burn::tensor::activation::softmax;
//! use burn::tensor::{Int, Tensor};
//! use burn_loss_metrics::first_batch::{self, Kind, Meant};
//!
//! let device = Default::default();
//! let logits = Tensor::<NdArray, 2>::from_floats([[0.1, -0.2, 0.3], [0.0, 0.4, -0.1]], &device);
//! let targets = Tensor::<NdArray, 1, Int>::from_ints([2, 0], &device);
//! // Cross entropy wants logits, and has a softmax of its own.
//! let findings = first_batch::class_scores(softmax(logits, 1), targets, &Meant::logits());
//! assert!(findings.has(Kind::ProbabilitiesGiven));
//! println!("{findings}");
//! ```

mod classes;
mod findings;
mod labels;
mod numbers;
mod range;

pub use classes::class_scores;
pub use findings::{Finding, Findings, Kind, Severity};
pub use labels::label_scores;
pub use numbers::regression;

/// What the scores of a loss are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Logits,
    LogProbabilities,
    Probabilities,
}

/// What the loss that is meant takes, and what else is known of it.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::first_batch::Meant;
///
/// // For `CrossEntropyLoss` with an `ignore_index`.
/// let meant = Meant::logits().with_ignore_index(Some(-100));
/// assert_ne!(meant, Meant::logits());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Meant {
    takes: Takes,
    ignore_index: Option<i64>,
    ignore_indices: Vec<i64>,
    loss: Option<f64>,
}

impl Meant {
    fn new(takes: Takes) -> Self {
        Self {
            takes,
            ignore_index: None,
            ignore_indices: Vec::new(),
            loss: None,
        }
    }

    /// A loss of numbers, such as `MseLoss`: of scores, they are taken as they are, as logits.
    pub fn numbers() -> Self {
        Self::new(Takes::Logits)
    }

    /// A loss of logits, such as `CrossEntropyLoss`, `FocalLoss` and `BceWithLogitsLoss`.
    pub fn logits() -> Self {
        Self::new(Takes::Logits)
    }

    /// A loss of log-probabilities, such as `NllLoss`.
    pub fn log_probabilities() -> Self {
        Self::new(Takes::LogProbabilities)
    }

    /// A loss of probabilities, such as `BceLoss`.
    pub fn probabilities() -> Self {
        Self::new(Takes::Probabilities)
    }

    /// The loss's `ignore_index`. Default: none. For classes.
    pub fn with_ignore_index(mut self, ignore_index: Option<i64>) -> Self {
        self.ignore_index = ignore_index;
        self
    }

    /// The loss's `ignore_indices`, beside its `ignore_index`. Default: none. For classes.
    pub fn with_ignore_indices(mut self, ignore_indices: Vec<i64>) -> Self {
        self.ignore_indices = ignore_indices;
        self
    }

    /// Whether the loss leaves rows with this target out.
    fn ignores(&self, target: i64) -> bool {
        self.ignore_index == Some(target) || self.ignore_indices.contains(&target)
    }

    /// The loss that was found, to be compared with that of a model that knows nothing. Default: it is computed from the
    /// scores. For cross entropy, binary cross entropy and the squared error without weights: others start elsewhere.
    pub fn with_loss(mut self, loss: f64) -> Self {
        self.loss = Some(loss);
        self
    }
}
