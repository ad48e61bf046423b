//! What can go wrong, in words that say which plot and which argument.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};

/// What every plot returns.
pub type Result<T> = std::result::Result<T, PlotError>;

/// Why there is no picture.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlotError {
    /// An argument does not fit the plot.
    Input {
        /// The plot, such as `ConfusionMatrixPlot`.
        plot: &'static str,
        /// The argument, such as `counts`.
        argument: String,
        /// What the plot needs.
        expected: String,
        /// What came.
        found: String,
    },
    /// The path ends neither in `.svg` nor in `.png`.
    Extension {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file cannot be written.
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The drawing library refused.
    Draw {
        /// What it says.
        message: String,
    },
}

impl PlotError {
    pub(crate) fn input(
        plot: &'static str,
        argument: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        PlotError::Input {
            plot,
            argument: argument.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(crate) fn draw(message: impl Display) -> Self {
        PlotError::Draw {
            message: message.to_string(),
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        PlotError::Write {
            path: path.to_owned(),
            source,
        }
    }
}

impl Display for PlotError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            PlotError::Input {
                plot,
                argument,
                expected,
                found,
            } => write!(f, "{plot}: {argument}: expected {expected}, found {found}"),
            PlotError::Extension { path } => write!(
                f,
                "{}: a picture's path ends in .svg or .png",
                path.display()
            ),
            PlotError::Write { path, source } => {
                write!(f, "cannot write {}: {source}", path.display())
            }
            PlotError::Draw { message } => write!(f, "cannot draw the picture: {message}"),
        }
    }
}

impl Error for PlotError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PlotError::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
