//! A small language model with a large vocabulary: its logits, the largest tensor of the step, are never held.
//!
//! `tokenizer` learns tokens of the book, `data` pads its sequences, `model` is the network with both ways to its loss,
//! `training` cuts batches into micro-batches, `sample` writes text, and `report` shows what came of it.

mod data;
mod model;
mod report;
mod sample;
mod tokenizer;
mod training;

use std::process::ExitCode;

use burn::module::AutodiffModule;
use burn_loss::AutodiffLossBackend;
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use example_support::{Example, Result, SharedArgs, checks, on_backend};
use peak_alloc::PeakAlloc;

use crate::data::Corpus;
use crate::model::{LanguageModelConfig, Way};
use crate::training::Training;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Learn a book token by token, with a tied embedding and without holding the logits.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    /// The number of classes; beyond what the tokenizer learns of the book they exist and are never right
    #[arg(long, value_name = "N", default_value_t = 8192, value_parser = RangedU64ValueParser::<usize>::new().range(tokenizer::LEAST as u64..=50_000))]
    vocabulary: usize,
    /// Cut each batch into K micro-batches
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=16))]
    accumulate: usize,
    /// Train the ordinary way, with the logits of a whole micro-batch in one tensor
    #[arg(long)]
    logits: bool,
    /// MiB that logits and their gradient may take at a time
    #[arg(long, value_name = "MIB", default_value_t = 16, conflicts_with = "logits", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 20))]
    memory_budget: usize,
    /// How many texts to write at the end
    #[arg(long, default_value_t = 2)]
    samples: usize,
    /// Below 1, likely tokens become likelier
    #[arg(long, default_value_t = 0.7, value_parser = checks::above_zero)]
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
    let corpus = Corpus::bundled(cli.vocabulary, args.seed);
    let train = &corpus.train[..args.limited(corpus.train.len())];
    let valid = &corpus.valid[..args.limited(corpus.valid.len())];
    let tokens = corpus.tokenizer.tokens();
    let sequences = train.len();
    println!(
        "{sequences} sequences of {tokens} different tokens, {} classes",
        cli.vocabulary
    );

    let model = LanguageModelConfig::new(cli.vocabulary).init::<B>(&device);
    let training = Training {
        epochs: args.epochs,
        seed: args.seed,
        way: cli.way(),
        accumulate: cli.accumulate,
    };
    MEMORY.reset_peak_usage();
    let (model, history) = training.run(model, train, valid, &device)?;
    let peak_bytes = MEMORY.peak_usage();

    let model = model.valid();
    let seeds = (0..cli.samples).map(|number| args.seed.wrapping_add(number as u64));
    let write = |seed| sample::text(&model, &corpus.tokenizer, cli.temperature, seed, &device);
    let samples: Vec<String> = seeds.map(write).collect();
    println!("\nTexts that it writes:");
    for sample in &samples {
        println!("  {sample}");
    }
    let run = report::Run {
        name: if cli.logits {
            "logits held"
        } else {
            "forward_linear"
        },
        history: &history,
        peak_bytes,
        samples: &samples,
    };
    run.save(args)?;
    println!("\n{}", run.table());
    Ok(())
}

impl Cli {
    fn way(&self) -> Way {
        match self.logits {
            true => Way::Logits,
            false => Way::Linear {
                memory_budget: self.memory_budget << 20,
            },
        }
    }
}
