//! A chart of curves and points between two axes, and its legend: what all plots with axes are made of.

use std::collections::HashSet;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::Circle;
use plotters::series::LineSeries;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, FontStyle, RGBColor};

use crate::bars::{self, Bar};
use crate::canvas::{self, Canvas, Rect, Text};
use crate::check;
use crate::clip::{self, Window};
use crate::error::Result;
use crate::style::{self, px};
use crate::ticks::Axis;

/// What a series' points become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Line,
    /// A line in the colour of what is there to compare with, under the others.
    Reference,
    /// Points that may be many: what lies under them is seen through them.
    Points,
    /// The points of a line.
    Dots,
    /// One point that is meant to be seen.
    Highlight,
    /// Nothing: only the legend has it, as text.
    Remark,
}

#[derive(Clone, Debug)]
pub struct Series {
    /// What the legend says; a series without a name is not in it.
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub mark: Mark,
    /// Which colour of the palette; a line of another round through it has other dashes.
    pub color: usize,
}

/// Text inside the chart, its top at the chart's top.
#[derive(Clone, Debug)]
pub struct Note {
    pub x: f64,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// Stands over the chart where there is more than one.
    pub title: String,
    pub x_label: String,
    pub y_label: String,
    pub x_range: Option<(f64, f64)>,
    pub y_range: Option<(f64, f64)>,
    /// Ticks at whole numbers of x only, as epochs have.
    pub whole_x: bool,
    /// Ticks at whole numbers of y only, as counts have.
    pub whole_y: bool,
    pub series: Vec<Series>,
    pub bars: Vec<Bar>,
    pub notes: Vec<Note>,
}

impl Chart {
    /// Adds points or a line; the color is that of the first series of the same name.
    pub fn push(&mut self, name: &str, points: Vec<(f64, f64)>, mark: Mark, color: usize) {
        self.series.push(Series {
            name: name.to_owned(),
            points,
            mark,
            color,
        });
    }

    /// What is shown: the ranges asked for, or all of the data with some air around it.
    fn window(&self) -> Window {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let bars = || self.bars.iter();
        let x = points().map(|point| point.0);
        let x = x.chain(bars().flat_map(|bar| [bar.from, bar.to]));
        let y = points().map(|point| point.1);
        let y = y.chain(bars().flat_map(|bar| [0.0, bar.height]));
        Window {
            x: self.x_range.unwrap_or_else(|| around(x)),
            y: self.y_range.unwrap_or_else(|| around(y)),
        }
    }

    /// Draws axes, bars, series and notes into a rectangle.
    pub fn draw(&self, canvas: &Canvas<'_>, rect: Rect) -> Result<()> {
        let window = self.window();
        let pixels = |units: i32| f64::from(units) / f64::from(style::UNITS);
        let x_axis = Axis::new(window.x, (pixels(rect.width) / 70.0) as usize, self.whole_x);
        let y_axis = Axis::new(
            window.y,
            (pixels(rect.height) / 45.0) as usize,
            self.whole_y,
        );
        let tick = Text::new(style::TICK, HPos::Center, VPos::Center);
        let y_area = tick.widest(&y_axis.labels())? + style::GAP + 2.0 * style::LABEL + 4.0;
        let x_area = style::TICK + style::GAP + 2.0 * style::LABEL;
        let area = canvas
            .area
            .clone()
            .shrink((rect.x, rect.y), (rect.width, rect.height));
        let mut plot = ChartBuilder::on(&area)
            .x_label_area_size(px(x_area))
            .y_label_area_size(px(y_area))
            .build_cartesian_2d(x_axis, y_axis)?;
        let look = Text::new(style::LABEL, HPos::Center, VPos::Center);
        let x_label = look.fit(&self.x_label, pixels(rect.width) - y_area)?;
        let y_label = look.fit(&self.y_label, pixels(rect.height) - x_area)?;
        self.draw_axes(&mut plot, [&x_label, &y_label])?;
        bars::draw(canvas, &plot, &self.bars, window.y.0)?;
        let is_reference = |series: &&Series| series.mark == Mark::Reference;
        let (references, others): (Vec<_>, Vec<_>) = self.series.iter().partition(is_reference);
        for series in references.into_iter().chain(others) {
            series.draw(canvas, &mut plot, &window)?;
        }
        for note in &self.notes {
            draw_note(canvas, &plot, note, &window)?;
        }
        Ok(())
    }

