//! How all plots look: colours, fonts, sizes and margins, in one place.

use std::sync::OnceLock;

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, TextStyle, register_font};

/// What an SVG asks its viewer for, and the name of the bundled font in the measurements of text.
///
/// Verdana has nearly the widths of DejaVu Sans, so that a viewer without the latter breaks no layout.
pub const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

/// The units of a drawing in one pixel: plotters draws at whole units, and whole pixels would make steps of a curve.
pub const UNITS: i32 = 4;

/// The pixels of a PNG in one pixel of the SVG, for screens with a high density.
pub const PNG_SCALE: u32 = 2;

/// Okabe and Ito's colours, which the colour-blind tell apart, without the yellow that white paper swallows.
pub const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(70, 70, 70),
];

/// The lengths of dashes and gaps, in pixels, of each round through the palette.
pub const DASHES: [Option<(f64, f64)>; 4] =
    [None, Some((7.0, 4.0)), Some((2.0, 3.0)), Some((14.0, 4.0))];

pub const PAPER: RGBColor = RGBColor(255, 255, 255);
pub const BLACK: RGBColor = RGBColor(0, 0, 0);
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Axes, the text of ticks, and lines to compare with.
pub const FAINT_INK: RGBColor = RGBColor(110, 110, 110);
pub const GRID: RGBColor = RGBColor(228, 228, 228);
/// Areas behind lines and points.
pub const SOFT: RGBColor = RGBColor(170, 214, 240);
/// The darkest colour of a scale from white; white text stands out on it.
pub const SCALE_END: RGBColor = RGBColor(8, 62, 118);

pub const TITLE: f64 = 17.0;
pub const LABEL: f64 = 13.0;
pub const TICK: f64 = 12.0;
pub const MARGIN: f64 = 16.0;
/// A title is not broken into shorter lines, however narrow what it stands over, in pixels.
pub const NARROWEST_TITLE: f64 = 400.0;
/// Between parts of a plot that belong together.
pub const GAP: f64 = 8.0;
/// The height of a line of text, in font sizes.
pub const LINE_HEIGHT: f64 = 1.4;
pub const LINE_WIDTH: f64 = 2.2;
pub const THIN: f64 = 1.0;

/// Pixels in the units of a drawing.
pub fn px(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

/// A width of a line in the units of a drawing.
pub fn stroke(pixels: f64) -> u32 {
    px(pixels).max(1) as u32
}

/// The colour of the series of this index.
pub fn color(index: usize) -> RGBColor {
    PALETTE[index % PALETTE.len()]
}

/// From white at 0 to [`SCALE_END`] at 1.
pub fn scale(share: f64) -> RGBColor {
    let share = share.clamp(0.0, 1.0);
    let mix = |from: u8, to: u8| {
        (f64::from(from) + share * (f64::from(to) - f64::from(from))).round() as u8
    };
    RGBColor(
        mix(PAPER.0, SCALE_END.0),
        mix(PAPER.1, SCALE_END.1),
        mix(PAPER.2, SCALE_END.2),
    )
}

/// Black or white, whichever has the higher contrast with the background, as WCAG defines contrast.
///
/// Black rather than ink: on a colour between the two, the contrast of ink is too low.
pub fn text_on(background: RGBColor) -> RGBColor {
    let light = luminance(background) + 0.05;
    let (dark_text, light_text) = (
        light / (luminance(BLACK) + 0.05),
        (luminance(PAPER) + 0.05) / light,
    );
    if dark_text >= light_text {
        BLACK
    } else {
        PAPER
    }
}

fn luminance(color: RGBColor) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
}

/// The two faces of the bundled font.
pub fn faces() -> [(FontStyle, &'static [u8]); 2] {
    [
        (FontStyle::Normal, dejavu::sans::regular()),
        (FontStyle::Bold, dejavu::sans::bold()),
    ]
}

/// The font at a size in pixels. The first use registers it with plotters, which measures text with it.
pub fn font(size: f64, style: FontStyle) -> FontDesc<'static> {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        for (style, bytes) in faces() {
            // A font that cannot be read shows as an error where text is measured.
            let _ = register_font(FONT, style, bytes);
        }
    });
    // plotters divides by this when it writes a size into an SVG.
    let size = size * 1.24 * f64::from(UNITS);
    FontDesc::new(FontFamily::Name(FONT), size, style)
}

/// Text of a colour, anchored at its point.
pub fn text(font: FontDesc<'static>, color: RGBColor, h: HPos, v: VPos) -> TextStyle<'static> {
    TextStyle {
        color: color.to_backend_color(),
        pos: Pos::new(h, v),
        ..TextStyle::from(font)
    }
}

/// Ink with some paper seen through it.
pub fn shade(color: RGBColor, opacity: f64) -> plotters::style::RGBAColor {
    color.mix(opacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_legible_on_every_colour() {
        let contrast = |a: RGBColor, b: RGBColor| {
            let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
            a.max(b) / a.min(b)
        };
        for step in 0..=100 {
            let background = scale(f64::from(step) / 100.0);
            let found = contrast(background, text_on(background));
            // What WCAG asks for.
            assert!(found > 4.5, "{step}: {found}");
        }
    }
}
