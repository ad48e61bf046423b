//! Images in a grid, each over its caption.

use plotters::style::text_anchor::{HPos, VPos};

use crate::canvas::{self, Rect, Text};
use crate::error::{PlotError, Result};
use crate::picture::Picture;
use crate::style::{self, px};
use crate::{check, pixels};

const PLOT: &str = "ImageSheet";
/// The longer side of an image in the picture, in pixels, whatever its own size.
const SIDE: f64 = 112.0;

/// A line of a caption is cut where it is wider, in pixels.
const WIDEST_LINE: f64 = 2.5 * SIDE;
/// A caption's further lines are left out.
const MOST_LINES: usize = 12;

/// A caption's lines, cut where they are too long or too many.
fn fitted(caption: &str, look: &Text) -> Result<String> {
    let lines = caption.lines().take(MOST_LINES);
    let lines = lines.map(|line| look.fit(line, WIDEST_LINE));
    Ok(lines.collect::<Result<Vec<_>>>()?.join("\n"))
}

/// Grey or RGB images of one size in a grid, each with a caption of one or more lines below it; lines are cut at 280
/// pixels, and after 12 lines.
///
/// Pixels stay squares at any zoom.
///
/// ```
/// use burn_loss_plots::ImageSheet;
///
/// let picture = ImageSheet::new("Two checks", 2, 2)
///     .image(&[0, 255, 255, 0], "grey")
///     .image(&[255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0], "red,\nsecond line")
///     .draw()?;
/// assert_eq!(picture.svg().matches("<image").count(), 2);
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ImageSheet {
    title: String,
    height: usize,
    width: usize,
    columns: usize,
    images: Vec<(Vec<u8>, String)>,
}

impl ImageSheet {
    /// A sheet without images, for images of a height and width.
    pub fn new(title: impl Into<String>, height: usize, width: usize) -> Self {
        ImageSheet {
            title: title.into(),
            height,
            width,
            columns: 6,
            images: Vec::new(),
        }
    }

    /// How many images are side by side; 6 by default.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }

    /// Adds an image: `height * width` bytes (grey) or three times as many (RGB, pixel by pixel), row by row.
    pub fn image(mut self, pixels: &[u8], caption: impl Into<String>) -> Self {
        self.images.push((pixels.to_vec(), caption.into()));
        self
    }

    /// Draws the grid, from left to right and from top to bottom.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`] where there is no image or no column, or an image has another size.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let look = Text::new(style::TICK, HPos::Left, VPos::Top);
        let longer = self.height.max(self.width) as f64;
        let side = |pixels: usize| (SIDE * pixels as f64 / longer).max(1.0);
        let (width, height) = (side(self.width), side(self.height));
        let captions = self
            .images
            .iter()
            .map(|(_, caption)| fitted(caption, &look));
        let captions = captions.collect::<Result<Vec<_>>>()?;
        let lines = captions.iter().map(|caption| caption.lines().count()).max();
        let lines = lines.unwrap_or_default() as f64;
        let texts: Vec<_> = captions
            .iter()
            .flat_map(|caption| caption.lines())
            .collect();
        let step = (
            width.max(look.widest(&texts)?) + 1.5 * style::GAP,
            height + 4.0 + lines * style::TICK * style::LINE_HEIGHT + style::GAP,
        );
        let columns = self.columns.min(self.images.len()) as f64;
        let rows = self.images.len().div_ceil(self.columns) as f64;
        let inner = columns * step.0 - 1.5 * style::GAP;
        let title = Text::title().wrap(&self.title, inner.max(style::NARROWEST_TITLE))?;
        let more = title.len().saturating_sub(1) as f64 * style::TITLE * style::LINE_HEIGHT;
        let top = style::MARGIN + style::TITLE + more + 2.0 * style::GAP;
        let sheet = (
            inner.max(Text::title().widest(&title)?) + 2.0 * style::MARGIN,
            top + rows * step.1 - style::GAP + style::MARGIN,
        );
        canvas::draw(sheet.0, sheet.1, |canvas| {
            let corner = (px(style::MARGIN), px(style::MARGIN));
            canvas.lines(&title.join("\n"), corner, &Text::title())?;
            for (index, ((image, _), caption)) in self.images.iter().zip(&captions).enumerate() {
                let (row, column) = (index / self.columns, index % self.columns);
                let rect = Rect {
                    x: px(style::MARGIN + column as f64 * step.0),
                    y: px(top + row as f64 * step.1),
                    width: px(width),
                    height: px(height),
                };
                let rgb = pixels::rgb(image, self.height * self.width);
                canvas.image(&rgb, (self.width, self.height), rect)?;
                canvas.frame(rect, style::GRID, style::THIN)?;
                canvas.lines(caption, (rect.x, rect.y + rect.height + px(4.0)), &look)?;
            }
            Ok(())
        })
    }

    fn check(&self) -> Result<()> {
        check::not_empty(PLOT, "images", &self.images)?;
        if self.columns == 0 {
            return Err(PlotError::input(PLOT, "columns", "at least 1", "0"));
        }
        for (index, (image, _)) in self.images.iter().enumerate() {
            pixels::check(
                PLOT,
                &format!("image {index}"),
                image,
                self.height,
                self.width,
            )?;
        }
        Ok(())
    }
}
