//! What the tests of pictures share: folders, and a look into SVG and PNG.
#![allow(
    dead_code,
    missing_docs,
    reason = "each test binary compiles this and uses a part of it"
)]

use std::fs;
use std::path::{Path, PathBuf};

use burn_loss_plots::{Picture, PlotError, Result};
use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::{Document, Node};

/// An empty folder of its own for each test.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// How many elements of a name have an attribute of a value.
pub fn count(picture: &Picture, element: &str, attribute: &str, value: &str) -> usize {
    let document = Document::parse(picture.svg()).unwrap();
    let fits = |node: &Node<'_, '_>| {
        node.has_tag_name(element) && node.attribute(attribute) == Some(value)
    };
    document.descendants().filter(fits).count()
}

/// The texts of a picture.
pub fn texts(picture: &Picture) -> Vec<String> {
    let document = Document::parse(picture.svg()).unwrap();
    let elements = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    elements
        .map(|node| node.text().unwrap().to_owned())
        .collect()
}

/// Whether a picture has a text that is exactly this.
#[track_caller]
pub fn assert_text(picture: &Picture, text: &str) {
    let texts = texts(picture);
    assert!(
        texts.iter().any(|found| found == text),
        "no {text:?} in {texts:?}"
    );
}

/// Writes both kinds of file and checks what is in them.
#[track_caller]
pub fn assert_files(picture: &Picture, name: &str) {
    let folder = folder(name);
    let (svg, png) = (folder.join("picture.svg"), folder.join("picture.PNG"));
    picture.save(&svg).unwrap();
    picture.save(&png).unwrap();
    assert_eq!(fs::read_to_string(&svg).unwrap(), picture.svg());
    let pixels = Pixmap::decode_png(&fs::read(&png).unwrap()).unwrap();
    let (width, height) = picture.size();
    assert_eq!((pixels.width(), pixels.height()), (2 * width, 2 * height));
    let first = pixels.pixels()[0];
    let other = pixels
        .pixels()
        .iter()
        .filter(|&&pixel| pixel != first)
        .count();
    // The title alone is more than this.
    assert!(other > 500, "{other} pixels are not of the paper's colour");
}

/// Nothing runs off the sheet: the pixels along its edges are paper.
#[track_caller]
pub fn assert_margins_are_blank(picture: &Picture) {
    let pixels = Pixmap::decode_png(&picture.png().unwrap()).unwrap();
    let (width, height) = (pixels.width(), pixels.height());
    let paper = pixels.pixel(0, 0).unwrap();
    let inked = |x, y| pixels.pixel(x, y).unwrap() != paper;
    for x in 0..width {
        assert!(
            !inked(x, 0) && !inked(x, height - 1),
            "ink on the edge at x {x}"
        );
    }
    for y in 0..height {
        assert!(
            !inked(0, y) && !inked(width - 1, y),
            "ink on the edge at y {y}"
        );
    }
}

/// Of each line of the legend in a colour, the number of its dashes: lines that lie level and are short.
pub fn short_lines(picture: &Picture, color: &str) -> Vec<usize> {
    let document = Document::parse(picture.svg()).unwrap();
    let mut rows: Vec<((i64, i64), usize)> = Vec::new();
    for node in document
        .descendants()
        .filter(|node| node.has_tag_name("polyline"))
    {
        let points = node.attribute("points").unwrap();
        let numbers: Vec<i64> = points
            .split([' ', ','])
            .filter_map(|number| number.parse().ok())
            .collect();
        if let [x, y, to, level] = numbers[..]
            && node.attribute("stroke") == Some(color)
            && y == level
            && to - x <= 80
        {
            // Dashes of one sample start within its width.
            match rows.iter_mut().find(|row| row.0.1 == y && x - row.0.0 < 80) {
                Some(row) => row.1 += 1,
                None => rows.push(((x, y), 1)),
            }
        }
    }
    rows.into_iter().map(|row| row.1).collect()
}

/// The message of the error.
#[track_caller]
pub fn message(result: Result<Picture>) -> String {
    let error: PlotError = result.expect_err("the input is bad");
    assert!(matches!(error, PlotError::Input { .. }), "{error:?}");
    error.to_string()
}
