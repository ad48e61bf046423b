//! The training loop of the small examples: Adam on shuffled batches, with a learning rate that falls along a cosine.
//!
//! `examples/mnist` shows Burn's own `SupervisedTraining`; here a loop is short enough to read, and prints a few lines.

use burn::lr_scheduler::LrScheduler;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{BasicOps, Element};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::Result;

/// How to train.
#[derive(Clone, Debug)]
pub struct Training {
    /// How often every example is seen.
    pub epochs: usize,
    /// Examples a step; the last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// The learning rate of Adam at the start, at most 1; it falls to 0 along a cosine.
    pub learning_rate: f64,
    /// Seed of the order of the examples.
    pub seed: u64,
}

impl Training {
    /// Trains `model` on `examples` examples and returns it with the mean loss of each epoch.
    ///
    /// `loss` is given the model and the numbers of a batch's examples. A few lines that start with `name` are printed
    /// on the way.
    ///
    /// # Errors
    ///
    /// If the learning rate is not above 0 and at most 1.
    pub fn run<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        name: &str,
        mut model: M,
        examples: usize,
        loss: impl Fn(&M, &[usize]) -> Tensor<B, 1>,
    ) -> Result<(M, Vec<f64>)> {
        let steps = self.epochs * examples.div_ceil(self.batch_size);
        let mut schedule =
            CosineAnnealingLrSchedulerConfig::new(self.learning_rate, steps).init()?;
        let mut optimizer = AdamConfig::new().init();
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut order: Vec<usize> = (0..examples).collect();
        let mut history = Vec::with_capacity(self.epochs);

        for epoch in 1..=self.epochs {
            order.shuffle(&mut random);
            let mut sum = 0.0;
            for batch in order.chunks(self.batch_size) {
                let loss = loss(&model, batch);
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                model = optimizer.step(schedule.step(), model, gradients);
                sum += loss.into_scalar().elem::<f64>() * batch.len() as f64;
            }
            history.push(sum / examples as f64);
            self.report(name, epoch, sum / examples as f64);
        }
        Ok((model, history))
    }

    /// Prints about five epochs, the last one among them.
    fn report(&self, name: &str, epoch: usize, loss: f64) {
        let every = self.epochs.div_ceil(5);
        if (self.epochs - epoch).is_multiple_of(every) {
            println!("{name}: epoch {epoch}/{}, loss {loss:.4}", self.epochs);
        }
    }
}

/// The rows of a tensor that a batch names.
pub fn rows<B: Backend, const D: usize, K>(
    tensor: &Tensor<B, D, K>,
    batch: &[usize],
) -> Tensor<B, D, K>
where
    K: BasicOps<B>,
    K::Elem: Element,
{
    let batch: Vec<i32> = batch.iter().map(|&row| row as i32).collect();
    let batch = Tensor::<B, 1, Int>::from_data(batch.as_slice(), &tensor.device());
    tensor.clone().select(0, batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::NdArray;
    use burn::module::Param;
    use burn::nn::{Linear, LinearConfig};

    /// Fits `y = 3 x` and returns the weight and the history.
    fn fit(learning_rate: f64, seed: u64) -> Result<(f64, Vec<f64>)> {
        let device = Default::default();
        let x = Tensor::<NdArray, 2>::from_data([[-1.0], [0.5], [1.0], [2.0], [3.0]], &device);
        let mut model: Linear<NdArray> = LinearConfig::new(1, 1).with_bias(false).init(&device);
        model.weight = Param::from_data([[0.0]], &device);
        let training = Training {
            epochs: 100,
            batch_size: 2,
            learning_rate,
            seed,
        };
        let (model, history) = training.run("line", model, 5, |model, batch| {
            let x = rows(&x, batch);
            (model.forward(x.clone()) - x * 3.0).powi_scalar(2).mean()
        })?;
        Ok((model.weight.val().into_scalar().elem(), history))
    }

    #[test]
    fn fits_a_line() {
        let (weight, history) = fit(0.1, 1).unwrap();
        assert!((weight - 3.0).abs() < 1e-2, "{weight}");
        assert_eq!(history.len(), 100);
        assert!(history[99] < 1e-3 * history[0], "{history:?}");
    }

    #[test]
    fn the_seed_decides_the_order() {
        let history = |seed| fit(0.1, seed).unwrap().1;
        assert_eq!(history(1), history(1));
        assert_ne!(history(1), history(2));
    }

    #[test]
    fn refuses_a_learning_rate_that_is_none() {
        assert!(fit(0.0, 1).is_err());
    }
}
