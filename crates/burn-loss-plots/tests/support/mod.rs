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

/// The message of the error.
#[track_caller]
pub fn message(result: Result<Picture>) -> String {
    let error: PlotError = result.expect_err("the input is bad");
    assert!(matches!(error, PlotError::Input { .. }), "{error:?}");
    error.to_string()
}
