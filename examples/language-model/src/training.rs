//! The training: steps of whole batches, cut into micro-batches, with the mean over all tokens of the step.

use std::time::{Duration, Instant};

use burn::lr_scheduler::LrScheduler;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, GradientsAccumulator, GradientsParams, Optimizer};
use burn_loss::{
    AutodiffLossBackend, CrossEntropyLoss, CrossEntropyLossConfig, LossBackend, Reduction,
};
use burn_loss_metrics::accumulators::{Perplexity, TokenAccuracy};
use burn_loss_metrics::{Accumulator, TokenBatch};
use example_support::Result;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::data::{Batch, PADDING, Sequence};
use crate::model::{LanguageModel, Way};

/// Sequences in a batch.
const BATCH: usize = 16;

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    pub epochs: usize,
    pub seed: u64,
    pub way: Way,
    /// Micro-batches in a batch.
    pub accumulate: usize,
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub perplexity: f64,
    pub accuracy: f64,
}

impl Measured {
    /// The mean loss of the tokens.
    pub fn loss(&self) -> f64 {
        self.perplexity.ln()
    }
}

/// All epochs.
#[derive(Default)]
pub struct History {
    pub train: Vec<Measured>,
    pub valid: Vec<Measured>,
    /// Without validation.
    pub time: Duration,
    pub steps: usize,
}

impl History {
    /// The mean time of a step, in ms.
    pub fn step_ms(&self) -> f64 {
        1e3 * self.time.as_secs_f64() / self.steps as f64
    }
}

/// The metrics of the tokens so far.
#[derive(Default)]
struct Tokens(Perplexity, TokenAccuracy);

impl Tokens {
    fn add(&mut self, batch: &TokenBatch) -> Result<()> {
        self.0.add(batch)?;
        Ok(self.1.add(batch)?)
    }

    fn measured(&self) -> Measured {
        Measured {
            perplexity: self.0.value(),
            accuracy: self.1.value(),
        }
    }
}

impl Training {
    /// Trains a model and prints a line an epoch.
    pub fn run<B: AutodiffLossBackend>(
        &self,
        mut model: LanguageModel<B>,
        train: &[Sequence],
        valid: &[Sequence],
        device: &B::Device,
    ) -> Result<(LanguageModel<B>, History)> {
        let steps = self.epochs * train.len().div_ceil(BATCH);
        let mut schedule = CosineAnnealingLrSchedulerConfig::new(4e-3, steps).init()?;
        let mut optimizer = AdamConfig::new().init();
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut order: Vec<&[usize]> = train.iter().map(Vec::as_slice).collect();
        let sum = loss(Reduction::Sum, device);
        let mut history = History::default();

        for epoch in 1..=self.epochs {
            let start = Instant::now();
            order.shuffle(&mut random);
            let mut tokens = Tokens::default();
            for batch in order.chunks(BATCH) {
                let gradients = self.gradients(&model, &sum, batch, &mut tokens, device)?;
                model = optimizer.step(schedule.step(), model, gradients);
                history.steps += 1;
            }
            history.time += start.elapsed();
            history.train.push(tokens.measured());
            history
                .valid
                .push(self.validate(&model.valid(), valid, device)?);
            self.report(epoch, &history);
        }
        Ok((model, history))
    }

    /// The gradient of the mean over all tokens of a batch, however it is cut: each micro-batch adds its sum, divided by what
    /// all of them count.
    fn gradients<B: AutodiffLossBackend>(
        &self,
        model: &LanguageModel<B>,
        sum: &CrossEntropyLoss<B>,
        batch: &[&[usize]],
        tokens: &mut Tokens,
        device: &B::Device,
    ) -> Result<GradientsParams> {
        let pieces = batch.chunks(batch.len().div_ceil(self.accumulate));
        let pieces: Vec<_> = pieces.map(|piece| Batch::pad(piece, device)).collect();
        let normalizers = pieces.iter().map(|piece| sum.normalizer(&piece.targets));
        let normalizer = normalizers
            .reduce(|a, b| a + b)
            .expect("a batch has a sequence");
        let mut accumulator = GradientsAccumulator::new();
        for piece in pieces {
            let (loss, found) = model.loss(sum, piece, self.way);
            tokens.add(&found)?;
            let gradients = (loss / normalizer.clone()).backward();
            accumulator.accumulate(model, GradientsParams::from_grads(gradients, model));
        }
        Ok(accumulator.grads())
    }

    fn validate<B: LossBackend>(
        &self,
        model: &LanguageModel<B>,
        sequences: &[Sequence],
        device: &B::Device,
    ) -> Result<Measured> {
        let loss = loss(Reduction::Mean, device);
        let sequences: Vec<&[usize]> = sequences.iter().map(Vec::as_slice).collect();
        let mut tokens = Tokens::default();
        for batch in sequences.chunks(BATCH) {
            let (_, found) = model.loss(&loss, Batch::pad(batch, device), self.way);
            tokens.add(&found)?;
        }
        Ok(tokens.measured())
    }

    fn report(&self, epoch: usize, history: &History) {
        let line = |measured: &Measured| {
            let Measured {
                perplexity,
                accuracy,
            } = measured;
            format!(
                "perplexity {perplexity:.1}, accuracy {:.1}%",
                100.0 * accuracy
            )
        };
        println!(
            "epoch {epoch}/{}: train {}; validation {}; {:.0} ms a step",
            self.epochs,
            line(&history.train[epoch - 1]),
            line(&history.valid[epoch - 1]),
            history.step_ms()
        );
    }
}

fn loss<B: LossBackend>(reduction: Reduction, device: &B::Device) -> CrossEntropyLoss<B> {
    CrossEntropyLossConfig::new()
        .with_ignore_index(Some(PADDING))
        .with_reduction(reduction)
        .init(device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LanguageModelConfig;
    use burn::tensor::backend::Backend;
    use example_support::backend::NdArray;

    #[test]
    fn micro_batches_have_the_gradient_of_the_batch() {
        let device = Default::default();
        NdArray::seed(&device, 5);
        let model: LanguageModel<NdArray> =
            LanguageModelConfig::new(270).with_width(6).init(&device);
        let sum = loss(Reduction::Sum, &device);
        let batch: [&[usize]; 5] = [&[1, 2, 3, 4, 5, 6, 7], &[8], &[9, 10], &[11], &[12, 13, 14]];
        let found = [1, 3, 5].map(|accumulate| {
            let training = Training {
                epochs: 1,
                seed: 0,
                way: Way::Linear {
                    memory_budget: 1 << 20,
                },
                accumulate,
            };
            let mut tokens = Tokens::default();
            let gradients = training
                .gradients(&model, &sum, &batch, &mut tokens, &device)
                .unwrap();
            assert_eq!(tokens.0.examples(), 19);
            let id = model.embedding.weight.id;
            gradients.get::<burn::backend::NdArray, 2>(id).unwrap()
        });
        let [whole, three, five] = found;
        assert!(whole.clone().abs().max().into_scalar() > 1e-3);
        for parts in [three, five] {
            let difference = (parts - whole.clone()).abs().max().into_scalar();
            assert!(difference < 1e-6, "{difference}");
        }
    }
}
