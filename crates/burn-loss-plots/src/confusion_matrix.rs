//! How often each class was taken for each class, as a table in colours.

use plotters::style::text_anchor::{HPos, VPos};

use crate::canvas::{self, Canvas, Rect, Text};
use crate::check;
use crate::error::Result;
use crate::picture::Picture;
use crate::style::{self, px};

const PLOT: &str = "ConfusionMatrixPlot";

/// A confusion matrix: a row for each true class, a column for each predicted class, the count in each cell.
///
/// A cell's colour is its share of its row, so that a rare class is read as well as a frequent one: white for 0, dark
/// for all. The numbers are dark on light cells and white on dark ones.
///
/// ```
/// use burn_loss_plots::ConfusionMatrixPlot;
///
/// let picture = ConfusionMatrixPlot::new(&[[90, 10], [3, 7]], &["healthy", "ill"]).draw()?;
/// assert!(picture.svg().contains(">90</text>"));
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ConfusionMatrixPlot {
    title: String,
    counts: Vec<Vec<usize>>,
    classes: Vec<String>,
}

impl ConfusionMatrixPlot {
    /// `counts[target][prediction]`, as in scikit-learn, and the names of the classes.
    pub fn new(counts: &[impl AsRef<[usize]>], classes: &[impl AsRef<str>]) -> Self {
        ConfusionMatrixPlot {
            title: "Confusion matrix".to_owned(),
            counts: counts.iter().map(|row| row.as_ref().to_vec()).collect(),
            classes: classes
                .iter()
                .map(|name| name.as_ref().to_owned())
                .collect(),
        }
    }

    /// The title; "Confusion matrix" by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Draws the table; its cells are as wide as the widest number needs.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`](crate::PlotError::Input) where there is no class, or rows, columns and names differ in number.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let number = Text::new(style::LABEL, HPos::Center, VPos::Center);
        let name = Text::new(style::LABEL, HPos::Right, VPos::Center);
        let counts: Vec<_> = self.counts.iter().flatten().map(usize::to_string).collect();
        let names = name.widest(&self.classes)?;
        let cell = (number.widest(&counts)? + 14.0).max(34.0);
        let layout = Layout {
            left: style::MARGIN + style::LABEL * 1.6 + names + style::GAP,
            top: style::MARGIN + style::TITLE + 2.0 * style::GAP,
            // Columns leave room for their names, too.
            cell: (cell.max(names + 10.0), cell),
        };
        let side = self.classes.len() as f64;
        let title = Text::title().width(&self.title)? + style::MARGIN;
        let width = (layout.left + side * layout.cell.0).max(title) + style::MARGIN;
        let bottom = layout.top + side * layout.cell.1;
        let height = bottom + style::LABEL * 3.2 + style::GAP + style::MARGIN;
        canvas::draw(width, height, |canvas| {
            canvas.text(
                &self.title,
                (px(style::MARGIN), px(style::MARGIN)),
                &Text::title(),
            )?;
            self.cells(canvas, &layout)?;
            self.names(canvas, &layout, bottom)
        })
    }

    fn check(&self) -> Result<()> {
        check::not_empty(PLOT, "counts", &self.counts)?;
        let classes = self.counts.len();
        let of = "one for each row of the counts";
        check::length(PLOT, "classes", self.classes.len(), classes, of)?;
        for (index, row) in self.counts.iter().enumerate() {
            check::length(PLOT, &format!("counts[{index}]"), row.len(), classes, of)?;
        }
        Ok(())
    }

    fn cells(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<()> {
        for (target, row) in self.counts.iter().enumerate() {
            let total: usize = row.iter().sum();
            for (prediction, &count) in row.iter().enumerate() {
                let color = style::scale(count as f64 / total.max(1) as f64);
                let rect = layout.cell(target, prediction);
                canvas.fill(rect, color)?;
                canvas.frame(rect, style::GRID, style::THIN)?;
                let look = Text {
                    color: style::text_on(color),
                    bold: target == prediction,
                    ..Text::new(style::LABEL, HPos::Center, VPos::Center)
                };
                canvas.text(&count.to_string(), rect.center(), &look)?;
            }
        }
        Ok(())
    }

    fn names(&self, canvas: &Canvas<'_>, layout: &Layout, bottom: f64) -> Result<()> {
        let right = Text::new(style::LABEL, HPos::Right, VPos::Center);
        let middle = Text::new(style::LABEL, HPos::Center, VPos::Center);
        for (index, name) in self.classes.iter().enumerate() {
            let rect = layout.cell(index, index);
            let (x, y) = rect.center();
            canvas.text(name, (px(layout.left - style::GAP), y), &right)?;
            canvas.text(
                name,
                (x, px(bottom + style::GAP + style::LABEL * 0.6)),
                &middle,
            )?;
        }
        let side = self.classes.len() as f64;
        let x = layout.left + side * layout.cell.0 / 2.0;
        let y = layout.top + side * layout.cell.1 / 2.0;
        let below = bottom + style::GAP + style::LABEL * 2.4;
        canvas.text("predicted", (px(x), px(below)), &middle)?;
        let upwards = Text {
            upwards: true,
            ..middle
        };
        canvas.text(
            "true",
            (px(style::MARGIN + style::LABEL * 0.5), px(y)),
            &upwards,
        )
    }
}

/// Where the cells are, in pixels.
struct Layout {
    left: f64,
    top: f64,
    cell: (f64, f64),
}

impl Layout {
    fn cell(&self, row: usize, column: usize) -> Rect {
        Rect {
            x: px(self.left + column as f64 * self.cell.0),
            y: px(self.top + row as f64 * self.cell.1),
            width: px(self.cell.0),
            height: px(self.cell.1),
        }
    }
}
