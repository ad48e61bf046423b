//! The example as a person runs it: train a little, look at predictions, and mistype.

#[cfg(target_os = "linux")]
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An empty folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn mnist(folder: &Path, args: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mnist"))
        .current_dir(folder)
        .args(args.split_whitespace())
        .output()
        .unwrap()
}

fn stdout(folder: &Path, args: &str) -> String {
    let output = mnist(folder, args);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "`mnist {args}` failed: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(folder: &Path, args: &str) -> String {
    let output = mnist(folder, args);
    assert!(!output.status.success(), "`mnist {args}` did not fail");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("error: ") && !error.contains("panicked"),
        "{error}"
    );
    error
}

/// The mean losses of the lines that start with `split`, epoch by epoch.
fn losses(text: &str, split: &str) -> Vec<f64> {
    let loss = |line: &str| -> Option<f64> {
        let metrics = line.trim().strip_prefix(split)?;
        metrics
            .split(", ")
            .find_map(|metric| metric.trim().strip_prefix("Loss ")?.parse().ok())
    };
    text.lines().filter_map(loss).collect()
}

/// All but the lines that say how long it took.
fn without_times(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.ends_with(" s") && !line.contains(" s of training"))
        .collect()
}

/// The report of a run that printed this accuracy, and the pictures in it and beside it.
fn assert_report(output: &Path, accuracy: &str) {
    let html = fs::read_to_string(output.join("report.html")).unwrap();
    let percent = accuracy.strip_prefix("Test accuracy: ").unwrap();
    let percent = percent.split(' ').next().unwrap();
    let row = format!("<th scope=\"row\">test accuracy</th><td>{percent}</td>");
    assert!(html.contains(&row), "no {row}");
    for name in [
        "learning_curves",
        "confusion_matrix",
        "reliability",
        "roc",
        "precision_recall",
        "wrong_digits",
    ] {
        let svg = fs::read_to_string(output.join(format!("pictures/{name}.svg"))).unwrap();
        assert!(html.contains(&svg), "{name} is not in the report");
        let png = fs::read(output.join(format!("pictures/{name}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{name}");
    }
    assert_eq!(html.matches("<figure>").count(), 6);
    assert!(!html.contains("NaN"), "every number is defined");
}

#[test]
fn trains_and_then_predicts() {
    let folder = folder("train");
    let text = stdout(
        &folder,
        "--backend ndarray --limit 480 --epochs 3 --batch-size 16",
    );
    assert!(
        text.starts_with("First batch: 16 rows, 10 classes, loss 2."),
        "{text}"
    );
    assert!(text.contains("; nothing suspicious\n"), "{text}");
    let train = losses(&text, "train:");
    assert_eq!(train.len(), 3, "{text}");
    assert!(
        train[2] < 0.7 * train[0],
        "the loss does not fall: {train:?}"
    );
    assert_eq!(losses(&text, "valid:").len(), 3, "{text}");

    let last = text.lines().rev().nth(1).unwrap();
    let accuracy = last
        .strip_prefix("Test accuracy: ")
        .and_then(|rest| rest.split_once("% (480 images, "));
    let accuracy: f64 = accuracy
        .unwrap_or_else(|| panic!("{last}"))
        .0
        .parse()
        .unwrap();
    // Guessing gets 10%.
    assert!((50.0..=100.0).contains(&accuracy), "{last}");

    assert_eq!(
        text.lines().last().unwrap(),
        "Report: artifacts/mnist/report.html"
    );
    assert_report(&folder.join("artifacts/mnist"), last);

    // Saved on one backend, loaded on another: the same probabilities.
    let predicted = stdout(&folder, "predict --backend ndarray --count 3");
    assert_eq!(
        predicted,
        stdout(&folder, "predict --backend flex --count 3")
    );
    assert!(
        predicted.contains("test image 0: a 7, predicted "),
        "{predicted}"
    );
    assert_eq!(predicted.matches('%').count(), 30, "{predicted}");
    assert!(predicted.contains('█'), "{predicted}");
    assert!(
        predicted
            .lines()
            .last()
            .unwrap()
            .starts_with("3 test images looked at, "),
        "{predicted}"
    );
}

#[test]
fn predict_marks_what_is_wrong() {
    let folder = folder("wrong");
    // One step leaves a network that is wrong about most digits.
    stdout(&folder, "--limit 24 --epochs 1 --output here");
    let all = stdout(&folder, "predict --output here --start 100 --count 40");
    let shown = all.matches("test image ").count();
    let wrong = all.matches("<-- WRONG").count();
    assert_eq!(shown, 40);
    assert!(wrong > 20, "{wrong} of 40");
    assert!(
        all.ends_with(&format!(
            "40 test images looked at, {wrong} wrong, 40 shown\n"
        )),
        "{all}"
    );

    let only = stdout(
        &folder,
        "predict --output here --start 100 --count 7 --wrong-only",
    );
    assert_eq!(
        (
            only.matches("test image ").count(),
            only.matches("<-- WRONG").count()
        ),
        (7, 7)
    );
}

#[test]
fn seed_decides_the_run() {
    let folder = folder("seed");
    let run = |seed: &str| {
        stdout(
            &folder,
            &format!("--backend flex --limit 240 --epochs 2 --seed {seed}"),
        )
    };
    let (first, second, other) = (run("1"), run("1"), run("2"));
    assert_eq!(without_times(&first), without_times(&second));
    assert_ne!(losses(&first, "train:"), losses(&other, "train:"));
}

#[test]
fn every_loss_trains() {
    let folder = folder("losses");
    for options in [
        "cross-entropy --label-smoothing 0.1",
        "nll --class-weights 1,2,1,1,1,1,1,1,1,0.5",
        "bce",
        "bce-with-logits --label-smoothing 0.1",
        "mse",
        "huber",
        "focal --class-weights 1,2,1,1,1,1,1,1,1,0.5",
        "poly",
        "generalized-cross-entropy",
        "sigmoid-focal",
        "l1",
        "log-cosh",
        "logit-adjusted",
        "multi-margin",
        "asymmetric",
        "multi-label-soft-margin",
        "smooth-l1",
        "charbonnier",
    ] {
        let text = stdout(
            &folder,
            &format!("--limit 480 --epochs 3 --batch-size 16 --loss {options}"),
        );
        let train = losses(&text, "train:");
        assert!(
            train[2] < 0.9 * train[0],
            "{options}: the loss does not fall: {train:?}"
        );
    }
}

#[test]
fn a_second_run_replaces_the_first() {
    let folder = folder("twice");
    stdout(&folder, "--limit 24 --epochs 3");
    let old = folder.join("artifacts/mnist/pictures/roc.svg");
    let first = fs::read(&old).unwrap();
    let model = folder.join("artifacts/mnist/model.mpk");
    let first_model = fs::read(&model).unwrap();
    let first_report = folder.join("artifacts/mnist/report.html");
    let stopped = folder.join("artifacts/mnist/unfinished");
    // Stopped while it trains: the first run is as it was.
    let mut child = Command::new(env!("CARGO_BIN_EXE_mnist"))
        .current_dir(&folder)
        .args(["--epochs", "1000", "--limit", "600"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !stopped.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(&model).unwrap(), first_model);
    assert_eq!(fs::read(&old).unwrap(), first);
    assert!(first_report.exists());
    let text = stdout(&folder, "--limit 24 --epochs 1 --check-first-batch false");
    assert!(text.contains("Total Epochs: 1\n"), "{text}");
    assert!(!text.contains("First batch"), "{text}");
    assert_ne!(fs::read(&old).unwrap(), first);
    assert_ne!(fs::read(&model).unwrap(), first_model);
    assert!(!stopped.exists());
    assert!(
        folder
            .join("artifacts/mnist/metrics/valid/epoch-1/Loss.log")
            .exists()
    );
}

/// The files of a finished run; not those of one that goes on.
#[cfg(target_os = "linux")]
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("unfinished") {
            continue;
        }
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => {
                let bytes = fs::read(&path).unwrap();
                files.insert(path, bytes);
            }
        }
    }
    files
}

