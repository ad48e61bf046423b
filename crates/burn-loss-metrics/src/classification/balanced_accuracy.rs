//! Balanced accuracy.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::confusion_matrix::{ConfusionMatrix, read};

/// The balanced accuracy: the mean recall of the classes that occur among the targets.
///
/// Accuracy that a model cannot raise by always saying the frequent class.
///
/// - `predictions`, `targets`: `[N]`, classes in `[0, num_classes)`
/// - range: `[0, 1]`; chance is one over the number of classes, 1 is perfect
/// - NaN: for no examples
/// - source: scikit-learn's
///   [`balanced_accuracy_score`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.balanced_accuracy_score.html)
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
/// use burn_loss_metrics::balanced_accuracy;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 0, 0], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 0, 1], &device);
/// // Accuracy would say 0.75.
/// assert_eq!(balanced_accuracy(predictions, targets, 2), 0.5);
/// ```
#[track_caller]
pub fn balanced_accuracy<B: Backend>(
    predictions: Tensor<B, 1, Int>,
    targets: Tensor<B, 1, Int>,
    num_classes: usize,
) -> f64 {
    read("balanced_accuracy", predictions, targets, num_classes).balanced_accuracy()
}

impl ConfusionMatrix {
    /// The balanced accuracy, as the function [`balanced_accuracy`].
    ///
    /// # Example
    ///
    /// ```
    /// let matrix = burn_loss_metrics::ConfusionMatrix::of_counts(vec![vec![3, 0], vec![1, 1]]);
    /// assert_eq!(matrix.balanced_accuracy(), 0.75);
    /// ```
    pub fn balanced_accuracy(&self) -> f64 {
        let support = self.support();
        let occurring = support
            .iter()
            .enumerate()
            .filter(|(_, support)| **support > 0);
        let recalls =
            occurring.map(|(class, &support)| self.counts[class][class] as f64 / support as f64);
        let (sum, count) = recalls.fold((0.0, 0), |(sum, count), recall| (sum + recall, count + 1));
        sum / f64::from(count)
    }
}
