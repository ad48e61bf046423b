//! The registry of the losses of samples, and their fixtures in `fixtures/samples`.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use burn_loss::*;
use serde::Deserialize;

use crate::compare::numbers;
use crate::fixture::{cases_of, real, reals, some_real, some_reals, tensor, vectors};

/// One case: what goes in, and what the reference gives for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub config: Config,
    pub inputs: Vec<Input>,
    #[serde(default, deserialize_with = "some_reals")]
    pub weights: Option<Vec<f64>>,
    /// Whether a slope jumps at the inputs, so that differences cannot find it.
    #[serde(default)]
    pub kink: bool,
    #[serde(deserialize_with = "reals")]
    pub none: Vec<f64>,
    #[serde(deserialize_with = "real")]
    pub mean: f64,
    #[serde(deserialize_with = "real")]
    pub sum: f64,
    #[serde(deserialize_with = "vectors")]
    pub grad_mean: Vec<Vec<f64>>,
    #[serde(deserialize_with = "vectors")]
    pub grad_sum: Vec<Vec<f64>>,
    #[serde(default, deserialize_with = "some_real")]
    pub weighted_mean: Option<f64>,
    #[serde(default, deserialize_with = "some_real")]
    pub weighted_sum: Option<f64>,
    #[serde(default, deserialize_with = "vectors")]
    pub grad_weighted_mean: Vec<Vec<f64>>,
}

/// One input of a case.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    pub shape: Vec<usize>,
    #[serde(deserialize_with = "reals")]
    pub values: Vec<f64>,
    /// Whether it holds whole numbers.
    #[serde(default)]
    pub int: bool,
    /// Whether the loss gives it no gradient.
    #[serde(default)]
    pub constant: bool,
}

/// The fields of all configs; absent ones are at their defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub margin: Option<f64>,
    pub p: Option<f64>,
    pub eps: Option<f64>,
    pub swap: bool,
    pub class_weights: Option<Vec<f32>>,
    pub beta: Option<f64>,
    pub temperature: Option<f64>,
    pub alpha: Option<f64>,
    pub ignore_index: Option<i64>,
    pub ignore_indices: Vec<i64>,
    pub blank: Option<usize>,
    pub zero_infinity: bool,
}

/// All cases of a loss.
pub fn cases(loss: &str) -> Vec<Case> {
    cases_of(&format!("samples/{loss}"))
}

/// What a test does with a loss of samples.
pub trait VisitSample<B: LossBackend> {
    fn visit<L: SampleLoss<B, Inputs: Arguments<B>>>(
        &mut self,
        file: &str,
        loss: impl Fn(&Config, Reduction) -> L,
    );
}

/// Every loss of samples.
pub fn each_sample<B: LossBackend>(device: &B::Device, test: &mut impl VisitSample<B>) {
    test.visit("cosine_embedding", |config, reduction| {
        CosineEmbeddingLossConfig::new()
            .with_margin(config.margin.unwrap_or(0.0))
            .with_reduction(reduction)
            .init()
    });
    test.visit("triplet_margin", |config, reduction| {
        triplet_margin(config).with_reduction(reduction).init()
    });
    test.visit("multi_margin", |config, reduction| {
        MultiMarginLossConfig::new()
            .with_p(config.p.unwrap_or(1.0) as usize)
            .with_margin(config.margin.unwrap_or(1.0))
            .with_class_weights(config.class_weights.clone())
            .with_reduction(reduction)
            .init::<B>(device)
    });
    test.visit("multi_label_margin", |_, reduction| {
        MultiLabelMarginLossConfig::new()
            .with_reduction(reduction)
            .init()
    });
    test.visit("multi_label_soft_margin", |config, reduction| {
        MultiLabelSoftMarginLossConfig::new()
            .with_class_weights(config.class_weights.clone())
            .with_reduction(reduction)
            .init::<B>(device)
    });
    test.visit("js_div", |config, reduction| {
        JsDivLossConfig::new()
            .with_beta(config.beta.unwrap_or(0.5))
            .with_reduction(reduction)
            .init()
    });
    test.visit("distillation", |config, reduction| {
        DistillationLossConfig::new()
            .with_temperature(config.temperature.unwrap_or(2.0))
            .with_alpha(config.alpha.unwrap_or(0.5))
            .with_ignore_index(config.ignore_index)
            .with_ignore_indices(config.ignore_indices.clone())
            .with_reduction(reduction)
            .init()
    });
    test.visit("ctc", |config, reduction| {
        CtcLossConfig::new()
            .with_blank(config.blank.unwrap_or(0))
            .with_zero_infinity(config.zero_infinity)
            .with_reduction(reduction)
            .init()
    });
}

