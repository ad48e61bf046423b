//! Outputs of regression.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::Meant;
use super::findings::{Findings, Kind, Severity};
use super::range::{Loss, Range, all_rows_equal, report_same_outputs, report_shapes};
use crate::host;

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
/// - cost: one copy of the batch to the host, and a few passes over it there
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
    let (predictions, targets) = (host::numbers(predictions), host::numbers(targets));
    let broken = Range::of(&targets, false).report_broken(&mut findings, "targets", outputs);
    if Range::of(&predictions, false).report_broken(&mut findings, "predictions", outputs) || broken
    {
        return findings;
    }
    if all_rows_equal(&predictions, outputs) {
        report_same_outputs(&mut findings);
    }
    let columns: Vec<Column> = (0..outputs)
        .map(|output| Column::of(&predictions, &targets, output, outputs))
        .collect();
    if let Some((output, column)) = columns
        .iter()
        .enumerate()
        .find(|(_, column)| column.is_far())
    {
        column.report_scale(&mut findings, output);
    }
    // One column alone may be constant by chance, as that of a rare class.
    if columns.iter().all(|column| column.variance == 0.0) && rows >= ENOUGH {
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
        sum / outputs as f64
    };
    let loss = meant.loss.unwrap_or_else(|| mean(|column| column.error));
    let variance = mean(|column| column.variance);
    // What predicting 0 has, which is where a network starts.
    let zero = mean(|column| column.variance + column.mean * column.mean);
    findings.summary += &format!(
        ", mean squared error {loss:.4e} (always saying the mean: {variance:.4e}, always saying 0: {zero:.4e})"
    );
    Loss {
        loss,
        broken: None,
        nothing: zero,
        least: match rows >= ENOUGH {
            true => 0.02 * variance,
            false => f64::NEG_INFINITY,
        },
        air: 9.0 * zero + 9.0,
    }
    .report(&mut findings);
    findings
}

/// The moments of one output.
struct Column {
    mean: f64,
    variance: f64,
    error: f64,
}

impl Column {
    fn of(predictions: &[f64], targets: &[f64], output: usize, outputs: usize) -> Self {
        let (mut mean, mut squares, mut error, mut count) = (0.0, 0.0, 0.0, 0.0);
        let pairs = predictions.iter().zip(targets);
        for (prediction, target) in pairs.skip(output).step_by(outputs) {
            // Welford's update, in which no digits cancel.
            count += 1.0;
            let before = target - mean;
            mean += before / count;
            squares += before * (target - mean);
            error += (target - prediction).powi(2);
        }
        Self {
            mean,
            variance: squares / count,
            error: error / count,
        }
    }

    fn is_far(&self) -> bool {
        let deviation = self.variance.sqrt();
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
                self.variance.sqrt()
            ),
            "A network starts with outputs about 1: it spends the first epochs on the scale, with gradients as large or small.",
            "Subtract the mean and divide by the deviation of the training targets, and undo it in what is predicted.",
        );
    }
}
