//! The sheet that a plot is drawn on: opening it, text, images, and turning it into a [`Picture`].

use std::cell::RefCell;
use std::fmt::Write;
use std::io;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, RGBColor, ShapeStyle};

use crate::error::{PlotError, Result};
use crate::picture::{self, Picture};
use crate::style::{self, px, stroke};

/// A part of the sheet; its coordinates are units of a drawing.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl From<DrawingAreaErrorKind<io::Error>> for PlotError {
    fn from(error: DrawingAreaErrorKind<io::Error>) -> Self {
        PlotError::draw(error)
    }
}

/// A rectangle in units of a drawing.
#[derive(Clone, Copy, Debug)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Rect {
    pub fn center(&self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    fn corners(&self) -> [(i32, i32); 2] {
        [
            (self.x, self.y),
            (self.x + self.width, self.y + self.height),
        ]
    }
}

/// No picture is larger each way, in pixels.
const LONGEST_SIDE: f64 = 50_000.0;

/// An open sheet.
pub struct Canvas<'a> {
    pub area: Area<'a>,
    /// Elements that plotters cannot draw: images whose pixels stay squares at any zoom, and dashed lines of one element.
    others: RefCell<String>,
}

/// Draws on a white sheet of so many pixels, rounded up: of a part of a pixel, the edge would be neither paper nor not.
pub fn draw(
    width: f64,
    height: f64,
    body: impl FnOnce(&Canvas<'_>) -> Result<()>,
) -> Result<Picture> {
    let (width, height) = (width.ceil(), height.ceil());
    if width.max(height) > LONGEST_SIDE {
        return Err(PlotError::draw(format!(
            "it would have {width} x {height} pixels, and at most {LONGEST_SIDE} a side are drawn"
        )));
    }
    let units = (px(width) as u32, px(height) as u32);
    let mut drawing = String::new();
    let canvas = Canvas {
        area: SVGBackend::with_string(&mut drawing, units).into_drawing_area(),
        others: RefCell::default(),
    };
    canvas.area.fill(&style::PAPER)?;
    body(&canvas)?;
    canvas.area.present()?;
    let others = canvas.others.take();
    // plotters gives the drawing back when the sheet is gone.
    drop(canvas);

    let (width, height) = (width as u32, height as u32);
    let elements = drawing
        .split_once(">\n")
        .and_then(|(_, rest)| rest.trim_end().strip_suffix("</svg>"))
        .ok_or_else(|| PlotError::draw("plotters wrote no SVG"))?;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\">\n{}{others}</svg>\n",
        units.0,
        units.1,
        compact(elements),
    );
    Ok(Picture::new(legal(svg), width, height))
}

/// With U+FFFD in place of the characters that no XML may hold, such as control codes.
pub fn legal(text: String) -> String {
    let illegal = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    match text.contains(illegal) {
        true => text.replace(illegal, "\u{fffd}"),
        false => text,
    }
}

/// Without what says nothing: an opacity of 1 and the lines around a text.
fn compact(elements: &str) -> String {
    elements
        .replace(" opacity=\"1\"", "")
        .replace("\">\n", "\">")
        .replace("\n</text>", "</text>")
        .replace(" \"/>", "\"/>")
}

impl Canvas<'_> {
    /// A line of text at a point.
    pub fn text(&self, text: &str, at: (i32, i32), look: &Text) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let style = style::text(look.font(), look.color, look.h, look.v);
        Ok(self.area.draw_text(text, &style, at)?)
    }

    /// Lines of text, one below the other, the first at the point.
    pub fn lines(&self, text: &str, at: (i32, i32), look: &Text) -> Result<()> {
        for (index, line) in text.lines().enumerate() {
            let below = px(index as f64 * look.size * style::LINE_HEIGHT);
            self.text(line, (at.0, at.1 + below), look)?;
        }
        Ok(())
    }

    pub fn fill(&self, rect: Rect, color: RGBColor) -> Result<()> {
        let element = Rectangle::new(rect.corners(), color.filled());
        Ok(self.area.draw(&element)?)
    }

    pub fn frame(&self, rect: Rect, color: RGBColor, width: f64) -> Result<()> {
        let [(left, top), (right, bottom)] = rect.corners();
        let corners = vec![
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (left, top),
        ];
        self.path(corners, color, width)
    }

    pub fn path(&self, points: Vec<(i32, i32)>, color: RGBColor, width: f64) -> Result<()> {
        Ok(self
            .area
            .draw(&PathElement::new(points, line(color, width)))?)
    }

    /// A dashed line over all that plotters draws. Of an element for each dash, as plotters has them, the curve of a long
    /// run would be megabytes.
    pub fn dashed(
        &self,
        points: &[(i32, i32)],
        color: RGBColor,
        width: f64,
        (dash, gap): (f64, f64),
    ) -> Result<()> {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let RGBColor(red, green, blue) = color;
        writeln!(
            self.others.borrow_mut(),
            "<polyline fill=\"none\" stroke=\"#{red:02X}{green:02X}{blue:02X}\" stroke-width=\"{}\" \
             stroke-dasharray=\"{} {}\" points=\"{}\"/>",
            stroke(width),
            stroke(dash),
            stroke(gap),
            points.join(" "),
        )
        .map_err(PlotError::draw)
    }

    /// RGB pixels, row by row, that fill the rectangle.
    pub fn image(&self, rgb: &[u8], (width, height): (usize, usize), rect: Rect) -> Result<()> {
        let url = picture::data_url(rgb, width, height)?;
        let Rect {
            x,
            y,
            width,
            height,
        } = rect;
        writeln!(
            self.others.borrow_mut(),
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{url}\"/>",
        )
        .map_err(PlotError::draw)
    }
}

