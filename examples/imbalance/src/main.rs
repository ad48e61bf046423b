//! A rare positive class: plain binary cross entropy, `pos_weight` and focal loss, and a threshold for each.
//!
//! `data` makes the points, `model` learns under each loss, `judgement` chooses a threshold and measures.

mod data;
mod judgement;
mod model;

use std::process::ExitCode;

use burn::module::AutodiffModule;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use burn_loss::AutodiffLossBackend;
use burn_loss_plots::{Lines, Picture, PrecisionRecallCurves};
use clap::Parser;
use example_support::{Example, Result, SharedArgs, Table, Training, on_backend};

use crate::data::Points;
use crate::judgement::{Judgement, Scored};
use crate::model::{BinaryLoss, Network};

/// Find a rare class under three losses, and say what weighting does to recall, precision and calibration.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
}

fn main() -> ExitCode {
    let example = Example {
        name: env!("CARGO_PKG_NAME"),
        epochs: 20,
    };
    example.main(|cli: &Cli| on_backend!(cli.shared.backend, run(&cli.shared)))
}

fn run<B: AutodiffLossBackend>(args: &SharedArgs) -> Result<()> {
    let device = Default::default();
    let train = Points::<B>::generate(args.limited(8000), args.seed, &device);
    // Data of their own, not the ones to train on.
    let seed = |number| args.seed.wrapping_add(number);
    let validation = Points::generate(args.limited(10_000), seed(1), &device);
    let test = Points::generate(args.limited(20_000), seed(2), &device);
    let training = Training {
        epochs: args.epochs,
        batch_size: 64,
        learning_rate: 0.01,
        seed: args.seed,
    };

    let mut judgements = Vec::new();
    for (name, loss) in BinaryLoss::all(&train) {
        let network = model::train(name, &loss, &train, &training)?.valid();
        let judgement = Judgement::new(&score(&network, &validation), &score(&network, &test));
        judgements.push((name, judgement));
    }
    args.save("calibration", &calibration(&judgements)?)?;
    args.save("precision-recall", &ranking(&judgements, &test)?)?;
    println!("\n{}", table(&judgements));
    Ok(())
}

fn score<B: Backend>(network: &Network<B>, points: &Points<B>) -> Scored<B> {
    Scored {
        probabilities: sigmoid(network.forward(points.x.clone())),
        positive: points.positive.clone(),
    }
}

/// Two rows a loss: at the threshold 0.5, and at the one that was chosen.
fn table(judgements: &[(&str, Judgement)]) -> Table {
    let mut table = Table::new([
        "loss and threshold",
        "threshold",
        "recall",
        "precision",
        "F1",
        "ECE",
        "average precision",
    ]);
    for (name, judgement) in judgements {
        let calibration = judgement.reliability.expected_calibration_error();
        for (kind, threshold, scores) in [
            ("0.5", 0.5, judgement.at_half),
            ("chosen", judgement.threshold, judgement.at_threshold),
        ] {
            let numbers = [
                threshold,
                scores.recall,
                scores.precision,
                scores.f1_score,
                calibration,
                judgement.average_precision,
            ];
            let cells = numbers.map(|number| format!("{number:.3}"));
            table.row(&format!("{name}, {kind}"), cells);
        }
    }
    table
}

/// How often what is said with a probability is so, for each loss in one picture.
fn calibration(judgements: &[(&str, Judgement)]) -> Result<Picture> {
    let mut lines = Lines::new("Calibration: what is said, and how often it is so")
        .x_label("probability of the positive class")
        .y_label("share of positives")
        .reference("calibrated", &[0.0, 1.0], &[0.0, 1.0]);
    for (name, judgement) in judgements {
        let bins = &judgement.reliability.bins;
        let said: Vec<f64> = bins.iter().map(|bin| bin.confidence).collect();
        let is_so: Vec<f64> = bins.iter().map(|bin| bin.accuracy).collect();
        lines = lines
            .line(*name, &said, &is_so)
            .points(*name, &said, &is_so);
    }
    Ok(lines.draw()?)
}

/// The precision-recall curves, on which every threshold is a point.
fn ranking<B: Backend>(judgements: &[(&str, Judgement)], test: &Points<B>) -> Result<Picture> {
    let share = f64::from(test.positives()) / test.x.dims()[0] as f64;
    let mut curves = PrecisionRecallCurves::new().base_rate(share);
    for (name, judgement) in judgements {
        let curve = &judgement.curve;
        let average = judgement.average_precision;
        curves = curves.curve(*name, &curve.recall, &curve.precision, average);
    }
    Ok(curves.draw()?)
}
