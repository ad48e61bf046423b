//! The choice of the backend: one type parameter, and nothing else in this example depends on it.

use burn_loss::AutodiffLossBackend;
use example_support::on_backend;

use crate::Result;
use crate::args::{Cli, Command};
use crate::{predict, training};

pub fn run(cli: Cli) -> Result<()> {
    let common = match &cli.command {
        Some(Command::Predict(args)) => &args.common,
        None => &cli.train.common,
    };
    on_backend!(common.backend, run_on(cli))
}

fn run_on<B: AutodiffLossBackend>(cli: Cli) -> Result<()> {
    let device = B::Device::default();
    match cli.command {
        // Nothing is learned here, so the backend without autodiff does.
        Some(Command::Predict(args)) => predict::run::<B::InnerBackend>(&args, &device),
        None => training::run::<B>(&cli.train, &device),
    }
}
