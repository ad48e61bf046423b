//! The confusion matrix.

use std::fmt;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::{check, host};

/// How often each class was taken for each class.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(2);
/// matrix.add(1, 0);
/// matrix.add(1, 1);
/// assert_eq!(matrix.counts, [[0, 0], [1, 1]]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConfusionMatrix {
    /// `counts[target][prediction]`: a row for each true class, a column for each predicted class, as in scikit-learn.
    pub counts: Vec<Vec<usize>>,
}

impl ConfusionMatrix {
    /// The most classes a matrix may have: with 8192, its counts take 512 MiB.
    pub const MOST_CLASSES: usize = 8192;

    /// Makes an empty matrix.
    ///
    /// # Panics
    ///
    /// If there are more classes than [`MOST_CLASSES`](Self::MOST_CLASSES).
    ///
    /// # Example
    ///
    /// ```
    /// assert_eq!(burn_loss_metrics::ConfusionMatrix::new(3).total(), 0);
    /// ```
    #[track_caller]
    pub fn new(num_classes: usize) -> Self {
        check::or_panic("ConfusionMatrix", Self::checked(num_classes))
    }

    /// As [`new`](Self::new), with an error for more classes than there may be.
    pub(crate) fn checked(num_classes: usize) -> Result<Self, String> {
        Self::check_size(num_classes)?;
        Ok(Self {
            counts: vec![vec![0; num_classes]; num_classes],
        })
    }

    fn check_size(num_classes: usize) -> Result<(), String> {
        let expected = format!("at most {}", Self::MOST_CLASSES);
        let valid = num_classes <= Self::MOST_CLASSES;
        check::setting(valid, "num_classes", &expected, num_classes)
    }

    /// Makes a matrix of `counts[target][prediction]`.
    ///
    /// # Panics
    ///
    /// If a row has not as many columns as there are rows, or there are more classes than
    /// [`MOST_CLASSES`](Self::MOST_CLASSES).
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 5]]);
    /// assert_eq!(matrix.accuracy(), 0.875);
    /// ```
    #[track_caller]
    pub fn of_counts(counts: Vec<Vec<usize>>) -> Self {
        check::or_panic("ConfusionMatrix", Self::check_size(counts.len()));
        let wrong = counts.iter().position(|row| row.len() != counts.len());
        let square = wrong.map_or(Ok(()), |row| {
            let expected = format!("with as many columns as rows, {}", counts.len());
            let got = format!("{} in row {row}", counts[row].len());
            check::setting(false, "counts", &expected, got)
        });
        check::or_panic("ConfusionMatrix", square);
        Self { counts }
    }

    /// Counts one example.
    ///
    /// # Panics
    ///
    /// If one of the two is not a class.
    ///
    /// # Example
    ///
    /// ```
    /// let mut matrix = burn_loss_metrics::ConfusionMatrix::new(2);
    /// matrix.add(0, 1);
    /// assert_eq!(matrix.total(), 1);
    /// ```
    #[track_caller]
    pub fn add(&mut self, target: usize, prediction: usize) {
        self.counts[target][prediction] += 1;
    }

    /// The number of classes.
    ///
    /// # Example
    ///
    /// ```
    /// assert_eq!(burn_loss_metrics::ConfusionMatrix::new(3).num_classes(), 3);
    /// ```
    pub fn num_classes(&self) -> usize {
        self.counts.len()
    }

    /// The number of examples.
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 4]]);
    /// assert_eq!(matrix.total(), 7);
    /// ```
    pub fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// The number of examples that were right.
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 4]]);
    /// assert_eq!(matrix.correct(), 6);
    /// ```
    pub fn correct(&self) -> usize {
        (0..self.num_classes())
            .map(|class| self.counts[class][class])
            .sum()
    }

    /// The number of examples of each class.
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 4]]);
    /// assert_eq!(matrix.support(), [3, 4]);
    /// ```
    pub fn support(&self) -> Vec<usize> {
        self.counts.iter().map(|row| row.iter().sum()).collect()
    }

    /// How often each class was predicted.
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 4]]);
    /// assert_eq!(matrix.predicted(), [2, 5]);
    /// ```
    pub fn predicted(&self) -> Vec<usize> {
        // Row by row, as they lie in memory.
        let mut predicted = vec![0; self.num_classes()];
        for row in &self.counts {
            predicted
                .iter_mut()
                .zip(row)
                .for_each(|(sum, count)| *sum += count);
        }
        predicted
    }

    /// The share of examples that were right; NaN for none.
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![2, 1], vec![0, 5]]);
    /// assert_eq!(matrix.accuracy(), 0.875);
    /// ```
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.total() as f64
    }
}

impl fmt::Display for ConfusionMatrix {
    /// A line for each true class, a column for each predicted one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = self.counts.iter().flatten().max().copied().unwrap_or(0);
        let digits = |number: usize| number.to_string().len();
        let width = digits(largest).max(digits(self.num_classes().saturating_sub(1)));
        let name = "true\\predicted";
        write!(f, "{name}")?;
        for class in 0..self.num_classes() {
            write!(f, "  {class:>width$}")?;
        }
        for (class, row) in self.counts.iter().enumerate() {
            write!(f, "\n{class:>label$}", label = name.len())?;
            for count in row {
                write!(f, "  {count:>width$}")?;
            }
        }
        Ok(())
    }
}

/// Counts how often each class was taken for each class.
///
/// - `predictions`, `targets`: `[N]`, classes in `[0, num_classes)`; of logits or probabilities `[N, C]`, the predictions
///   are `argmax(1).squeeze_dim(1)`
/// - source: scikit-learn's
///   [`confusion_matrix`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html)
///   with `labels=range(num_classes)`
///
/// # Panics
///
/// If the shapes differ, one of the numbers is not a class, or there are more classes than
/// [`ConfusionMatrix::MOST_CLASSES`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::confusion_matrix;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1, 1], &device);
/// let matrix = confusion_matrix(predictions, targets, 2);
/// assert_eq!(matrix.counts, [[1, 1], [0, 2]]);
/// assert_eq!(matrix.accuracy(), 0.75);
/// ```
#[track_caller]
pub fn confusion_matrix<B: Backend>(
    predictions: Tensor<B, 1, Int>,
    targets: Tensor<B, 1, Int>,
    num_classes: usize,
) -> ConfusionMatrix {
    read("confusion_matrix", predictions, targets, num_classes)
}

#[track_caller]
pub(crate) fn read<B: Backend>(
    function: &str,
    predictions: Tensor<B, 1, Int>,
    targets: Tensor<B, 1, Int>,
    num_classes: usize,
) -> ConfusionMatrix {
    let shapes = (predictions.dims(), targets.dims());
    let same = check::same_shape(("predictions", &shapes.0), ("targets", &shapes.1));
    check::or_panic(function, same);
    let classes = |name: &str, tensor| {
        let classes = check::classes(name, &host::integers(tensor), num_classes);
        check::or_panic(function, classes)
    };
    let predictions = classes("predictions", predictions);
    let targets = classes("targets", targets);
    let mut matrix = check::or_panic(function, ConfusionMatrix::checked(num_classes));
    for (target, prediction) in targets.into_iter().zip(predictions) {
        matrix.add(target, prediction);
    }
    matrix
}
