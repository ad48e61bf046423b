//! The reliability diagram as data.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::bins::{BinSum, Bins, fill};
use crate::check;
use crate::classification::{BinaryScores, ClassRows};

/// One bin of a reliability diagram.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, reliability};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.75, 1.0], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
/// let bin = reliability(probabilities, targets, Bins::EqualWidth(2)).bins[0];
/// assert_eq!((bin.lower, bin.upper, bin.count), (0.5, 1.0, 2));
/// assert_eq!((bin.confidence, bin.accuracy), (0.875, 0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReliabilityBin {
    /// Where the bin starts; what lies on it belongs to the bin below.
    pub lower: f64,
    /// Where the bin ends; what lies on it belongs to the bin.
    pub upper: f64,
    /// The number of examples in it, at least 1.
    pub count: usize,
    /// The mean probability of its examples.
    pub confidence: f64,
    /// The share of its examples that are positive (binary) or right (multi-class).
    pub accuracy: f64,
}

impl ReliabilityBin {
    /// The distance of confidence and accuracy.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::{Bins, reliability};
    ///
    /// let device = Default::default();
    /// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.25], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1], &device);
    /// assert_eq!(reliability(probabilities, targets, Bins::EqualWidth(2)).bins[0].gap(), 0.25);
    /// ```
    pub fn gap(&self) -> f64 {
        (self.confidence - self.accuracy).abs()
    }
}

/// A reliability diagram: how often what was said with a probability was so.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, reliability};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 1, 1], &device);
/// let diagram = reliability(probabilities, targets, Bins::EqualWidth(2));
/// assert_eq!(diagram.expected_calibration_error(), 0.25);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reliability {
    /// The bins that hold something, from the lowest probability up; none where a probability is NaN.
    pub bins: Vec<ReliabilityBin>,
}

/// Computes a reliability diagram of the probability of the positive class.
///
/// Equal-mass bins need the order of all examples, so this reads the tensors once and computes on the host, in f64.
///
/// - `probabilities`: `[N]`, of the positive class
/// - `targets`: `[N]`, 0 or 1
/// - no bins for no examples, or for a NaN among the probabilities
/// - source: scikit-learn's
///   [`calibration_curve`](https://scikit-learn.org/stable/modules/generated/sklearn.calibration.calibration_curve.html)
///
/// # Panics
///
/// If the shapes differ, a target is neither 0 nor 1, a probability is outside `[0, 1]`, or there are 0 bins.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, reliability};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.75, 0.75], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 0], &device);
/// let bins = reliability(probabilities, targets, Bins::EqualWidth(2)).bins;
/// assert_eq!((bins[1].count, bins[1].confidence, bins[1].accuracy), (2, 0.75, 0.5));
/// ```
#[track_caller]
pub fn reliability<B: Backend>(
    probabilities: Tensor<B, 1>,
    targets: Tensor<B, 1, Int>,
    bins: Bins,
) -> Reliability {
    let read = BinaryScores::read_probabilities("reliability", probabilities, targets);
    diagram("reliability", &read, bins)
}

/// Computes a reliability diagram of the highest probability of each row: how often the class with it is right.
///
/// - `probabilities`: `[N, C]`; of equal ones, the first is the predicted class
/// - `targets`: `[N]`, classes in `[0, C)`
/// - no bins for no examples, or for a NaN among the probabilities
/// - source: [On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599)
///
/// # Panics
///
/// If the shapes do not fit, a target is not a class, a probability is outside `[0, 1]`, or there are 0 bins.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss_metrics::{Bins, reliability_multiclass};
///
/// let device = Default::default();
/// let probabilities = Tensor::<NdArray, 2>::from_floats([[0.75, 0.25], [0.25, 0.75]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0], &device);
/// let bins = reliability_multiclass(probabilities, targets, Bins::EqualWidth(10)).bins;
/// assert_eq!((bins[0].confidence, bins[0].accuracy), (0.75, 0.5));
/// ```
#[track_caller]
pub fn reliability_multiclass<B: Backend>(
    probabilities: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    bins: Bins,
) -> Reliability {
    let function = "reliability_multiclass";
    let confidences = ClassRows::confidences_of_probabilities(function, probabilities, targets);
    diagram(function, &confidences, bins)
}

impl Reliability {
    /// The expected calibration error: the mean gap of the bins, weighted by what they hold; NaN without bins.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::{Bins, reliability};
    ///
    /// let device = Default::default();
    /// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.875, 0.875], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 0], &device);
    /// // Gaps of 0.25 and, twice, 0.375.
    /// let diagram = reliability(probabilities, targets, Bins::EqualWidth(2));
    /// assert_eq!(diagram.expected_calibration_error(), 1.0 / 3.0);
    /// ```
    pub fn expected_calibration_error(&self) -> f64 {
        let total: usize = self.bins.iter().map(|bin| bin.count).sum();
        let gaps = self.bins.iter().map(|bin| bin.count as f64 * bin.gap());
        gaps.sum::<f64>() / total as f64
    }

    /// The maximum calibration error: the largest gap of a bin; NaN without bins.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::{Bins, reliability};
    ///
    /// let device = Default::default();
    /// let probabilities = Tensor::<NdArray, 1>::from_floats([0.25, 0.875, 0.875], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, 0], &device);
    /// // Gaps of 0.25 and, twice, 0.375.
    /// let diagram = reliability(probabilities, targets, Bins::EqualWidth(2));
    /// assert_eq!(diagram.maximum_calibration_error(), 0.375);
    /// ```
    pub fn maximum_calibration_error(&self) -> f64 {
        self.bins
            .iter()
            .map(ReliabilityBin::gap)
            .fold(f64::NAN, f64::max)
    }
}

#[track_caller]
pub(crate) fn diagram(function: &str, binary: &BinaryScores, bins: Bins) -> Reliability {
    check::or_panic(function, bins.check());
    of_scores(binary, bins)
}

/// The diagram of scores in `[0, 1]`.
pub(crate) fn of_scores(binary: &BinaryScores, bins: Bins) -> Reliability {
    if binary.is_empty() || binary.has_nan() {
        return Reliability { bins: Vec::new() };
    }
    let edges = bins.edges(&binary.scores);
    let mut sums = vec![BinSum::default(); bins.count()];
    fill(&mut sums, &edges, binary);
    of_sums(&sums, &edges)
}

/// The diagram of what each bin holds.
pub(crate) fn of_sums(sums: &[BinSum], edges: &[f64]) -> Reliability {
    let held = sums
        .iter()
        .zip(edges.windows(2))
        .filter(|(sum, _)| sum.count > 0);
    let bin = |(sum, ends): (&BinSum, &[f64])| ReliabilityBin {
        lower: ends[0],
        upper: ends[1],
        count: sum.count,
        confidence: sum.scores / sum.count as f64,
        accuracy: sum.positives as f64 / sum.count as f64,
    };
    Reliability {
        bins: held.map(bin).collect(),
    }
}
