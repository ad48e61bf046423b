//! One HTML file with the key numbers and all pictures of a run.

use std::fmt::Write;
use std::path::Path;

use crate::canvas;
use crate::error::Result;
use crate::picture::{self, Picture};

/// A self-contained HTML page: a title, paragraphs, a table of key numbers, and pictures with captions.
///
/// The pictures are in the page itself, as SVG; nothing is loaded from anywhere. All text is escaped.
///
/// ```
/// use burn_loss_plots::{LearningCurves, Report};
///
/// let curves = LearningCurves::new(&[0.9, 0.5], &[0.8, 0.6]).draw()?;
/// let report = Report::new("A run")
///     .number("test accuracy", "98.9%")
///     .picture("Loss by epoch. Lower is better.", &curves);
/// assert!(report.html().contains("<th scope=\"row\">test accuracy</th><td>98.9%</td>"));
/// report.save(std::env::temp_dir().join("report.html"))?;
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Report {
    title: String,
    paragraphs: Vec<String>,
    numbers: Vec<(String, String)>,
    pictures: Vec<(String, Picture)>,
}

impl Report {
    /// An empty page with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Report {
            title: title.into(),
            paragraphs: Vec::new(),
            numbers: Vec::new(),
            pictures: Vec::new(),
        }
    }

    /// Adds a paragraph under the title.
    pub fn text(mut self, paragraph: impl Into<String>) -> Self {
        self.paragraphs.push(paragraph.into());
        self
    }

    /// Adds a row to the table of key numbers.
    pub fn number(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.numbers.push((name.into(), value.to_string()));
        self
    }

    /// Adds a picture with a caption that says what to see in it.
    pub fn picture(mut self, caption: impl Into<String>, picture: &Picture) -> Self {
        self.pictures.push((caption.into(), picture.clone()));
        self
    }

    /// The page.
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let mut body = String::new();
        for text in &self.paragraphs {
            let _ = writeln!(body, "<p>{}</p>", escape(text));
        }
        if !self.numbers.is_empty() {
            body.push_str("<table>\n");
            for (name, value) in &self.numbers {
                let (name, value) = (escape(name), escape(value));
                let _ = writeln!(
                    body,
                    "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>"
                );
            }
            body.push_str("</table>\n");
        }
        for (caption, picture) in &self.pictures {
            let (svg, caption) = (picture.svg(), escape(caption));
            let _ = writeln!(
                body,
                "<figure>\n{svg}<figcaption>{caption}</figcaption>\n</figure>"
            );
        }
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
        )
    }

    /// Writes the page.
    ///
    /// # Errors
    ///
    /// [`PlotError::Write`](crate::PlotError::Write) where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        picture::write(path.as_ref(), self.html().as_bytes())
    }
}

/// The pictures are on white paper, so the page is, too, whatever the viewer's theme.
const STYLE: &str = "
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff;
  font-family: 'DejaVu Sans', Verdana, sans-serif; line-height: 1.5; }
h1 { font-size: 1.5rem; }
table { border-collapse: collapse; margin: 1.5rem 0; }
th, td { padding: 0.3rem 1rem 0.3rem 0; border-bottom: 1px solid #ddd; text-align: left; }
th { font-weight: normal; color: #555; }
td { font-variant-numeric: tabular-nums; }
figure { margin: 2.5rem 0; }
figure svg { max-width: 100%; height: auto; }
figcaption { color: #555; max-width: 46rem; }
";

/// Text as HTML, also as XHTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    canvas::legal(escaped)
}
