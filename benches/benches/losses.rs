//! Forward and backward of every loss, burn-nn's (or, where it has none, the loss composed of Burn's operations) and ours,
//! in turns in one process: `cargo bench -p benches --bench losses`.
//!
//! Arguments after `--` select: backends (`ndarray`, `flex`, with the feature of its name `wgpu` or `cuda`, and `limit` for
//! what the machine's memory allows), contenders (`burn-nn`, `composed`, `burn-loss`), rows of `work.txt`
//! (`cross-entropy:8192x1000`), and `json` for lines that `peers/run.sh` reads.

use std::time::Duration;

use benches::{BURN, COMPOSED, Case, OURS, Output, Prediction, Row, Step};
use benches::{budget, limit, medians, milliseconds};
use burn::backend::{Flex, NdArray};
use burn::tensor::ElementConversion;
use burn_loss::LossBackend;

const BACKENDS: [&str; 5] = ["ndarray", "flex", "wgpu", "cuda", "limit"];
const CONTENDERS: [&str; 3] = [BURN, COMPOSED, OURS];

/// What the arguments select.
struct Selection {
    words: Vec<String>,
    rows: Vec<Row>,
}

impl Selection {
    fn from_arguments() -> Self {
        let is_word = |argument: &String| {
            let mut words = BACKENDS.iter().chain(&CONTENDERS).chain(&["json"]);
            words.any(|word| argument == word)
        };
        // Cargo adds an option of its own.
        let arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
        let (words, prefixes): (Vec<String>, Vec<String>) = arguments.partition(is_word);
        let mut rows = Row::all();
        for prefix in &prefixes {
            if !rows.iter().any(|row| row.is_selected(prefix)) {
                eprintln!("{prefix} is no backend, no contender, and no row of work.txt");
                std::process::exit(2);
            }
        }
        rows.retain(|row| {
            prefixes.is_empty() || prefixes.iter().any(|prefix| row.is_selected(prefix))
        });
        Self { words, rows }
    }

    fn given(&self, word: &str) -> bool {
        self.words.iter().any(|given| given == word)
    }

    /// Whether this one of a kind is named, or none of them is.
    fn has(&self, word: &str, kind: &[&str]) -> bool {
        self.given(word) || !kind.iter().any(|word| self.given(word))
    }
}

fn main() {
    let selection = Selection::from_arguments();
    let backend = |name| selection.has(name, &BACKENDS);
    if backend("ndarray") {
        compare_all::<NdArray>("NdArray", &selection);
    }
    if backend("flex") {
        compare_all::<Flex>("Flex", &selection);
    }
    #[cfg(feature = "wgpu")]
    if backend("wgpu") {
        compare_all::<burn::backend::Wgpu>("Wgpu", &selection);
    }
    #[cfg(feature = "cuda")]
    if backend("cuda") {
        compare_all::<burn::backend::Cuda>("Cuda", &selection);
    }
    if backend("limit") {
        limits(&selection);
    }
}

fn limits(selection: &Selection) {
    if !selection.given("json") {
        println!("\n## What the memory allows\n\n| row | ms |\n| --- | ---: |");
    }
    for row in &selection.rows {
        let time = limit(row);
        match selection.given("json") {
            true => print_json(row, "limit", "", time),
            false => println!("| {row} | {} |", milliseconds(time)),
        }
    }
}

fn compare_all<B: LossBackend>(name: &str, selection: &Selection) {
    if !selection.given("json") {
        println!("\n## {name}\n");
        println!("| row | burn-nn, ms | composed, ms | ours, ms | times faster |");
        println!("| --- | ---: | ---: | ---: | ---: |");
    }
    for row in &selection.rows {
        let times = compare::<B>(row, selection);
        if selection.given("json") {
            for (who, time) in times {
                print_json(row, who, name, time);
            }
            continue;
        }
        let of = |name| times.iter().find(|(who, _)| *who == name).map(|(_, t)| *t);
        let found @ [burn, composed, ours] = CONTENDERS.map(of);
        let [burn_ms, composed_ms, ours_ms] = found.map(|t| t.map_or("".into(), milliseconds));
        let ratio = burn.or(composed).zip(ours).map_or("".into(), |(a, b)| {
            format!("{:.1}", a.as_secs_f64() / b.as_secs_f64())
        });
        println!("| {row} | {burn_ms} | {composed_ms} | {ours_ms} | {ratio} |");
    }
}

/// The medians of the selected contenders.
fn compare<B: LossBackend>(row: &Row, selection: &Selection) -> Vec<(&'static str, Duration)> {
    let device = B::Device::default();
    let wait = || B::sync(&device).expect("the device answers");
    let case = Case::<B>::new(row, &device);
    let (names, steps): (Vec<_>, Vec<_>) = case
        .contenders
        .iter()
        .filter(|(who, _)| selection.has(who, &CONTENDERS))
        .map(|(who, step)| (*who, step))
        .unzip();
    if steps.is_empty() {
        return Vec::new();
    }
    let prepare = || {
        let prediction = if row.is_kept() {
            case.kept()
        } else {
            case.fresh()
        };
        wait();
        prediction
    };
    let run = |step: &Step<B>, prediction: Prediction<B>| {
        let output = step(prediction);
        wait();
        // Let go of after the clock stops: freeing is not a contender's work.
        output
    };
    if steps.len() == 2 {
        let outputs: Vec<_> = steps.iter().map(|&step| run(step, prepare())).collect();
        agree::<B>(row, &outputs);
    }
    let run = &run;
    let runs = steps.iter();
    let mut runs: Vec<_> = runs.map(|&step| move |x| run(step, x)).collect();
    let mut turns: Vec<&mut dyn FnMut(Prediction<B>) -> Output<B>> = Vec::new();
    for run in &mut runs {
        turns.push(run);
    }
    let times = medians(budget(turns.len()), prepare, &mut turns);
    names.into_iter().zip(times).collect()
}

/// Both compute the same loss, but for what burn-nn divides by: all rows, the ignored ones, too.
fn agree<B: LossBackend>(row: &Row, outputs: &[Output<B>]) {
    let losses = outputs
        .iter()
        .map(|(loss, _)| loss.clone().into_scalar().elem::<f64>());
    let losses: Vec<f64> = losses.collect();
    // Burn adds in f32.
    let close = (losses[0] - losses[1]).abs() < 0.01 * losses[1].abs();
    assert!(
        close || row.how == "ignored-rows",
        "{row}: the losses are {losses:?}"
    );
}

fn print_json(row: &Row, who: &str, setting: &str, time: Duration) {
    let (row, ms) = (row.id(), time.as_secs_f64() * 1e3);
    println!(r#"{{"row": "{row}", "who": "{who}", "setting": "{setting}", "ms": {ms}}}"#);
}
