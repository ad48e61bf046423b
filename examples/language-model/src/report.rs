//! What a run came to: the table that is printed, the learning curves and `report.html`.

use burn_loss_plots::{LearningCurves, Picture, Report};
use example_support::{Result, SharedArgs, Table};

use crate::training::{History, Measured};

/// What a curve shows of an epoch.
type Figure = fn(&Measured) -> f64;

/// A run: how it is called, its epochs, and the most memory that it held at a time.
pub struct Run<'a> {
    pub name: &'a str,
    pub history: &'a History,
    pub peak_bytes: usize,
    pub samples: &'a [String],
}

impl Run<'_> {
    fn peak_mib(&self) -> f64 {
        self.peak_bytes as f64 / (1 << 20) as f64
    }

    /// The last epoch, and what it cost.
    pub fn table(&self) -> Table {
        let header = [
            "way",
            "train",
            "validation",
            "accuracy",
            "ms a step",
            "peak MiB",
        ];
        let mut table = Table::new(header);
        let last = |measured: &[Measured]| measured[measured.len() - 1];
        let (train, valid) = (last(&self.history.train), last(&self.history.valid));
        let cells = [
            format!("{:.2}", train.perplexity),
            format!("{:.2}", valid.perplexity),
            format!("{:.1}%", 100.0 * valid.accuracy),
            format!("{:.0}", self.history.step_ms()),
            format!("{:.0}", self.peak_mib()),
        ];
        table.row(self.name, cells);
        table
    }

    /// Saves learning curves and report.
    pub fn save(&self, args: &SharedArgs) -> Result<()> {
        let curves = self.curves()?;
        args.save("learning-curves", &curves)?;
        let last = self.history.valid[self.history.valid.len() - 1];
        let mut report = Report::new("Language model")
            .text(format!(
                "A gated recurrent unit with a tied embedding, trained on a book for {} epochs: {}.",
                self.history.valid.len(),
                self.name
            ))
            .number("validation perplexity", format!("{:.2}", last.perplexity))
            .number("validation token accuracy", format!("{:.1}%", 100.0 * last.accuracy))
            .number("time per step", format!("{:.0} ms", self.history.step_ms()))
            .number("peak memory", format!("{:.0} MiB", self.peak_mib()))
            .picture("Loss, perplexity and token accuracy of each epoch.", &curves);
        for sample in self.samples {
            report = report.text(sample);
        }
        let path = args.output.join("report.html");
        report.save(&path)?;
        println!("Report: {}", path.display());
        Ok(())
    }

    fn curves(&self) -> Result<Picture> {
        let series = |of: fn(&Measured) -> f64| {
            [&self.history.train, &self.history.valid]
                .map(|epochs| epochs.iter().map(of).collect::<Vec<_>>())
        };
        let [train, valid] = series(Measured::loss);
        let mut curves = LearningCurves::new(&train, &valid);
        let metrics: [(_, Figure); 2] = [
            ("perplexity", |measured| measured.perplexity),
            ("token accuracy (%)", |measured| 100.0 * measured.accuracy),
        ];
        for (name, of) in metrics {
            let [train, valid] = series(of);
            curves = curves.metric(name, &train, &valid);
        }
        Ok(curves.draw()?)
    }
}
