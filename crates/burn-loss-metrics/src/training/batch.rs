//! What metrics take from a model's outputs.

use std::f64::consts::LN_2;
use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn::train::metric::Adaptor;
use burn::train::{ClassificationOutput, MultiLabelClassificationOutput, RegressionOutput};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::classification::{BinaryScores, ClassRows, Top, one_vs_rest};
use crate::host::{Integers, Numbers};
use crate::regression::Pairs;

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

/// A batch of a classifier's outputs and its targets.
///
/// The outputs stay on their device, and a metric reads what it needs of them: a few numbers per row, which the device finds
/// in the outputs' own type, or, for sums over the classes, a block of rows at a time, in f64. There is never a copy of all
/// outputs on the host. What is found for one metric is kept for the next, in all clones of the batch.
///
/// Burn's `ClassificationOutput` and `MultiLabelClassificationOutput`, whose outputs Burn copies to the host once, give each
/// metric a batch of its own. An output type of your own should hold the batch: then all metrics share it, and of a GPU's
/// outputs no more is copied than they need.
///
/// # Example
///
/// ```
/// use burn::tensor::backend::Backend;
/// use burn::tensor::{Int, Tensor};
/// use burn::train::ItemLazy;
/// use burn::train::metric::Adaptor;
/// use burn_loss_metrics::ClassificationBatch;
///
/// /// What a training step returns.
/// struct MyOutput {
///     batch: ClassificationBatch,
/// }
///
/// impl MyOutput {
///     fn new<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Self {
///         let batch = ClassificationBatch::of_classes(logits, targets);
///         Self { batch }
///     }
/// }
///
/// impl ItemLazy for MyOutput {
///     type ItemSync = Self;
///
///     fn sync(self) -> Self {
///         self
///     }
/// }
///
/// impl Adaptor<ClassificationBatch> for MyOutput {
///     fn adapt(&self) -> ClassificationBatch {
///         self.batch.clone()
///     }
/// }
/// # let logits = Tensor::<burn::backend::NdArray, 2>::zeros([2, 3], &Default::default());
/// # let targets = Tensor::<_, 1, Int>::zeros([2], &Default::default());
/// # let batch: ClassificationBatch = MyOutput::new(logits, targets).sync().adapt();
/// # assert_eq!(batch.examples(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationBatch {
    contents: Arc<Contents>,
}

#[derive(Debug, PartialEq)]
enum Contents {
    /// Of one column, yes or no for each row.
    Classes(ClassRows),
    Labels {
        outputs: Numbers,
        targets: Integers,
    },
}

/// What is read of a batch, a block of rows at a time.
pub(crate) type Blocks<'a, T> = Box<dyn Iterator<Item = Result<T, String>> + 'a>;

/// What a metric takes of a batch.
pub(crate) enum Read<'a> {
    /// Of one of several classes: of each row that counts.
    Classes(&'a ClassRows, Vec<Top>),
    /// Of labels, or of one output: the outputs that count and their answers, in row-major order.
    Labels(Blocks<'a, BinaryScores>),
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
            contents: Arc::new(Contents::Classes(ClassRows::of("output", outputs, targets))),
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
            contents: Arc::new(Contents::Labels {
                outputs: Numbers::of(outputs),
                targets: Integers::of(targets),
            }),
        }
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.outputs().dims[0]
    }

    fn outputs(&self) -> &Numbers {
        match &*self.contents {
            Contents::Classes(rows) => rows.scores(),
            Contents::Labels { outputs, .. } => outputs,
        }
    }

    /// The number of classes or labels.
    pub(crate) fn columns(&self) -> usize {
        self.outputs().dims[1]
    }

    /// The rows that count, as they are: logits or probabilities.
    pub(crate) fn read(&self, reading: &Reading) -> Result<Read<'_>, String> {
        let Some(rows) = self.rows_of_classes() else {
            return Ok(Read::Labels(self.labels(*reading)?));
        };
        let tops = rows.tops(reading.model_output, reading.ignore_index)?;
        match tops.iter().all(|top| top.highest.is_finite()) {
            true => Ok(Read::Classes(rows, tops)),
            // Of an infinite logit, the softmax is NaN.
            false => Err(NAN.into()),
        }
    }

    /// The rows of one of several classes.
    fn rows_of_classes(&self) -> Option<&ClassRows> {
        match &*self.contents {
            Contents::Classes(rows) if self.columns() != 1 => Some(rows),
            _ => None,
        }
    }

    fn labels(&self, reading: Reading) -> Result<Blocks<'_, BinaryScores>, String> {
        let columns = self.columns();
        let check_outputs = move |outputs: &mut [f64], first_row| match reading.model_output {
            ModelOutput::Logits => Ok(()),
            ModelOutput::Probabilities => {
                check::probabilities("output", outputs, columns, first_row)
            }
        };
        match &*self.contents {
            Contents::Classes(rows) => {
                let counted = rows.counted(reading.ignore_index)?;
                let outputs = rows.scores().rows(0..self.examples());
                let mut all = BinaryScores::default();
                for (row, target) in counted {
                    let positive = check::answer("targets", &check::place(row, 1), target)?;
                    let mut output = [outputs[row]];
                    check_outputs(&mut output, row)?;
                    all.push(output[0], positive);
                }
                Ok(Box::new(std::iter::once(without_nan(all))))
            }
            Contents::Labels { outputs, targets } => {
                check::same_shape(("output", &outputs.dims), ("targets", &targets.dims))?;
                Ok(Box::new(outputs.blocks().map(move |(rows, mut scores)| {
                    let first_row = rows.start;
                    let targets = targets.rows(rows);
                    let positive = check::yes_or_no("targets", &targets, columns, first_row)?;
                    check_outputs(&mut scores, first_row)?;
                    without_nan(BinaryScores { scores, positive })
                })))
            }
        }
    }

    /// The question "is it this class (does it have this label)?" for each column, a block of rows at a time: with scores that
    /// have the order of the probabilities, of logits without their ties at 0 and 1. Of two classes, it is that of the second
    /// alone, as scikit-learn takes it.
    pub(crate) fn questions(
        &self,
        reading: &Reading,
    ) -> Result<Blocks<'_, Vec<BinaryScores>>, String> {
        let columns = self.columns();
        let Some(rows) = self.rows_of_classes() else {
            let blocks = self.labels(*reading)?.map(move |block| {
                let BinaryScores { scores, positive } = block?;
                let is_positive = |row: usize, column| positive[row * columns + column];
                Ok(one_vs_rest(&scores, columns, is_positive))
            });
            return Ok(Box::new(blocks));
        };
        let classes = rows.classes(reading.ignore_index)?;
        let model_output = reading.model_output;
        let blocks = rows.scores().blocks().map(move |(range, scores)| {
            let [start, end] =
                [range.start, range.end].map(|end| classes.partition_point(|(row, _)| *row < end));
            let counted = &classes[start..end];
            let mut ranks = Vec::with_capacity(counted.len() * columns);
            for &(row, _) in counted {
                let in_block = (row - range.start) * columns;
                let first = ranks.len();
                ranks.extend_from_slice(&scores[in_block..in_block + columns]);
                match model_output {
                    ModelOutput::Logits => against_the_rest(&mut ranks[first..]),
                    ModelOutput::Probabilities => {
                        check::probabilities("output", &mut ranks[first..], columns, row)?;
                    }
                }
            }
            if ranks.iter().any(|rank| rank.is_nan()) {
                return Err(NAN.into());
            }
            let mut questions =
                one_vs_rest(&ranks, columns, |row, column| counted[row].1 == column);
            if columns == 2 {
                questions.remove(0);
            }
            Ok(questions)
        });
        Ok(Box::new(blocks))
    }

    /// How many examples count, and how many of [`questions`](Self::questions) each has.
    pub(crate) fn sizes(&self, reading: &Reading) -> Result<[usize; 2], String> {
        match &*self.contents {
            Contents::Classes(rows) => {
                let counted = rows.counted(reading.ignore_index)?.count();
                let columns = self.columns();
                Ok([counted, if columns == 2 { 1 } else { columns }])
            }
            Contents::Labels { .. } => Ok([self.examples(), self.columns()]),
        }
    }
}

