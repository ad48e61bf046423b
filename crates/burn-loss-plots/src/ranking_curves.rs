//! What each threshold would give: ROC and precision-recall curves.

use crate::chart::{self, Chart, Mark};
use crate::check;
use crate::error::Result;
use crate::picture::Picture;
use crate::ticks::{short, significant};

/// The side of a chart with its axes, in pixels.
const SIZE: (f64, f64) = (480.0, 420.0);
/// The edge of the data is on the edge of the plot: half a line's width of air shows it whole.
const AIR: f64 = 0.01;

#[derive(Clone, Debug)]
struct Curve {
    name: String,
    x: Vec<f64>,
    y: Vec<f64>,
    area: f64,
}

impl Curve {
    fn check(&self, plot: &'static str, axes: [&str; 2]) -> Result<()> {
        let name = |axis: &str| format!("{axis} of \"{}\"", self.name);
        check::not_empty(plot, &name(axes[0]), &self.x)?;
        let of = format!("one for each {}", axes[0]);
        check::length(plot, &name(axes[1]), self.y.len(), self.x.len(), &of)?;
        check::unit(plot, &name(axes[0]), &self.x)?;
        check::unit(plot, &name(axes[1]), &self.y)?;
        check::unit(plot, &name("area"), &[self.area])
    }

    fn points(&self) -> Vec<(f64, f64)> {
        self.x.iter().copied().zip(self.y.iter().copied()).collect()
    }
}

/// ROC curves: the true positive rate against the false positive rate, with the area under each in the legend.
///
/// The thin diagonal is what guessing gives. Source: scikit-learn's
/// [`RocCurveDisplay`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.RocCurveDisplay.html).
///
/// ```
/// use burn_loss_plots::RocCurves;
///
/// let picture = RocCurves::new()
///     .curve("ill", &[0.0, 0.1, 0.5, 1.0], &[0.0, 0.7, 0.9, 1.0], 0.83)
///     .draw()?;
/// assert!(picture.svg().contains("ill (area 0.8300)"));
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RocCurves {
    title: String,
    curves: Vec<Curve>,
    corner: Option<(f64, f64)>,
}

impl Default for RocCurves {
    fn default() -> Self {
        Self::new()
    }
}

impl RocCurves {
    const PLOT: &str = "RocCurves";

    /// A plot without curves.
    pub fn new() -> Self {
        RocCurves {
            title: "ROC curves".to_owned(),
            curves: Vec::new(),
            corner: None,
        }
    }

    /// The title; "ROC curves" by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a curve through its points, and the area under it.
    pub fn curve(
        mut self,
        name: impl Into<String>,
        false_positive_rate: &[f64],
        true_positive_rate: &[f64],
        area: f64,
    ) -> Self {
        self.curves.push(Curve {
            name: name.into(),
            x: false_positive_rate.to_vec(),
            y: true_positive_rate.to_vec(),
            area,
        });
        self
    }

    /// Shows only the corner of good models, false positive rates up to one number and true positive rates from another;
    /// by default all.
    pub fn corner(mut self, false_positive_rate: f64, true_positive_rate: f64) -> Self {
        self.corner = Some((false_positive_rate, true_positive_rate));
        self
    }

    /// Draws the curves.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`](crate::PlotError::Input) where there is no curve, one is empty, its rates differ in number, a
    /// number is not in `[0, 1]`, or the corner leaves nothing to show.
    pub fn draw(&self) -> Result<Picture> {
        check::not_empty(Self::PLOT, "curves", &self.curves)?;
        let (to, from) = self.corner.unwrap_or((1.0, 0.0));
        check::range(Self::PLOT, "corner's false positive rate", 0.0, to)?;
        check::range(Self::PLOT, "corner's true positive rate", from, 1.0)?;
        let mut chart = Chart {
            x_label: "false positive rate".to_owned(),
            y_label: "true positive rate".to_owned(),
            x_range: Some((-AIR * to, to * (1.0 + AIR))),
            y_range: Some((from - AIR * (1.0 - from), 1.0 + AIR * (1.0 - from))),
            ..Chart::default()
        };
        for (color, curve) in self.curves.iter().enumerate() {
            curve.check(Self::PLOT, ["false_positive_rate", "true_positive_rate"])?;
            let name = format!("{} (area {})", curve.name, significant(curve.area));
            chart.push(&name, curve.points(), Mark::Line, color);
        }
        // A legend of what the corner does not show would be looked for in vain.
        if from <= to {
            chart.push("guessing", vec![(0.0, 0.0), (1.0, 1.0)], Mark::Reference, 0);
        }
        chart::draw(&self.title, &[chart], SIZE)
    }
}

