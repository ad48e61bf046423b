//! Outputs of regression.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::Meant;
use super::findings::{Findings, Kind, Severity};
use super::range::{Loss, Range, each_row, report_same_outputs, report_shapes};

/// Targets whose deviation or mean is beyond it, or whose deviation is below its inverse, are far from a scale of 1.
const FAR: f64 = 30.0;
/// Fewer rows may be equal, or met, by chance.
const ENOUGH: usize = 8;

/// Looks at the first batch of a regression.
///
/// A model that knows nothing but the targets' mean has their variance as its mean squared error.
///
/// - `predictions`, `targets`: `[N, outputs]`, what the loss is given
/// - `meant`: [`Meant::numbers`]; its loss, if there is one, is the mean squared error
/// - cost: one pass over the batch, of which a block of rows at a time is copied to the host
/// - panics: never
///
/// For targets that the loss sees: standardized ones where they are standardized.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::first_batch::{Kind, Meant, regression};
///
/// let device = Default::default();
/// let predictions = Tensor::<NdArray, 2>::from_floats([[0.1], [-0.2], [0.3]], &device);
/// let targets = Tensor::<NdArray, 2>::from_floats([[1.0], [f32::NAN], [2.0]], &device);
/// let findings = regression(predictions, targets, &Meant::numbers());
/// assert!(findings.has(Kind::NotFinite));
/// assert_eq!(findings.iter().next().unwrap().place, "row 1");
/// ```
pub fn regression<B: Backend>(
    predictions: Tensor<B, 2>,
    targets: Tensor<B, 2>,
    meant: &Meant,
) -> Findings {
    let [rows, outputs] = predictions.dims();
    let mut findings = Findings::new(format!("{rows} rows, {outputs} outputs"));
    if report_shapes(&mut findings, [rows, outputs], &targets.dims()) {
        return findings;
    }
    let mut batch = Batch {
        predictions: Range::new(false),
        targets: Range::new(false),
        columns: vec![Column::default(); outputs],
    };
    each_row([predictions, targets], |predictions, targets| {
        batch.add(predictions, targets)
    });
    batch.report(&mut findings, meant.loss);
    findings
}

/// What is known of the rows so far.
struct Batch {
    predictions: Range,
    targets: Range,
    columns: Vec<Column>,
}

impl Batch {
    /// The next row.
    fn add(&mut self, predictions: &[f64], targets: &[f64]) {
        self.predictions.add(predictions);
        self.targets.add(targets);
        let pairs = predictions.iter().zip(targets);
        for (column, (&prediction, &target)) in self.columns.iter_mut().zip(pairs) {
            column.add(prediction, target);
        }
    }

    fn report(&self, findings: &mut Findings, found: Option<f64>) {
        let outputs = self.columns.len();
        let broken = self.targets.report_broken(findings, "targets", outputs);
        if self
            .predictions
            .report_broken(findings, "predictions", outputs)
            || broken
        {
            return;
        }
        report_same_outputs(findings, &self.predictions);
        report_columns(findings, &self.columns, self.targets.rows >= ENOUGH, found);
    }
}

/// Reports targets far from a scale of 1 or all alike, and compares the squared error with their variance.
fn report_columns(findings: &mut Findings, columns: &[Column], enough: bool, found: Option<f64>) {
    if let Some((output, column)) = columns
        .iter()
        .enumerate()
        .find(|(_, column)| column.is_far())
    {
        column.report_scale(findings, output);
    }
    // One column alone may be constant by chance, as that of a rare class.
    if columns.iter().all(|column| column.variance() == 0.0) && enough {
        findings.add(
            Severity::Warning,
            Kind::OneClass,
            "",
            format!(
                "all rows have the same targets, the first is {}",
                columns[0].mean
            ),
            "There is nothing to tell apart.",
            "Look at how the targets are read, and shuffle the data before it is cut into batches.",
        );
    }
    let mean = |value: fn(&Column) -> f64| {
        let sum: f64 = columns.iter().map(value).sum();
        sum / columns.len() as f64
    };
    let loss = found.unwrap_or_else(|| mean(Column::error));
    let variance = mean(Column::variance);
    // What predicting 0 has, which is where a network starts.
    let zero = mean(|column| column.variance() + column.mean * column.mean);
    findings.summary += &format!(
        ", mean squared error {loss:.4e} (always saying the mean: {variance:.4e}, always saying 0: {zero:.4e})"
    );
    Loss {
        loss,
        broken: None,
        nothing: zero,
        least: match enough {
            true => 0.02 * variance,
            false => f64::NEG_INFINITY,
        },
        air: 9.0 * zero + 9.0,
    }
    .report(findings);
}

/// The moments of one output.
#[derive(Clone, Default)]
struct Column {
    rows: f64,
    mean: f64,
    /// The sum of the squared distances from the mean.
    squares: f64,
    /// The sum of the squared errors.
    errors: f64,
}

impl Column {
    fn add(&mut self, prediction: f64, target: f64) {
        // Welford's update, in which no digits cancel.
        self.rows += 1.0;
        let before = target - self.mean;
        self.mean += before / self.rows;
        self.squares += before * (target - self.mean);
        self.errors += (target - prediction).powi(2);
    }

    fn variance(&self) -> f64 {
        self.squares / self.rows
    }

    fn error(&self) -> f64 {
        self.errors / self.rows
    }

    fn is_far(&self) -> bool {
        let deviation = self.variance().sqrt();
        deviation > FAR || self.mean.abs() > FAR || (deviation > 0.0 && deviation < 1.0 / FAR)
    }

    fn report_scale(&self, findings: &mut Findings, output: usize) {
        findings.add(
            Severity::Warning,
            Kind::TargetScale,
            format!("column {output}"),
            format!(
                "the targets have the mean {:.4e} and the deviation {:.4e}",
                self.mean,
                self.variance().sqrt()
            ),
            "A network starts with outputs about 1: it spends the first epochs on the scale, with gradients as large or small.",
            "Subtract the mean and divide by the deviation of the training targets, and undo it in what is predicted.",
        );
    }
}