/// A limit on the size of a file stands for a disk that fills, at each stage of a run whose files are larger than those
/// before it. The pictures are smaller than the model.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_leaves_the_first_run() {
    // The limit's unit. With weights of as many digits, the config is longer than one.
    const BLOCK: u64 = 512;
    let weights = ["0.12345678"; 10].join(",");
    let options = format!("--epochs 1 --class-weights {weights}");
    let short = "--limit 24";
    // As many steps have a longer log than the model.
    let long = "--limit 6000 --batch-size 1";
    let folder = folder("full");
    stdout(&folder, &format!("{options} {short}"));
    let output = folder.join("artifacts/mnist");
    let before = files(&output);
    let model = fs::metadata(output.join("model.mpk")).unwrap().len();
    let (too_few, enough) = ((model - 1) / BLOCK, model.div_ceil(BLOCK));
    let unfinished = "artifacts/mnist/unfinished";
    for (blocks, length, expected) in [
        (0, short, "to artifacts/mnist: ".to_owned()),
        (1, short, format!("{unfinished}/config.json: ")),
        (8, short, format!("{unfinished}/model.mpk: ")),
        // The last bytes are written where Burn's recorder does not look for an error.
        (too_few, short, format!("all of {unfinished}/model.mpk\n")),
        (
            enough,
            long,
            format!("to {unfinished}/metrics/train/epoch-1/Loss.log: "),
        ),
        (enough, short, format!("{unfinished}/report.html: ")),
    ] {
        let limited =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {options} {length} --seed 1");
        let found = Command::new("sh")
            .current_dir(&folder)
            .args(["-c", &limited, env!("CARGO_BIN_EXE_mnist")])
            .output()
            .unwrap();
        let error = String::from_utf8(found.stderr).unwrap();
        assert!(!found.status.success(), "with {blocks} blocks");
        let expected = format!("error: cannot write {expected}");
        assert!(
            error.starts_with(&expected),
            "with {blocks} blocks: {error}"
        );
        assert_eq!(error.lines().count(), 1, "with {blocks} blocks: {error}");
        assert!(
            files(&output) == before,
            "with {blocks} blocks, the first run is not as it was"
        );
    }
    // With room again, the next run takes its place.
    stdout(&folder, &format!("{options} {short} --seed 1"));
    assert!(files(&output) != before);
    assert!(!output.join("unfinished").exists());
}

