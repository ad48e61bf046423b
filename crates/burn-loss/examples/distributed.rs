//! Two GPUs, each with a copy of the model: a step's gradient is that of the mean over all tokens of both, however they are spread.
//! `cargo run -p burn-loss --example distributed --features distributed,cuda,autodiff`
//!
//! Burn 0.21 has `DistributedDataParallel` on CubeCL backends alone. `docs/exact-means.md` has the formula.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::backend::cuda::{Cuda, CudaDevice};
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::{AutodiffModule, Module};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::distributed::{DistributedBackend, DistributedConfig, ReduceOperation};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor, TensorData};
use burn::train::{
    ExecutionStrategy, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
    TrainingStrategy,
};
use burn_loss::{
    AutodiffLossBackend, CrossEntropyLossConfig, ExactMean, LinearHead, LossBackend, Reduction,
};

const TOKENS: i64 = 32;
const CLASSES: i64 = 5;
const PADDING: i64 = -100;

/// Sequences of 1 to 16 tokens: as many batches for each of two devices, since each backward pass waits for all devices.
fn sequences() -> Vec<Vec<i64>> {
    let sequence = |i: i64| (0..1 + 7 * i % 16).map(move |place| (i + 3 * place) % TOKENS);
    (0..512).map(|i| sequence(i).collect()).collect()
}

#[derive(Clone, Debug)]
struct Batch<B: Backend> {
    /// `[N, T]`.
    tokens: Tensor<B, 2, Int>,
    /// `[N, T]`; [`PADDING`] behind the end of a sequence.
    classes: Tensor<B, 2, Int>,
}

/// Pads sequences to the longest.
struct Pad;

impl<B: Backend> Batcher<B, Vec<i64>, Batch<B>> for Pad {
    fn batch(&self, sequences: Vec<Vec<i64>>, device: &B::Device) -> Batch<B> {
        let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
        let (mut tokens, mut classes) = (Vec::new(), Vec::new());
        for sequence in &sequences {
            for place in 0..longest {
                let token = sequence.get(place);
                tokens.push(token.copied().unwrap_or(0));
                classes.push(token.map_or(PADDING, |token| token * token % CLASSES));
            }
        }
        let shape = [sequences.len(), longest];
        let tensor = |numbers: Vec<i64>| Tensor::from_data(TensorData::new(numbers, shape), device);
        Batch {
            tokens: tensor(tokens),
            classes: tensor(classes),
        }
    }
}

/// Says a class of each token.
#[derive(Module, Debug)]
struct Model<B: Backend> {
    embedding: Embedding<B>,
    output: Linear<B>,
    mean: ExactMean<B>,
}

impl<B: LossBackend> Model<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(TOKENS as usize, 16).init(device),
            output: LinearConfig::new(16, CLASSES as usize).init(device),
            mean: ExactMean::new(device),
        }
    }

    /// The loss of a batch, and how many tokens it counts.
    fn loss(&self, batch: Batch<B>, reduction: Reduction) -> [Tensor<B, 1>; 2] {
        let loss = CrossEntropyLossConfig::new()
            .with_ignore_index(Some(PADDING))
            .with_reduction(reduction)
            .init(&batch.tokens.device());
        let normalizer = loss.normalizer(&batch.classes);
        let hidden = self.embedding.forward(batch.tokens);
        let head = LinearHead::of(&self.output);
        [
            loss.forward_linear(hidden, &head, batch.classes),
            normalizer,
        ]
    }
}

impl<B: AutodiffLossBackend> TrainStep for Model<B> {
    type Input = Batch<B>;
    type Output = ();

    fn step(&self, batch: Batch<B>) -> TrainOutput<()> {
        let [sum, normalizer] = self.loss(batch, Reduction::Sum);
        // What this device counts is averaged with its gradients over the devices, so that `optimize` can divide by it: the tokens of
        // the other devices are not known here.
        let gradients = self.mean.of(sum, normalizer).backward();
        TrainOutput::new(self, gradients, ())
    }

    fn optimize<C, O>(self, optim: &mut O, lr: f64, gradients: GradientsParams) -> Self
    where
        C: AutodiffBackend,
        O: Optimizer<Self, C>,
        Self: AutodiffModule<C>,
    {
        let gradients = self.mean.divide::<C, _>(&self, gradients);
        optim.step(lr, self, gradients)
    }
}

impl<B: LossBackend> InferenceStep for Model<B> {
    type Input = Batch<B>;
    type Output = ();

    fn step(&self, _batch: Batch<B>) {}
}

fn loader<B: Backend>() -> Arc<dyn DataLoader<B, Batch<B>>> {
    DataLoaderBuilder::new(Pad)
        .batch_size(16)
        .build(InMemDataset::new(sequences()))
}

/// The mean loss of all tokens after training.
fn train<B: AutodiffLossBackend + DistributedBackend>(devices: Vec<B::Device>) -> f32 {
    let device = devices[0].clone();
    let config = DistributedConfig {
        // `ReduceOperation::Sum` comes to the same.
        all_reduce_op: ReduceOperation::Mean,
    };
    let strategy = ExecutionStrategy::ddp(devices, config);
    let folder = std::env::temp_dir().join("burn-loss-distributed");
    let training = SupervisedTraining::new(folder, loader::<B>(), loader::<B::InnerBackend>())
        .num_epochs(20)
        .with_training_strategy(TrainingStrategy::Default(strategy));
    let learner = Learner::new(Model::<B>::new(&device), AdamConfig::new().init(), 0.05);
    let model = training.launch(learner).model;

    let all = Pad.batch(sequences(), &device);
    let [mean, _] = model.loss(all, Reduction::Mean);
    mean.into_data().iter().next().expect("one number")
}

fn main() {
    let devices = [0, 1].map(CudaDevice::new).to_vec();
    let loss = train::<Autodiff<Cuda>>(devices);
    println!("the loss after 20 epochs: {loss:.5}");
    assert!(loss < 0.1, "it has not learned");
}
