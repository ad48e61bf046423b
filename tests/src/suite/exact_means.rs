//! The mean over a training step: k uneven micro-batches, or several devices, have the gradient of the whole batch.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::backend::Autodiff;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::{AutodiffModule, Module, Param};
use burn::nn::Linear;
use burn::optim::{
    GradientsAccumulator, GradientsParams, MultiGradientsParams, Optimizer, SgdConfig,
};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor, TensorData};
use burn::train::metric::MetricDefinition;
use burn::train::renderer::{
    EvaluationName, EvaluationProgress, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining, ProgressType, TrainingProgress,
};
use burn::train::{
    ExecutionStrategy, InferenceStep, Learner, MultiDeviceOptim, SupervisedTraining, TrainOutput,
    TrainStep, TrainingStrategy,
};
use burn_loss::{
    AutodiffLossBackend, CrossEntropyLossConfig, ExactMean, LinearHead, LossBackend, Reduction,
};
use burn_loss_metrics::TokenBatch;

use crate::backend::TestBackend;
use crate::compare::numbers;
use crate::suite::bad_input::panics;

type A<B> = Autodiff<B>;

const WIDTH: usize = 5;
const CLASSES: usize = 7;
const PADDING: i64 = -100;
/// Tokens of each sequence. In pairs they count 10, 17, 8 and 16.
const LENGTHS: [usize; 8] = [1, 9, 3, 14, 2, 6, 11, 5];
const TOKENS: usize = 51;
const BATCH: usize = 2;
/// How closely a gradient has to be that of the whole batch.
const TOLERANCE: f64 = 1e-6;

/// Numbers that have no pattern, in `[-1, 1]`.
fn scattered(index: usize) -> f32 {
    ((index * 7919 + 104_729) % 2003) as f32 / 1001.5 - 1.0
}

/// The number of a sequence of [`LENGTHS`] stands for the sequence.
struct Pad;

#[derive(Clone, Debug)]
struct Sequences<B: Backend> {
    /// `[N, T, WIDTH]`.
    features: Tensor<B, 3>,
    /// `[N, T]`.
    targets: Tensor<B, 2, Int>,
}

impl<B: Backend> Batcher<B, usize, Sequences<B>> for Pad {
    fn batch(&self, items: Vec<usize>, device: &B::Device) -> Sequences<B> {
        let longest = items.iter().map(|&item| LENGTHS[item]).max().unwrap_or(0);
        let token = |item: usize, place: usize| 31 * item + place;
        let (mut features, mut targets) = (Vec::new(), Vec::new());
        for &item in &items {
            for place in 0..longest {
                let first = WIDTH * token(item, place);
                features.extend((first..first + WIDTH).map(scattered));
                let class = (token(item, place) * 5 % 11 % CLASSES) as i64;
                let is_token = place < LENGTHS[item];
                targets.push(if is_token { class } else { PADDING });
            }
        }
        let shape = [items.len(), longest];
        let [n, t] = shape;
        Sequences {
            features: Tensor::from_data(TensorData::new(features, [n, t, WIDTH]), device),
            targets: Tensor::from_data(TensorData::new(targets, shape), device),
        }
    }
}

/// What a step differentiates.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A sum, divided by what the whole step counted.
    Exact,
    /// The mean of each batch.
    Means,
    /// The mean of each batch, times its share of the step's tokens.
    SharedMeans,
}

#[derive(Module, Debug)]
struct Tagger<B: Backend> {
    layer: Linear<B>,
    output: Linear<B>,
    mean: ExactMean<B>,
    #[module(skip)]
    way: Way,
}

impl<B: LossBackend> Tagger<B> {
    fn new(way: Way, device: &B::Device) -> Self {
        // Not random: other tests draw from the same generator.
        let tensor = |shape: [usize; 2], first: usize| {
            let count = shape[0] * shape[1];
            let numbers: Vec<f32> = (first..first + count).map(scattered).collect();
            Tensor::<B, 2>::from_data(TensorData::new(numbers, shape), device)
        };
        let linear = |outputs: usize, first: usize| Linear {
            weight: Param::from_tensor(tensor([WIDTH, outputs], first)),
            bias: Some(Param::from_tensor(
                tensor([1, outputs], first + 100).reshape([outputs]),
            )),
        };
        Self {
            layer: linear(WIDTH, 1000),
            output: linear(CLASSES, 2000),
            mean: ExactMean::new(device),
            way,
        }
    }

