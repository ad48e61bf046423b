//! Draws the losses and their gradients for the README and the docs.
//!
//! Every number comes from the library: values from `forward_no_reduction`, slopes from Burn's autodiff.

mod amounts;
mod binary;
mod boxes;
mod classes;
mod cosines;
mod divergences;
mod elementwise;
mod figure;
mod forecasts;
mod margins;
mod regions;
mod signs;

use std::fs;
use std::path::PathBuf;

use burn_loss::AutodiffLossBackend;
use burn_loss_plots::Picture;
use clap::Parser;
use example_support::{BackendKind, Result, on_backend};

/// Draw every loss and its gradient.
#[derive(Parser, Debug)]
#[command(version)]
struct Args {
    /// Which backend computes
    #[arg(long, value_enum, default_value = "flex")]
    backend: BackendKind,
    /// The folder of the pictures
    #[arg(long, value_name = "DIR", default_value = "artifacts/gallery")]
    output: PathBuf,
    /// Write PNGs, too
    #[arg(long)]
    png: bool,
}

fn main() -> std::process::ExitCode {
    let args = Args::parse();
    match on_backend!(args.backend, draw(&args)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn draw<B: AutodiffLossBackend>(args: &Args) -> Result<()> {
    let folder = &args.output;
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
    let device = B::Device::default();
    let figures: [(&str, Picture); 12] = [
        ("elementwise_losses", elementwise::figure::<B>(&device)?),
        ("smooth_losses", elementwise::smooth::<B>(&device)?),
        ("amount_losses", amounts::figure::<B>(&device)?),
        ("forecast_losses", forecasts::figure::<B>(&device)?),
        ("sign_losses", signs::figure::<B>(&device)?),
        ("binary_losses", binary::figure::<B>(&device)?),
        ("class_losses", classes::figure::<B>(&device)?),
        ("divergence_losses", divergences::figure::<B>(&device)?),
        ("margin_losses", margins::figure::<B>(&device)?),
        ("cosine_losses", cosines::figure::<B>(&device)?),
        ("region_losses", regions::figure::<B>(&device)?),
        ("box_losses", boxes::figure::<B>(&device)?),
    ];
    let endings: &[&str] = if args.png { &["svg", "png"] } else { &["svg"] };
    for (name, figure) in &figures {
        for ending in endings {
            let path = folder.join(format!("{name}.{ending}"));
            figure.save(&path)?;
            println!("{}", path.display());
        }
    }
    Ok(())
}
