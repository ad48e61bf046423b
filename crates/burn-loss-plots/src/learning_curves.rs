//! Train and validation loss, epoch by epoch.

use crate::chart::{self, Chart, Mark, Note};
use crate::error::Result;
use crate::picture::Picture;
use crate::ticks::significant;
use crate::{check, style};

const PLOT: &str = "LearningCurves";

/// The train and validation loss of each epoch, with the epoch of the lowest validation loss marked; other metrics beside.
///
/// Where the validation loss rises while the train loss still falls, the model starts to learn its training data by
/// heart: the marked epoch is the one to keep. A loss that is NaN, infinite or beyond 1e300 leaves a gap in its line, so that a training
/// that diverged can be looked at.
///
/// ```
/// use burn_loss_plots::LearningCurves;
///
/// let picture = LearningCurves::new(&[0.9, 0.5, 0.3], &[0.8, 0.6, 0.7])
///     .metric("accuracy (%)", &[70.0, 81.0, 90.0], &[74.0, 80.0, 79.0])
///     .draw()?;
/// assert!(picture.svg().contains("lowest validation loss: 0.6000, epoch 2"));
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LearningCurves {
    title: String,
    panels: Vec<(String, Vec<f64>, Vec<f64>)>,
}

impl LearningCurves {
    /// The losses of the epochs 1, 2, ...
    pub fn new(train: &[f64], valid: &[f64]) -> Self {
        LearningCurves {
            title: "Learning curves".to_owned(),
            panels: vec![("loss".to_owned(), train.to_vec(), valid.to_vec())],
        }
    }

    /// The title; "Learning curves" by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a metric of the same epochs in a chart of its own.
    pub fn metric(mut self, name: impl Into<String>, train: &[f64], valid: &[f64]) -> Self {
        self.panels
            .push((name.into(), train.to_vec(), valid.to_vec()));
        self
    }

    /// Draws the charts side by side.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`](crate::PlotError::Input) where there is no epoch, the lengths differ, or no validation loss
    /// is finite.
    pub fn draw(&self) -> Result<Picture> {
        let lowest = self.check()?;
        let charts: Vec<_> = self
            .panels
            .iter()
            .enumerate()
            .map(|(index, (name, train, valid))| {
                let mut chart = curves(name, train, valid);
                if index == 0 {
                    mark(&mut chart, lowest, valid[lowest]);
                }
                chart
            })
            .collect();
        let width = if charts.len() == 1 { 608.0 } else { 440.0 };
        chart::draw(&self.title, &charts, (width, 360.0))
    }

    /// The index of the epoch with the lowest validation loss, of inputs that fit.
    fn check(&self) -> Result<usize> {
        let epochs = self.panels[0].1.len();
        check::not_empty(PLOT, "train", &self.panels[0].1)?;
        for (name, train, valid) in &self.panels {
            let of = "one for each epoch of the train loss";
            check::length(PLOT, &format!("train {name}"), train.len(), epochs, of)?;
            check::length(PLOT, &format!("validation {name}"), valid.len(), epochs, of)?;
        }
        let valid = &self.panels[0].2;
        let finite = (0..epochs).filter(|&epoch| valid[epoch].abs() <= check::LARGEST);
        finite
            .min_by(|&a, &b| valid[a].total_cmp(&valid[b]))
            .ok_or_else(|| {
                crate::PlotError::input(
                    PLOT,
                    "validation loss",
                    "at least one finite number",
                    format!("{} of {epochs} epochs", valid[0]),
                )
            })
    }
}

fn curves(name: &str, train: &[f64], valid: &[f64]) -> Chart {
    let mut chart = Chart {
        x_label: "epoch".to_owned(),
        y_label: name.to_owned(),
        whole_x: true,
        x_range: Some((0.75, train.len() as f64 + 0.25)),
        ..Chart::default()
    };
    let points = |values: &[f64]| {
        let epochs = (1..).map(f64::from);
        epochs.zip(values.iter().copied()).collect::<Vec<_>>()
    };
    for (color, (name, values)) in [("train", train), ("validation", valid)]
        .into_iter()
        .enumerate()
    {
        chart.push(name, points(values), Mark::Line, color);
        // A line alone would not show a single epoch, nor one between two gaps.
        chart.push("", points(values), Mark::Dots, color);
    }
    chart
}

/// Marks the epoch with a thin line, a ring and its number.
fn mark(chart: &mut Chart, epoch: usize, loss: f64) {
    let number = epoch + 1;
    let x = number as f64;
    let finite = || {
        let points = chart.series.iter().flat_map(|series| &series.points);
        points
            .map(|point| point.1)
            .filter(|y| y.abs() <= check::LARGEST)
    };
    let (least, most) = (
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    );
    // Room over the curves for the epoch's number.
    let span = match (most - least).max(1e-3 * most.abs()) {
        span if span >= check::NARROWEST => span,
        _ => 1e-9,
    };
    let from = if least >= 0.0 && least < 0.5 * span {
        0.0
    } else {
        least - 0.05 * span
    };
    let to = most + 0.14 * span;
    chart.y_range = Some((from, to));
    chart.push("", vec![(x, from), (x, to)], Mark::Reference, 0);
    let name = format!(
        "lowest validation loss: {}, epoch {number}",
        significant(loss)
    );
    chart.push(
        &name,
        vec![(x, loss)],
        Mark::Highlight,
        style::PALETTE.len() - 1,
    );
    chart.notes.push(Note {
        x,
        text: format!("epoch {number}"),
    });
}
