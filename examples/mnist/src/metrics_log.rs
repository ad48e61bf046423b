//! What Burn's training logs, kept in memory and written when the training is over: Burn's own logger of files panics
//! in a thread of its own where a file cannot be written, and the training with it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::train::logger::MetricLogger;
use burn::train::metric::store::{EpochSummary, MetricsUpdate, Split};
use burn::train::metric::{MetricDefinition, MetricId, NumericEntry};

use crate::Result;

/// The logged lines of each file: `train/epoch-1/Loss.log` and the like, as Burn's summary looks for them.
type Lines = BTreeMap<String, Vec<String>>;

/// A logger, and the lines that it shares with its clones.
#[derive(Clone, Default)]
pub struct MetricsLog {
    lines: Arc<Mutex<Lines>>,
    names: HashMap<MetricId, String>,
}

impl MetricsLog {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all that was logged into a folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (name, lines) in self.lines().iter() {
            let path = folder.join(name);
            let text = lines.iter().map(|line| format!("{line}\n"));
            let text: String = text.collect();
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, text))
                .map_err(|error| format!("cannot write to {}: {error}", path.display()))?;
        }
        Ok(())
    }
}

fn file_of(name: &str, epoch: usize, split: &Split) -> String {
    format!("{split}/epoch-{epoch}/{}.log", name.replace(' ', "_"))
}

impl MetricLogger for MetricsLog {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        let numeric = update.entries_numeric.iter().map(|update| &update.entry);
        for entry in update.entries.iter().chain(numeric) {
            let Some(name) = self.names.get(&entry.metric_id) else {
                continue;
            };
            let line = entry.serialized_entry.serialized.clone();
            let file = file_of(name, epoch, split);
            self.lines().entry(file).or_default().push(line);
        }
    }

    fn read_numeric(
        &mut self,
        name: &str,
        epoch: usize,
        split: &Split,
    ) -> std::result::Result<Vec<NumericEntry>, String> {
        let lines = self.lines();
        let lines = lines.get(&file_of(name, epoch, split));
        let lines = lines.into_iter().flatten();
        lines.map(|line| NumericEntry::deserialize(line)).collect()
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        self.names.insert(definition.metric_id, definition.name);
    }

    fn log_epoch_summary(&mut self, _summary: EpochSummary) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_written_is_named() {
        let folder = std::env::temp_dir().join(format!("mnist-{}-log", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let log = MetricsLog::default();
        for split in ["train", "valid"] {
            let lines = vec!["0.5,16".to_owned(), "0.25,8".to_owned()];
            log.lines()
                .insert(format!("{split}/epoch-1/Loss.log"), lines);
        }
        log.write(&folder).unwrap();
        let [train, valid] =
            ["train", "valid"].map(|split| folder.join(format!("{split}/epoch-1/Loss.log")));
        assert_eq!(fs::read_to_string(&train).unwrap(), "0.5,16\n0.25,8\n");
        assert!(valid.exists());

        // In the place of the file is a folder.
        let refused = |path: &Path| {
            let error = log.write(&folder).unwrap_err().to_string();
            let expected = format!("cannot write to {}: ", path.display());
            assert!(error.starts_with(&expected), "{error}");
        };
        fs::remove_file(&train).unwrap();
        fs::create_dir(&train).unwrap();
        refused(&train);
        fs::remove_dir(&train).unwrap();
        // In the place of its folder is a file.
        fs::remove_dir_all(folder.join("valid")).unwrap();
        fs::write(folder.join("valid"), "").unwrap();
        refused(&valid);
        fs::remove_dir_all(&folder).unwrap();
    }
}
