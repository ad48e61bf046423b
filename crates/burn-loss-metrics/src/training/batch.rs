//! What metrics take from a model's outputs.

use std::f64::consts::LN_2;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn::train::metric::Adaptor;
use burn::train::{ClassificationOutput, MultiLabelClassificationOutput, RegressionOutput};
use serde::{Deserialize, Serialize};

use crate::classification::{Answers, BinaryScores, Rows};
use crate::host::Numbers;
use crate::regression::Pairs;
use crate::{check, host};

/// What a model's outputs are.
///
/// # Example
///
/// ```
/// use burn_loss_metrics::{LogLossMetric, ModelOutput};
///
/// // For a model that ends in a softmax or a sigmoid.
/// let metric = LogLossMetric::new().with_model_output(ModelOutput::Probabilities);
/// assert_eq!(ModelOutput::default(), ModelOutput::Logits);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ModelOutput {
    /// Logits, as the losses want them: a softmax over classes, or a sigmoid of each label, makes them probabilities.
    #[default]
    Logits,
    /// Probabilities.
    Probabilities,
}

/// A batch of a classifier's outputs and its targets, on the host, in the outputs' type.
///
/// Burn's `ClassificationOutput` and `MultiLabelClassificationOutput` give one. For an output type of your own, implement
/// `Adaptor<ClassificationBatch>`.
///
/// # Example
///
/// ```
/// use burn::tensor::backend::Backend;
/// use burn::tensor::{Int, Tensor};
/// use burn::train::metric::Adaptor;
/// use burn_loss_metrics::ClassificationBatch;
///
/// struct MyOutput<B: Backend> {
///     logits: Tensor<B, 2>,
///     targets: Tensor<B, 1, Int>,
/// }
///
/// impl<B: Backend> Adaptor<ClassificationBatch> for MyOutput<B> {
///     fn adapt(&self) -> ClassificationBatch {
///         ClassificationBatch::of_classes(self.logits.clone(), self.targets.clone())
///     }
/// }
/// # let logits = Tensor::<burn::backend::NdArray, 2>::zeros([2, 3], &Default::default());
/// # let targets = Tensor::<_, 1, Int>::zeros([2], &Default::default());
/// # let batch: ClassificationBatch = MyOutput { logits, targets }.adapt();
/// # assert_eq!(batch.examples(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationBatch {
    outputs: Numbers,
    dims: [usize; 2],
    targets: Vec<i64>,
    target_dims: Vec<usize>,
}