#[test]
fn mistakes_are_explained() {
    let folder = folder("mistakes");
    let explains = |args: &str, expected: &str| {
        let error = stderr(&folder, args);
        assert!(error.contains(expected), "`mnist {args}`: {error}");
    };
    explains(
        "predict",
        "there is no model in artifacts/mnist: train one with `cargo run",
    );
    explains("--loss l7", "invalid value 'l7'");
    explains("--epochs 0", "expected a whole number of at least 1");
    explains("--label-smoothing 2", "expected a number from 0 to 1");
    explains(
        "--class-weights 1,2",
        "expected 10 numbers, one a digit, found 2",
    );
    explains(
        "--loss huber --label-smoothing 0.1",
        "--loss huber does not take it",
    );
    explains("--data nowhere", "cannot open nowhere");
    assert!(
        !folder.join("artifacts").exists(),
        "a mistake leaves nothing behind"
    );

    for option in [
        "--learning-rate -1",
        "--seed -1",
        "--epochs -1",
        "--limit -1",
        "predict --start -1",
    ] {
        explains(option, "expected a ");
    }
    explains(
        "--class-weights -1,1",
        "expected a finite number of at least 0",
    );

    // A folder that is there, and in which nobody can write; before anything is trained.
    #[cfg(target_os = "linux")]
    explains("--output /proc", "cannot write to /proc: ");
    fs::write(folder.join("file"), "").unwrap();
    explains("--output file/inside", "cannot write to file/inside");
    // A folder with what no run has written.
    fs::create_dir(folder.join("unfinished")).unwrap();
    fs::write(folder.join("unfinished/letter.txt"), "mine").unwrap();
    explains("--output .", "unfinished is not of an earlier run");
    assert!(folder.join("unfinished/letter.txt").exists());
}

#[test]
fn damaged_models_are_explained() {
    let folder = folder("damaged");
    stdout(&folder, "--limit 24 --epochs 1 --output here");
    let model = folder.join("here/model.mpk");
    let bytes = fs::read(&model).unwrap();
    fs::write(&model, &bytes[..bytes.len() / 2]).unwrap();
    let error = stderr(&folder, "predict --output here");
    let expected = "cannot read here/model.mpk: it is cut short or not a model";
    assert!(error.contains(expected), "{error}");
    assert!(stderr(&folder, "predict --output here --start 10000").contains("cannot read"));
    fs::write(&model, bytes).unwrap();
    assert!(stderr(&folder, "predict --output here --start 10000").contains("numbered 0 to 9999"));
    fs::write(folder.join("here/config.json"), "{}").unwrap();
    assert!(stderr(&folder, "predict --output here").contains("cannot read here/config.json"));
}

#[cfg(not(feature = "wgpu"))]
#[test]
fn wgpu_says_how_it_is_built_in() {
    let error = stderr(&folder("wgpu"), "--backend wgpu");
    assert!(error.contains("--features wgpu"), "{error}");
}
