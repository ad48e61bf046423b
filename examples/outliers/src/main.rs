//! Regression with outliers: the squared error against the absolute error and the Huber loss.
//!
//! `data` makes points of a known line, some of them spoiled; `fit` learns a line under each loss.

mod data;
mod fit;

use std::process::ExitCode;

use burn_loss::{AutodiffLossBackend, HuberLossConfig, L1LossConfig, MseLossConfig};
use burn_loss_plots::{Lines, Picture};
use clap::Parser;
use example_support::{Example, Result, SharedArgs, Table, Training, checks, on_backend};

use crate::data::{Line, Points};

/// Fits a line to points with outliers by MSE, L1 and Huber loss, and says how far each is from the true line.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    /// The error at which the Huber loss turns from quadratic to linear
    #[arg(long, default_value_t = 1.0, value_parser = checks::above_zero)]
    delta: f64,
}

fn main() -> ExitCode {
    let example = Example {
        name: env!("CARGO_PKG_NAME"),
        epochs: 60,
    };
    example.main(|cli: &Cli| on_backend!(cli.shared.backend, run(cli)))
}

fn run<B: AutodiffLossBackend>(cli: &Cli) -> Result<()> {
    let args = &cli.shared;
    let device = Default::default();
    B::seed(&device, args.seed);
    let points = Points::generate(args.limited(400), args.seed);
    let training = Training {
        epochs: args.epochs,
        batch_size: 16,
        learning_rate: 0.1,
        seed: args.seed,
    };

    let mse = MseLossConfig::new().init();
    let l1 = L1LossConfig::new().init();
    let huber = HuberLossConfig::new().with_delta(cli.delta).init();
    let fits = [
        fit::line::<B, _>(&mse, &points, &training, &device)?,
        fit::line::<B, _>(&l1, &points, &training, &device)?,
        fit::line::<B, _>(&huber, &points, &training, &device)?,
    ];
    args.save("fits", &picture(&points, &fits)?)?;
    println!("\n{}", table(&fits));
    Ok(())
}

/// Slope and intercept of each fit, and how far it is from the true line on clean data.
fn table(fits: &[(&str, Line)]) -> Table {
    let mut table = Table::new(["loss", "slope", "intercept", "RMSE to the true line"]);
    let truth = ("(the true line)", Line::TRUTH);
    for (name, line) in std::iter::once(&truth).chain(fits) {
        let numbers = [line.slope, line.intercept, line.distance(&Line::TRUTH)];
        table.row(name, numbers.map(|number| format!("{number:.3}")));
    }
    table
}

fn picture(points: &Points, fits: &[(&str, Line)]) -> Result<Picture> {
    let ends = data::RANGE;
    let mut lines = Lines::new("A line fitted to data with outliers")
        .x_label("x")
        .y_label("y")
        .points("data", &points.x, &points.y)
        .reference("true line", &ends, &ends.map(|x| Line::TRUTH.at(x)));
    for (name, line) in fits {
        lines = lines.line(*name, &ends, &ends.map(|x| line.at(x)));
    }
    Ok(lines.draw()?)
}