impl ClassificationBatch {
    /// Takes outputs `[N, C]` and classes `[N]`, of one of `C` classes; `[N, 1]` is yes or no, with targets 0 or 1.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::ClassificationBatch;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([2, 3], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 2], &device);
    /// assert_eq!(ClassificationBatch::of_classes(logits, targets).examples(), 2);
    /// ```
    pub fn of_classes<B: Backend>(outputs: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Self {
        Self {
            dims: outputs.dims(),
            target_dims: targets.dims().to_vec(),
            outputs: Numbers::of(outputs),
            targets: host::integers(targets),
        }
    }

    /// Takes outputs and targets 0 or 1, both `[N, L]`, of `L` labels.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::ClassificationBatch;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 3], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
    /// assert_eq!(ClassificationBatch::of_labels(logits, targets).examples(), 1);
    /// ```
    pub fn of_labels<B: Backend>(outputs: Tensor<B, 2>, targets: Tensor<B, 2, Int>) -> Self {
        Self {
            dims: outputs.dims(),
            target_dims: targets.dims().to_vec(),
            outputs: Numbers::of(outputs),
            targets: host::integers(targets),
        }
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.dims[0]
    }

    /// Of the rows that count, the probabilities of the classes with the highest outputs, and whether they are right; of
    /// labels, all probabilities.
    pub(crate) fn confidences(&self, reading: &Reading) -> Result<BinaryScores, String> {
        let rows = self.scores(reading)?;
        Ok(match reading.model_output {
            ModelOutput::Probabilities => rows.confidences(),
            // Of several near logits the probabilities may be equal: the logits say which is the highest.
            ModelOutput::Logits => rows.confidences_by(sigmoid, share),
        })
    }

    /// The rows that count, as they are: logits or probabilities.
    pub(crate) fn scores(&self, reading: &Reading) -> Result<Rows, String> {
        let rows = self.read(reading, |_| ())?;
        let of_classes = matches!(rows.answers, Answers::Classes(_));
        let highest = |row: &[f64]| row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Their softmax is NaN.
        if of_classes && rows.iter().any(|row| highest(row).is_infinite()) {
            return Err("the output has a NaN".into());
        }
        Ok(rows)
    }

    /// The rows that count, as scores with the order of the probabilities: of logits, without their ties at 0 and 1.
    pub(crate) fn ranks(&self, reading: &Reading) -> Result<Rows, String> {
        self.read(reading, against_the_rest)
    }

    fn read(&self, reading: &Reading, of_row: impl Fn(&mut [f64])) -> Result<Rows, String> {
        let mut rows = self.rows(reading.ignore_index)?;
        match reading.model_output {
            ModelOutput::Probabilities => {
                check::probabilities("output", &mut rows.scores, rows.columns)?;
            }
            ModelOutput::Logits => match rows.answers {
                Answers::Labels(_) => {}
                Answers::Classes(_) => rows.scores.chunks_exact_mut(rows.columns).for_each(of_row),
            },
        }
        if rows.scores.iter().any(|score| score.is_nan()) {
            return Err("the output has a NaN".into());
        }
        Ok(rows)
    }

    fn rows(&self, ignore_index: Option<i64>) -> Result<Rows, String> {
        let [_, columns] = self.dims;
        if self.target_dims.len() == 2 {
            check::same_shape(("output", &self.dims), ("targets", &self.target_dims))?;
            let mut scores = Vec::with_capacity(self.outputs.len());
            self.outputs.append_to(&mut scores, 0..self.outputs.len());
            return Ok(Rows {
                scores,
                columns,
                answers: Answers::Labels(check::yes_or_no("targets", &self.targets, columns)?),
            });
        }
        check::one_target_a_row("output", self.dims, self.targets.len())?;
        // With their places in the batch, for the messages.
        let targets = self.targets.iter().copied().enumerate();
        let counted = targets.filter(|(_, target)| Some(*target) != ignore_index);
        let mut scores = Vec::with_capacity(counted.clone().count() * columns);
        for (row, _) in counted.clone() {
            let of_row = row * columns..(row + 1) * columns;
            self.outputs.append_to(&mut scores, of_row);
        }
        let answer = |(row, target)| check::answer("targets", &check::place(row, 1), target);
        let class = |(row, target)| check::class("targets", row, target, columns);
        Ok(Rows {
            scores,
            columns,
            answers: match columns {
                1 => Answers::Labels(counted.map(answer).collect::<Result<_, _>>()?),
                _ => Answers::Classes(counted.map(class).collect::<Result<_, _>>()?),
            },
        })
    }
}

/// How a batch is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub(crate) model_output: ModelOutput,
    pub(crate) ignore_index: Option<i64>,
}

impl Reading {
    /// The options that are not the default, for a metric's name.
    pub(crate) fn options(&self) -> impl Iterator<Item = String> + use<> {
        let of_probabilities = self.model_output == ModelOutput::Probabilities;
        let ignoring = self.ignore_index.map(|index| format!("ignoring {index}"));
        let output = of_probabilities.then(|| "of probabilities".to_string());
        ignoring.into_iter().chain(output)
    }
}

pub(crate) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

pub(crate) fn softmax(row: &mut [f64]) {
    let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut()
        .for_each(|logit| *logit = (*logit - highest).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|share| *share /= sum);
}

/// The softmax of the highest logit.
fn share(row: &[f64], highest: f64) -> f64 {
    1.0 / row.iter().map(|logit| (logit - highest).exp()).sum::<f64>()
}

