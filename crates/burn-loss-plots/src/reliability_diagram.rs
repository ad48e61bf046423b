//! How often what was said with a probability was so.

use crate::bars::Bar;
use crate::chart::{self, Chart, Mark};
use crate::check;
use crate::error::{PlotError, Result};
use crate::picture::Picture;
use crate::ticks::significant;

const PLOT: &str = "ReliabilityDiagram";

/// A reliability diagram: the accuracy of each bin of confidence, the diagonal of perfect calibration, and the bins' counts.
///
/// A bar below the diagonal is overconfidence, one above it underconfidence. A bin with a count of 0 is left out, its
/// NaN with it. No bar is narrower than 4 pixels. Of more than a thousand, those within the same pixel are one, as tall as
/// the tallest; of so many over each other, those whose ends are near. Source:
/// [On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599).
///
/// ```
/// use burn_loss_plots::ReliabilityDiagram;
///
/// let picture = ReliabilityDiagram::new()
///     .bin(0.0, 0.5, 20, 0.4, 0.3)
///     .bin(0.5, 1.0, 80, 0.9, 0.8)
///     .calibration_error(0.1)
///     .draw()?;
/// assert!(picture.svg().contains("expected calibration error: 0.1000"));
/// # Ok::<(), burn_loss_plots::PlotError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ReliabilityDiagram {
    title: String,
    bins: Vec<Bin>,
    calibration_error: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Bin {
    lower: f64,
    upper: f64,
    count: usize,
    confidence: f64,
    accuracy: f64,
}

impl Default for ReliabilityDiagram {
    fn default() -> Self {
        Self::new()
    }
}

impl ReliabilityDiagram {
    /// A diagram without bins.
    pub fn new() -> Self {
        ReliabilityDiagram {
            title: "Reliability".to_owned(),
            bins: Vec::new(),
            calibration_error: None,
        }
    }

    /// The title; "Reliability" by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a bin of confidence from `lower` to `upper`: its examples, their mean confidence, and the share that is right.
    /// The ends are equal where a bin holds tied values alone, as one of equal mass may.
    pub fn bin(
        mut self,
        lower: f64,
        upper: f64,
        count: usize,
        confidence: f64,
        accuracy: f64,
    ) -> Self {
        self.bins.push(Bin {
            lower,
            upper,
            count,
            confidence,
            accuracy,
        });
        self
    }

    /// The expected calibration error, for the legend; none by default.
    pub fn calibration_error(mut self, error: f64) -> Self {
        self.calibration_error = Some(error);
        self
    }

    /// Draws accuracy against confidence, and the counts beside it.
    ///
    /// # Errors
    ///
    /// [`PlotError::Input`] where no bin holds anything, a bin's ends are not in `[0, 1]` or not in order, or a mean is not
    /// in `[0, 1]`.
    pub fn draw(&self) -> Result<Picture> {
        self.check()?;
        let bins: Vec<_> = self.bins.iter().filter(|bin| bin.count > 0).collect();
        let mut accuracy = Chart {
            x_label: "confidence".to_owned(),
            y_label: "accuracy".to_owned(),
            x_range: Some((0.0, 1.0)),
            y_range: Some((0.0, 1.0)),
            bars: bins.iter().map(|bin| bin.bar(bin.accuracy)).collect(),
            ..Chart::default()
        };
        let means = bins.iter().map(|bin| (bin.confidence, bin.accuracy));
        accuracy.push("bin's mean", means.collect(), Mark::Dots, 1);
        let diagonal = vec![(0.0, 0.0), (1.0, 1.0)];
        accuracy.push("perfect calibration", diagonal, Mark::Reference, 0);
        if let Some(error) = self.calibration_error {
            let text = format!("expected calibration error: {}", significant(error));
            accuracy.push(&text, Vec::new(), Mark::Remark, 0);
        }

        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1) as f64;
        let label = |bin: &&Bin| Bar {
            label: bin.count.to_string(),
            ..bin.bar(bin.count as f64)
        };
        let counts = Chart {
            x_label: "confidence".to_owned(),
            y_label: "examples".to_owned(),
            x_range: Some((0.0, 1.0)),
            // Room for the numbers over the bars.
            y_range: Some((0.0, 1.1 * most)),
            whole_y: true,
            bars: bins.iter().map(label).collect(),
            ..Chart::default()
        };
        chart::draw(&self.title, &[accuracy, counts], (420.0, 380.0))
    }

    fn check(&self) -> Result<()> {
        // The numbers of the bins as they were added, the empty ones among them.
        let bins = self.bins.iter().enumerate();
        let mut filled = bins.filter(|(_, bin)| bin.count > 0).peekable();
        if filled.peek().is_none() {
            let found = format!("{} bins, all empty", self.bins.len());
            return Err(PlotError::input(
                PLOT,
                "bins",
                "at least one with a count above 0",
                found,
            ));
        }
        for (index, bin) in filled {
            let argument = |name| format!("{name} of bin {index}");
            check::unit(PLOT, &argument("range"), &[bin.lower, bin.upper])?;
            // Equal where a bin of equal mass holds tied values alone.
            if bin.lower > bin.upper {
                let found = format!("{} to {}", bin.lower, bin.upper);
                let expected = "a lower end not above the upper end";
                return Err(PlotError::input(PLOT, argument("range"), expected, found));
            }
            check::unit(PLOT, &argument("confidence"), &[bin.confidence])?;
            check::unit(PLOT, &argument("accuracy"), &[bin.accuracy])?;
        }
        Ok(())
    }
}

impl Bin {
    fn bar(&self, height: f64) -> Bar {
        Bar {
            from: self.lower,
            to: self.upper,
            height,
            label: String::new(),
        }
    }
}
