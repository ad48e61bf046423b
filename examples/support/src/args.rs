//! The command line that the examples share, and what becomes of an error.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn_loss_plots::Picture;
use clap::builder::RangedU64ValueParser;
use clap::{Args, Command, Parser};

use crate::{BackendKind, Result};

/// The options of every example.
#[derive(Args, Clone, Debug)]
pub struct SharedArgs {
    /// Which backend computes
    #[arg(long, value_enum, default_value = "flex")]
    pub backend: BackendKind,
    /// Seed of the data, the weights and the order of the batches
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Use at most N examples to train on, and at most N to test with
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(16..))]
    pub limit: Option<usize>,
    /// How often every training example is seen
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub epochs: usize,
    /// The folder of the pictures
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
}

impl SharedArgs {
    /// The number of examples to use where `all` would be used without `--limit`.
    pub fn limited(&self, all: usize) -> usize {
        self.limit.map_or(all, |limit| all.min(limit))
    }

    /// Writes a picture into the output folder, as `name.svg` and as `name.png`, and prints their paths.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, name: &str, picture: &Picture) -> Result<()> {
        for ending in ["svg", "png"] {
            let path = self.output.join(format!("{name}.{ending}"));
            picture.save(&path)?;
            println!("Picture: {}", path.display());
        }
        Ok(())
    }
}

/// An example: its package's name, and the defaults that are its own.
pub struct Example {
    /// `env!("CARGO_PKG_NAME")`; the pictures go to `artifacts/` and this name.
    pub name: &'static str,
    /// The default of `--epochs`.
    pub epochs: usize,
}

impl Example {
    /// Parses the command line and runs the example; an error becomes one line on stderr and a failed exit status.
    pub fn main<A: Parser>(&self, run: impl FnOnce(&A) -> Result<()>) -> ExitCode {
        let matches = self.command::<A>().get_matches();
        let args = A::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let output: &PathBuf = matches.get_one("output").expect("it has a default");
        // Before the training: a folder that cannot be made should cost no time.
        match make_folder(output).and_then(|()| run(&args)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// The command line of `A` with this example's defaults.
    fn command<A: Parser>(&self) -> Command {
        let default = |name: &'static str, value: String| {
            move |command: Command| {
                command.mut_arg(name, |arg| arg.required(false).default_value(value))
            }
        };
        let output = Path::new("artifacts").join(self.name);
        let command = default("epochs", self.epochs.to_string())(A::command());
        // So that what is wrong with a number below 0 is its range, and not that there is no option `-1`.
        let command = command.mut_args(|arg| match arg.get_action().takes_values() {
            true => arg.allow_negative_numbers(true),
            false => arg,
        });
        default("output", output.display().to_string())(command)
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("cannot write to {}: {error}", folder.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        shared: SharedArgs,
    }

    fn parse(line: &str) -> Result<SharedArgs> {
        let example = Example {
            name: "shapes",
            epochs: 7,
        };
        let line = std::iter::once("shapes").chain(line.split_whitespace());
        let matches = example.command::<Cli>().try_get_matches_from(line)?;
        Ok(<Cli as clap::FromArgMatches>::from_arg_matches(&matches)?.shared)
    }

    #[test]
    fn an_example_brings_its_own_defaults() {
        let args = parse("").unwrap();
        assert_eq!(args.epochs, 7);
        assert_eq!(args.output, Path::new("artifacts").join("shapes"));
        assert_eq!(args.backend, BackendKind::Flex);
        assert_eq!(parse("--epochs 3").unwrap().epochs, 3);
    }

    #[test]
    fn a_limit_only_lowers() {
        assert_eq!(parse("").unwrap().limited(100), 100);
        assert_eq!(parse("--limit 20").unwrap().limited(100), 20);
        assert_eq!(parse("--limit 200").unwrap().limited(100), 100);
    }

    #[test]
    fn a_picture_that_cannot_be_written_is_named() {
        let folder = std::env::temp_dir().join(format!("example-support-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let args = SharedArgs {
            output: folder.clone(),
            ..parse("").unwrap()
        };
        make_folder(&folder).unwrap();
        let curve = burn_loss_plots::Lines::new("curve").line("a", &[0.0, 1.0], &[0.0, 1.0]);
        let picture = curve.draw().unwrap();
        // In the place of the second file is a folder.
        let taken = folder.join("curve.png");
        make_folder(&taken).unwrap();
        let error = args.save("curve", &picture).unwrap_err().to_string();
        let expected = format!("cannot write {}: ", taken.display());
        assert!(error.starts_with(&expected), "{error}");
        assert!(folder.join("curve.svg").exists());
        // The folder is gone.
        std::fs::remove_dir_all(&folder).unwrap();
        let error = args.save("curve", &picture).unwrap_err().to_string();
        let expected = format!("cannot write {}: ", folder.join("curve.svg").display());
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn refuses_what_cannot_train() {
        assert!(parse("--epochs 0").is_err());
        assert!(parse("--limit 3").is_err());
        for option in ["--epochs", "--limit", "--seed"] {
            let error = parse(&format!("{option} -1")).unwrap_err().to_string();
            assert!(error.starts_with("error: invalid value '-1'"), "{error}");
        }
        assert!(parse("--backend abacus").is_err());
    }
}
