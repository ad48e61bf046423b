//! What a run is, and what it leaves in its output folder: its config and its model.

use std::path::{Path, PathBuf};

use burn::optim::AdamConfig;
use burn::prelude::*;
use burn::record::DefaultRecorder;

use crate::Result;
use crate::args::TrainArgs;
use crate::loss::LossConfig;
use crate::model::{ConvNet, ConvNetConfig};

/// All that a run depends on.
#[derive(Config, Debug)]
pub struct TrainingConfig {
    pub network: ConvNetConfig,
    pub optimizer: AdamConfig,
    pub loss: LossConfig,
    pub epochs: usize,
    pub batch_size: usize,
    pub learning_rate: f64,
    pub seed: u64,
    pub limit: Option<usize>,
}

impl TrainingConfig {
    /// Checks what a single argument does not show.
    pub fn from_args(args: &TrainArgs) -> Result<Self> {
        let loss = LossConfig::new(args.loss)
            .with_label_smoothing(args.label_smoothing)
            .with_class_weights(args.class_weights.clone());
        loss.validate()?;
        Ok(TrainingConfig {
            network: ConvNetConfig::new(),
            optimizer: AdamConfig::new(),
            loss,
            epochs: args.epochs,
            batch_size: args.batch_size,
            learning_rate: args.learning_rate,
            seed: args.seed,
            limit: args.limit,
        })
    }
}

fn config_path(output: &Path) -> PathBuf {
    output.join("config.json")
}

/// The recorder, too, would add this extension.
fn model_path(output: &Path) -> PathBuf {
    output.join("model.mpk")
}

/// Saves the config and the network's weights, and reads them again: Burn's recorder does not say where a disk was full.
pub fn save<B: Backend>(config: &TrainingConfig, network: ConvNet<B>, output: &Path) -> Result<()> {
    let path = config_path(output);
    config
        .save(&path)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let path = model_path(output);
    let device = network.devices().first().cloned().unwrap_or_default();
    network
        .save_file(&path, &DefaultRecorder::new())
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    load::<B>(output, &device)
        .map(|_| ())
        .map_err(|_| format!("cannot write all of {}", path.display()).into())
}

/// Loads the network that [`save`] saved, on any backend.
pub fn load<B: Backend>(output: &Path, device: &B::Device) -> Result<ConvNet<B>> {
    let path = config_path(output);
    if !path.exists() {
        return Err(format!(
            "there is no model in {}: train one with `cargo run --release -p mnist`, \
             or name its folder with --output",
            output.display()
        )
        .into());
    }
    let config = TrainingConfig::load(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let path = model_path(output);
    config
        .network
        .init(device)
        .load_file(&path, &DefaultRecorder::new(), device)
        // The recorder's own reason would be that the format has changed.
        .map_err(|_| {
            let path = path.display();
            format!("cannot read {path}: it is cut short or not a model of this example").into()
        })
}