/// Makes of each logit that of its class against all others, `x_c - log sum_{j != c} exp x_j`: the logarithm of the odds
/// of its softmax. Of two classes, it is the difference of the two.
fn against_the_rest(row: &mut [f64]) {
    // What comes after each class, and then what comes before: a sum of all without one would cancel digits.
    let mut after = vec![f64::NEG_INFINITY; row.len()];
    for class in (1..row.len()).rev() {
        after[class - 1] = log_of_sum(after[class], row[class]);
    }
    let mut before = f64::NEG_INFINITY;
    for (logit, after) in row.iter_mut().zip(after) {
        let rest = log_of_sum(before, after);
        before = log_of_sum(before, *logit);
        *logit -= rest;
    }
}

/// `log (exp a + exp b)`.
fn log_of_sum(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    match low == high {
        // Twice nothing is nothing, of which the difference would be NaN.
        true => high + LN_2,
        false => high + (low - high).exp().ln_1p(),
    }
}

impl<B: Backend> Adaptor<ClassificationBatch> for ClassificationOutput<B> {
    fn adapt(&self) -> ClassificationBatch {
        ClassificationBatch::of_classes(self.output.clone(), self.targets.clone())
    }
}

impl<B: Backend> Adaptor<ClassificationBatch> for MultiLabelClassificationOutput<B> {
    fn adapt(&self) -> ClassificationBatch {
        ClassificationBatch::of_labels(self.output.clone(), self.targets.clone())
    }
}

/// A batch of predicted numbers and their targets, on the host.
///
/// Burn's `RegressionOutput` gives one. For an output type of your own, implement `Adaptor<RegressionBatch>`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::RegressionBatch;
///
/// let predictions = Tensor::<NdArray, 2>::zeros([4, 1], &Default::default());
/// let batch = RegressionBatch::new(predictions.clone(), predictions);
/// assert_eq!(batch.examples(), 4);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RegressionBatch {
    dims: [usize; 2],
    target_dims: [usize; 2],
    pairs: Pairs,
}

impl RegressionBatch {
    /// Takes predictions and targets, both `[N, outputs]`.
    pub fn new<B: Backend>(predictions: Tensor<B, 2>, targets: Tensor<B, 2>) -> Self {
        let dims = predictions.dims();
        Self {
            dims,
            target_dims: targets.dims(),
            pairs: Pairs {
                predictions: host::numbers(predictions),
                targets: host::numbers(targets),
                outputs: dims[1],
            },
        }
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.dims[0]
    }

    pub(crate) fn pairs(&self) -> Result<&Pairs, String> {
        check::same_shape(("output", &self.dims), ("targets", &self.target_dims))?;
        for (name, numbers) in [
            ("output", &self.pairs.predictions),
            ("targets", &self.pairs.targets),
        ] {
            if let Some(index) = numbers.iter().position(|number| number.is_nan()) {
                let place = check::place(index, self.pairs.outputs);
                return Err(format!("`{name}` is NaN at {place}"));
            }
        }
        Ok(&self.pairs)
    }
}

impl<B: Backend> Adaptor<RegressionBatch> for RegressionOutput<B> {
    fn adapt(&self) -> RegressionBatch {
        RegressionBatch::new(self.output.clone(), self.targets.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn against_the_rest_is_the_log_odds_of_softmax() {
        let logits = [1.0, -2.0, 0.5, 3.0];
        let mut shares = logits;
        softmax(&mut shares);
        let mut odds = logits;
        against_the_rest(&mut odds);
        for (odds, p) in odds.iter().zip(shares) {
            assert!((odds - (p / (1.0 - p)).ln()).abs() < 1e-12);
        }
    }

    #[test]
    fn against_the_rest_keeps_what_softmax_rounds_to_0_and_1() {
        let mut row = [0.0, 50.0, -f64::INFINITY];
        against_the_rest(&mut row);
        assert_eq!(row, [-50.0, 50.0, f64::NEG_INFINITY]);
        let mut row = [0.0, f64::NAN, 1.0];
        against_the_rest(&mut row);
        assert!(row.iter().all(|odds| odds.is_nan()));
    }
}
