//! Random inputs of the kinds that `work.txt` explains.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Int, Tensor};

/// The length of the sequences, the same in peers/work.py.
const SEQUENCE: usize = 30;
/// The labels of a row, likewise.
const LABELS: usize = 8;

/// An input of the shape of the prediction.
///
/// # Panics
///
/// If there is no such kind.
pub(crate) fn large<B: Backend, const D: usize>(
    kind: &str,
    shape: [usize; D],
    device: &B::Device,
) -> Tensor<B, D> {
    let random = |distribution| Tensor::<B, D>::random(shape, distribution, device);
    let uniform = |low, high| random(Distribution::Uniform(low, high));
    let number = || random(Distribution::Normal(0.0, 2.0));
    let bit = || random(Distribution::Bernoulli(0.5));
    match kind {
        "number" => number(),
        "share" => uniform(0.001, 0.999),
        "bit" => bit(),
        "sign" => bit() * 2.0 - 1.0,
        "cosine" => uniform(-0.9, 0.9),
        "amount" => uniform(0.1, 10.0),
        "count" => uniform(0.0, 10.0).floor(),
        "spread" => uniform(0.5, 2.0),
        "probabilities" => softmax(number(), D - 1),
        "log-probabilities" => log_softmax(number(), D - 1),
        kind => panic!("work.txt: no inputs {kind}"),
    }
}

/// The class of each row.
pub(crate) fn classes<B: Backend>(
    rows: usize,
    classes: usize,
    device: &B::Device,
) -> Tensor<B, 1, Int> {
    let uniform = Distribution::Uniform(0.0, classes as f64);
    let targets = Tensor::<B, 1>::random([rows], uniform, device).int();
    targets.clamp(0, classes as i64 - 1)
}

/// Classes of each sample, none of which is the first.
pub(crate) fn sequences<B: Backend>(
    samples: usize,
    classes: usize,
    device: &B::Device,
) -> Tensor<B, 2, Int> {
    let all = self::classes::<B>(samples * SEQUENCE, classes - 1, device) + 1;
    all.reshape([samples, SEQUENCE])
}

/// Classes of each row, ended by -1, at equal distances from a random one on.
pub(crate) fn labels<B: Backend>(
    [rows, classes]: [usize; 2],
    device: &B::Device,
) -> Tensor<B, 2, Int> {
    let distance = classes / LABELS;
    let first = self::classes::<B>(rows, distance, device).reshape([rows, 1]);
    let step = Tensor::<B, 1, Int>::arange(0..LABELS as i64, device) * distance as i64;
    let labels = first.expand([rows, LABELS]) + step.reshape([1, LABELS]).expand([rows, LABELS]);
    let ends = Tensor::<B, 2, Int>::full([rows, classes - LABELS], -1, device);
    Tensor::cat(vec![labels, ends], 1)
}

/// From 1/2 to 3/2: weights of the classes, or how frequent they are.
pub(crate) fn per_class(classes: usize) -> Vec<f32> {
    let last = (classes - 1) as f32;
    (0..classes)
        .map(|class| 0.5 + class as f32 / last)
        .collect()
}
