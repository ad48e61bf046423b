//! Gradients equal central finite differences of the loss itself, computed in f64 on NdArray.

use burn::backend::{Autodiff, NdArray};
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::fixture::{Config, tensor};
use crate::losses::{
    Domain, Row, VisitClass, VisitElementwise, VisitSpread, each_class, each_elementwise,
    each_spread,
};

/// Two rows of three: no two alike, none at a kink (an error of 0, or of exactly delta).
const INPUT: [f64; 6] = [0.3, -1.25, 2.0, -0.6, 0.1, 1.4];
/// Away from 0 and 1, where the third derivative makes the differences coarse.
const PROBABILITIES: [f64; 6] = [0.3, 0.25, 0.7, 0.6, 0.35, 0.45];
/// Away from 1 and -1, and from the angle at which ArcFace turns.
const COSINES: [f64; 6] = [0.3, -0.65, 0.8, -0.6, 0.1, 0.4];
const TARGET: [f64; 6] = [0.7, 0.25, 0.1, 0.0, 1.0, 0.5];
const DISTRIBUTIONS: [f64; 6] = [0.7, 0.2, 0.1, 0.0, 1.0, 0.0];
const SPREADS: [f64; 6] = [0.7, 1.25, 0.6, 2.0, 1.5, 0.8];
const CLASSES: [i64; 2] = [2, 1];
const ROW_WEIGHTS: [f64; 2] = [0.5, 2.0];
/// None of them is 0: what a dropped element would have weighed cannot be asked.
const WEIGHTS: [f64; 6] = [1.0, 0.5, 2.0, 0.75, 3.0, 0.25];
const ELEMENT_WEIGHTS: [f64; 6] = [1.0, 0.5, 2.0, 0.0, 3.0, 0.25];
const SHAPE: [usize; 2] = [2, 3];
const STEP: f64 = 1e-5;
const REDUCTIONS: [Reduction; 2] = [Reduction::Mean, Reduction::Sum];

/// What is differentiated, in words, and its slope by each input.
type Slopes = Vec<(String, Vec<f64>)>;

/// The central differences of a function of six numbers.
fn differences(
    input: [f64; 6],
    value: impl Fn(Tensor<NdArray<f64>, 2>) -> Tensor<NdArray<f64>, 1>,
) -> Vec<f64> {
    let value = |input: [f64; 6]| {
        let input = tensor::<NdArray<f64>, 2>(&input, &SHAPE, &Default::default());
        numbers(value(input))[0]
    };
    (0..input.len())
        .map(|index| {
            let (mut above, mut below) = (input, input);
            above[index] += STEP;
            below[index] -= STEP;
            (value(above) - value(below)) / (2.0 * STEP)
        })
        .collect()
}

