//! The output folder: a run writes into a folder inside it, and what is finished takes the place of an earlier run's.
//!
//! What no run of this example has written is never touched: each run leaves a list of its files.

use std::collections::BTreeSet;
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

/// Where a run writes until it is finished.
const UNFINISHED: &str = "unfinished";

/// The list of a run's files, a path a line. In [`UNFINISHED`] it is empty while the run goes on, and complete once the
/// run has taken, or may take, the place of an earlier one.
const FILES: &str = ".mnist-run";

/// A run that is not finished yet.
pub struct Unfinished {
    output: PathBuf,
    folder: PathBuf,
}

impl Unfinished {
    /// Makes the folders, empty, and writes a first file: where nothing can be written, that costs no training.
    ///
    /// Refuses a folder in which a run would have to replace what is not of an earlier run.
    pub fn new(output: &Path) -> Result<Self> {
        let run = Self {
            output: output.to_owned(),
            folder: output.join(UNFINISHED),
        };
        let start = || {
            fs::create_dir_all(output)?;
            run.clear()?;
            check_is_ours(output)?;
            fs::create_dir(&run.folder)?;
            fs::write(run.folder.join(FILES), "")?;
            fs::write(run.folder.join("probe"), "can be written")?;
            fs::remove_file(run.folder.join("probe"))
        };
        start().map_err(|error| cannot(output, error))?;
        Ok(run)
    }

    /// Where the run writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts all that the run has written in the place of what was there.
    pub fn finish(self) -> Result<()> {
        let finish = || {
            let files: Vec<String> = files_of(&self.folder)?.into_iter().collect();
            // Renamed, so that the list is whole or empty, whenever the run is stopped.
            let list = self.folder.join("list");
            fs::write(&list, files.join("\n"))?;
            fs::rename(list, self.folder.join(FILES))?;
            self.replace()
        };
        finish().map_err(|error| cannot(&self.output, error))
    }

    /// Ends what a run that was stopped has left: of a finished one the replacing, an unfinished one is removed.
    fn clear(&self) -> io::Result<()> {
        match fs::read_to_string(self.folder.join(FILES)) {
            Ok(files) if files.is_empty() => self.remove(),
            Ok(_) => self.replace(),
            // Without a list it is not ours, but for one stopped before its first file.
            Err(_) => match fs::remove_dir(&self.folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(foreign(&self.folder)),
                _ => Ok(()),
            },
        }
    }

    /// Puts the parts of a finished run in their places, or those that are not there yet.
    fn replace(&self) -> io::Result<()> {
        let new = listed(&self.folder)?;
        for part in PARTS {
            let (to, from) = (self.output.join(part), self.folder.join(part));
            let has_files = new.iter().any(|file| Path::new(file).starts_with(part));
            if has_files && !from.exists() {
                continue;
            }
            check_part(&self.output, part)?;
            if to.exists() {
                fs::rename(&to, self.folder.join(format!("old-{part}")))?;
            }
            if from.exists() {
                fs::rename(from, to)?;
            }
        }
        let list = self.folder.join("list");
        fs::copy(self.folder.join(FILES), &list)?;
        fs::rename(list, self.output.join(FILES))?;
        self.remove()
    }

    /// Removes the folder, its list last: a part of it is still known for ours.
    fn remove(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false if entry.file_name() == FILES => {}
                false => fs::remove_file(entry.path())?,
            }
        }
        fs::remove_dir_all(&self.folder)
    }
}

