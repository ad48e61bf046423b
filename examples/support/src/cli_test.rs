//! Runs an example as a person does, and reads the numbers that it prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An example's binary, in a folder of its own.
pub struct Run {
    binary: &'static str,
    folder: PathBuf,
}

impl Run {
    /// `binary` is `env!("CARGO_BIN_EXE_..")`; the folder, empty, is `name` inside `env!("CARGO_TARGET_TMPDIR")`.
    pub fn new(binary: &'static str, target: &str, name: &str) -> Self {
        let folder = Path::new(target).join(Path::new(binary).file_name().unwrap());
        let folder = folder.join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Run { binary, folder }
    }

    /// What the example prints.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn stdout(&self, args: &str) -> String {
        let output = self.run(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "`{args}` failed: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The error with which the example ends.
    ///
    /// # Panics
    ///
    /// If it does not fail, or if it panics.
    #[track_caller]
    pub fn error(&self, args: &str) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "`{args}` did not fail");
        let error = String::from_utf8(output.stderr).unwrap();
        let clean = error.starts_with("error: ") && !error.contains("panicked");
        assert!(clean, "{error}");
        error
    }

    /// The bytes of a file that the example wrote.
    ///
    /// # Panics
    ///
    /// If there is no such file.
    #[track_caller]
    pub fn file(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn run(&self, args: &str) -> Output {
        Command::new(self.binary)
            .current_dir(&self.folder)
            .args(args.split_whitespace())
            .output()
            .unwrap()
    }
}

/// The last table of a text that has printed a [`Table`](crate::Table).
pub struct PrintedTable(Vec<Vec<String>>);

impl PrintedTable {
    /// Reads it.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn last(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let is_row = |line: &&&str| line.starts_with('|');
        let rows: Vec<_> = lines
            .iter()
            .rev()
            .skip_while(|line| !is_row(line))
            .take_while(is_row)
            .collect();
        assert!(rows.len() > 2, "there is no table in: {text}");
        let cells = |line: &&&str| {
            let line = line.trim_matches('|').split('|');
            line.map(|cell| cell.trim().to_string()).collect()
        };
        PrintedTable(rows.iter().rev().map(cells).collect())
    }

    /// The number in the row and the column that have these names; a percentage is a number from 0 to 100.
    ///
    /// # Panics
    ///
    /// If there is no such row or column, or no number in it.
    #[track_caller]
    pub fn number(&self, row: &str, column: &str) -> f64 {
        let index = self.0[0].iter().position(|name| name == column);
        let index = index.unwrap_or_else(|| panic!("no column {column} in {:?}", self.0[0]));
        let cells = self.0[2..].iter().find(|cells| cells[0] == row);
        let cells = cells.unwrap_or_else(|| panic!("no row {row} in {:?}", self.0));
        let number = cells[index].trim_end_matches('%');
        number
            .parse()
            .unwrap_or_else(|error| panic!("{number:?} in {cells:?}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn reads_what_was_printed() {
        let mut table = Table::new(["loss", "recall", "error"]);
        table.row("MSE", ["50.5%", "1.25"]);
        table.row("Huber", ["75%", "0.5"]);
        let table = PrintedTable::last(&format!(
            "| an | earlier |\n|---|\n| one | 1 |\n\n{table}\nThe end."
        ));
        assert_eq!(table.number("MSE", "recall"), 50.5);
        assert_eq!(table.number("Huber", "error"), 0.5);
    }

    #[test]
    #[should_panic(expected = "no row L1")]
    fn misses_a_row() {
        let mut table = Table::new(["loss"]);
        table.row::<&str>("MSE", []);
        PrintedTable::last(&table.to_string()).number("L1", "loss");
    }
}
