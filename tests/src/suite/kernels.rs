//! A backend's operations equal the composed ones, which are their reference.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorPrimitive};
use burn_loss_kernels::{
    Columns, LOG_SUM_EXP, RowTargets, SMOOTH_LOSS, SmoothWeights, SoftmaxTerms, composed,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{difference_each, largest_of_rows, numbers};
use crate::fixture;
use crate::suite::bad_input::panics;

/// Long and short rows, around the sizes of vectors, few and many, and strided ones.
const SHAPES: [[usize; 3]; 17] = [
    [1, 1, 1],
    [3, 2, 1],
    [70, 3, 1],
    [33, 10, 1],
    [5, 24, 1],
    [5, 25, 1],
    [4, 65, 1],
    [3, 129, 1],
    [2, 1000, 1],
    [2, 4099, 1],
    [2, 3, 5],
    [2, 21, 33],
    [1, 40, 17],
    [700, 10, 1],
    [1, 40_000, 1],
    [20_000, 3, 1],
    [1, 5000, 9],
];

struct Inputs<B: TestBackend> {
    logits: Tensor<B, 3>,
    classes: Tensor<B, 1, Int>,
    grad: Tensor<B, 2>,
    weights: Tensor<B, 3>,
}

impl<B: TestBackend> Inputs<B> {
    fn random([n, num_classes, s]: [usize; 3]) -> Self {
        let device = B::device();
        let (rows, all) = (n * s, n * num_classes * s);
        // Not the backend's own generator, whose one seed all tests share.
        let normal = |seed, count| normals(seed).take(count).map(|x| x * 3.0);
        // From -1, which is ignored, to the last class.
        let classes = (0..rows).map(|row| ((row * 7) % (num_classes + 1)) as i64 - 1);
        let classes: Vec<i64> = classes.collect();
        let mut grad: Vec<f64> = normal(1, rows * 3).collect();
        // The last row has no gradient, and rows differ in size by far: one must not hide in another's rounding.
        grad[rows * 3 - 3..].fill(0.0);
        for (row, grad) in grad.chunks_mut(3).enumerate() {
            grad.iter_mut()
                .for_each(|x| *x *= [1.0, 1e-3, 1e-6][row % 3]);
        }
        let logits: Vec<f64> = normal(2, all).collect();
        let weights: Vec<f64> = normal(3, all).map(|x| x.abs() * 0.1).collect();
        let shape = [n, num_classes, s];
        Self {
            logits: fixture::tensor(&logits, &shape, &device),
            weights: fixture::tensor(&weights, &shape, &device),
            classes: Tensor::from_ints(classes.as_slice(), &device),
            grad: fixture::tensor(&grad, &[rows, 3], &device),
        }
    }

    fn smooth(&self) -> [SmoothWeights<FloatTensor<B>>; 4] {
        let per_class = self.weights.clone().narrow(0, 0, 1).sum_dim(2);
        let [_, num_classes, _] = self.logits.dims();
        [
            SmoothWeights::Zero,
            SmoothWeights::Uniform(0.1 / num_classes as f64),
            SmoothWeights::PerClass(primitive(per_class.reshape([num_classes]))),
            SmoothWeights::PerLogit(primitive(self.weights.clone())),
        ]
    }

    fn check(&self, what: &str) {
        for smooth in self.smooth() {
            for classes in [true, false] {
                let targets = RowTargets {
                    classes: classes.then(|| self.classes.clone().into_primitive()),
                    ignore_index: Some(-1),
                    smooth: smooth.clone(),
                };
                let kind = format!("{smooth:?}");
                let kind = kind.split(['(', ' ']).next().unwrap_or_default();
                self.check_targets(&format!("{what}, {kind}, classes: {classes}"), targets);
            }
        }
    }

    fn check_targets(&self, what: &str, targets: RowTargets<B>) {
        let logits = || primitive(self.logits.clone());
        let kernel = B::softmax_terms(logits(), targets.clone(), Columns::All);
        let reference = composed::softmax_terms(logits(), targets.clone(), Columns::All);
        self.check_terms(what, kernel.terms.clone(), reference.terms.clone());
        // A software driver compiles each kernel for seconds: there once, without the weights, which it does not look at.
        if B::ON_HOST || matches!(targets.smooth, SmoothWeights::Zero) {
            self.check_target_alone(what, &targets, &kernel);
        }
        let grad = || primitive(self.grad.clone());
        // Each with its own normalizer: what is in it is between a forward pass and its backward pass.
        let kernel =
            B::softmax_terms_backward(logits(), targets.clone(), kernel.normalizer, grad());
        let by_composed = |grad: FloatTensor<B>| {
            let (targets, normalizer) = (targets.clone(), reference.normalizer.clone());
            let grad = composed::softmax_terms_backward(logits(), targets, normalizer, grad);
            numbers(tensor::<B, 3>(grad))
        };
        let expected = by_composed(grad());
        let actual = numbers(tensor::<B, 3>(kernel));
        let unit = self.units_of_rounding(&targets.smooth, by_composed);
        let Tolerance { relative, absolute } = B::TOLERANCE;
        let difference = difference_each(&actual, &expected, relative, |i| absolute * unit[i]);
        assert_eq!(difference, None, "{what}, gradient");
    }

    /// The first column alone is the same as among the others, and so is its gradient.
    fn check_target_alone(&self, what: &str, targets: &RowTargets<B>, all: &SoftmaxTerms<B>) {
        let logits = || primitive(self.logits.clone());
        let alone = B::softmax_terms(logits(), targets.clone(), Columns::TargetLoss);
        let terms = numbers(tensor::<B, 2>(all.terms.clone()));
        let expected: Vec<f64> = terms.into_iter().step_by(3).collect();
        let found = numbers(tensor::<B, 1>(alone.terms));
        let Tolerance { relative, .. } = B::TOLERANCE;
        let difference = difference_each(&found, &expected, relative, |_| 0.0);
        assert_eq!(difference, None, "{what}, the target's loss alone");

        let [rows, _] = self.grad.dims();
        let grad = self.grad.clone().narrow(1, 0, 1);
        let gradient = |grad: FloatTensor<B>| {
            let (targets, normalizer) = (targets.clone(), all.normalizer.clone());
            let gradient = B::softmax_terms_backward(logits(), targets, normalizer, grad);
            numbers(tensor::<B, 3>(gradient))
        };
        let found = gradient(primitive(grad.clone().reshape([rows])));
        let zeros = Tensor::zeros([rows, 2], (&B::device(), grad.dtype()));
        let expected = gradient(primitive(Tensor::cat(vec![grad, zeros], 1)));
        let units = largest_of_rows(&expected, self.logits.dims());
        let absolute = |i: usize| B::TOLERANCE.absolute * units[i];
        let difference = difference_each(&found, &expected, relative, absolute);
        assert_eq!(difference, None, "{what}, its gradient");
    }

    /// For each number of the gradient the largest one that is added up in its row: the gradients of the three terms may
    /// cancel, and in that of the smooth term the weight and the probability. No row hides in another's rounding.
    fn units_of_rounding(
        &self,
        smooth: &SmoothWeights<FloatTensor<B>>,
        gradient: impl Fn(FloatTensor<B>) -> Vec<f64>,
    ) -> Vec<f64> {
        let shape @ [_, num_classes, s] = self.logits.dims();
        let all = shape.iter().product();
        let of_term = |term: usize| {
            let rows = 0..self.grad.dims()[0];
            let alone = self.grad.clone().narrow(1, term, 1);
            let alone = self
                .grad
                .zeros_like()
                .slice_assign([rows, term..term + 1], alone);
            gradient(primitive(alone))
        };
        let weights = match smooth {
            SmoothWeights::Zero => vec![0.0; all],
            SmoothWeights::Uniform(weight) => vec![*weight; all],
            SmoothWeights::PerClass(weights) => {
                let weights = numbers(tensor::<B, 1>(weights.clone()));
                (0..all).map(|i| weights[i / s % num_classes]).collect()
            }
            SmoothWeights::PerLogit(weights) => numbers(tensor::<B, 3>(weights.clone())),
        };
        let grad = numbers(self.grad.clone());
        let grad_smooth = |i: usize| grad[3 * (i / (num_classes * s) * s + i % s) + SMOOTH_LOSS];
        let weights = weights.iter().enumerate();
        let of_weights: Vec<f64> = weights.map(|(i, w)| w * grad_smooth(i)).collect();
        let parts = [of_term(0), of_term(1), of_term(2), of_weights];
        let parts = parts.map(|part| largest_of_rows(&part, shape));
        let largest = |i| {
            parts
                .iter()
                .fold(0.0f64, |largest, part| largest.max(part[i]))
        };
        (0..all).map(largest).collect()
    }

    fn check_terms(&self, what: &str, actual: FloatTensor<B>, expected: FloatTensor<B>) {
        let [actual, expected] = [actual, expected].map(|terms| numbers(tensor::<B, 2>(terms)));
        let Tolerance { relative, absolute } = B::TOLERANCE;
        // The losses keep their digits. The log-sum-exp may cancel: it rounds in units of the logits, of 10.
        let absolute = |i| match i % 3 {
            LOG_SUM_EXP => 10.0 * absolute,
            _ => 0.0,
        };
        let difference = difference_each(&actual, &expected, relative, absolute);
        assert_eq!(difference, None, "{what}, terms");
    }
}

/// Normally distributed numbers, the same ones for the same seed.
fn normals(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    // SplitMix64, then the method of Box and Muller.
    let mut uniform = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    std::iter::from_fn(move || {
        let (radius, angle) = (uniform(), uniform() * std::f64::consts::TAU);
        Some((-2.0 * radius.ln()).sqrt() * angle.cos())
    })
}

pub(crate) fn primitive<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

pub(crate) fn tensor<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

pub fn equal_composed_operations<B: TestBackend>() {
    for shape in SHAPES {
        Inputs::<B>::random(shape).check(&format!("{shape:?}"));
    }
}

/// Shapes of which nobody thought: up to a few thousand classes, few and many rows, whole and strided.
pub fn equal_composed_operations_of_any_shape<B: TestBackend>() {
    const ELEMENTS: usize = 20_000;
    let num_classes = prop_oneof![1usize..70, 70usize..600, 600usize..4200];
    let shapes = (num_classes, prop_oneof![Just(1usize), 2usize..40]).prop_flat_map(|(c, s)| {
        let most = (ELEMENTS / (c * s)).clamp(1, 400);
        (1..=most, Just(c), Just(s))
    });
    let config = Config {
        // Each compares eight kinds of targets, against four backward passes of the plain operations.
        cases: B::PROPERTY_CASES.min(16),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(&shapes, |(n, c, s)| {
        Inputs::<B>::random([n, c, s]).check(&format!("{:?}", [n, c, s]));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

pub fn equal_composed_operations_at_the_edges<B: TestBackend>() {
    for shape in [[6, 10, 1], [6, 70, 1], [2, 10, 3]] {
        let mut inputs = Inputs::<B>::random(shape);
        let [n, num_classes, s] = shape;
        let first = |row: usize| [row..row + 1, 0..1, 0..s];
        for (row, edge) in [f64::NAN, f64::NEG_INFINITY, 1e30, -1e30]
            .into_iter()
            .enumerate()
        {
            let value = Tensor::<B, 3>::full([1, 1, s], edge, &B::device());
            let value = value.cast(inputs.logits.dtype());
            inputs.logits = inputs.logits.slice_assign(first(row % n), value);
        }
        // The last example has a class that does not exist.
        let rows = Tensor::<B, 1, Int>::arange(0..(n * s) as i64, &B::device());
        let last = rows.equal_elem(((n - 1) * s) as i64);
        inputs.classes = inputs.classes.mask_fill(last, num_classes as i64);
        inputs.check(&format!("edges, {shape:?}"));

        // Laid out in another order, and with one row for all.
        let turned = inputs.logits.clone().swap_dims(0, 1).flip([0, 1]);
        inputs.logits = (turned * 1.0).swap_dims(0, 1);
        inputs.check(&format!("strided, {shape:?}"));
        inputs.logits = inputs.logits.narrow(0, n - 1, 1).expand(shape);
        inputs.check(&format!("broadcast, {shape:?}"));
    }
}

/// The gradient that takes the place of logits that nothing else holds is the one that goes beside them.
pub fn gradients_in_place<B: TestBackend>() {
    for shape in SHAPES {
        let inputs = Inputs::<B>::random(shape);
        for smooth in inputs.smooth() {
            let targets = RowTargets {
                classes: Some(inputs.classes.clone().into_primitive()),
                ignore_index: Some(-1),
                smooth,
            };
            let gradient = |logits: Tensor<B, 3>| {
                let logits_again = primitive(inputs.logits.clone());
                let found = B::softmax_terms(logits_again, targets.clone(), Columns::All);
                let grad = primitive(inputs.grad.clone());
                let logits = primitive(logits);
                let grad =
                    B::softmax_terms_backward(logits, targets.clone(), found.normalizer, grad);
                numbers(tensor::<B, 3>(grad))
            };
            let beside = gradient(inputs.logits.clone());
            let in_place = gradient(inputs.logits.clone() * 1.0);
            assert!(in_place == beside, "{shape:?}, {:?}", targets.smooth);
        }
    }
}

/// The kernels check no index: the operations check the shapes.
pub fn shapes_that_do_not_fit<B: TestBackend>() {
    let device = B::device();
    let floats = |shape: [usize; 2]| Tensor::<B, 2>::zeros(shape, &device);
    let targets = |rows, smooth| RowTargets::<B> {
        classes: Some(Tensor::<B, 1, Int>::zeros([rows], &device).into_primitive()),
        ignore_index: None,
        smooth,
    };
    let forward = |words: &[&str], logits, targets| {
        panics(words, || B::softmax_terms(logits, targets, Columns::All));
    };
    let logits = || primitive(floats([4, 3]));
    let line = |length| primitive(Tensor::<B, 1>::zeros([length], &device));
    forward(
        &["`logits`", "[N, C, d1, ..]", "[4]"],
        line(4),
        targets(4, SmoothWeights::Zero),
    );
    forward(
        &["`classes`", "[4]", "[3]"],
        logits(),
        targets(3, SmoothWeights::Zero),
    );
    forward(
        &["`smooth`", "[3]", "[2]"],
        logits(),
        targets(4, SmoothWeights::PerClass(line(2))),
    );
    let other = primitive(floats([3, 3]));
    forward(
        &["`smooth`", "[4, 3]", "[3, 3]"],
        logits(),
        targets(4, SmoothWeights::PerLogit(other)),
    );
    let backward = |words: &[&str], normalizer: [usize; 2], grad: [usize; 2]| {
        let [normalizer, grad] = [normalizer, grad].map(|shape| primitive(floats(shape)));
        let targets = targets(4, SmoothWeights::Zero);
        panics(words, || {
            B::softmax_terms_backward(logits(), targets, normalizer, grad)
        });
    };
    backward(&["`normalizer`", "[4, 2]", "[3, 2]"], [3, 2], [4, 3]);
    backward(&["`grad`", "[4, 3]", "[4, 2]"], [4, 2], [4, 2]);
}

pub fn same_bits_every_time<B: TestBackend>() {
    let inputs = Inputs::<B>::random([300, 129, 1]);
    let run = || {
        let logits = primitive(inputs.logits.clone());
        let targets = RowTargets {
            classes: Some(inputs.classes.clone().into_primitive()),
            ignore_index: Some(-1),
            smooth: SmoothWeights::Uniform(0.1),
        };
        let SoftmaxTerms { terms, normalizer } =
            B::softmax_terms(logits.clone(), targets.clone(), Columns::All);
        let grad = primitive(inputs.grad.clone());
        let grad = B::softmax_terms_backward(logits, targets, normalizer, grad);
        [
            numbers(tensor::<B, 2>(terms)),
            numbers(tensor::<B, 3>(grad)),
        ]
    };
    let first = run();
    for _ in 0..5 {
        assert!(run() == first, "the same input gave other bits");
    }
}
