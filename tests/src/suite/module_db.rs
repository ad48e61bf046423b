//! PyTorch's own samples for its loss modules; `fixtures/README.md` has the format.
//!
//! Each module is one arm of `outcome`.

use std::collections::HashSet;

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor, TensorData};
use burn_loss::*;
use serde::Deserialize;

use crate::backend::TestBackend;
use crate::compare::{difference_each, numbers};
use crate::fixture::{self, tensor};
use crate::samples::{Arguments, Input};

type A<B> = Autodiff<B>;

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

/// Of a sample by the loss that its module is here.
fn outcome<B: TestBackend>(sample: &Sample) -> Outcome {
    let options = &sample.options;
    let device = B::device();
    let with = |reduction: Option<Reduction>| reduction.unwrap_or(Reduction::Mean);
    let reduction = with(sample.reduction());
    match sample.module.as_str() {
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
        "CosineEmbeddingLoss" => samples::<B, _>(sample, |r| {
            CosineEmbeddingLossConfig::new()
                .with_margin(options.margin.unwrap_or(0.0))
                .with_reduction(r)
                .init()
        }),
        "TripletMarginWithDistanceLoss" => with_ones_own_distance::<B>(sample),
        "TripletMarginLoss" => samples::<B, _>(sample, |r| {
            TripletMarginLossConfig::new()
                .with_margin(options.margin.unwrap_or(1.0))
                .with_p(options.p.unwrap_or(2).into())
                .with_swap(options.swap)
                .with_reduction(r)
                .init()
        }),
        "MultiMarginLoss" => samples::<B, _>(sample, |r| {
            MultiMarginLossConfig::new()
                .with_p(options.p.unwrap_or(1) as usize)
                .with_margin(options.margin.unwrap_or(1.0))
                .with_class_weights(sample.class_weights())
                .with_reduction(r)
                .init::<A<B>>(&device)
        }),
        "MultiLabelMarginLoss" => samples::<B, _>(sample, |r| {
            MultiLabelMarginLossConfig::new().with_reduction(r).init()
        }),
        "MultiLabelSoftMarginLoss" => samples::<B, _>(sample, |r| {
            MultiLabelSoftMarginLossConfig::new()
                .with_class_weights(sample.class_weights())
                .with_reduction(r)
                .init::<A<B>>(&device)
        }),
        "CTCLoss" => ctc::<B>(sample),
        "MarginRankingLoss" => match sample.arguments[0].shape().len() {
            1 => margin_ranking::<B, 1>(sample),
            2 => margin_ranking::<B, 2>(sample),
            rank => panic!("no scores of rank {rank} were expected"),
        },
        other => panic!("no loss for {other}"),
    }
}

/// An argument as the losses of samples take it.
fn input(argument: &Argument) -> Input {
    let integers = argument.integers.as_ref();
    let integers =
        integers.map(|integers| integers.iter().map(|&integer| integer as f64).collect());
    Input {
        name: String::new(),
        shape: argument.shape(),
        int: integers.is_some(),
        values: integers.unwrap_or_else(|| argument.steps.clone()),
        constant: false,
    }
}

fn samples<B: TestBackend, L: SampleLoss<A<B>, Inputs: Arguments<A<B>>>>(
    sample: &Sample,
    loss: impl Fn(Reduction) -> L,
) -> Outcome {
    let inputs: Vec<Input> = sample.arguments.iter().map(input).collect();
    let inputs = L::Inputs::of(&inputs, &B::device()).tracked();
    let loss = match sample.reduction() {
        None => loss(Reduction::Mean).forward_no_reduction(inputs.clone()),
        Some(reduction) => loss(reduction).forward(inputs.clone()),
    };
    let gradients = inputs.gradients(&loss.clone().sum().backward());
    Outcome {
        loss: numbers(loss),
        gradients: gradients.into_iter().map(Some).collect(),
    }
}

fn margin_ranking<B: TestBackend, const D: usize>(sample: &Sample) -> Outcome {
    let [first, second] = [0, 1].map(|index| sample.floats::<B, D>(index));
    let signs = input(&sample.arguments[2]);
    let target = tensor::<A<B>, D>(&signs.values, &signs.shape, &B::device());
    let inputs = [&first, &second];
    let loss = |reduction| {
        MarginRankingLossConfig::new()
            .with_margin(sample.options.margin.unwrap_or(0.0))
            .with_reduction(reduction)
            .init()
    };
    let (x, y) = (first.clone(), second.clone());
    match sample.reduction() {
        None => differentiate(
            loss(Reduction::Mean).forward_no_reduction(x, y, target),
            &inputs,
        ),
        Some(reduction) => differentiate(loss(reduction).forward(x, y, target), &inputs),
    }
}