    fn loss(&self, batch: &Sequences<B>, reduction: Reduction) -> (Tensor<B, 1>, Tensor<B, 1>) {
        let loss = CrossEntropyLossConfig::new()
            .with_ignore_index(Some(PADDING))
            .with_reduction(reduction)
            .init(&batch.features.device());
        let hidden = self.layer.forward(batch.features.clone()).tanh();
        let head = LinearHead::of(&self.output);
        let normalizer = loss.normalizer(&batch.targets);
        let loss = loss.forward_linear(hidden, &head, batch.targets.clone());
        (loss, normalizer)
    }

    fn loss_of_step(&self, batch: &Sequences<B>) -> Tensor<B, 1> {
        match self.way {
            Way::Exact => {
                let (sum, normalizer) = self.loss(batch, Reduction::Sum);
                self.mean.of(sum, normalizer)
            }
            Way::Means => self.loss(batch, Reduction::Mean).0,
            Way::SharedMeans => {
                let (mean, normalizer) = self.loss(batch, Reduction::Mean);
                mean * normalizer / TOKENS as f64
            }
        }
    }

    fn output(&self, batch: &Sequences<B>) -> TokenBatch {
        let hidden = self.layer.forward(batch.features.clone()).tanh();
        let output = CrossEntropyLossConfig::new()
            .with_ignore_index(Some(PADDING))
            .init(&batch.features.device())
            .forward_linear_with_predictions(
                hidden,
                &LinearHead::of(&self.output),
                batch.targets.clone(),
            );
        TokenBatch::new(output)
    }

    /// All parameters in a row.
    fn parameters(&self) -> Vec<f64> {
        let mut all = numbers(self.layer.weight.val());
        all.extend(numbers(self.output.weight.val()));
        for layer in [&self.layer, &self.output] {
            let bias = layer.bias.as_ref().expect("a linear layer has one");
            all.extend(numbers(bias.val()));
        }
        all
    }
}

impl<B: AutodiffLossBackend> TrainStep for Tagger<B> {
    type Input = Sequences<B>;
    type Output = TokenBatch;

    fn step(&self, batch: Sequences<B>) -> TrainOutput<TokenBatch> {
        let gradients = self.loss_of_step(&batch).backward();
        TrainOutput::new(self, gradients, self.output(&batch))
    }

    fn optimize<C, O>(self, optim: &mut O, lr: f64, gradients: GradientsParams) -> Self
    where
        C: AutodiffBackend,
        O: Optimizer<Self, C>,
        Self: AutodiffModule<C>,
    {
        let gradients = match self.way {
            Way::Exact => self.mean.divide::<C, _>(&self, gradients),
            _ => gradients,
        };
        optim.step(lr, self, gradients)
    }

    fn optimize_multi<C, O>(self, optim: &mut O, lr: f64, gradients: MultiGradientsParams) -> Self
    where
        C: AutodiffBackend,
        O: Optimizer<Self, C>,
        Self: AutodiffModule<C>,
    {
        let gradients = match self.way {
            Way::Exact => self.mean.divide_multi::<C, _>(&self, gradients),
            _ => gradients,
        };
        optim.step_multi(lr, self, gradients)
    }
}

impl<B: LossBackend> InferenceStep for Tagger<B> {
    type Input = Sequences<B>;
    type Output = TokenBatch;

    fn step(&self, batch: Sequences<B>) -> TokenBatch {
        self.output(&batch)
    }
}

/// Batches of so many sequences, in the order of [`LENGTHS`].
fn loader<B: Backend>(size: usize) -> Arc<dyn DataLoader<B, Sequences<B>>> {
    let sequences = InMemDataset::new((0..LENGTHS.len()).collect());
    DataLoaderBuilder::new(Pad)
        .batch_size(size)
        .build(sequences)
}

/// Two numbers each model has in common: what one step of `SGD` with a learning rate of 1 takes off is the gradient.
fn taken_off(before: &[f64], after: &[f64]) -> Vec<f64> {
    let pairs = before.iter().zip(after);
    pairs.map(|(before, after)| before - after).collect()
}

/// The gradient of a model as one step of SGD shows it.
fn gradient_of_step<B: AutodiffLossBackend>(
    model: &Tagger<B>,
    gradients: GradientsParams,
) -> Vec<f64> {
    let mut optimizer = SgdConfig::new().init();
    let after = optimizer.step(1.0, model.clone(), gradients);
    taken_off(&model.parameters(), &after.parameters())
}

