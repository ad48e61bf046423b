//! Images beside their ground truth and prediction, pixel by pixel.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use crate::canvas::{self, Canvas, Rect, Text};
use crate::error::{PlotError, Result};
use crate::picture::Picture;
use crate::style::{self, px};
use crate::{check, pixels};

const PLOT: &str = "LabelMaps";
const COLUMNS: [&str; 3] = ["image", "ground truth", "prediction"];
/// The side of an image in the picture, in pixels, whatever its own size.
const SIDE: f64 = 168.0;
/// From the start of a legend's entry to its name, in pixels.
const KEY: f64 = 20.0;
/// The colour of an ignored label: between black and white, so that none of the palette is near.
const IGNORED: RGBColor = RGBColor(200, 200, 200);

/// Rows of an image, its ground truth and its prediction, a colour a class.
///
/// ```
/// use burn_loss_plots::LabelMaps;
///
/// let image = [0, 80, 160, 240]; // 2 x 2 pixels, grey
/// let picture = LabelMaps::new("Two by two", 2, 2, &["background", "square"])
///     .ignore_index(255)
///     .row(&image, &[0, 1, 1, 255], &[0, 1, 0, 0])
///     .draw()?;
/// assert_eq!(picture.svg().matches("<image").count(), 3);
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LabelMaps {
    title: String,
    height: usize,
    width: usize,
    classes: Vec<String>,
    ignore_index: Option<usize>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    image: Vec<u8>,
    masks: [Vec<usize>; 2],
}

impl LabelMaps {
    /// No rows yet, for images of a height and width, and the names of the classes 0, 1, ...
    pub fn new(
        title: impl Into<String>,
        height: usize,
        width: usize,
        classes: &[impl AsRef<str>],
    ) -> Self {
        LabelMaps {
            title: title.into(),
            height,
            width,
            classes: classes
                .iter()
                .map(|name| name.as_ref().to_owned())
                .collect(),
            ignore_index: None,
            rows: Vec::new(),
        }
    }

    /// The label of pixels that do not count, drawn grey; none by default.
    pub fn ignore_index(mut self, label: usize) -> Self {
        self.ignore_index = Some(label);
        self
    }

    /// Adds a row: an image of `height * width` bytes (grey) or three times as many (RGB, pixel by pixel), and the class of
    /// each pixel in truth and as predicted, row by row.
    pub fn row(mut self, image: &[u8], truth: &[usize], prediction: &[usize]) -> Self {
        self.rows.push(Row {
            image: image.to_vec(),
            masks: [truth.to_vec(), prediction.to_vec()],
        });
        self
    }

