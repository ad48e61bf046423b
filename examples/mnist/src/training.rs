//! Training: data, model and optimizer put together, and what is left behind in the output folder.

use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::time::Instant;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::prelude::*;
use burn::train::metric::{AccuracyMetric, Metric, MetricName, TopKAccuracyMetric};
use burn::train::{
    ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
};
use burn_loss::{AutodiffLossBackend, LossBackend};
use burn_loss_metrics::MeanLossMetric;
use burn_loss_metrics::first_batch::Findings;

use crate::args::TrainArgs;
use crate::config::TrainingConfig;
use crate::data::{self, DigitBatch, DigitBatcher, Source, Split};
use crate::history::History;
use crate::loss::Loss;
use crate::metrics_log::MetricsLog;
use crate::model::ConvNet;
use crate::output::Unfinished;
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

impl<B: LossBackend> Classifier<B> {
    /// What the first batch tells of mistakes, before anything is learned.
    fn first_batch(&self, digits: &data::Part, rows: usize, device: &B::Device) -> Findings {
        let batch = (0..rows).map_while(|index| digits.get(index)).collect();
        let batch: DigitBatch<B> = DigitBatcher.batch(batch, device);
        let logits = self.network.forward(batch.images);
        self.loss.first_batch(logits, batch.targets)
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
    let unfinished = Unfinished::new(output)?;
    let folder = unfinished.folder();

    let plain = args.plain || !stdout().is_terminal();
    let start = Instant::now();
    let look = args.check_first_batch;
    let (network, metrics, log) = train::<B>(&config, train_digits, plain, look, device)?;
    let training = start.elapsed();
    config::save(&config, network.clone(), folder)?;

    let recorded = folder.join("metrics");
    log.write(&recorded)?;
    let (history, summary) = History::read(&recorded, &metrics, config.epochs)?;
    println!("{summary}");
    let test = TestSet::new(&network, &test_digits, device);
    let run = Run {
        config: &config,
        history: &history,
        training,
    };
    report::write(&run, &test, folder)?;
    unfinished.finish()?;
    println!("Model and config saved in {}", output.display());
    println!(
        "Test accuracy: {:.2}% ({} images, {:.0} s of training)",
        100.0 * test.accuracy(),
        test.len(),
        training.as_secs_f64()
    );
    println!("Report: {}", output.join(report::FILE).display());
    Ok(())
}

/// Trains a network on any backend and returns it on the backend without autodiff, with the names of the metrics that
/// were recorded, and with what was.
pub fn train<B: AutodiffLossBackend>(
    config: &TrainingConfig,
    digits: data::Digits,
    plain: bool,
    look: bool,
    device: &B::Device,
) -> Result<(ConvNet<B::InnerBackend>, [MetricName; 3], MetricsLog)> {
    B::seed(device, config.seed);
    let (train, valid) = data::split(digits, config.limit, config.seed);
    let steps = config.epochs * train.len().div_ceil(config.batch_size);
    let schedule = CosineAnnealingLrSchedulerConfig::new(config.learning_rate, steps).init()?;
    let classifier = Classifier::<B> {
        network: config.network.init(device),
        loss: config.loss.init(|| data::counts(&train), device),
    };

    if look {
        println!(
            "{}",
            classifier.first_batch(&train, config.batch_size, device)
        );
    }

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
    let log = MetricsLog::default();
    // Nothing is written there: the metrics go to the log, and there are no checkpoints.
    let mut training = SupervisedTraining::new(Path::new(""), train, valid)
        .metrics(metrics)
        .with_metric_logger(log.clone())
        .with_application_logger(None)
        .num_epochs(config.epochs);
    if plain {
        training = training.renderer(PlainRenderer::default());
    }
    let result = training.launch(Learner::new(classifier, config.optimizer.init(), schedule));
    // Gives the terminal back, so that what is printed from here on stays on it.
    drop(result.renderer);
    Ok((result.model.network, names, log))
}