/// Precision-recall curves, drawn as steps, with the average precision (AP) of each in the legend.
///
/// The thin line is what guessing gives: the share of positives. Source: scikit-learn's
/// [`PrecisionRecallDisplay`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.PrecisionRecallDisplay.html).
///
/// ```
/// use burn_loss_plots::PrecisionRecallCurves;
///
/// let picture = PrecisionRecallCurves::new()
///     .curve("ill", &[1.0, 0.5, 0.0], &[0.4, 0.8, 1.0], 0.6)
///     .base_rate(0.1)
///     .draw()?;
/// assert!(picture.svg().contains("ill (AP 0.6000)"));
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PrecisionRecallCurves {
    title: String,
    curves: Vec<Curve>,
    base_rate: Option<f64>,
    corner: Option<(f64, f64)>,
}

impl Default for PrecisionRecallCurves {
    fn default() -> Self {
        Self::new()
    }
}

impl PrecisionRecallCurves {
    const PLOT: &str = "PrecisionRecallCurves";

    /// A plot without curves.
    pub fn new() -> Self {
        PrecisionRecallCurves {
            title: "Precision-recall curves".to_owned(),
            curves: Vec::new(),
            base_rate: None,
            corner: None,
        }
    }

    /// The title; "Precision-recall curves" by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a curve in scikit-learn's order, falling recall, and its average precision.
    pub fn curve(
        mut self,
        name: impl Into<String>,
        recall: &[f64],
        precision: &[f64],
        average_precision: f64,
    ) -> Self {
        self.curves.push(Curve {
            name: name.into(),
            x: recall.to_vec(),
            y: precision.to_vec(),
            area: average_precision,
        });
        self
    }

    /// The share of positives, which is the precision of guessing; no line by default.
    pub fn base_rate(mut self, share: f64) -> Self {
        self.base_rate = Some(share);
        self
    }

    /// Shows only the corner of good models, recall and precision from a number each; by default all.
    pub fn corner(mut self, recall: f64, precision: f64) -> Self {
        self.corner = Some((recall, precision));
        self
    }

    /// Draws the curves.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`](crate::PlotError::Input) where there is no curve, one is empty, its numbers differ in number,
    /// a number is not in `[0, 1]`, or the corner leaves nothing to show.
    pub fn draw(&self) -> Result<Picture> {
        check::not_empty(Self::PLOT, "curves", &self.curves)?;
        let (recall, precision) = self.corner.unwrap_or((0.0, 0.0));
        check::range(Self::PLOT, "corner's recall", recall, 1.0)?;
        check::range(Self::PLOT, "corner's precision", precision, 1.0)?;
        let range = |from: f64| Some((from - AIR * (1.0 - from), 1.0 + AIR * (1.0 - from)));
        let mut chart = Chart {
            x_label: "recall".to_owned(),
            y_label: "precision".to_owned(),
            x_range: range(recall),
            y_range: range(precision),
            ..Chart::default()
        };
        for (color, curve) in self.curves.iter().enumerate() {
            curve.check(Self::PLOT, ["recall", "precision"])?;
            let name = format!("{} (AP {})", curve.name, significant(curve.area));
            chart.push(&name, steps(&curve.points()), Mark::Line, color);
        }
        if let Some(share) = self.base_rate {
            check::unit(Self::PLOT, "base_rate", &[share])?;
            if share >= precision {
                let name = format!("guessing ({})", short(share));
                chart.push(&name, vec![(0.0, share), (1.0, share)], Mark::Reference, 0);
            }
        }
        chart::draw(&self.title, &[chart], SIZE)
    }
}

/// Steps instead of slopes: between two thresholds, a precision holds from its recall down to the next.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let first = points.iter().take(1).copied();
    let corners = points.windows(2).flat_map(|pair| {
        let ((_, before), (x, y)) = (pair[0], pair[1]);
        [(x, before), (x, y)]
    });
    first.chain(corners).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_a_precision_down_to_the_next_recall() {
        let points = [(1.0, 0.4), (0.5, 0.8), (0.0, 1.0)];
        let expected = [(1.0, 0.4), (0.5, 0.4), (0.5, 0.8), (0.0, 0.8), (0.0, 1.0)];
        assert_eq!(steps(&points), expected);
    }
}