/// The files that a run has listed in a folder; none where no run was.
fn listed(folder: &Path) -> io::Result<BTreeSet<String>> {
    match fs::read_to_string(folder.join(FILES)) {
        Ok(files) => Ok(files.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// An error where a part of the output has what no run has listed.
fn check_is_ours(output: &Path) -> io::Result<()> {
    PARTS
        .into_iter()
        .try_for_each(|part| check_part(output, part))
}

fn check_part(output: &Path, part: &str) -> io::Result<()> {
    let ours = listed(output)?;
    let mut found = BTreeSet::new();
    add_files(output, Path::new(part), &mut found)?;
    match found.difference(&ours).next() {
        Some(file) => Err(foreign(&output.join(file))),
        None => Ok(()),
    }
}

/// The files of all parts in a folder.
fn files_of(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for part in PARTS {
        add_files(folder, Path::new(part), &mut files)?;
    }
    Ok(files)
}

/// Adds a file, or all in a folder; a link is not followed, for what it leads to is elsewhere.
fn add_files(root: &Path, path: &Path, files: &mut BTreeSet<String>) -> io::Result<()> {
    let whole = root.join(path);
    match whole.symlink_metadata() {
        Ok(found) if found.is_dir() => {
            for entry in fs::read_dir(&whole)? {
                add_files(root, &path.join(entry?.file_name()), files)?;
            }
        }
        Ok(_) => {
            files.insert(path.to_string_lossy().into_owned());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn foreign(path: &Path) -> io::Error {
    io::Error::other(format!(
        "{} is not of an earlier run and would be replaced: move it, or name another folder with --output",
        path.display()
    ))
}

fn cannot(path: &Path, error: io::Error) -> Box<dyn std::error::Error> {
    format!("cannot write to {}: {error}", path.display()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder of its own for each test.
    fn folder(name: &str) -> PathBuf {
        let output = std::env::temp_dir().join(format!("mnist-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&output);
        output
    }

    fn run(output: &Path, text: &str, pictures: &[&str]) -> Unfinished {
        let run = Unfinished::new(output).unwrap();
        fs::write(run.folder().join("model.mpk"), text).unwrap();
        fs::create_dir(run.folder().join("pictures")).unwrap();
        for picture in pictures {
            fs::write(run.folder().join("pictures").join(picture), text).unwrap();
        }
        run
    }

    fn refused(output: &Path) -> String {
        Unfinished::new(output).err().unwrap().to_string()
    }

    #[test]
    fn the_old_run_stays_until_the_new_one_is_finished() {
        let output = folder("output");
        let model = || fs::read_to_string(output.join("model.mpk")).unwrap();
        run(&output, "first", &["a.svg", "b.svg"]).finish().unwrap();
        assert_eq!(model(), "first");
        // Stopped before it is finished; the next one begins anew.
        drop(run(&output, "second", &["a.svg"]));
        assert_eq!(model(), "first");
        assert!(output.join("pictures/b.svg").exists());
        run(&output, "third", &["a.svg"]).finish().unwrap();
        assert_eq!(model(), "third");
        // No picture of an earlier run is left among the new ones.
        assert!(!output.join("pictures/b.svg").exists());
        assert!(!output.join("unfinished").exists());
        fs::remove_dir_all(&output).unwrap();
    }

    #[test]
    fn what_no_run_has_written_is_refused_and_kept() {
        let output = folder("foreign");
        for path in ["unfinished/letter.txt", "pictures/cat.png", "config.json"] {
            let own = output.join(path);
            fs::create_dir_all(own.parent().unwrap()).unwrap();
            fs::write(&own, "mine").unwrap();
            let named = match path.starts_with("unfinished") {
                true => output.join("unfinished"),
                false => own.clone(),
            };
            assert_eq!(
                refused(&output),
                format!(
                    "cannot write to {}: {} is not of an earlier run and would be replaced: move it, or name another \
                     folder with --output",
                    output.display(),
                    named.display()
                )
            );
            assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
            fs::remove_dir_all(&output).unwrap();
        }
        // Beside a run's own files, and while it goes on, too.
        let first = run(&output, "first", &["a.svg"]);
        fs::write(output.join("notes.txt"), "mine").unwrap();
        first.finish().unwrap();
        let second = run(&output, "second", &["a.svg"]);
        let own = output.join("pictures/cat.png");
        fs::write(&own, "mine").unwrap();
        let error = second.finish().unwrap_err().to_string();
        assert!(
            error.contains("cat.png is not of an earlier run"),
            "{error}"
        );
        assert!(refused(&output).contains("cat.png is not of an earlier run"));
        assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
        // Moved, the finished run takes its place.
        fs::rename(&own, output.join("cat.png")).unwrap();
        drop(Unfinished::new(&output).unwrap());
        let model = fs::read_to_string(output.join("model.mpk")).unwrap();
        assert_eq!(model, "second");
        assert!(output.join("notes.txt").exists());
        fs::remove_dir_all(&output).unwrap();
    }

    #[test]
    fn a_run_that_is_stopped_while_it_replaces_is_replaced_by_the_next() {
        let output = folder("stopped");
        run(&output, "first", &["a.svg", "b.svg"]).finish().unwrap();
        // After each of the renames: of the old pictures, the new ones, the old model, the new one.
        for renames in 0..=4 {
            run(&output, "first", &["a.svg", "b.svg"]).finish().unwrap();
            let second = run(&output, "second", &["a.svg"]);
            fs::write(second.folder().join(FILES), "model.mpk\npictures/a.svg").unwrap();
            let (to, from) = (|part| output.join(part), |part| second.folder().join(part));
            let done = [
                (to("pictures"), from("old-pictures")),
                (from("pictures"), to("pictures")),
                (to("model.mpk"), from("old-model.mpk")),
                (from("model.mpk"), to("model.mpk")),
            ];
            for (from, to) in &done[..renames] {
                fs::rename(from, to).unwrap();
            }
            drop(Unfinished::new(&output).unwrap());
            for (path, exists) in [("pictures/a.svg", true), ("pictures/b.svg", false)] {
                assert_eq!(output.join(path).exists(), exists, "{path}, {renames}");
            }
            for path in ["model.mpk", "pictures/a.svg"] {
                let found = fs::read_to_string(output.join(path)).unwrap();
                assert_eq!(found, "second", "{path}, {renames}");
            }
        }
        fs::remove_dir_all(&output).unwrap();
    }
}
