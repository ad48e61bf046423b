//! A finished picture: SVG in memory, written as SVG or PNG.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Options, Tree};

use crate::error::{PlotError, Result};
use crate::style;

/// A finished plot.
///
/// ```
/// use burn_loss_plots::Lines;
///
/// let picture = Lines::new("A parabola").line("x²", &[0.0, 1.0, 2.0], &[0.0, 1.0, 4.0]).draw()?;
/// assert_eq!(picture.size().0, 640);
/// assert!(picture.svg().contains("A parabola"));
/// picture.save(std::env::temp_dir().join("parabola.png"))?;
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    svg: String,
    width: u32,
    height: u32,
}

/// The most pixels of a PNG: four bytes each are held while it is drawn.
const MOST_PIXELS: u64 = 1 << 28;

impl Picture {
    pub(crate) fn new(svg: String, width: u32, height: u32) -> Self {
        Picture { svg, width, height }
    }

    /// The picture as an SVG document; its text is text and asks for DejaVu Sans, Verdana or any sans-serif font.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width and height of the SVG in CSS pixels. A PNG has twice as many each way.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The picture as the bytes of a PNG, twice the SVG's size each way; its text is set in the bundled DejaVu Sans.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] where the pixels would be more than 2^28, which take 1 GiB of memory.
    pub fn png(&self) -> Result<Vec<u8>> {
        let tree = Tree::from_str(&self.svg, options()).map_err(PlotError::draw)?;
        let (width, height) = (
            self.width.saturating_mul(style::PNG_SCALE),
            self.height.saturating_mul(style::PNG_SCALE),
        );
        let mut pixels = (u64::from(width) * u64::from(height) <= MOST_PIXELS)
            .then(|| Pixmap::new(width, height))
            .flatten()
            .ok_or_else(|| {
                PlotError::draw(format!(
                    "a PNG would have {width} x {height} pixels, and at most {MOST_PIXELS} are drawn; an SVG has no such limit"
                ))
            })?;
        let scale = style::PNG_SCALE as f32;
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
        pixels.encode_png().map_err(PlotError::draw)
    }

    /// Writes an SVG or a PNG, as the path's ending says.
    ///
    /// # Errors
    ///
    /// [`PlotError::Extension`] for another ending, [`PlotError::Write`] where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let extension = path.extension().map(|text| text.to_ascii_lowercase());
        match extension.as_ref().and_then(|text| text.to_str()) {
            Some("svg") => write(path, self.svg.as_bytes()),
            Some("png") => write(path, &self.png()?),
            _ => Err(PlotError::Extension {
                path: path.to_owned(),
            }),
        }
    }
}

/// Writes a file; the error names it.
///
/// Beside it and then in its place, so that a full disk or a crash leaves what was there before. What is no plain file,
/// such as a pipe, is written as it is.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: io::Error| PlotError::write(path, error);
    // Of a link, the file that it leads to.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let is_other = fs::metadata(&target).is_ok_and(|found| !found.is_file());
    let Some(name) = target.file_name().filter(|_| !is_other) else {
        return fs::write(path, bytes).map_err(failed);
    };
    let beside = target.with_file_name(unfinished(name));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &target)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// The name of a file that is not finished yet; no longer than a file system takes, however long the file's own is.
fn unfinished(name: &OsStr) -> OsString {
    const LONGEST: usize = 200;
    let mut beside = match name.len() <= LONGEST {
        true => name.to_owned(),
        false => {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            format!("{:016x}", hasher.finish()).into()
        }
    };
    beside.push(format!(".{}.unfinished", std::process::id()));
    beside
}

/// RGB pixels, row by row, as a `data:` address of a PNG of the same size.
pub fn data_url(rgb: &[u8], width: usize, height: usize) -> Result<String> {
    let [wide, high] = [width, height].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    let size = resvg::tiny_skia::IntSize::from_wh(wide, high);
    let opaque = rgb
        .chunks(3)
        .flat_map(|p| [p[0], p[1], p[2], 255])
        .collect();
    let png = size
        .and_then(|size| Pixmap::from_vec(opaque, size))
        .ok_or_else(|| PlotError::draw(format!("no image of {width} x {height} pixels")))?
        .encode_png()
        .map_err(PlotError::draw)?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

/// No font of the system: a PNG looks the same everywhere.
fn options() -> &'static Options<'static> {
    static OPTIONS: OnceLock<Options<'static>> = OnceLock::new();
    OPTIONS.get_or_init(|| {
        let mut fonts = usvg::fontdb::Database::new();
        for (_, bytes) in style::faces() {
            fonts.load_font_data(bytes.to_vec());
        }
        Options {
            font_family: "DejaVu Sans".to_owned(),
            fontdb: Arc::new(fonts),
            ..Options::default()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_has_a_bounded_number_of_pixels() {
        // Twice as many each way.
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>";
        let error = Picture::new(svg.into(), 50_000, 50_000).png().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot draw the picture: a PNG would have 100000 x 100000 pixels, and at most 268435456 are drawn; \
             an SVG has no such limit"
        );
        assert!(Picture::new(svg.into(), 100, 100).png().is_ok());
    }
}
