//! Trains a small convolutional network on MNIST with any loss of `burn-loss`, on any backend.
//!
//! `args` says what can be asked for, `backend` chooses the type parameter, `training` and `predict` do the work, and
//! `report` shows what came of it.

mod args;
mod backend;
mod checks;
mod config;
mod data;
mod history;
mod loss;
mod metrics_log;
mod model;
mod output;
mod picture;
mod predict;
mod prediction;
mod progress;
mod report;
mod training;

use std::process::ExitCode;

use clap::Parser;

/// What every step returns; the message says what to do about it.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match backend::run(args::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