    /// Draws the rows one below the other, with a legend of the classes.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`] where there is no row or no class, more than seven classes, an image or mask has another
    /// length, or a label has no class.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let (side, gap) = (SIDE, style::GAP);
        // The longer side of an image is as long as `SIDE`.
        let longer = self.height.max(self.width) as f64;
        let length = |pixels: usize| (side * pixels as f64 / longer).max(1.0);
        let (width, height) = (length(self.width), length(self.height));
        let images = 3.0 * width + 2.0 * gap;
        let widest = images.max(style::NARROWEST_TITLE);
        let legend = self.legend(images, widest)?;
        let row = style::TICK * 1.8;
        let title = Text::title().wrap(&self.title, widest)?;
        let more = title.len().saturating_sub(1) as f64 * style::TITLE * style::LINE_HEIGHT;
        let legend_top = style::MARGIN + style::TITLE + more + gap;
        let top = legend_top + row * legend.len() as f64 + gap + style::LABEL * 1.6;
        let rows = self.rows.len() as f64;
        let look = Text::new(style::TICK, HPos::Left, VPos::Center);
        let mut inner = images.max(Text::title().widest(&title)?);
        for (x, _, name) in legend.iter().flatten() {
            inner = inner.max(x + KEY + look.width(name)?);
        }
        let size = (
            inner + 2.0 * style::MARGIN,
            top + rows * (height + gap) + style::MARGIN - gap,
        );
        canvas::draw(size.0, size.1, |canvas| {
            let corner = (px(style::MARGIN), px(style::MARGIN));
            canvas.lines(&title.join("\n"), corner, &Text::title())?;
            for (index, entries) in legend.iter().enumerate() {
                let y = legend_top + (index as f64 + 0.5) * row;
                self.draw_legend(canvas, entries, y)?;
            }
            for (index, name) in COLUMNS.iter().enumerate() {
                let x = style::MARGIN + index as f64 * (width + gap) + width / 2.0;
                let look = Text::new(style::LABEL, HPos::Center, VPos::Bottom);
                canvas.text(name, (px(x), px(top - 5.0)), &look)?;
            }
            for (index, row) in self.rows.iter().enumerate() {
                let y = top + index as f64 * (height + gap);
                for (column, rgb) in self.images(row).iter().enumerate() {
                    let rect = Rect {
                        x: px(style::MARGIN + column as f64 * (width + gap)),
                        y: px(y),
                        width: px(width),
                        height: px(height),
                    };
                    canvas.image(rgb, (self.width, self.height), rect)?;
                }
            }
            Ok(())
        })
    }

    fn check(&self) -> Result<()> {
        check::not_empty(PLOT, "rows", &self.rows)?;
        let classes = self.classes.len();
        if classes == 0 || classes > style::PALETTE.len() {
            let expected = format!("1 to {} names", style::PALETTE.len());
            return Err(PlotError::input(
                PLOT,
                "classes",
                expected,
                classes.to_string(),
            ));
        }
        for (index, row) in self.rows.iter().enumerate() {
            pixels::check(
                PLOT,
                &format!("image {index}"),
                &row.image,
                self.height,
                self.width,
            )?;
            let count = self.height * self.width;
            for (name, mask) in COLUMNS[1..].iter().zip(&row.masks) {
                let argument = format!("{name} {index}");
                check::length(PLOT, &argument, mask.len(), count, "one for each pixel")?;
                let known = |label: &usize| *label < classes || Some(*label) == self.ignore_index;
                if let Some(at) = mask.iter().position(|label| !known(label)) {
                    return Err(PlotError::input(
                        PLOT,
                        argument,
                        format!("labels below {classes} or the ignored one"),
                        format!("{} at index {at}", mask[at]),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Image, truth and prediction as RGB.
    fn images(&self, row: &Row) -> [Vec<u8>; 3] {
        let mask = |labels: &[usize]| {
            let color = |&label: &usize| {
                let color = self.color(label);
                [color.0, color.1, color.2]
            };
            labels.iter().flat_map(color).collect::<Vec<u8>>()
        };
        [
            pixels::rgb(&row.image, self.height * self.width),
            mask(&row.masks[0]),
            mask(&row.masks[1]),
        ]
    }

    fn color(&self, label: usize) -> RGBColor {
        // The ignored label may be one of the classes' numbers.
        if Some(label) == self.ignore_index {
            IGNORED
        } else {
            style::color(label)
        }
    }

    /// The legend's rows: where each entry starts, its colour and its name, which is cut where it is wider than `widest`.
    fn legend(&self, width: f64, widest: f64) -> Result<Vec<Vec<(f64, RGBColor, String)>>> {
        let look = Text::new(style::TICK, HPos::Left, VPos::Center);
        let classes = self.classes.iter().enumerate();
        let mut entries: Vec<_> = classes
            .map(|(label, name)| (self.color(label), name.clone()))
            .collect();
        if self
            .ignore_index
            .is_some_and(|label| label >= self.classes.len())
        {
            entries.push((IGNORED, "ignored".to_owned()));
        }
        let mut rows: Vec<Vec<_>> = vec![Vec::new()];
        let mut x = 0.0;
        for (color, name) in entries {
            let name = look.fit(&name, widest - KEY)?;
            let needed = KEY + look.width(&name)?;
            if x > 0.0 && x + needed > width {
                rows.push(Vec::new());
                x = 0.0;
            }
            if let Some(row) = rows.last_mut() {
                row.push((x, color, name));
            }
            x += needed + 16.0;
        }
        Ok(rows)
    }

    fn draw_legend(
        &self,
        canvas: &Canvas<'_>,
        entries: &[(f64, RGBColor, String)],
        y: f64,
    ) -> Result<()> {
        for (x, color, name) in entries {
            let x = style::MARGIN + x;
            let key = Rect {
                x: px(x),
                y: px(y - 7.0),
                width: px(14.0),
                height: px(14.0),
            };
            canvas.fill(key, *color)?;
            let look = Text::new(style::TICK, HPos::Left, VPos::Center);
            canvas.text(name, (px(x + KEY), px(y)), &look)?;
        }
        Ok(())
    }
}