    fn draw_axes(&self, plot: &mut Plot<'_, '_>, labels: [&str; 2]) -> Result<()> {
        let text = |size, color| {
            let font = style::font(size, FontStyle::Normal);
            style::text(font, color, HPos::Center, VPos::Center)
        };
        let [x_label, y_label] = labels;
        let mut mesh = plot.configure_mesh();
        mesh.bold_line_style(canvas::line(style::GRID, style::THIN))
            .axis_style(canvas::line(style::FAINT_INK, style::THIN))
            .set_all_tick_mark_size(px(4.0))
            .label_style(text(style::TICK, style::FAINT_INK))
            .axis_desc_style(text(style::LABEL, style::INK));
        // plotters would write an empty text.
        if !x_label.is_empty() {
            mesh.x_desc(x_label);
        }
        if !y_label.is_empty() {
            mesh.y_desc(y_label);
        }
        mesh.draw()?;
        Ok(())
    }
}

/// The chart's plane, as plotters maps it to the sheet.
pub type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// Of a series with more points, only some of those that lie over each other are drawn.
const MOST_MARKS: usize = 5000;
/// A line of more points, after those that nobody can see are dropped, has only some of them.
const MOST_POINTS: usize = 20_000;
/// A line of more dashes is solid: nobody tells them apart, and of a million the drawing of pixels draws none.
const MOST_DASHES: f64 = 50_000.0;
/// A line that breaks off more often is joined where nobody sees the gap.
const MOST_PIECES: usize = 1000;

/// Text beside its x, on the side that has more room.
fn draw_note(canvas: &Canvas<'_>, plot: &Plot<'_, '_>, note: &Note, window: &Window) -> Result<()> {
    let (x, y) = plot.backend_coord(&(note.x, window.y.1));
    let (h, side) = if note.x > (window.x.0 + window.x.1) / 2.0 {
        (HPos::Right, -style::GAP)
    } else {
        (HPos::Left, style::GAP)
    };
    let look = Text::new(style::TICK, h, VPos::Top);
    canvas.text(&note.text, (x + px(side), y + px(style::GAP)), &look)
}

impl Series {
    fn draw(&self, canvas: &Canvas<'_>, plot: &mut Plot<'_, '_>, window: &Window) -> Result<()> {
        let color = self.paint();
        let look = match self.mark {
            Mark::Points => (2.6, style::shade(color, 0.65).filled()),
            Mark::Highlight => (5.5, canvas::line(color, style::LINE_WIDTH)),
            _ => (2.6, color.filled()),
        };
        match self.mark {
            Mark::Points | Mark::Dots | Mark::Highlight => {
                let shown = self.points.iter().copied();
                let shown = shown.filter(|point| window.holds(*point)).collect();
                let shown = clip::thin(shown, MOST_MARKS, |point| plot.backend_coord(point));
                let circle = |point| Circle::new(point, px(look.0), look.1);
                plot.draw_series(shown.into_iter().map(circle))?;
            }
            Mark::Line | Mark::Reference => self.draw_line(canvas, plot, window)?,
            Mark::Remark => {}
        }
        Ok(())
    }

    fn draw_line(
        &self,
        canvas: &Canvas<'_>,
        plot: &mut Plot<'_, '_>,
        window: &Window,
    ) -> Result<()> {
        let (color, width) = (self.paint(), self.width());
        let pieces = window.clip(&self.points);
        let pieces = clip::join(pieces, MOST_PIECES, |point| plot.backend_coord(point));
        for piece in pieces {
            let piece = clip::simplify(piece, |point| plot.backend_coord(point));
            let piece = clip::sample(piece, MOST_POINTS);
            let places: Vec<_> = piece.iter().map(|at| plot.backend_coord(at)).collect();
            let few = |(dash, gap): &(f64, f64)| {
                clip::length(&places) <= MOST_DASHES * f64::from(px(dash + gap))
            };
            match self.dashes().filter(few) {
                None => {
                    let line = LineSeries::new(piece, canvas::line(color, width));
                    plot.draw_series(line)?;
                }
                Some(dashes) => canvas.dashed(&places, color, width, dashes)?,
            }
        }
        Ok(())
    }

    fn paint(&self) -> RGBColor {
        match self.mark {
            Mark::Reference => style::FAINT_INK,
            _ => style::color(self.color),
        }
    }

    /// The lengths of dashes and gaps, in pixels; none for a solid line.
    fn dashes(&self) -> Option<(f64, f64)> {
        let round = self.color / style::PALETTE.len();
        match self.mark {
            Mark::Line => style::DASHES[round % style::DASHES.len()],
            _ => None,
        }
    }

    fn width(&self) -> f64 {
        match self.mark {
            Mark::Reference => style::THIN,
            _ => style::LINE_WIDTH,
        }
    }
}

/// A range with some air around finite values; from 0 where no value is below it and 0 is near.
fn around(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.abs() <= check::LARGEST);
    let (least, most) = finite.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    if least > most {
        return (0.0, 1.0);
    }
    let span = match most - least {
        span if span >= check::NARROWEST => span,
        _ => 0.0,
    };
    let air = if span > 0.0 {
        0.05 * span
    } else {
        0.5 * most.abs().max(1e-9)
    };
    let from = if least >= 0.0 && least < 0.5 * span {
        0.0
    } else {
        least - air
    };
    (from, most + air)
}

