//! Sequences of different lengths: a small language model learns sentences, padded, with `ignore_index`.
//!
//! `text` reads the sentences, `batch` pads them, `model` is the network, `evaluation` compares the means, and `sample`
//! writes new sentences.

mod batch;
mod evaluation;
mod model;
mod sample;
mod text;

use std::process::ExitCode;

use burn::module::AutodiffModule;
use burn_loss::{AutodiffLossBackend, CrossEntropyLossConfig};
use clap::Parser;
use example_support::{Example, Result, SharedArgs, Training, checks, on_backend};

use crate::batch::{Batch, PADDING};
use crate::evaluation::Means;
use crate::model::LanguageModelConfig;
use crate::text::Corpus;

/// Learn the sentences of a book letter by letter, and compare the padded loss with that of the sentences alone.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    /// How many sentences to write at the end
    #[arg(long, default_value_t = 4)]
    samples: usize,
    /// Below 1, likely letters become likelier
    #[arg(long, default_value_t = 0.6, value_parser = checks::above_zero)]
    temperature: f64,
}

fn main() -> ExitCode {
    let example = Example {
        name: env!("CARGO_PKG_NAME"),
        epochs: 8,
    };
    example.main(|cli: &Cli| on_backend!(cli.shared.backend, run(cli)))
}

fn run<B: AutodiffLossBackend>(cli: &Cli) -> Result<()> {
    let args = &cli.shared;
    let device = Default::default();
    B::seed(&device, args.seed);
    let corpus = Corpus::bundled();
    let (train, test) = corpus.split(args.seed);
    let train = &train[..args.limited(train.len())];
    let test = &test[..args.limited(test.len())];

    let training = Training {
        epochs: args.epochs,
        batch_size: 16,
        learning_rate: 5e-3,
        seed: args.seed,
    };
    let model = LanguageModelConfig::new(corpus.vocabulary.tokens()).init::<B>(&device);
    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(PADDING))
        .init(&device);
    let (model, _) = training.run("GRU", model, train.len(), |model, rows| {
        let sentences = rows.iter().map(|&row| train[row].as_slice());
        let (logits, targets) = model.rows(Batch::pad(sentences, 0, &device));
        loss.forward(logits, targets)
    })?;

    let model = model.valid();
    args.save("padding", &evaluation::picture(&model, test, &device)?)?;
    println!("\nSentences that it writes:");
    for number in 0..cli.samples {
        let seed = args.seed.wrapping_add(number as u64);
        let sentence = sample::sentence(&model, cli.temperature, seed, &device);
        println!("  {}", corpus.vocabulary.decode(&sentence));
    }
    println!("\n{}", Means::of(&model, test, 0, &device).table());
    Ok(())
}