/// A title is not broken into more lines.
const MOST_LINES: usize = 6;

/// How a text looks.
#[derive(Clone, Copy)]
pub struct Text {
    pub size: f64,
    pub color: RGBColor,
    pub h: HPos,
    pub v: VPos,
    pub bold: bool,
    /// Reads from below to above.
    pub upwards: bool,
}

impl Text {
    pub fn new(size: f64, h: HPos, v: VPos) -> Self {
        Text {
            size,
            color: style::INK,
            h,
            v,
            bold: false,
            upwards: false,
        }
    }

    pub fn title() -> Self {
        Text {
            bold: true,
            ..Text::new(style::TITLE, HPos::Left, VPos::Top)
        }
    }

    fn font(&self) -> plotters::style::FontDesc<'static> {
        let face = if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = style::font(self.size, face);
        if self.upwards {
            font.transform(FontTransform::Rotate270)
        } else {
            font
        }
    }

    /// How wide a text is, in pixels.
    pub fn width(&self, text: &str) -> Result<f64> {
        let font = Text {
            upwards: false,
            ..*self
        }
        .font();
        let (width, _) = font.box_size(text).map_err(PlotError::draw)?;
        // plotters scales by the font's height, which for DejaVu Sans is 1.164 sizes; SVG by its em.
        Ok(f64::from(width) / f64::from(style::UNITS) * 1.164 / 1.24)
    }

    /// A text that is at most so many pixels wide: what does not fit is left out, with an ellipsis in its place.
    pub fn fit(&self, text: &str, width: f64) -> Result<String> {
        if self.width(text)? <= width {
            return Ok(text.to_owned());
        }
        let characters: Vec<char> = text.chars().collect();
        let cut = |length: usize| -> String {
            let kept: String = characters[..length].iter().collect();
            format!("{}…", kept.trim_end())
        };
        // The longest beginning that fits, by halving: text may be as long as a page.
        let (mut fits, mut exceeds) = (0, characters.len());
        while exceeds - fits > 1 {
            let middle = (fits + exceeds) / 2;
            match self.width(&cut(middle))? <= width {
                true => fits = middle,
                false => exceeds = middle,
            }
        }
        Ok(cut(fits))
    }

    /// A text in lines of at most so many pixels, broken between words; after [`MOST_LINES`], the rest is left out.
    pub fn wrap(&self, text: &str, width: f64) -> Result<Vec<String>> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            if let Some(line) = lines.last_mut() {
                let longer = format!("{line} {word}");
                if self.width(&longer)? <= width {
                    *line = longer;
                    continue;
                }
            }
            if lines.len() == MOST_LINES {
                if let Some(line) = lines.last_mut() {
                    *line = self.fit(&format!("{line} {word}"), width)?;
                }
                break;
            }
            lines.push(self.fit(word, width)?);
        }
        Ok(lines)
    }

    /// How wide the widest of some texts is, in pixels.
    pub fn widest<T: AsRef<str>>(&self, texts: &[T]) -> Result<f64> {
        texts.iter().try_fold(0.0, |widest: f64, text| {
            Ok(widest.max(self.width(text.as_ref())?))
        })
    }
}

/// A line of a colour and a width in pixels.
pub fn line(color: RGBColor, width: f64) -> ShapeStyle {
    color.stroke_width(stroke(width))
}
