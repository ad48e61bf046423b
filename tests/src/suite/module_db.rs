//! PyTorch's own samples for its loss modules; `fixtures/README.md` has the format.
//!
//! Each module is one arm of [`outcome`].

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor, TensorData};
use burn_loss::*;
use serde::Deserialize;

use crate::backend::TestBackend;
use crate::compare::{difference_each, numbers};
use crate::fixture::{self, tensor};

type A<B> = Autodiff<B>;

/// The modules that have no arm yet.
const NOT_HERE: [&str; 8] = [
    "CTCLoss",
    "CosineEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
];

#[derive(Deserialize)]
struct File {
    scale: f64,
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    module: String,
    name: String,
    options: Options,
    arguments: Vec<Argument>,
    loss: Values,
    gradients: Vec<Option<Gradient>>,
}

/// The options of all modules; absent ones are at their defaults.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(dead_code, reason = "some belong to modules that have no arm yet")]
struct Options {
    reduction: Option<String>,
    weight: Option<Argument>,
    beta: Option<f64>,
    margin: Option<f64>,
    p: Option<u32>,
    swap: bool,
    blank: usize,
    log_target: bool,
    log_input: Option<bool>,
    full: bool,
    ignore_index: Option<i64>,
    label_smoothing: f64,
}

/// Floats, as steps of `1 / scale`, or integers.
#[derive(Deserialize)]
struct Argument {
    shape: Vec<usize>,
    #[serde(default)]
    steps: Vec<f64>,
    integers: Option<Vec<i64>>,
}

#[derive(Deserialize)]
struct Values {
    #[serde(deserialize_with = "fixture::reals")]
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Gradient {
    every: usize,
    #[serde(deserialize_with = "fixture::reals")]
    values: Vec<f64>,
}

impl Argument {
    /// A scalar is one number on one axis.
    fn shape(&self) -> Vec<usize> {
        match self.shape[..] {
            [] => vec![1],
            _ => self.shape.clone(),
        }
    }

    fn floats<B: TestBackend, const D: usize>(&self) -> Tensor<A<B>, D> {
        tensor(&self.steps, &self.shape(), &B::device())
    }

    fn ints<B: TestBackend, const D: usize>(&self) -> Tensor<A<B>, D, Int> {
        let integers = self.integers.clone().expect("it is of integers");
        Tensor::from_data(TensorData::new(integers, self.shape()), &B::device())
    }
}

impl Sample {
    /// The reduction of `forward`, or none.
    fn reduction(&self) -> Option<Reduction> {
        match self.options.reduction.as_deref() {
            None | Some("mean") => Some(Reduction::Mean),
            Some("sum") => Some(Reduction::Sum),
            Some("batchmean") => Some(Reduction::BatchMean),
            Some("none") => None,
            Some(other) => panic!("no reduction {other} was expected"),
        }
    }

    /// An argument, tracked if PyTorch tracked it.
    fn floats<B: TestBackend, const D: usize>(&self, index: usize) -> Tensor<A<B>, D> {
        let argument = self.arguments[index].floats::<B, D>();
        match &self.gradients[index] {
            Some(_) => argument.require_grad(),
            None => argument,
        }
    }

