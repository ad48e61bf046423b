//! A general chart of lines and points, alone or several side by side.

use crate::chart::{self, Chart, Mark};
use crate::error::{PlotError, Result};
use crate::picture::Picture;
use crate::{check, style};

const PLOT: &str = "Lines";

/// Lines and points over x, with axes and a legend.
///
/// The colours are those of the order in which the names come; lines and points of the same name have the same colour,
/// and the legend holds the name once. After seven names the colours come again, with other dashes; after 28 lines, all.
///
/// ```
/// use burn_loss_plots::Lines;
///
/// let picture = Lines::new("A fit and its data")
///     .x_label("x")
///     .y_label("y")
///     .points("data", &[0.0, 1.0, 2.0], &[0.1, 0.9, 2.2])
///     .line("fit", &[0.0, 2.0], &[0.0, 2.1])
///     .draw()?;
/// assert_eq!(picture.svg().matches("<circle").count(), 3 + 1, "three points, and the legend's");
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Lines {
    title: String,
    x_label: String,
    y_label: String,
    x_range: Option<(f64, f64)>,
    y_range: Option<(f64, f64)>,
    series: Vec<Input>,
}

#[derive(Clone, Debug)]
struct Input {
    name: String,
    x: Vec<f64>,
    y: Vec<f64>,
    mark: Mark,
}

impl Lines {
    /// An empty chart with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Lines {
            title: title.into(),
            x_label: String::new(),
            y_label: String::new(),
            x_range: None,
            y_range: None,
            series: Vec::new(),
        }
    }

    /// What x is; nothing by default.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// What y is; nothing by default.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = label.into();
        self
    }

    /// Shows only x from one number to another, instead of all of the data. Lines are cut at the edges.
    pub fn x_range(mut self, from: f64, to: f64) -> Self {
        self.x_range = Some((from, to));
        self
    }

    /// Shows only y from one number to another, instead of all of the data. Lines are cut at the edges.
    pub fn y_range(mut self, from: f64, to: f64) -> Self {
        self.y_range = Some((from, to));
        self
    }

    /// Adds a line through the points `(x, y)`, in their order.
    pub fn line(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.series(name, x, y, Mark::Line)
    }

    /// Adds a dot at each of the points `(x, y)`.
    pub fn points(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.series(name, x, y, Mark::Points)
    }

    /// Adds a thin grey line through the points `(x, y)`: something to compare with, such as the truth.
    pub fn reference(self, name: impl Into<String>, x: &[f64], y: &[f64]) -> Self {
        self.series(name, x, y, Mark::Reference)
    }

    fn series(mut self, name: impl Into<String>, x: &[f64], y: &[f64], mark: Mark) -> Self {
        self.series.push(Input {
            name: name.into(),
            x: x.to_vec(),
            y: y.to_vec(),
            mark,
        });
        self
    }

    /// Draws the chart, 640 pixels wide.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`] where there is no series, a series is empty, its x and y differ in length or hold a number
    /// that is not finite, or a range is not one.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let chart = self.chart(&mut Vec::new());
        let size = (640.0 - 2.0 * style::MARGIN, 420.0);
        chart::draw(&self.title, &[chart], size)
    }

    fn check(&self) -> Result<()> {
        check::not_empty(PLOT, "series", &self.series)?;
        for (name, range) in [("x_range", self.x_range), ("y_range", self.y_range)] {
            if let Some((from, to)) = range {
                check::range(PLOT, name, from, to)?;
            }
        }
        for Input { name, x, y, .. } in &self.series {
            let argument = |axis| format!("{axis} of \"{name}\"");
            check::not_empty(PLOT, &argument("x"), x)?;
            check::length(PLOT, &argument("y"), y.len(), x.len(), "one for each x")?;
            check::finite(PLOT, &argument("x"), x)?;
            check::finite(PLOT, &argument("y"), y)?;
        }
        Ok(())
    }

    /// The chart without its title, which stands over the picture; `names` decides the colours.
    fn chart(&self, names: &mut Vec<String>) -> Chart {
        let mut chart = Chart {
            x_label: self.x_label.clone(),
            y_label: self.y_label.clone(),
            x_range: self.x_range,
            y_range: self.y_range,
            ..Chart::default()
        };
        for Input { name, x, y, mark } in &self.series {
            let known = names.iter().position(|known| known == name);
            let color = known.unwrap_or_else(|| {
                // A grey line takes no colour from the others.
                if *mark != Mark::Reference {
                    names.push(name.clone());
                }
                names.len().saturating_sub(1)
            });
            let points = x.iter().copied().zip(y.iter().copied()).collect();
            chart.push(name, points, *mark, color);
        }
        chart
    }
}

/// Charts side by side under one title, with one legend for all.
///
/// A name has the same colour in all of them.
///
/// ```
/// use burn_loss_plots::{Lines, Panels};
///
/// let value = Lines::new("value").line("x²", &[-1.0, 0.0, 1.0], &[1.0, 0.0, 1.0]);
/// let slope = Lines::new("slope").line("x²", &[-1.0, 0.0, 1.0], &[-2.0, 0.0, 2.0]);
/// let picture = Panels::new("A parabola").panel(value).panel(slope).draw()?;
/// assert_eq!(picture.svg().matches("x²").count(), 1, "the legend holds it once");
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Panels {
    title: String,
    panels: Vec<Lines>,
}

impl Panels {
    /// No charts yet, and a title over all.
    pub fn new(title: impl Into<String>) -> Self {
        Panels {
            title: title.into(),
            panels: Vec::new(),
        }
    }

    /// Adds a chart on the right of the others.
    pub fn panel(mut self, panel: Lines) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the charts, each 440 pixels wide.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`] where there is no panel, and where a panel's own `draw` has one.
    pub fn draw(&self) -> Result<Picture> {
        if self.panels.is_empty() {
            return Err(PlotError::input("Panels", "panels", "at least one", "none"));
        }
        let mut names = Vec::new();
        let mut charts = Vec::new();
        for panel in &self.panels {
            panel.check()?;
            let title = panel.title.clone();
            charts.push(Chart {
                title,
                ..panel.chart(&mut names)
            });
        }
        chart::draw(&self.title, &charts, (440.0, 360.0))
    }
}