/// The width of a legend's sample of a line, without and with the gap to its name, in pixels.
const SAMPLE: f64 = 20.0;
const KEY: f64 = 26.0;

/// An entry of a legend: where it starts in its row, how it looks, and what it says.
struct Entry<'a> {
    x: f64,
    series: &'a Series,
    name: String,
}

/// The series with a name, each name once.
fn named(charts: &[Chart]) -> Vec<&Series> {
    let mut known = HashSet::new();
    let series = charts.iter().flat_map(|chart| &chart.series);
    series
        .filter(|series| !series.name.is_empty() && known.insert(&series.name))
        .collect()
}

/// The legend's rows: as many entries in each as fit, and of a name as much as fits.
fn rows(charts: &[Chart], width: f64) -> Result<Vec<Vec<Entry<'_>>>> {
    const BETWEEN: f64 = 20.0;
    let look = Text::new(style::TICK, HPos::Left, VPos::Center);
    let mut rows: Vec<Vec<Entry<'_>>> = Vec::new();
    let mut x = f64::INFINITY;
    for series in named(charts) {
        let name = look.fit(&series.name, width - KEY)?;
        let needed = KEY + look.width(&name)?;
        if x + needed > width {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push(Entry { x, series, name });
        }
        x += needed + BETWEEN;
    }
    Ok(rows)
}

fn draw_entry(canvas: &Canvas<'_>, entry: &Entry<'_>, y: i32) -> Result<()> {
    let look = Text::new(style::TICK, HPos::Left, VPos::Center);
    let x = px(style::MARGIN + entry.x);
    let (name, entry) = (&entry.name, entry.series);
    let middle = (x + px(10.0), y);
    let color = entry.paint();
    match entry.mark {
        Mark::Remark => return canvas.text(name, (x, y), &look),
        Mark::Points | Mark::Dots => {
            let dot = Circle::new(middle, px(3.5), color.filled());
            canvas.area.draw(&dot)?;
        }
        Mark::Highlight => {
            let ring = Circle::new(middle, px(5.0), canvas::line(color, style::LINE_WIDTH));
            canvas.area.draw(&ring)?;
        }
        Mark::Line | Mark::Reference => {
            let (dash, gap) = entry.dashes().unwrap_or((SAMPLE, 0.0));
            let mut from = 0.0;
            while from < SAMPLE {
                let to = f64::min(from + dash, SAMPLE);
                let points = vec![(x + px(from), y), (x + px(to), y)];
                canvas.path(points, color, entry.width())?;
                from = to + gap;
            }
        }
    }
    canvas.text(name, (x + px(KEY), y), &look)
}

/// Draws charts side by side under one title and one legend. What is wider than the charts is broken into lines (the
/// title) or cut (names and labels).
///
/// `size` is that of one chart with its axes, in pixels.
pub fn draw(title: &str, charts: &[Chart], size: (f64, f64)) -> Result<crate::Picture> {
    let (width, height) = size;
    let count = charts.len() as f64;
    let inner = count * width + (count - 1.0) * style::MARGIN;
    let legend = rows(charts, inner)?;
    let row = style::TICK * 1.7;
    let title = Text::title().wrap(title, inner)?;
    let mut top = style::MARGIN;
    if let Some(more) = title.len().checked_sub(1) {
        top += style::TITLE * (1.0 + more as f64 * style::LINE_HEIGHT) + style::GAP;
    }
    let legend_top = top;
    top += legend.len() as f64 * row + 1.5 * style::GAP;
    let subtitles = charts.iter().any(|chart| !chart.title.is_empty());
    if subtitles {
        top += style::LABEL * style::LINE_HEIGHT;
    }
    canvas::draw(
        inner + 2.0 * style::MARGIN,
        top + height + style::GAP,
        |canvas| {
            let corner = (px(style::MARGIN), px(style::MARGIN));
            canvas.lines(&title.join("\n"), corner, &Text::title())?;
            for (index, entries) in legend.iter().enumerate() {
                let y = px(legend_top + (index as f64 + 0.5) * row);
                for entry in entries {
                    draw_entry(canvas, entry, y)?;
                }
            }
            for (index, chart) in charts.iter().enumerate() {
                let left = style::MARGIN + index as f64 * (width + style::MARGIN);
                let rect = Rect {
                    x: px(left),
                    y: px(top),
                    width: px(width),
                    height: px(height),
                };
                if !chart.title.is_empty() {
                    let look = Text {
                        bold: true,
                        ..Text::new(style::LABEL, HPos::Center, VPos::Bottom)
                    };
                    let middle = rect.x + rect.width / 2;
                    let title = look.fit(&chart.title, width)?;
                    canvas.text(&title, (middle, rect.y - px(4.0)), &look)?;
                }
                chart.draw(canvas, rect)?;
            }
            Ok(())
        },
    )
}
