//! The output folder: a run writes into a folder inside it, and what is finished takes the place of an earlier run's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Result;

/// What a run leaves.
const PARTS: [&str; 5] = [
    "metrics",
    "pictures",
    "report.html",
    "config.json",
    "model.mpk",
];

/// A run that is not finished yet.
pub struct Unfinished {
    output: PathBuf,
    folder: PathBuf,
}

impl Unfinished {
    /// Makes the folders, empty, and writes a first file: where nothing can be written, that costs no training.
    pub fn new(output: &Path) -> Result<Self> {
        let folder = output.join("unfinished");
        let start = || {
            fs::create_dir_all(output)?;
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir(&folder)?;
            fs::write(folder.join("probe"), "can be written")?;
            fs::remove_file(folder.join("probe"))
        };
        start().map_err(|error| cannot(output, error))?;
        Ok(Self {
            output: output.to_owned(),
            folder,
        })
    }

    /// Where the run writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts all that the run has written in the place of what was there.
    pub fn finish(self) -> Result<()> {
        for part in PARTS {
            let (old, new) = (self.output.join(part), self.folder.join(part));
            let aside = self.folder.join(format!("old-{part}"));
            let swap = || {
                if old.exists() {
                    fs::rename(&old, &aside)?;
                }
                match new.exists() {
                    true => fs::rename(&new, &old),
                    false => Ok(()),
                }
            };
            swap().map_err(|error| cannot(&old, error))?;
        }
        fs::remove_dir_all(&self.folder).map_err(|error| cannot(&self.folder, error))
    }
}

fn cannot(path: &Path, error: io::Error) -> Box<dyn std::error::Error> {
    format!("cannot write to {}: {error}", path.display()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_run_stays_until_the_new_one_is_finished() {
        let output = std::env::temp_dir().join(format!("mnist-{}-output", std::process::id()));
        let run = |text: &str, pictures: &[&str]| {
            let run = Unfinished::new(&output).unwrap();
            fs::write(run.folder().join("model.mpk"), text).unwrap();
            fs::create_dir(run.folder().join("pictures")).unwrap();
            for picture in pictures {
                fs::write(run.folder().join("pictures").join(picture), text).unwrap();
            }
            run
        };
        let model = || fs::read_to_string(output.join("model.mpk")).unwrap();
        run("first", &["a.svg", "b.svg"]).finish().unwrap();
        assert_eq!(model(), "first");
        // Stopped before it is finished; the next one begins anew.
        drop(run("second", &["a.svg"]));
        assert_eq!(model(), "first");
        assert!(output.join("pictures/b.svg").exists());
        run("third", &["a.svg"]).finish().unwrap();
        assert_eq!(model(), "third");
        // No picture of an earlier run is left among the new ones.
        assert!(!output.join("pictures/b.svg").exists());
        assert!(!output.join("unfinished").exists());
        fs::remove_dir_all(&output).unwrap();
    }
}
