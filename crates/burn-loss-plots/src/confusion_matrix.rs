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
/// Names are cut at 150 pixels, and stand upright below the columns where they are wider than those. The matrix has at most
/// 1200 pixels a side: of more classes than have room for numbers there are only the colours, and of more than have room
/// for a name, each second, third and so on has one. Of more than 2400 classes, several cells share a pixel, which has the
/// colour of the highest share among them.
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

    /// Draws the table; its cells are as wide as the widest number needs, where there is room.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`](crate::PlotError::Input) where there is no class, or rows, columns and names differ in number.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let layout = self.layout()?;
        let (right, bottom) = layout.end(self.classes.len());
        let title = Text::title().wrap(
            &self.title,
            right.max(style::NARROWEST_TITLE) - style::MARGIN,
        )?;
        let lines = title.len().saturating_sub(1) as f64 * style::TITLE * style::LINE_HEIGHT;
        let layout = Layout {
            top: layout.top + lines,
            ..layout
        };
        let width = right.max(style::MARGIN + Text::title().widest(&title)?) + style::MARGIN;
        let height = bottom + lines + layout.below + style::LABEL * 1.2 + style::MARGIN;
        canvas::draw(width, height, |canvas| {
            let corner = (px(style::MARGIN), px(style::MARGIN));
            canvas.lines(&title.join("\n"), corner, &Text::title())?;
            match layout.numbers {
                true => self.cells(canvas, &layout)?,
                false => self.colors(canvas, &layout)?,
            }
            self.names(canvas, &layout)
        })
    }

    fn layout(&self) -> Result<Layout> {
        let number = Text::new(style::LABEL, HPos::Center, VPos::Center);
        let name = Text::new(style::LABEL, HPos::Right, VPos::Center);
        let side = self.classes.len() as f64;
        // Where even the narrowest cells have no room, no number is looked at.
        let needed = match side * NARROWEST_CELL <= LONGEST_SIDE {
            true => {
                let counts = self.counts.iter().flatten().map(usize::to_string);
                let counts: Vec<_> = counts.collect();
                (number.widest(&counts)? + 14.0).max(NARROWEST_CELL)
            }
            false => NARROWEST_CELL,
        };
        let numbers = side * needed <= LONGEST_SIDE;
        let cell = needed.min(LONGEST_SIDE / side);
        let each = (style::LABEL * 1.2 / cell).ceil() as usize;
        // Only the names that are shown.
        let shown = self.classes.iter().step_by(each);
        let names = shown.map(|class| name.fit(class, WIDEST_NAME));
        let names = names.collect::<Result<Vec<_>>>()?;
        let widest = name.widest(&names)?;
        // Columns leave room for their names, too, unless that makes a strip of the table.
        let with_name = widest + 10.0;
        let upright = with_name > WIDEST_COLUMN.max(cell) || side * with_name > LONGEST_SIDE;
        let column = if upright { cell } else { cell.max(with_name) };
        let names_below = if upright { widest } else { style::LABEL * 1.2 };
        Ok(Layout {
            left: style::MARGIN + style::LABEL * 1.6 + widest + style::GAP,
            top: style::MARGIN + style::TITLE + 2.0 * style::GAP,
            cell: (column, cell),
            below: style::GAP + names_below + style::GAP,
            numbers,
            upright,
            each,
            names,
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
            let total = sum(row);
            for (prediction, &count) in row.iter().enumerate() {
                let color = style::scale(count as f64 / total.max(1.0));
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

    /// The cells' colours as one image: a million rectangles would make a file that nothing opens. Of more cells than a
    /// PNG has pixels for, each pixel shows the highest share of its cells, so that a single confusion is still seen.
    fn colors(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<()> {
        let classes = self.classes.len();
        let each = classes.div_ceil(MOST_PIXELS);
        let pixels = classes.div_ceil(each);
        let mut shares = vec![0.0f64; pixels * pixels];
        for (target, row) in self.counts.iter().enumerate() {
            let total = sum(row).max(1.0);
            for (prediction, &count) in row.iter().enumerate() {
                let share = &mut shares[target / each * pixels + prediction / each];
                *share = share.max(count as f64 / total);
            }
        }
        let colors = shares.into_iter().map(style::scale);
        let rgb: Vec<u8> = colors
            .flat_map(|color| [color.0, color.1, color.2])
            .collect();
        let (first, (right, bottom)) = (layout.cell(0, 0), layout.end(classes));
        let rect = Rect {
            width: px(right) - first.x,
            height: px(bottom) - first.y,
            ..first
        };
        canvas.image(&rgb, (pixels, pixels), rect)?;
        canvas.frame(rect, style::GRID, style::THIN)
    }

    fn names(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<()> {
        let right = Text::new(style::LABEL, HPos::Right, VPos::Center);
        let middle = Text::new(style::LABEL, HPos::Center, VPos::Center);
        let upwards = |look| Text {
            upwards: true,
            ..look
        };
        let (end, bottom) = layout.end(self.classes.len());
        for (shown, name) in layout.names.iter().enumerate() {
            let index = shown * layout.each;
            let (x, y) = layout.cell(index, index).center();
            canvas.text(name, (px(layout.left - style::GAP), y), &right)?;
            match layout.upright {
                true => canvas.text(name, (x, px(bottom + style::GAP)), &upwards(right))?,
                false => {
                    let below = bottom + style::GAP + style::LABEL * 0.6;
                    canvas.text(name, (x, px(below)), &middle)?;
                }
            }
        }
        let x = (layout.left + end) / 2.0;
        let y = (layout.top + bottom) / 2.0;
        let below = bottom + layout.below + style::LABEL * 0.6;
        canvas.text("predicted", (px(x), px(below)), &middle)?;
        let beside = style::MARGIN + style::LABEL * 0.5;
        canvas.text("true", (px(beside), px(y)), &upwards(middle))
    }
}

/// The sum of a row, however large its counts.
fn sum(row: &[usize]) -> f64 {
    row.iter().map(|&count| count as f64).sum()
}

/// A name is cut where it is wider, in pixels.
const WIDEST_NAME: f64 = 150.0;
/// A cell with a number is not narrower.
const NARROWEST_CELL: f64 = 34.0;
/// An image of cells has no more pixels each way: two for each of the picture's.
const MOST_PIXELS: usize = 2400;
/// A column is not widened further for its name.
const WIDEST_COLUMN: f64 = 90.0;
/// The matrix is not larger each way.
const LONGEST_SIDE: f64 = 1200.0;

/// Where the cells are, in pixels, and how they are labelled.
struct Layout {
    left: f64,
    top: f64,
    cell: (f64, f64),
    /// From the matrix to the name of the axis.
    below: f64,
    /// Whether cells have room for their numbers.
    numbers: bool,
    /// Whether names below the columns read upwards.
    upright: bool,
    /// Of so many classes, one has room for its name.
    each: usize,
    /// Of those that are shown.
    names: Vec<String>,
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

    /// The lower right corner of a matrix.
    fn end(&self, classes: usize) -> (f64, f64) {
        let side = classes as f64;
        (
            self.left + side * self.cell.0,
            self.top + side * self.cell.1,
        )
    }
}
