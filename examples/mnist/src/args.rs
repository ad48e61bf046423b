//! The command line.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use example_support::BackendKind;

use crate::{checks, loss::LossKind};

/// Train a small convolutional network on MNIST with any burn-loss loss, or look at what it predicts.
#[derive(Parser, Debug)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub train: TrainArgs,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print predictions of the saved model as text pictures with probabilities
    Predict(PredictArgs),
}

/// What training and predicting have in common.
#[derive(Args, Clone, Debug)]
pub struct CommonArgs {
    /// Which backend computes
    #[arg(long, value_enum, default_value = "flex")]
    pub backend: BackendKind,
    /// Read the four IDX files (`.gz` or not) from this folder instead of the bundled ones
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The folder of the model, its config and the logs
    #[arg(long, value_name = "DIR", default_value = "artifacts/mnist")]
    pub output: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// What the network learns to minimise
    #[arg(long, value_enum, default_value = "cross-entropy")]
    pub loss: LossKind,
    /// Label smoothing, 0 to 1, for cross-entropy and bce-with-logits
    #[arg(long, default_value_t = 0.0, value_parser = checks::label_smoothing, allow_negative_numbers = true)]
    pub label_smoothing: f64,
    /// Ten weights w0,w1,..,w9, one a digit, for the losses of one of several classes
    #[arg(long, value_name = "W0,..,W9", value_parser = checks::class_weight, value_delimiter = ',', allow_hyphen_values = true)]
    pub class_weights: Option<Vec<f32>>,
    /// How often every training image is seen
    #[arg(long, default_value_t = 5, value_parser = checks::at_least_one, allow_negative_numbers = true)]
    pub epochs: usize,
    /// Images a step
    #[arg(long, default_value_t = 64, value_parser = checks::at_least_one, allow_negative_numbers = true)]
    pub batch_size: usize,
    /// Learning rate of Adam at the start; it falls to 0 along a cosine
    #[arg(long, default_value_t = 2e-3, value_parser = checks::learning_rate, allow_negative_numbers = true)]
    pub learning_rate: f64,
    /// Seed of the weights, the validation split and the order of the images
    #[arg(long, default_value_t = 42, value_parser = checks::seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Use at most N training images, validation included, and at most N test images
    #[arg(long, value_name = "N", value_parser = checks::at_least_two, allow_negative_numbers = true)]
    pub limit: Option<usize>,
    /// Look at the first batch for mistakes before anything is learned
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    pub check_first_batch: bool,
    /// Print one line an epoch even where stdout is a terminal
    #[arg(long)]
    pub plain: bool,
}

#[derive(Args, Clone, Debug)]
pub struct PredictArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// How many digits to print
    #[arg(long, default_value_t = 5, value_parser = checks::at_least_one, allow_negative_numbers = true)]
    pub count: usize,
    /// The first test image to look at
    #[arg(long, value_name = "INDEX", default_value_t = 0, value_parser = checks::index, allow_negative_numbers = true)]
    pub start: usize,
    /// Print only digits that the model gets wrong
    #[arg(long)]
    pub wrong_only: bool,
}
