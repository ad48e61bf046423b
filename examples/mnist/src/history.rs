//! What Burn's training recorded, epoch by epoch.

use std::path::Path;

use burn::train::LearnerSummary;
use burn::train::metric::MetricName;

use crate::Result;

/// The metrics of each epoch; NaN where an epoch has none.
pub struct History {
    pub loss: Curve,
    /// In percent.
    pub accuracy: Curve,
}

/// One metric on the images to train on and on those to validate with.
pub struct Curve {
    /// The mean over the epoch's images, while the weights changed.
    pub train: Vec<f64>,
    /// The mean over all images, with the weights of the epoch's end.
    pub valid: Vec<f64>,
}

impl History {
    /// Reads what was recorded in a folder.
    ///
    /// Burn would summarise this itself, but reads the metrics back before the last epoch's are all written.
    pub fn read(folder: &Path, metrics: &[MetricName], epochs: usize) -> Result<(History, String)> {
        let names: Vec<_> = metrics.iter().map(|name| name.as_str()).collect();
        let summary = LearnerSummary::new(folder, &names)?;
        let curve = |name| {
            let epochs_of = |metrics: &[burn::train::MetricSummary]| {
                let mut values = vec![f64::NAN; epochs];
                let metric = metrics.iter().find(|metric| metric.name == name);
                for entry in metric.into_iter().flat_map(|metric| &metric.entries) {
                    if let Some(value) = values.get_mut(entry.step - 1) {
                        *value = entry.value;
                    }
                }
                values
            };
            Curve {
                train: epochs_of(&summary.metrics.train),
                valid: epochs_of(&summary.metrics.valid),
            }
        };
        let history = History {
            loss: curve("Loss"),
            accuracy: curve("Accuracy"),
        };
        Ok((history, summary.to_string()))
    }
}
