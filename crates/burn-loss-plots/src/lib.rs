//! Pictures of a training and of a model: SVG or PNG by the path's ending, from plain slices.
//!
//! No type of a tensor library is in here, no font of the system is needed, and bad input is an error that names the
//! plot and the argument, never a panic.
//!
//! Each plot is a value that is built up and drawn; drawing gives a [`Picture`], and a [`Report`] holds them all:
//!
//! | what | plot |
//! | --- | --- |
//! | a training | [`LearningCurves`] |
//! | a classifier's decisions | [`ConfusionMatrixPlot`], [`ImageSheet`] of the mistakes |
//! | a classifier's probabilities | [`ReliabilityDiagram`], [`RocCurves`], [`PrecisionRecallCurves`] |
//! | dense predictions | [`LabelMaps`] |
//! | anything over x | [`Lines`], [`Panels`] |

mod bars;
mod canvas;
mod chart;
mod check;
mod clip;
mod confusion_matrix;
mod error;
mod image_sheet;
mod label_maps;
mod learning_curves;
mod lines;
mod picture;
mod pixels;
mod ranking_curves;
mod reliability_diagram;
mod report;
mod style;
mod ticks;

pub use confusion_matrix::ConfusionMatrixPlot;
pub use error::{PlotError, Result};
pub use image_sheet::ImageSheet;
pub use label_maps::LabelMaps;
pub use learning_curves::LearningCurves;
pub use lines::{Lines, Panels};
pub use picture::Picture;
pub use ranking_curves::{PrecisionRecallCurves, RocCurves};
pub use reliability_diagram::ReliabilityDiagram;
pub use report::Report;

/// The example in the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
