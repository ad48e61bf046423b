//! Training: data, model and optimizer put together, and what is left behind in the output folder.

use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataset::Dataset;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::prelude::*;
use burn::train::metric::{AccuracyMetric, Metric, MetricName, TopKAccuracyMetric};
use burn::train::{
    ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
};
use burn_loss::{AutodiffLossBackend, LossBackend};
use burn_loss_metrics::MeanLossMetric;

use crate::args::TrainArgs;
use crate::config::TrainingConfig;
use crate::data::{self, DigitBatch, DigitBatcher, Source, Split};
use crate::history::History;
use crate::loss::Loss;
use crate::model::ConvNet;
use crate::prediction;
use crate::progress::PlainRenderer;
use crate::report::{self, Run, TestSet};
use crate::{Result, config};

/// The network and what it learns by; only the network is saved.
#[derive(Module, Debug)]
pub struct Classifier<B: Backend> {
    network: ConvNet<B>,
    loss: Loss<B>,
}

impl<B: LossBackend> Classifier<B> {
    fn classify(&self, batch: DigitBatch<B>) -> ClassificationOutput<B> {
        let logits = self.network.forward(batch.images);
        let loss = self.loss.forward(logits.clone(), batch.targets.clone());
        ClassificationOutput::new(loss, logits, batch.targets)
    }
}

impl<B: AutodiffLossBackend> TrainStep for Classifier<B> {
    type Input = DigitBatch<B>;
    type Output = ClassificationOutput<B>;

    fn step(&self, batch: DigitBatch<B>) -> TrainOutput<ClassificationOutput<B>> {
        let output = self.classify(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl<B: LossBackend> InferenceStep for Classifier<B> {
    type Input = DigitBatch<B>;
    type Output = ClassificationOutput<B>;

    fn step(&self, batch: DigitBatch<B>) -> ClassificationOutput<B> {
        self.classify(batch)
    }
}

/// Trains, saves and tests as the command line says.
pub fn run<B: AutodiffLossBackend>(args: &TrainArgs, device: &B::Device) -> Result<()> {
    let config = TrainingConfig::from_args(args)?;
    let source = Source::new(args.common.data.as_deref());
    // Read before training: a bad test file should not cost minutes.
    let train_digits = source.load(Split::Train)?;
    let test_digits = data::first(source.load(Split::Test)?, config.limit);
    let output = &args.common.output;
    prepare(output)?;

    let plain = args.plain || !stdout().is_terminal();
    let start = Instant::now();
    let (network, metrics) = train::<B>(&config, train_digits, output, plain, device)?;
    let training = start.elapsed();
    config::save(&config, network.clone(), output)?;

    let (history, summary) = History::read(&metrics_path(output), &metrics, config.epochs)?;
    println!("{summary}");
    println!("Model and config saved in {}", output.display());
    let test = TestSet::new(&network, &test_digits, device);
    println!(
        "Test accuracy: {:.2}% ({} images, {:.0} s of training)",
        100.0 * test.accuracy(),
        test.len(),
        training.as_secs_f64()
    );
    let run = Run {
        config: &config,
        history: &history,
        training,
    };
    let report = report::write(&run, &test, output)?;
    println!("Report: {}", report.display());
    Ok(())
}

/// Trains a network on any backend and returns it on the backend without autodiff, with the names of the metrics that
/// were recorded.
pub fn train<B: AutodiffLossBackend>(
    config: &TrainingConfig,
    digits: data::Digits,
    output: &Path,
    plain: bool,
    device: &B::Device,
) -> Result<(ConvNet<B::InnerBackend>, [MetricName; 3])> {
    B::seed(device, config.seed);
    let (train, valid) = data::split(digits, config.limit, config.seed);
    let steps = config.epochs * train.len().div_ceil(config.batch_size);
    let schedule = CosineAnnealingLrSchedulerConfig::new(config.learning_rate, steps).init()?;
    let classifier = Classifier::<B> {
        network: config.network.init(device),
        loss: config.loss.init(device),
    };

    let train = DataLoaderBuilder::new(DigitBatcher)
        .batch_size(config.batch_size)
        .shuffle(config.seed)
        .build(train);
    let valid = DataLoaderBuilder::new(DigitBatcher)
        .batch_size(prediction::BATCH_SIZE)
        .build(valid);
    let metrics = (
        // Burn's own would be a mean over the batches, in which a small last batch weighs as much as a full one.
        MeanLossMetric::new().with_class_weights(config.loss.class_weights.clone()),
        AccuracyMetric::new(),
        TopKAccuracyMetric::new(2),
    );
    let names = [metrics.0.name(), metrics.1.name(), metrics.2.name()];
    let mut training = SupervisedTraining::new(metrics_path(output), train, valid)
        .metrics(metrics)
        .with_application_logger(None)
        .num_epochs(config.epochs);
    if plain {
        training = training.renderer(PlainRenderer::default());
    }
    let result = training.launch(Learner::new(classifier, config.optimizer.init(), schedule));
    // Gives the terminal back, so that what is printed from here on stays on it.
    drop(result.renderer);
    Ok((result.model.network, names))
}

fn metrics_path(output: &Path) -> PathBuf {
    output.join("metrics")
}

/// Makes the output folder and takes metrics, pictures and report of an earlier run out of it: the summary would count
/// its epochs too.
fn prepare(output: &Path) -> Result<()> {
    let cannot = |path: &Path, error| format!("cannot write to {}: {error}", path.display());
    fs::create_dir_all(output).map_err(|error| cannot(output, error))?;
    for split in ["train", "valid"] {
        let old = metrics_path(output).join(split);
        if old.exists() {
            fs::remove_dir_all(&old).map_err(|error| cannot(&old, error))?;
        }
    }
    report::remove_old(output)
}
