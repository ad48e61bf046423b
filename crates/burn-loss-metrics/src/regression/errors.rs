//! What the regression metrics are made of, for each output: sums and moments that batches can be added to.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::check;
use crate::host::Numbers;

/// Mean and squared deviations of a series, by Welford's and Chan's updates: no digits cancel, and a constant series has
/// exactly no variance.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds the `count`-th value.
    fn add(&mut self, value: f64, count: f64) {
        let before = value - self.mean;
        self.mean += before / count;
        self.squares += before * (value - self.mean);
    }
}

/// The errors of one output.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputErrors {
    count: usize,
    targets: Moments,
    errors: Moments,
    absolute: f64,
    squared: f64,
    relative: f64,
}

impl OutputErrors {
    fn add(&mut self, prediction: f64, target: f64) {
        let error = target - prediction;
        self.count += 1;
        self.targets.add(target, self.count as f64);
        self.errors.add(error, self.count as f64);
        self.absolute += error.abs();
        self.squared += error * error;
        self.relative += error.abs() / target.abs().max(f64::EPSILON);
    }

    pub fn mean_absolute(&self) -> f64 {
        self.absolute / self.count as f64
    }

    pub fn root_mean_squared(&self) -> f64 {
        (self.squared / self.count as f64).sqrt()
    }

    pub fn mean_absolute_percentage(&self) -> f64 {
        self.relative / self.count as f64
    }

    pub fn r2(&self) -> f64 {
        match self.count {
            0 | 1 => f64::NAN,
            _ => self.explained(self.squared),
        }
    }

    pub fn explained_variance(&self) -> f64 {
        match self.count {
            0 => f64::NAN,
            _ => self.explained(self.errors.squares),
        }
    }

    /// The share of the targets' variance that is not `unexplained`; of targets without variance, scikit-learn's value.
    fn explained(&self, unexplained: f64) -> f64 {
        let total = self.targets.squares;
        if unexplained.is_nan() {
            f64::NAN
        } else if unexplained == 0.0 {
            1.0
        } else if total == 0.0 {
            0.0
        } else {
            1.0 - unexplained / total
        }
    }
}

/// Predictions and targets in row-major order, with a number of outputs an example.
#[derive(Clone, Debug)]
pub struct Pairs {
    pub predictions: Vec<f64>,
    pub targets: Vec<f64>,
    pub outputs: usize,
}

impl Pairs {
    /// Those of predictions and targets of the same shape, a block of examples at a time, with the place of its first.
    pub fn blocks(predictions: &Numbers, targets: &Numbers) -> impl Iterator<Item = (usize, Self)> {
        let [_, outputs] = predictions.dims;
        predictions.blocks().map(move |(examples, predictions)| {
            let first = examples.start;
            let pairs = Self {
                predictions,
                targets: targets.rows(examples),
                outputs,
            };
            (first, pairs)
        })
    }

    /// Takes those of predictions and targets, `[N, ..]`, a block of examples at a time.
    #[track_caller]
    pub fn take<B: Backend, const D: usize>(
        function: &str,
        predictions: Tensor<B, D>,
        targets: Tensor<B, D>,
        mut take: impl FnMut(&Self),
    ) {
        let dims = predictions.dims();
        let same = check::same_shape(("predictions", &dims), ("targets", &targets.dims()));
        check::or_panic(function, same);
        let outputs: usize = dims[1..].iter().product();
        if dims[0] * outputs == 0 {
            return;
        }
        let numbers = |tensor: Tensor<B, D>| Numbers::of(tensor.reshape([dims[0], outputs]));
        for (_, pairs) in Self::blocks(&numbers(predictions), &numbers(targets)) {
            take(&pairs);
        }
    }

    /// Prediction, target and the number of their output.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        let pairs = self.predictions.iter().zip(&self.targets).enumerate();
        pairs.map(|(index, (&prediction, &target))| (index % self.outputs, prediction, target))
    }
}

/// The errors of each output.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    outputs: Vec<OutputErrors>,
}

impl Errors {
    /// Of predictions and targets, `[N, ..]`.
    #[track_caller]
    pub fn of<B: Backend, const D: usize>(
        function: &str,
        predictions: Tensor<B, D>,
        targets: Tensor<B, D>,
    ) -> Self {
        let mut errors = Self::default();
        Pairs::take(function, predictions, targets, |pairs| errors.add(pairs));
        errors
    }

    pub fn add(&mut self, pairs: &Pairs) {
        self.outputs.resize(pairs.outputs, OutputErrors::default());
        for (output, prediction, target) in pairs.iter() {
            self.outputs[output].add(prediction, target);
        }
    }

    pub fn examples(&self) -> usize {
        self.outputs.first().map_or(0, |output| output.count)
    }

    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The mean over the outputs.
    pub fn mean(&self, value: impl Fn(&OutputErrors) -> f64) -> f64 {
        self.outputs.iter().map(value).sum::<f64>() / self.outputs.len() as f64
    }
}