/// The triplet loss with a fixture's options.
pub fn triplet_margin(config: &Config) -> TripletMarginLossConfig {
    TripletMarginLossConfig::new()
        .with_margin(config.margin.unwrap_or(1.0))
        .with_p(config.p.unwrap_or(2.0))
        .with_eps(config.eps.unwrap_or(1e-6))
        .with_swap(config.swap)
}

/// One argument of a loss: a tensor of floats or of whole numbers.
pub trait Argument<B: LossBackend>: Clone {
    fn of(input: &Input, device: &B::Device) -> Self;
    /// The same, tracked if it can be.
    fn tracked(self) -> Self
    where
        B: AutodiffBackend;
    /// The numbers of its gradient; none if it has none.
    fn gradient(&self, gradients: &B::Gradients) -> Vec<f64>
    where
        B: AutodiffBackend;
}

impl<B: LossBackend, const D: usize> Argument<B> for Tensor<B, D> {
    fn of(input: &Input, device: &B::Device) -> Self {
        tensor(&input.values, &input.shape, device)
    }

    fn tracked(self) -> Self
    where
        B: AutodiffBackend,
    {
        self.require_grad()
    }

    fn gradient(&self, gradients: &B::Gradients) -> Vec<f64>
    where
        B: AutodiffBackend,
    {
        self.grad(gradients).map(numbers).unwrap_or_default()
    }
}

impl<B: LossBackend, const D: usize> Argument<B> for Tensor<B, D, Int> {
    fn of(input: &Input, device: &B::Device) -> Self {
        let values: Vec<i64> = input.values.iter().map(|&value| value as i64).collect();
        Tensor::from_data(TensorData::new(values, input.shape.clone()), device)
    }

    fn tracked(self) -> Self
    where
        B: AutodiffBackend,
    {
        self
    }

    fn gradient(&self, _: &B::Gradients) -> Vec<f64>
    where
        B: AutodiffBackend,
    {
        Vec::new()
    }
}

/// The arguments of a loss.
pub trait Arguments<B: LossBackend>: Clone {
    fn of(inputs: &[Input], device: &B::Device) -> Self;
    fn tracked(self) -> Self
    where
        B: AutodiffBackend;
    /// The gradient of each argument.
    fn gradients(&self, gradients: &B::Gradients) -> Vec<Vec<f64>>
    where
        B: AutodiffBackend;
}

macro_rules! arguments {
    ($($argument:ident $index:tt),+) => {
        impl<B: LossBackend, $($argument: Argument<B>),+> Arguments<B> for ($($argument),+) {
            fn of(inputs: &[Input], device: &B::Device) -> Self {
                ($($argument::of(&inputs[$index], device)),+)
            }

            fn tracked(self) -> Self
            where
                B: AutodiffBackend,
            {
                ($(self.$index.tracked()),+)
            }

            fn gradients(&self, gradients: &B::Gradients) -> Vec<Vec<f64>>
            where
                B: AutodiffBackend,
            {
                vec![$(self.$index.gradient(gradients)),+]
            }
        }
    };
}
arguments!(First 0, Second 1);
arguments!(First 0, Second 1, Third 2);
arguments!(First 0, Second 1, Third 2, Fourth 3);
