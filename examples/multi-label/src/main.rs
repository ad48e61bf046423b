//! Several labels at once: binary cross entropy with one logit a label, and a threshold for each label.
//!
//! `data` makes chords of tones, `model` is the network, `judgement` chooses the thresholds and measures.

mod data;
mod judgement;
mod model;

use std::process::ExitCode;

use burn::module::AutodiffModule;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use burn_loss::{AutodiffLossBackend, BceWithLogitsLossConfig};
use burn_loss_plots::{Picture, RocCurves};
use clap::Parser;
use example_support::{Example, Result, SharedArgs, Table, Training, on_backend, rows};

use crate::data::{Chords, TONES};
use crate::judgement::{Judgement, Scored};
use crate::model::Network;

/// Hear which of five tones sound in a noisy chord: yes or no for each, with a threshold for each.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
}

fn main() -> ExitCode {
    let example = Example {
        name: env!("CARGO_PKG_NAME"),
        epochs: 15,
    };
    example.main(|cli: &Cli| on_backend!(cli.shared.backend, run(&cli.shared)))
}

fn run<B: AutodiffLossBackend>(args: &SharedArgs) -> Result<()> {
    let device = Default::default();
    B::seed(&device, args.seed);
    let train = Chords::<B>::generate(args.limited(8000), args.seed, &device);
    // Data of their own, not the ones to train on.
    let seed = |number| args.seed.wrapping_add(number);
    let validation = Chords::generate(args.limited(8000), seed(1), &device);
    let test = Chords::generate(args.limited(8000), seed(2), &device);

    let training = Training {
        epochs: args.epochs,
        batch_size: 64,
        learning_rate: 0.01,
        seed: args.seed,
    };
    let loss = BceWithLogitsLossConfig::new().init(&device);
    let network = Network::<B>::new(&device);
    let (network, _) = training.run("network", network, train.count(), |network, batch| {
        let logits = network.forward(rows(&train.spectra, batch));
        loss.forward(logits, rows(&train.labels, batch).float())
    })?;

    let network = network.valid();
    let (validation, test) = (score(&network, &validation), score(&network, &test));
    let labels = 0..TONES.len();
    let judge = |label| Judgement::new(&validation, &test, label);
    let judgements: Vec<Judgement> = labels.map(judge).collect();
    args.save("roc", &picture(&judgements)?)?;
    println!("\n{}", table(&judgements));
    Ok(())
}

fn score<B: Backend>(network: &Network<B>, chords: &Chords<B>) -> Scored<B> {
    Scored {
        probabilities: sigmoid(network.forward(chords.spectra.clone())),
        labels: chords.labels.clone(),
    }
}

/// A row a label, and the mean of the labels.
fn table(judgements: &[Judgement]) -> Table {
    let mut table = Table::new([
        "label",
        "share",
        "ROC-AUC",
        "F1 at 0.5",
        "threshold",
        "precision",
        "recall",
        "F1",
    ]);
    let number = |number: f64| format!("{number:.3}");
    for (tone, judgement) in TONES.iter().zip(judgements) {
        let scores = judgement.at_threshold;
        let numbers = [
            tone.share,
            judgement.roc_auc,
            judgement.at_half.f1_score,
            judgement.threshold,
            scores.precision,
            scores.recall,
            scores.f1_score,
        ];
        table.row(tone.name, numbers.map(number));
    }
    let mean = |of: fn(&Judgement) -> f64| {
        number(judgements.iter().map(of).sum::<f64>() / judgements.len() as f64)
    };
    let cells = [
        String::new(),
        mean(|judgement| judgement.roc_auc),
        mean(|judgement| judgement.at_half.f1_score),
        String::new(),
        mean(|judgement| judgement.at_threshold.precision),
        mean(|judgement| judgement.at_threshold.recall),
        mean(|judgement| judgement.at_threshold.f1_score),
    ];
    table.row("mean", cells);
    table
}

fn picture(judgements: &[Judgement]) -> Result<Picture> {
    let mut curves = RocCurves::new().title("ROC curve of each tone");
    for (tone, judgement) in TONES.iter().zip(judgements) {
        let curve = &judgement.curve;
        let rates = (&curve.false_positive_rate, &curve.true_positive_rate);
        curves = curves.curve(tone.name, rates.0, rates.1, judgement.roc_auc);
    }
    Ok(curves.draw()?)
}