/// The gradient of the mean over the whole batch.
fn of_the_whole<B: TestBackend>() -> Vec<f64> {
    let device = B::device();
    let model = Tagger::<A<B>>::new(Way::Means, &device);
    let whole = Pad.batch((0..LENGTHS.len()).collect(), &device);
    let gradients = model.loss(&whole, Reduction::Mean).0.backward();
    let gradients = GradientsParams::from_grads(gradients, &model);
    gradient_of_step(&model, gradients)
}

/// The sum of the gradients of each micro-batch's own mean.
fn of_the_means<B: TestBackend>() -> Vec<f64> {
    let device = B::device();
    let model = Tagger::<A<B>>::new(Way::Means, &device);
    let mut accumulator = GradientsAccumulator::new();
    for batch in loader::<A<B>>(BATCH).to_device(&device).iter() {
        let gradients = model.loss(&batch, Reduction::Mean).0.backward();
        let gradients = GradientsParams::from_grads(gradients, &model);
        accumulator.accumulate(&model, gradients);
    }
    gradient_of_step(&model, accumulator.grads())
}

/// The gradient of the only step of a training by Burn's learner.
fn of_a_learner<B: TestBackend>(
    way: Way,
    accumulation: usize,
    optim: Option<MultiDeviceOptim>,
) -> Vec<f64> {
    let device = B::device();
    let model = Tagger::<A<B>>::new(way, &device);
    let before = model.parameters();
    let strategy = match optim {
        None => ExecutionStrategy::single(device),
        // Of a backend that has one device, the same twice: what Burn does to the gradients is the same.
        Some(optim) => ExecutionStrategy::multi(vec![device.clone(), device], optim),
    };
    let folder = folder();
    let training = SupervisedTraining::new(&folder, loader(BATCH), loader(BATCH))
        .with_application_logger(None)
        .renderer(Silent)
        .num_epochs(1)
        .grads_accumulation(accumulation)
        .with_training_strategy(TrainingStrategy::Default(strategy));
    let learner = Learner::new(model, SgdConfig::new().init(), 1.0);
    let after = training.launch(learner).model.parameters();
    let _ = std::fs::remove_dir_all(folder);
    taken_off(&before, &after)
}

fn folder() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("exact-means-{}-{number}", std::process::id()))
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |largest, difference| match difference.is_nan() {
        true => f64::INFINITY,
        false => difference.max(largest),
    })
}

#[track_caller]
fn assert_same(name: &str, found: &[f64], expected: &[f64]) {
    let difference = largest_difference(found, expected);
    assert!(difference < TOLERANCE, "{name}: {difference}");
}

pub fn a_loop_of_ones_own<B: TestBackend>() {
    let device = B::device();
    let expected = of_the_whole::<B>();
    let model = Tagger::<A<B>>::new(Way::Exact, &device);
    let batches: Vec<_> = loader::<A<B>>(BATCH).to_device(&device).iter().collect();

    // The targets of all micro-batches are known: each sum is divided by what all of them count.
    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(PADDING))
        .init::<A<B>>(&device);
    let normalizers = batches.iter().map(|batch| loss.normalizer(&batch.targets));
    let normalizer = normalizers.reduce(|a, b| a + b).expect("there are batches");
    assert_eq!(numbers(normalizer.clone()), [TOKENS as f64]);
    let mut accumulator = GradientsAccumulator::new();
    for batch in &batches {
        let loss = model.loss(batch, Reduction::Sum).0 / normalizer.clone();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        accumulator.accumulate(&model, gradients);
    }
    assert_same(
        "sums",
        &gradient_of_step(&model, accumulator.grads()),
        &expected,
    );

    // They are not: the normalizers travel with the gradients.
    let mut accumulator = GradientsAccumulator::new();
    for batch in &batches {
        let gradients = model.loss_of_step(batch).backward();
        let gradients = GradientsParams::from_grads(gradients, &model);
        accumulator.accumulate(&model, gradients);
    }
    let gradients = model.mean.divide::<A<B>, _>(&model, accumulator.grads());
    assert_same("ExactMean", &gradient_of_step(&model, gradients), &expected);

    // What this test would see without: the mean of means is another number.
    let micro_batches = batches.len() as f64;
    let mean_of_means: Vec<f64> = of_the_means::<B>()
        .iter()
        .map(|g| g / micro_batches)
        .collect();
    let difference = largest_difference(&mean_of_means, &expected);
    assert!(difference > 1e3 * TOLERANCE, "{difference}");
}