/// The gradient that the backend finds.
fn gradient<B: TestBackend>(
    input: [f64; 6],
    loss: impl Fn(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 1>,
) -> Vec<f64> {
    let input = tensor::<Autodiff<B>, 2>(&input, &SHAPE, &B::device()).require_grad();
    let grads = loss(input.clone()).backward();
    numbers(input.grad(&grads).expect("the input is tracked"))
}

fn compare<B: TestBackend>(found: Slopes, expected: Slopes) {
    assert_eq!(found.len(), expected.len());
    // What the differences themselves leave: the step squared, and rounding over the step.
    let tolerance = Tolerance {
        relative: B::TOLERANCE.relative.max(1e-8),
        absolute: B::TOLERANCE.absolute.max(1e-9),
    };
    for ((what, found), (_, expected)) in found.iter().zip(&expected) {
        assert_close(what, found, expected, tolerance);
    }
}

/// The slopes of a function of prediction and target by each of the two.
trait Differentiate<B: LossBackend> {
    fn slopes(input: [f64; 6], f: impl Fn(Tensor<B, 2>) -> Tensor<B, 1>) -> Vec<f64>;
}

/// What the loss of a row of the registry is looked at for.
fn input(row: &Row) -> [f64; 6] {
    match row.domain {
        Domain::Real => INPUT,
        Domain::UnitInterval => PROBABILITIES,
        Domain::LogProbabilities => INPUT.map(|x| x - 3.0),
        Domain::Cosines => COSINES,
    }
}

struct Differences;
impl Differentiate<NdArray<f64>> for Differences {
    fn slopes(
        input: [f64; 6],
        f: impl Fn(Tensor<NdArray<f64>, 2>) -> Tensor<NdArray<f64>, 1>,
    ) -> Vec<f64> {
        differences(input, f)
    }
}

struct Gradients;
impl<B: TestBackend> Differentiate<Autodiff<B>> for Gradients {
    fn slopes(
        input: [f64; 6],
        f: impl Fn(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 1>,
    ) -> Vec<f64> {
        gradient(input, f)
    }
}

/// Walks the losses and collects their slopes, by differences or by gradients.
struct Collect<By>(Slopes, std::marker::PhantomData<By>);

impl<B: LossBackend, By: Differentiate<B>> VisitElementwise<B> for Collect<By> {
    fn visit<L: ElementwiseLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
        let input = input(row);
        // Away from the bounds, which a difference would step over.
        let target = TARGET.map(|y| 0.1 + 0.8 * y);
        let of = |numbers: &[f64; 6], like: &Tensor<B, 2>| {
            tensor::<B, 2>(numbers, &SHAPE, &like.device())
        };
        for (config, reduction) in variants(row) {
            let loss = loss(&config, reduction);
            let what = format!("{} {config:?}, {reduction:?}", row.name);
            let mut add = |which: &str, slopes| self.0.push((format!("{what}, {which}"), slopes));
            add(
                "prediction",
                By::slopes(input, |x| {
                    let y = of(&target, &x);
                    loss.forward(x, y)
                }),
            );
            add(
                "prediction, unreduced",
                By::slopes(input, |x| {
                    let y = of(&target, &x);
                    loss.forward_no_reduction(x, y).sum()
                }),
            );
            add(
                "prediction, weighted",
                By::slopes(input, |x| {
                    let (y, weights) = (of(&target, &x), of(&ELEMENT_WEIGHTS, &x));
                    loss.forward_weighted(x, y, weights)
                }),
            );
            add(
                "target",
                By::slopes(target, |y| {
                    let x = of(&input, &y);
                    loss.forward(x, y)
                }),
            );
            add(
                "target, weighted",
                By::slopes(target, |y| {
                    let (x, weights) = (of(&input, &y), of(&ELEMENT_WEIGHTS, &y));
                    loss.forward_weighted(x, y, weights)
                }),
            );
            add(
                "weights",
                By::slopes(WEIGHTS, |weights| {
                    let (x, y) = (of(&input, &weights), of(&target, &weights));
                    loss.forward_weighted(x, y, weights)
                }),
            );
        }
    }
}

impl<B: LossBackend, By: Differentiate<B>> VisitSpread<B> for Collect<By> {
    fn visit<L: SpreadLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
        let of = |numbers: &[f64; 6], like: &Tensor<B, 2>| {
            tensor::<B, 2>(numbers, &SHAPE, &like.device())
        };
        for (config, reduction) in variants(row) {
            let loss = loss(&config, reduction);
            let what = format!("{} {config:?}, {reduction:?}", row.name);
            let mut add = |which: &str, slopes| self.0.push((format!("{what}, {which}"), slopes));
            add(
                "prediction",
                By::slopes(INPUT, |x| {
                    let (y, s) = (of(&TARGET, &x), of(&SPREADS, &x));
                    loss.forward(x, y, s)
                }),
            );
            add(
                "target",
                By::slopes(TARGET, |y| {
                    let (x, s) = (of(&INPUT, &y), of(&SPREADS, &y));
                    loss.forward(x, y, s)
                }),
            );
            add(
                "spread",
                By::slopes(SPREADS, |s| {
                    let (x, y) = (of(&INPUT, &s), of(&TARGET, &s));
                    loss.forward(x, y, s)
                }),
            );
            add(
                "spread, unreduced",
                By::slopes(SPREADS, |s| {
                    let (x, y) = (of(&INPUT, &s), of(&TARGET, &s));
                    loss.forward_no_reduction(x, y, s).sum()
                }),
            );
            add(
                "spread, weighted",
                By::slopes(SPREADS, |s| {
                    let (x, y) = (of(&INPUT, &s), of(&TARGET, &s));
                    let weights = of(&ELEMENT_WEIGHTS, &s);
                    loss.forward_weighted(x, y, s, weights)
                }),
            );
            add(
                "weights",
                By::slopes(WEIGHTS, |weights| {
                    let (x, y) = (of(&INPUT, &weights), of(&TARGET, &weights));
                    let s = of(&SPREADS, &weights);
                    loss.forward_weighted(x, y, s, weights)
                }),
            );
            // The others have the slope 0.
            add(
                "one spread per row",
                By::slopes(SPREADS, |s| {
                    let (x, y) = (of(&INPUT, &s), of(&TARGET, &s));
                    loss.forward(x, y, s.narrow(1, 1, 1))
                }),
            );
            add(
                "one spread per column",
                By::slopes(SPREADS, |s| {
                    let (x, y) = (of(&INPUT, &s), of(&TARGET, &s));
                    loss.forward(x, y, s.narrow(0, 1, 1))
                }),
            );
        }
    }
}