    fn class_weights(&self) -> Option<Vec<f32>> {
        let weight = self.options.weight.as_ref()?;
        Some(weight.steps.iter().map(|&weight| weight as f32).collect())
    }
}

/// The loss, and the gradient of the sum of it with respect to each argument that is tracked.
struct Outcome {
    loss: Vec<f64>,
    gradients: Vec<Option<Vec<f64>>>,
}

/// The outcome of a loss `[1]` or of several, and of arguments of one rank.
fn differentiate<B: TestBackend, const D: usize, const T: usize>(
    loss: Tensor<A<B>, T>,
    arguments: &[&Tensor<A<B>, D>],
) -> Outcome {
    let grads = loss.clone().sum().backward();
    let gradient = |argument: &&Tensor<A<B>, D>| {
        let found = argument
            .is_require_grad()
            .then(|| argument.grad(&grads).expect("it is tracked"));
        found.map(numbers)
    };
    Outcome {
        loss: numbers(loss),
        gradients: arguments.iter().map(gradient).collect(),
    }
}

/// Of a sample by the loss that its module is here; `None` where there is none.
fn outcome<B: TestBackend>(sample: &Sample) -> Option<Outcome> {
    let options = &sample.options;
    let device = B::device();
    let with = |reduction: Option<Reduction>| reduction.unwrap_or(Reduction::Mean);
    let reduction = with(sample.reduction());
    Some(match sample.module.as_str() {
        "MSELoss" => elementwise::<B, _>(sample, |r| MseLossConfig::new().with_reduction(r).init()),
        "L1Loss" => elementwise::<B, _>(sample, |r| L1LossConfig::new().with_reduction(r).init()),
        "HuberLoss" => {
            elementwise::<B, _>(sample, |r| HuberLossConfig::new().with_reduction(r).init())
        }
        "SmoothL1Loss" => elementwise::<B, _>(sample, |r| {
            SmoothL1LossConfig::new()
                .with_beta(options.beta.unwrap_or(1.0))
                .with_reduction(r)
                .init()
        }),
        "KLDivLoss" => elementwise::<B, _>(sample, |r| {
            KlDivLossConfig::new()
                .with_log_target(options.log_target)
                .with_reduction(r)
                .init()
        }),
        "PoissonNLLLoss" => elementwise::<B, _>(sample, |r| {
            PoissonNllLossConfig::new()
                .with_log_input(options.log_input.unwrap_or(true))
                .with_full(options.full)
                .with_reduction(r)
                .init()
        }),
        "SoftMarginLoss" => elementwise::<B, _>(sample, |r| {
            SoftMarginLossConfig::new().with_reduction(r).init()
        }),
        "HingeEmbeddingLoss" => elementwise::<B, _>(sample, |r| {
            HingeEmbeddingLossConfig::new()
                .with_margin(options.margin.unwrap_or(1.0))
                .with_reduction(r)
                .init()
        }),
        "GaussianNLLLoss" => {
            let loss = GaussianNllLossConfig::new()
                .with_reduction(reduction)
                .init();
            spread::<B, _>(sample, &loss)
        }
        "BCELoss" => elementwise::<B, _>(sample, |r| BceLossConfig::new().with_reduction(r).init()),
        "BCEWithLogitsLoss" => elementwise::<B, _>(sample, |r| {
            BceWithLogitsLossConfig::new()
                .with_reduction(r)
                .init::<A<B>>(&device)
        }),
        "NLLLoss" => class_rows::<B, _>(
            sample,
            &NllLossConfig::new()
                .with_class_weights(sample.class_weights())
                .with_ignore_index(options.ignore_index)
                .with_reduction(reduction)
                .init::<A<B>>(&device),
        ),
        "CrossEntropyLoss" => {
            let loss = CrossEntropyLossConfig::new()
                .with_class_weights(sample.class_weights())
                .with_ignore_index(options.ignore_index)
                .with_label_smoothing(options.label_smoothing)
                .with_reduction(reduction)
                .init::<A<B>>(&device);
            match sample.arguments[1].integers {
                Some(_) => class_rows::<B, _>(sample, &loss),
                None => probabilities::<B>(sample, &loss),
            }
        }
        _ => return None,
    })
}

fn elementwise<B: TestBackend, L: ElementwiseLoss<A<B>>>(
    sample: &Sample,
    loss: impl Fn(Reduction) -> L,
) -> Outcome {
    match sample.arguments[0].shape().len() {
        1 => elementwise_of_rank::<B, 1, L>(sample, loss),
        2 => elementwise_of_rank::<B, 2, L>(sample, loss),
        3 => elementwise_of_rank::<B, 3, L>(sample, loss),
        4 => elementwise_of_rank::<B, 4, L>(sample, loss),
        rank => panic!("no prediction of rank {rank} was expected"),
    }
}

fn elementwise_of_rank<B: TestBackend, const D: usize, L: ElementwiseLoss<A<B>>>(
    sample: &Sample,
    loss: impl Fn(Reduction) -> L,
) -> Outcome {
    let inputs = [0, 1].map(|index| sample.floats::<B, D>(index));
    let [x, y] = inputs.clone();
    let Some(weight) = &sample.options.weight else {
        let inputs = inputs.each_ref();
        return match sample.reduction() {
            None => differentiate(
                loss(Reduction::Mean).forward_no_reduction(x, y),
                inputs.as_slice(),
            ),
            Some(reduction) => differentiate(loss(reduction).forward(x, y), inputs.as_slice()),
        };
    };
    // PyTorch's `weight` multiplies the losses, and the mean divides by their number.
    let weight = weight.floats::<B, 1>().unsqueeze::<D>().expand(x.dims());
    let losses = loss(Reduction::Mean).forward_no_reduction(x, y) * weight;
    let reduction = sample.reduction().expect("weighted samples are reduced");
    differentiate(reduction.reduce(losses), inputs.each_ref().as_slice())
}

fn spread<B: TestBackend, L: SpreadLoss<A<B>>>(sample: &Sample, loss: &L) -> Outcome {
    let inputs = [0, 1, 2].map(|index| sample.floats::<B, 2>(index));
    let [mean, target, spread] = inputs.clone();
    let inputs = inputs.each_ref();
    match sample.reduction() {
        None => {
            let losses = loss.forward_no_reduction(mean, target, spread);
            differentiate(losses, inputs.as_slice())
        }
        Some(_) => differentiate(loss.forward(mean, target, spread), inputs.as_slice()),
    }
}

fn class_rows<B: TestBackend, L: ClassLoss<A<B>>>(sample: &Sample, loss: &L) -> Outcome {
    match sample.arguments[0].shape.len() {
        2 => class_rows_of_rank::<B, 2, 1, L>(sample, loss),
        3 => class_rows_of_rank::<B, 3, 2, L>(sample, loss),
        4 => class_rows_of_rank::<B, 4, 3, L>(sample, loss),
        6 => class_rows_of_rank::<B, 6, 5, L>(sample, loss),
        rank => panic!("no scores of rank {rank} were expected"),
    }
}

fn class_rows_of_rank<B: TestBackend, const D: usize, const T: usize, L: ClassLoss<A<B>>>(
    sample: &Sample,
    loss: &L,
) -> Outcome {
    let scores = sample.floats::<B, D>(0);
    let classes = sample.arguments[1].ints::<B, T>();
    match sample.reduction() {
        None => {
            let losses = loss.forward_nd_no_reduction(scores.clone(), classes);
            differentiate(losses, &[&scores])
        }
        Some(_) => differentiate(loss.forward_nd(scores.clone(), classes), &[&scores]),
    }
}

fn probabilities<B: TestBackend>(sample: &Sample, loss: &CrossEntropyLoss<A<B>>) -> Outcome {
    match sample.arguments[0].shape.len() {
        2 => probabilities_of_rank::<B, 2>(sample, loss),
        3 => probabilities_of_rank::<B, 3>(sample, loss),
        4 => probabilities_of_rank::<B, 4>(sample, loss),
        6 => probabilities_of_rank::<B, 6>(sample, loss),
        rank => panic!("no logits of rank {rank} were expected"),
    }
}

fn probabilities_of_rank<B: TestBackend, const D: usize>(
    sample: &Sample,
    loss: &CrossEntropyLoss<A<B>>,
) -> Outcome {
    let inputs = [0, 1].map(|index| sample.floats::<B, D>(index));
    let [logits, targets] = inputs.clone();
    let inputs = inputs.each_ref();
    if sample.reduction().is_some() {
        let loss = loss.forward_probabilities_nd(logits, targets);
        return differentiate(loss, inputs.as_slice());
    }
    // One row per place, in the order of PyTorch's losses.
    let [logits, targets] = [logits, targets].map(|input| {
        let classes = input.dims()[1] as i32;
        input
            .movedim(1, D as i32 - 1)
            .reshape::<2, _>([-1, classes])
    });
    let losses = loss.forward_probabilities_no_reduction(logits, targets);
    differentiate(losses, inputs.as_slice())
}

/// What differs from PyTorch, in words.
fn differences<B: TestBackend>(sample: &Sample, found: &Outcome) -> Vec<String> {
    let mut texts = Vec::new();
    let mut compare = |what: &str, found: &[f64], expected: &[f64]| {
        let largest = |numbers: &[f64]| numbers.iter().fold(0f64, |a, b| a.max(b.abs()));
        // Terms that cancel leave what rounding leaves of the largest.
        let absolute = B::TOLERANCE.absolute * largest(expected).clamp(1e-3, 1.0);
        let difference = difference_each(found, expected, B::TOLERANCE.relative, |_| absolute);
        let place = format!("{} {}", sample.module, sample.name);
        texts.extend(difference.map(|text| format!("{place}, {what}: {text}")));
    };
    compare("loss", &found.loss, &sample.loss.values);
    for (index, expected) in sample.gradients.iter().enumerate() {
        let Some(Gradient { every, values }) = expected else {
            continue;
        };
        let found = found.gradients.get(index).and_then(Option::as_ref);
        let found = found.unwrap_or_else(|| panic!("{}: argument {index}", sample.module));
        let found: Vec<f64> = found.iter().copied().step_by(*every).collect();
        compare(&format!("gradient of argument {index}"), &found, values);
    }
    texts
}

pub fn pytorchs_own_samples<B: TestBackend>() {
    let mut file: File = fixture::file("module_db");
    let mut found = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    let mut count = 0;
    for sample in &mut file.samples {
        let weight = sample.options.weight.iter_mut();
        for argument in sample.arguments.iter_mut().chain(weight) {
            for step in &mut argument.steps {
                *step /= file.scale;
            }
        }
        match outcome::<B>(sample) {
            Some(outcome) => {
                count += 1;
                found.extend(differences::<B>(sample, &outcome));
            }
            None => missing.push(sample.module.clone()),
        }
    }
    missing.sort();
    missing.dedup();
    assert_eq!(missing, NOT_HERE, "modules without an arm");
    assert!(count > 150, "only {count} samples were run");
    assert!(
        found.is_empty(),
        "{} differences from PyTorch in {count} samples:\n{}",
        found.len(),
        found.join("\n")
    );
}