/// With PyTorch's distance for these samples given as one's own.
fn with_ones_own_distance<B: TestBackend>(sample: &Sample) -> Outcome {
    let inputs = [0, 1, 2].map(|index| sample.floats::<B, 2>(index));
    let [anchor, positive, negative] = inputs.clone();
    let distance = |x: Tensor<A<B>, 2>, y: Tensor<A<B>, 2>| {
        let [samples, _] = x.dims();
        let difference = x - y + 1e-6;
        let squares = difference.clone() * difference;
        squares.sum_dim(1).sqrt().reshape([samples])
    };
    let loss = TripletMarginLossConfig::new()
        .with_margin(sample.options.margin.unwrap_or(1.0))
        .with_swap(sample.options.swap);
    let inputs = inputs.each_ref();
    match sample.reduction() {
        None => {
            let loss = loss.init();
            let each =
                loss.forward_with_distance_no_reduction(anchor, positive, negative, distance);
            differentiate(each, inputs.as_slice())
        }
        Some(reduction) => {
            let loss = loss.with_reduction(reduction).init();
            let reduced = loss.forward_with_distance(anchor, positive, negative, distance);
            differentiate(reduced, inputs.as_slice())
        }
    }
}

/// PyTorch's gradient adds what each loss counts times the probabilities, which a `log_softmax` before it takes away again.
fn ctc<B: TestBackend>(sample: &Sample) -> Outcome {
    let loss = |r| {
        CtcLossConfig::new()
            .with_blank(sample.options.blank)
            .with_reduction(r)
            .init()
    };
    let mut found = samples::<B, _>(sample, loss);
    let [steps, count, classes] = sample.arguments[0].shape[..] else {
        panic!("the log-probabilities are [T, N, C]");
    };
    let lengths = |index: usize| sample.arguments[index].integers.as_ref().expect("lengths");
    let gradient = found.gradients[0].as_mut().expect("it is tracked");
    for (at, slope) in gradient.iter_mut().enumerate() {
        let (t, n) = (at / classes / count, at / classes % count);
        let counts = match sample.reduction() {
            Some(Reduction::Mean) => 1.0 / (count as f64 * lengths(3)[n].max(1) as f64),
            _ => 1.0,
        };
        if t < steps.min(lengths(2)[n] as usize) {
            *slope += counts * sample.arguments[0].steps[at].exp();
        }
    }
    found
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
        // The slope by a target of a divergence, log y - x + 1, is a difference of numbers of size 1.
        let least = match (sample.module.as_str(), what) {
            ("KLDivLoss", "gradient of argument 1") => 1.0,
            _ => 1e-3,
        };
        let absolute = B::TOLERANCE.absolute * largest(expected).clamp(least, 1.0);
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
    let all = file.samples.len();
    assert!(all > 200, "only {all} samples");
    // Some of all, and of each module the smallest.
    let size = |sample: &Sample| sample.arguments[0].shape.iter().product::<usize>();
    file.samples
        .sort_by_key(|sample| (sample.module.clone(), size(sample)));
    let (mut modules, mut at) = (HashSet::new(), 0..);
    file.samples.retain(|sample| {
        let is_some = at.next().is_some_and(|at| at % fixture::one_of::<B>() == 0);
        modules.insert(sample.module.clone()) || is_some
    });
    assert_eq!(modules.len(), 21, "{modules:?}");
    for sample in &mut file.samples {
        let weight = sample.options.weight.iter_mut();
        for argument in sample.arguments.iter_mut().chain(weight) {
            for step in &mut argument.steps {
                *step /= file.scale;
            }
        }
        let outcome = outcome::<B>(sample);
        found.extend(differences::<B>(sample, &outcome));
    }
    let count = file.samples.len();
    assert!(
        found.is_empty(),
        "{} differences from PyTorch in {count} samples:\n{}",
        found.len(),
        found.join("\n")
    );
}