impl<B: LossBackend, By: Differentiate<B>> VisitClass<B> for Collect<By> {
    fn visit<L: ClassLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
        let input = input(row);
        for (config, reduction) in variants(row) {
            let loss = loss(&config, reduction);
            let what = format!("{} {config:?}, {reduction:?}", row.name);
            let mut add = |which: &str, slopes| self.0.push((format!("{what}, {which}"), slopes));
            add(
                "plain",
                By::slopes(input, |x| {
                    let targets = Tensor::<B, 1, Int>::from_ints(CLASSES, &x.device());
                    loss.forward(x, targets)
                }),
            );
            add(
                "unreduced",
                By::slopes(input, |x| {
                    let targets = Tensor::<B, 1, Int>::from_ints(CLASSES, &x.device());
                    loss.forward_no_reduction(x, targets).sum()
                }),
            );
            add(
                "weighted",
                By::slopes(input, |x| {
                    let targets = Tensor::<B, 1, Int>::from_ints(CLASSES, &x.device());
                    let weights = tensor(&ROW_WEIGHTS, &[2], &x.device());
                    loss.forward_weighted(x, targets, weights)
                }),
            );
            // The first of each row; the others have the slope 0.
            add(
                "weights",
                By::slopes(WEIGHTS, |weights| {
                    let x = tensor::<B, 2>(&input, &SHAPE, &weights.device());
                    let targets = Tensor::<B, 1, Int>::from_ints(CLASSES, &x.device());
                    loss.forward_weighted(x, targets, weights.narrow(1, 0, 1).reshape([2]))
                }),
            );
            // One example of two positions: the rows turned into columns.
            add(
                "dense",
                By::slopes(input, |x| {
                    let targets = Tensor::<B, 2, Int>::from_ints([CLASSES], &x.device());
                    loss.forward_nd(x.transpose().unsqueeze::<3>(), targets)
                }),
            );
            add(
                "dense, weighted",
                By::slopes(input, |x| {
                    let targets = Tensor::<B, 2, Int>::from_ints([CLASSES], &x.device());
                    let weights = tensor(&ROW_WEIGHTS, &[1, 2], &x.device());
                    loss.forward_nd_weighted(x.transpose().unsqueeze::<3>(), targets, weights)
                }),
            );
        }
    }
}

fn variants(row: &Row) -> impl Iterator<Item = (Config, Reduction)> {
    let each = |config: &Config| REDUCTIONS.map(|reduction| (config.clone(), reduction));
    row.variants.iter().flat_map(each)
}

fn collect<By>() -> Collect<By> {
    Collect(Slopes::new(), std::marker::PhantomData)
}

pub fn elementwise_losses<B: TestBackend>() {
    let mut expected = collect::<Differences>();
    each_elementwise::<B, NdArray<f64>>(&Default::default(), &mut expected);
    let mut found = collect::<Gradients>();
    each_elementwise::<B, Autodiff<B>>(&B::device(), &mut found);
    compare::<B>(found.0, expected.0);
}

pub fn spread_losses<B: TestBackend>() {
    let mut expected = collect::<Differences>();
    each_spread::<NdArray<f64>>(&mut expected);
    let mut found = collect::<Gradients>();
    each_spread::<Autodiff<B>>(&mut found);
    compare::<B>(found.0, expected.0);
}

pub fn class_losses<B: TestBackend>() {
    let mut expected = collect::<Differences>();
    each_class::<NdArray<f64>>(&Default::default(), &mut expected);
    let mut found = collect::<Gradients>();
    each_class::<Autodiff<B>>(&B::device(), &mut found);
    compare::<B>(found.0, expected.0);
}

pub fn cross_entropy_probabilities<B: TestBackend>() {
    fn of<B: LossBackend>(config: &CrossEntropyLossConfig, input: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = input.device();
        let probabilities = || tensor(&DISTRIBUTIONS, &SHAPE, &device);
        let row_weights = tensor(&ROW_WEIGHTS, &[2], &device);
        let loss = config.init::<B>(&device);
        let weighted =
            loss.forward_probabilities_weighted(input.clone(), probabilities(), row_weights);
        loss.forward_probabilities(input, probabilities()) + weighted * 0.7
    }
    /// Of the targets, and of the weights, which are the first of each row.
    fn of_targets<B: LossBackend>(
        config: &CrossEntropyLossConfig,
        input: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        let device = input.device();
        let logits = tensor(&INPUT, &SHAPE, &device);
        let weights = input.clone().narrow(1, 0, 1).powi_scalar(2).reshape([2]);
        let loss = config.init::<B>(&device);
        loss.forward_probabilities_weighted(logits, input, weights)
    }
    let plain = CrossEntropyLossConfig::new();
    let weighted = plain
        .clone()
        .with_class_weights(Some(vec![0.5, 3.0, 1.25]))
        .with_label_smoothing(0.1)
        .with_z_loss(0.2);
    for config in [plain, weighted] {
        let what = config.to_string();
        let expected = differences(INPUT, |x| of(&config, x));
        let found = gradient::<B>(INPUT, |x| of(&config, x));
        compare::<B>(vec![(what.clone(), found)], vec![(what.clone(), expected)]);
        let expected = differences(PROBABILITIES, |x| of_targets(&config, x));
        let found = gradient::<B>(PROBABILITIES, |x| of_targets(&config, x));
        compare::<B>(vec![(what.clone(), found)], vec![(what, expected)]);
    }
}