const NAN: &str = "the output has a NaN";

fn without_nan(block: BinaryScores) -> Result<BinaryScores, String> {
    match block.has_nan() {
        true => Err(NAN.into()),
        false => Ok(block),
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

/// A batch of predicted numbers and their targets. They stay where they are, and are read a block of examples at a time.
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
    predictions: Numbers,
    targets: Numbers,
}

impl RegressionBatch {
    /// Takes predictions and targets, both `[N, outputs]`.
    pub fn new<B: Backend>(predictions: Tensor<B, 2>, targets: Tensor<B, 2>) -> Self {
        Self {
            predictions: Numbers::of(predictions),
            targets: Numbers::of(targets),
        }
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.predictions.dims[0]
    }

    /// The number of outputs an example.
    pub(crate) fn outputs(&self) -> usize {
        self.predictions.dims[1]
    }

    pub(crate) fn blocks(&self) -> Result<Blocks<'_, Pairs>, String> {
        check::same_shape(
            ("output", &self.predictions.dims),
            ("targets", &self.targets.dims),
        )?;
        let blocks = Pairs::blocks(&self.predictions, &self.targets);
        Ok(Box::new(blocks.map(|(first_row, pairs)| {
            let numbers = [("output", &pairs.predictions), ("targets", &pairs.targets)];
            for (name, numbers) in numbers {
                if let Some(index) = numbers.iter().position(|number| number.is_nan()) {
                    let index = first_row * pairs.outputs + index;
                    let place = check::place(index, pairs.outputs);
                    return Err(format!("`{name}` is NaN at {place}"));
                }
            }
            Ok(pairs)
        })))
    }
}

impl<B: Backend> Adaptor<RegressionBatch> for RegressionOutput<B> {
    fn adapt(&self) -> RegressionBatch {
        RegressionBatch::new(self.output.clone(), self.targets.clone())
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;

    #[test]
    fn against_the_rest_is_the_log_odds_of_softmax() {
        let logits = [1.0, -2.0, 0.5, 3.0];
        let sum: f64 = logits.map(f64::exp).iter().sum();
        let shares = logits.map(|logit| logit.exp() / sum);
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

    #[test]
    fn clones_share_what_is_found() {
        let logits = Tensor::<Flex, 2>::zeros([2, 3], &Default::default());
        let targets = Tensor::<Flex, 1, Int>::zeros([2], &Default::default());
        let batch = ClassificationBatch::of_classes(logits, targets);
        let found = |batch: &ClassificationBatch| match batch.read(&Reading::default()) {
            Ok(Read::Classes(rows, _)) => rows.others(ModelOutput::Logits).as_ptr(),
            _ => panic!("it is of classes"),
        };
        assert_eq!(found(&batch), found(&batch.clone()));
    }
}
