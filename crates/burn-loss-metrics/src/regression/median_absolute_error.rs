//! Median absolute error.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::errors::Pairs;
use crate::host;

/// The median absolute error, `median |y - x|`; of an even number of examples, the mean of the two in the middle.
///
/// The typical error, whatever the outliers. Needs the order of all errors, so it reads the tensors once and computes on
/// the host, in f64.
///
/// - `predictions`, `targets`: `[N]`, or `[N, ..]` for several outputs, whose values are averaged
/// - unit: that of the targets, at least 0
/// - NaN: for no examples; a NaN among the inputs gives NaN, where scikit-learn raises
/// - source: scikit-learn's
///   [`median_absolute_error`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.median_absolute_error.html)
///
/// # Panics
///
/// If the shapes differ.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::median_absolute_error;
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 1>::from_floats([1.0, 2.0, 99.0], &device);
/// let targets = Tensor::from_floats([2.0, 2.0, 0.0], &device);
/// assert_eq!(median_absolute_error(predictions, targets), 1.0);
/// ```
#[track_caller]
pub fn median_absolute_error<B: Backend, const D: usize>(
    predictions: Tensor<B, D>,
    targets: Tensor<B, D>,
) -> f64 {
    let most = predictions.shape().num_elements();
    let mut errors = AbsoluteErrors::default();
    Pairs::take("median_absolute_error", predictions, targets, |pairs| {
        errors.add(pairs, most);
    });
    errors.mean_of_medians()
}

/// The absolute errors of each output, all kept.
#[derive(Clone, Debug, Default)]
pub struct AbsoluteErrors {
    outputs: Vec<Vec<f64>>,
}

impl AbsoluteErrors {
    /// Adds, and takes room for at most `most` errors where that is enough.
    pub fn add(&mut self, pairs: &Pairs, most: usize) {
        self.outputs.resize(pairs.outputs, Vec::new());
        for errors in &mut self.outputs {
            let examples = pairs.targets.len() / pairs.outputs;
            host::grow(errors, examples, most / pairs.outputs);
        }
        for (output, prediction, target) in pairs.iter() {
            self.outputs[output].push((target - prediction).abs());
        }
    }

    pub fn examples(&self) -> usize {
        self.outputs.first().map_or(0, Vec::len)
    }

    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    pub fn mean_of_medians(&self) -> f64 {
        let medians = self.outputs.iter().map(|errors| median(errors));
        medians.sum::<f64>() / self.outputs.len() as f64
    }
}

fn median(numbers: &[f64]) -> f64 {
    if numbers.is_empty() || numbers.iter().any(|number| number.is_nan()) {
        return f64::NAN;
    }
    let mut numbers = numbers.to_vec();
    let (half, even) = (numbers.len() / 2, numbers.len().is_multiple_of(2));
    let (below, middle, _) = numbers.select_nth_unstable_by(half, f64::total_cmp);
    match below.iter().copied().reduce(f64::max) {
        Some(lower) if even => (lower + *middle) / 2.0,
        _ => *middle,
    }
}
