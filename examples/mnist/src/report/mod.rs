//! What a run was worth: key numbers and pictures of the test images, in one `report.html`.

mod numbers;
mod pictures;
mod test_set;

pub use test_set::TestSet;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn_loss_plots::{Picture, Report};

use crate::Result;
use crate::config::TrainingConfig;
use crate::history::History;

/// All that the report is about.
pub struct Run<'a> {
    pub config: &'a TrainingConfig,
    pub history: &'a History,
    pub training: Duration,
}

/// A picture: the name of its files, and what to see in it.
struct Figure {
    name: &'static str,
    caption: String,
    picture: Picture,
}

/// The name of the report.
pub const FILE: &str = "report.html";

/// The names of all pictures.
#[cfg(test)]
const NAMES: [&str; 6] = [
    "learning_curves",
    "confusion_matrix",
    "reliability",
    "roc",
    "precision_recall",
    "wrong_digits",
];
const ENDINGS: [&str; 2] = ["svg", "png"];

/// Writes `report.html` and `pictures/`.
pub fn write(run: &Run<'_>, test: &TestSet, output: &Path) -> Result<()> {
    let folder = output.join("pictures");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
    let mut report = Report::new("MNIST").text(summary(run, test));
    for (name, value) in numbers::of(run, test) {
        report = report.number(name, value);
    }
    for figure in pictures::of(run, test)? {
        for ending in ENDINGS {
            figure.picture.save(path(&folder, figure.name, ending))?;
        }
        report = report.picture(figure.caption, &figure.picture);
    }
    Ok(report.save(output.join(FILE))?)
}

fn path(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}.{ending}"))
}

fn summary(run: &Run<'_>, test: &TestSet) -> String {
    let TrainingConfig {
        loss,
        epochs,
        batch_size,
        learning_rate,
        seed,
        ..
    } = run.config;
    format!(
        "A small convolutional network, trained with {} for {epochs} epochs in batches of {batch_size} at a learning \
         rate of {learning_rate}, seed {seed}, and tested on {} images that it had not seen.",
        loss.name(),
        test.len(),
    )
}

#[cfg(test)]
mod tests {
    use burn::optim::AdamConfig;

    use super::*;
    use crate::data::{CLASSES, Digit, PIXELS};
    use crate::history::Curve;
    use crate::loss::{LossConfig, LossKind};
    use crate::model::ConvNetConfig;
    use crate::prediction::Prediction;

    /// The digits 0 to 4, each read as the class of the same place in `read`, quite surely.
    fn test_set(read: [usize; 5]) -> TestSet {
        let prediction = |(label, class)| {
            let mut probabilities = vec![0.01; CLASSES];
            probabilities[class] = 0.91;
            let pixels = [0; PIXELS];
            let digit = Digit {
                pixels,
                label: label as u8,
            };
            Prediction {
                index: label,
                digit,
                probabilities,
            }
        };
        TestSet::of(read.into_iter().enumerate().map(prediction).collect())
    }

    /// Writes the report of a run with these losses.
    fn write_into(output: &Path, losses: [f64; 2], test: &TestSet) -> Result<()> {
        let curve = || Curve {
            train: losses.to_vec(),
            valid: losses.to_vec(),
        };
        let run = Run {
            config: &TrainingConfig {
                network: ConvNetConfig::new(),
                optimizer: AdamConfig::new(),
                loss: LossConfig::new(LossKind::Mse),
                epochs: 2,
                batch_size: 64,
                learning_rate: 0.1,
                seed: 1,
                limit: None,
            },
            history: &History {
                loss: curve(),
                accuracy: curve(),
            },
            training: Duration::from_secs(3),
        };
        super::write(&run, test, output)
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("mnist-{}-{name}", std::process::id()))
    }

    /// The names of the pictures, and the report.
    fn write(name: &str, losses: [f64; 2], test: &TestSet) -> (Vec<String>, String) {
        let output = folder(name);
        write_into(&output, losses, test).unwrap();
        let html = fs::read_to_string(output.join(FILE)).unwrap();
        let has = |name: &&&str| path(&output.join("pictures"), name, "png").exists();
        let found = NAMES.iter().filter(has).map(|name| (*name).to_owned());
        let found: Vec<_> = found.collect();
        fs::remove_dir_all(&output).unwrap();
        (found, html)
    }

    #[test]
    fn a_run_has_all_pictures() {
        let (pictures, html) = write("all", [0.5, 0.4], &test_set([0, 1, 2, 3, 9]));
        assert_eq!(pictures, NAMES);
        assert!(html.contains("trained with mse for 2 epochs"), "{html}");
        assert!(html.contains("<td>80.00%</td>"));
        assert!(html.contains("<td>1 of 5</td>"));
        assert!(html.contains("a 4, read as 9"));
        // Only five of the ten digits are there.
        assert!(html.contains("undefined: a digit is missing"));
    }

    /// With something else in the place of each: its folder, a picture of each kind, the report.
    #[test]
    fn what_cannot_be_written_is_named() {
        let output = folder("taken");
        let taken = |file: &str, verb: &str| {
            let _ = fs::remove_dir_all(&output);
            let place = output.join(file);
            match file {
                "pictures" => {
                    fs::create_dir_all(&output).unwrap();
                    fs::write(&place, "").unwrap();
                }
                _ => fs::create_dir_all(&place).unwrap(),
            }
            let found = write_into(&output, [0.5, 0.4], &test_set([0, 1, 2, 3, 9]));
            let error = found.unwrap_err().to_string();
            let expected = format!("cannot {verb} {}: ", place.display());
            assert!(error.starts_with(&expected), "{error}");
        };
        taken("pictures", "write to");
        taken("pictures/learning_curves.svg", "write");
        taken("pictures/wrong_digits.png", "write");
        taken("report.html", "write");
        fs::remove_dir_all(&output).unwrap();
    }

    #[test]
    fn nothing_wrong_is_no_picture() {
        let (pictures, _) = write("right", [0.5, 0.4], &test_set([0, 1, 2, 3, 4]));
        assert_eq!(pictures, NAMES[..5]);
    }

    #[test]
    fn a_network_that_diverged_has_a_report() {
        let mut predictions = test_set([0, 1, 2, 3, 4]).into_predictions();
        predictions[2].probabilities = vec![f32::NAN; CLASSES];
        let test = TestSet::of(predictions);
        let (pictures, html) = write("diverged", [0.5, f64::NAN], &test);
        assert_eq!(pictures, ["learning_curves"]);
        assert!(html.contains("a probability is NaN"));
        let (pictures, _) = write("never", [f64::NAN; 2], &test);
        assert!(pictures.is_empty());
    }
}