pub fn gradients_accumulated_by_the_learner<B: TestBackend>() {
    let expected = of_the_whole::<B>();
    let exact = of_a_learner::<B>(Way::Exact, 4, None);
    assert_same("ExactMean", &exact, &expected);
    let shared = of_a_learner::<B>(Way::SharedMeans, 4, None);
    assert_same("the factor n_b / N", &shared, &expected);
    // Burn's accumulation is a sum.
    let means = of_a_learner::<B>(Way::Means, 4, None);
    assert_same("means", &means, &of_the_means::<B>());
}

pub fn gradients_of_two_devices<B: TestBackend>() {
    let expected = of_the_whole::<B>();
    let sum_of_means = of_the_means::<B>();
    for optim in [
        MultiDeviceOptim::OptimMainDevice,
        MultiDeviceOptim::OptimSharded,
    ] {
        // Two batches on each of the two devices are one step.
        let name = format!("{optim:?}");
        let exact = of_a_learner::<B>(Way::Exact, 2, Some(optim));
        assert_same(&format!("{name}, ExactMean"), &exact, &expected);
        let shared = of_a_learner::<B>(Way::SharedMeans, 2, Some(optim));
        assert_same(&format!("{name}, the factor n_b / N"), &shared, &expected);
        // Burn sums over the devices.
        let means = of_a_learner::<B>(Way::Means, 2, Some(optim));
        assert_same(&format!("{name}, means"), &means, &sum_of_means);
    }
}

pub fn what_averages_keeps_the_mean<B: TestBackend>() {
    let device = B::device();
    let model = Tagger::<A<B>>::new(Way::Exact, &device);
    // As `DistributedDataParallel` with `ReduceOperation::Mean`: an average of the devices' gradients.
    let mut accumulator = GradientsAccumulator::new();
    let batches: Vec<_> = loader::<A<B>>(BATCH).to_device(&device).iter().collect();
    for batch in &batches {
        let average = model.loss_of_step(batch) / batches.len() as f64;
        let gradients = GradientsParams::from_grads(average.backward(), &model);
        accumulator.accumulate(&model, gradients);
    }
    let gradients = model.mean.divide::<A<B>, _>(&model, accumulator.grads());
    let found = gradient_of_step(&model, gradients);
    assert_same("averages", &found, &of_the_whole::<B>());
}

pub fn gradients_without_a_normalizer<B: TestBackend>() {
    let model = Tagger::<A<B>>::new(Way::Exact, &B::device());
    let words = ["ExactMean:", "`ExactMean::of`", "none of its normalizer"];
    panics(&words, || {
        model.mean.divide::<A<B>, _>(&model, GradientsParams::new())
    });
}

pub fn sums_that_are_no_number<B: TestBackend>() {
    let mean = ExactMean::<A<B>>::new(&B::device());
    let ones = |count: usize| Tensor::<A<B>, 1>::ones([count], &B::device());
    for (name, sum, normalizer) in [
        ("`sum`", ones(4), ones(1)),
        ("`normalizer`", ones(1), ones(4)),
    ] {
        panics(&["ExactMean", name, "one number", "[4]"], || {
            mean.of(sum, normalizer)
        });
    }
}

pub fn a_step_in_which_nothing_counts<B: TestBackend>() {
    let device = B::device();
    let model = Tagger::<A<B>>::new(Way::Exact, &device);
    let mut batch: Sequences<A<B>> = Pad.batch(vec![0, 1], &device);
    batch.targets = Tensor::full(batch.targets.shape(), PADDING, &device);
    let gradients = GradientsParams::from_grads(model.loss_of_step(&batch).backward(), &model);
    let gradients = model.mean.divide::<A<B>, _>(&model, gradients);
    let found = gradient_of_step(&model, gradients);
    assert!(found.iter().all(|&gradient| gradient == 0.0), "{found:?}");
}

/// Shows nothing.
struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _state: MetricState) {}

    fn update_valid(&mut self, _state: MetricState) {}

    fn render_train(&mut self, _item: TrainingProgress, _indicators: Vec<ProgressType>) {}

    fn render_valid(&mut self, _item: TrainingProgress, _indicators: Vec<ProgressType>) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}

    fn render_test(&mut self, _item: EvaluationProgress, _indicators: Vec<ProgressType>) {}
}

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, _definition: MetricDefinition) {}
}
