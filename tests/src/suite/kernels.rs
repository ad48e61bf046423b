//! A backend's operations equal the composed ones, which are their reference, and refuse what does not fit.

use burn::backend::{Autodiff, NdArray};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorMetadata, TensorPrimitive};
use burn_loss::MseLossConfig;
use burn_loss_kernels::formulas::{Focal, Mse};
use burn_loss_kernels::{
    Adjustment, Columns, CtcTargets, Distillation, Elements, HeadOptions, LOG_SUM_EXP, Linear,
    LossBackend, MultiMargin, Reduction, RowTargets, RowWeights, SMOOTH_LOSS, SmoothWeights,
    SoftmaxTerms, composed,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, difference_each, largest_of_rows, numbers};
use crate::fixture;
use crate::suite::bad_input::{another_float, panics};

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

/// Adjusted logits have the loss of what plain operations make of them, and gradients of what they were before; so have offsets.
pub fn adjusted_rows<B: TestBackend>() {
    for shape in [[5, 3, 1], [6, 40, 1], [3, 4, 5]] {
        for (offset, tracked, held) in [
            (false, false, false),
            (true, false, false),
            (true, false, true),
            (true, true, false),
        ] {
            let what = format!("{shape:?}, offsets {offset}, tracked {tracked}, held {held}");
            let run = |fused| adjusted_numbers::<B>(shape, fused, offset, tracked, held);
            let [fused, plain] = [true, false].map(run);
            for ((name, fused), plain) in ["loss", "logits", "offsets"].iter().zip(fused).zip(plain)
            {
                assert_close(&format!("{what}: {name}"), &fused, &plain, B::TOLERANCE);
            }
        }
    }
}

/// The loss of adjusted logits, and the gradients of the logits and of tracked offsets.
fn adjusted_numbers<B: TestBackend>(
    shape @ [n, num_classes, s]: [usize; 3],
    fused: bool,
    offset: bool,
    tracked: bool,
    held: bool,
) -> [Vec<f64>; 3] {
    let (factor, inputs) = (0.5, Inputs::<B>::random(shape));
    let before = Tensor::from_inner(inputs.logits.clone() * 1.0).require_grad();
    // As from another layer: nothing else holds it, unless it is to be held.
    let logits: Tensor<Autodiff<B>, 3> = before.clone() * 1.0;
    let still = held.then(|| logits.clone());
    let offsets: Vec<f64> = normals(4).take(num_classes).collect();
    let offsets = fixture::tensor(&offsets, &[num_classes], &B::device());
    let offsets: Tensor<Autodiff<B>, 1> = match tracked {
        true => offsets.require_grad(),
        false => offsets,
    };
    let per_class = offset.then(|| offsets.clone());
    let targets = RowTargets {
        classes: Some(inputs.classes.clone().into_primitive()),
        ignore_index: Some(-1),
        smooth: SmoothWeights::Zero,
    };
    let per_row: Vec<f64> = (0..n * s).map(|row| row as f64 * 0.25).collect();
    let weights = RowWeights {
        per_class: None,
        per_row: Some(primitive(fixture::tensor::<Autodiff<B>, 1>(
            &per_row,
            &[n * s],
            &B::device(),
        ))),
    };
    let mean = Reduction::Mean;
    let found = if fused {
        let (logits, by) = (
            primitive(logits),
            Adjustment {
                factor,
                per_class: per_class.map(primitive),
            },
        );
        <Autodiff<B>>::adjusted_reduced(&FOCAL, logits, by, targets, weights, mean, false)
    } else {
        let mut logits = logits * factor;
        if let Some(offsets) = per_class {
            logits = logits + offsets.reshape([1, num_classes, 1]);
        }
        let logits = primitive(logits);
        <Autodiff<B>>::softmax_terms_reduced(&FOCAL, logits, targets, weights, mean, false)
    };
    let loss = tensor::<Autodiff<B>, 1>(found.loss);
    let grads = loss.backward();
    if let Some(still) = still {
        let is_kept = numbers(still.inner()) == numbers(inputs.logits);
        assert!(is_kept, "{shape:?}: logits that are held were changed");
    }
    let of_logits = before.grad(&grads).expect("a gradient of the logits");
    let of_offsets = offsets.grad(&grads);
    assert_eq!(of_offsets.is_some(), tracked, "{shape:?}");
    let of_offsets = of_offsets.map_or(Vec::new(), numbers);
    [numbers(loss.inner()), numbers(of_logits), of_offsets]
}

/// A teacher's and a student's rows, of which some do not count.
pub fn distillation_equals_its_parts<B: TestBackend>() {
    for shape @ [n, classes] in [[1, 1], [5, 3], [9, 129], [40, 1000]] {
        let inputs = Inputs::<B>::random([n, classes, 1]);
        let student = || primitive::<B, 2>(inputs.logits.clone().reshape(shape) * 1.0);
        let teacher = || primitive::<B, 2>(inputs.weights.clone().reshape(shape) * 20.0);
        let weights = inputs.grad.clone().narrow(1, 0, 1).abs().reshape([n]);
        for (temperature, alpha) in [(1.0, 1.0), (2.0, 0.5), (3.0, 0.0)] {
            let loss = Distillation { temperature, alpha };
            for (per_row, reduction) in [(None, SUM), (Some(weights.clone()), Reduction::Mean)] {
                let targets = || RowTargets::<B> {
                    classes: Some(inputs.classes.clone().into_primitive()),
                    ignore_index: Some(-1),
                    smooth: SmoothWeights::Zero,
                };
                let weights = || RowWeights::<B> {
                    per_class: None,
                    per_row: per_row.clone().map(primitive),
                };
                let what = format!("{shape:?}, {loss:?}, {reduction:?}");
                let (student, teacher) = (student(), teacher());
                let expected = composed::distillation_reduced(
                    loss,
                    student.clone(),
                    teacher.clone(),
                    targets(),
                    weights(),
                    reduction,
                    true,
                );
                let found = B::distillation_reduced(
                    loss,
                    student,
                    teacher,
                    targets(),
                    weights(),
                    reduction,
                    true,
                );
                let losses = [found.loss, expected.loss].map(|loss| numbers(tensor::<B, 1>(loss)));
                let gradients = [found.gradients, expected.gradients]
                    .map(|[gradient, ..]| numbers(tensor::<B, 2>(gradient.expect("wanted"))));
                // The one row of the first shape is ignored.
                assert!(n == 1 || losses[0][0].is_finite(), "{what}");
                // Both parts of it are differences of numbers of about the size of the largest of the row.
                let units = largest_of_rows(&gradients[1], [n, classes, 1]);
                let Tolerance { relative, absolute } = B::TOLERANCE;
                let difference = difference_each(&losses[0], &losses[1], relative, |_| absolute);
                assert_eq!(difference, None, "{what}");
                let absolute = |i: usize| absolute * units[i];
                let difference = difference_each(&gradients[0], &gradients[1], relative, absolute);
                assert_eq!(difference, None, "{what}, gradient");
            }
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
    panics(&["`by`", "[1]", "[2]"], || B::scale(logits(), line(2)));
    panics(&["`offsets`", "[3]", "[2]"], || {
        B::add_per_class(logits(), line(2))
    });
    for wanted in [true, false] {
        panics(&["`offsets`", "[3]", "[2]"], || {
            let (by, targets) = (Some(line(2)), targets(4, SmoothWeights::Zero));
            let by = Adjustment {
                factor: 1.0,
                per_class: by,
            };
            B::adjusted_reduced(
                &FOCAL,
                logits(),
                by,
                targets,
                RowWeights::none(),
                SUM,
                wanted,
            )
        });
    }
    panics(&["an axis of [4, 3]", "got 2"], || {
        B::scale_along(logits(), 2, line(3))
    });
    panics(&["`factors`", "[3]", "[4]"], || {
        B::scale_along(logits(), 1, line(4))
    });
    if let Some(other) = another_float::<B>() {
        let offsets = Tensor::<B, 1>::zeros([3], &device).cast(other);
        panics(&["`offsets`", "element type"], || {
            B::add_per_class(logits(), primitive(offsets))
        });
    }
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

/// Zeros on the backend's device.
fn zeros<B: TestBackend, const D: usize>(shape: [usize; D]) -> FloatTensor<B> {
    zeros_on::<B, D>(shape, &B::device())
}

fn zeros_on<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> FloatTensor<B> {
    primitive(Tensor::<B, D>::zeros(shape, device))
}

/// Targets of so many rows, all of the first class.
fn first_classes<B: TestBackend>(rows: usize) -> RowTargets<B> {
    first_classes_on(rows, &B::device())
}

fn first_classes_on<B: Backend>(rows: usize, device: &B::Device) -> RowTargets<B> {
    RowTargets {
        classes: Some(Tensor::<B, 1, Int>::zeros([rows], device).into_primitive()),
        ignore_index: None,
        smooth: SmoothWeights::Zero,
    }
}

const FOCAL: Focal = Focal { gamma: 1.0 };
const SUM: Reduction = Reduction::Sum;
const MARGIN: MultiMargin = MultiMargin {
    margin: 1.0,
    squared: false,
};

const TEACHER: Distillation = Distillation {
    temperature: 2.0,
    alpha: 0.5,
};

/// What reduces rows checks what they count, too.
pub fn rows_that_do_not_fit<B: TestBackend>() {
    for (words, shape, rows, weights) in [
        (
            ["`logits`", "at least one class", "[4, 0]"],
            [4, 0],
            4,
            [None; 2],
        ),
        (["`classes`", "[4]", "[3]"], [4, 3], 3, [None; 2]),
        (["`per_class`", "[3]", "[2]"], [4, 3], 4, [Some(2), None]),
        (["`per_row`", "[4]", "[5]"], [4, 3], 4, [None, Some(5)]),
    ] {
        let targets = || first_classes::<B>(rows);
        let weights = || {
            let [per_class, per_row] =
                weights.map(|count| count.map(|count| zeros::<B, 1>([count])));
            RowWeights::<B> { per_class, per_row }
        };
        panics(&words, || {
            B::softmax_terms_reduced(
                &FOCAL,
                zeros::<B, 2>(shape),
                targets(),
                weights(),
                SUM,
                true,
            )
        });
        panics(&words, || {
            B::target_scores_reduced(zeros::<B, 2>(shape), targets(), weights(), SUM, true)
        });
        panics(&words, || {
            B::multi_margin_reduced(
                MARGIN,
                zeros::<B, 2>(shape),
                targets(),
                weights(),
                SUM,
                true,
            )
        });
    }
    let mut none = first_classes::<B>(4);
    none.classes = None;
    let scores = || zeros::<B, 2>([4, 3]);
    let words = ["`classes`", "got none"];
    panics(&words, || {
        B::target_scores_reduced(scores(), none.clone(), RowWeights::none(), SUM, false)
    });
    panics(&words, || {
        B::multi_margin_reduced(
            MARGIN,
            scores(),
            none.clone(),
            RowWeights::none(),
            SUM,
            false,
        )
    });
    panics(&["`scores` [N, C]", "[4, 3, 1]"], || {
        let scores = zeros::<B, 3>([4, 3, 1]);
        B::multi_margin_reduced(
            MARGIN,
            scores,
            first_classes(4),
            RowWeights::none(),
            SUM,
            false,
        )
    });
    let distil = |teacher, weights| {
        B::distillation_reduced(
            TEACHER,
            scores(),
            teacher,
            first_classes(4),
            weights,
            SUM,
            true,
        )
    };
    panics(&["`teacher`", "[4, 3]", "[4, 2]"], || {
        distil(zeros::<B, 2>([4, 2]), RowWeights::none())
    });
    panics(&["no `per_class` weights of distillation"], || {
        let per_class = Some(zeros::<B, 1>([3]));
        distil(
            scores(),
            RowWeights {
                per_class,
                per_row: None,
            },
        )
    });
    if let Some(other) = another_float::<B>() {
        let teacher = tensor::<B, 2>(scores()).cast(other);
        panics(&["`teacher`", "element type"], || {
            distil(primitive(teacher), RowWeights::none())
        });
    }
    // The gradient of the first column alone.
    panics(&["`grad`", "[4]", "[3]"], || {
        let (normalizer, grad) = (zeros::<B, 2>([4, 2]), zeros::<B, 1>([3]));
        B::softmax_terms_backward(scores(), first_classes(4), normalizer, grad)
    });
}

/// Hidden states and a head of these shapes.
fn linear<B: TestBackend>(
    hidden: [usize; 2],
    weight: [usize; 2],
    bias: Option<usize>,
) -> Linear<B> {
    Linear {
        hidden: zeros::<B, 2>(hidden),
        weight: zeros::<B, 2>(weight),
        bias: bias.map(|count| zeros::<B, 1>([count])),
        options: HeadOptions::default(),
    }
}

/// All operations on a head refuse it.
#[track_caller]
fn refuse_head<B: TestBackend>(words: &[&str], linear: &Linear<B>, rows: usize) {
    let targets = || first_classes::<B>(rows);
    let all = [true; 3];
    panics(words, || {
        let weights = RowWeights::none();
        B::linear_reduced(&FOCAL, linear.clone(), targets(), weights, SUM, all, false)
    });
    panics(words, || {
        B::linear_terms(linear.clone(), targets(), Columns::All)
    });
    panics(words, || {
        let (normalizer, grad) = (zeros::<B, 2>([4, 2]), zeros::<B, 2>([4, 3]));
        B::linear_terms_backward(linear.clone(), targets(), normalizer, grad, all)
    });
}

pub fn heads_that_do_not_fit<B: TestBackend>() {
    let head = |weight, bias| linear::<B>([4, 2], weight, bias);
    let of_both = "`hidden` [M, H] and `weight` [H, C]";
    let no_class = "`weight` [H, C] with at least one class";
    refuse_head(&[of_both, "[4, 2]", "[3, 5]"], &head([3, 5], None), 4);
    refuse_head(&[no_class, "[2, 0]"], &head([2, 0], None), 4);
    refuse_head(&["`bias`", "[5]", "[4]"], &head([2, 5], Some(4)), 4);
    refuse_head(&["`classes`", "[4]", "[3]"], &head([2, 5], None), 3);
    if let Some(other) = another_float::<B>() {
        let cast = |tensor| B::float_cast(tensor, other.into());
        let mut wrong = head([2, 5], Some(5));
        let own = wrong.hidden.dtype();
        let of_types = format!("of the element type {own:?}, got {other:?}");
        let right = wrong.weight.clone();
        wrong.weight = cast(wrong.weight);
        refuse_head(&["`weight`", &of_types], &wrong, 4);
        wrong.weight = right;
        wrong.bias = wrong.bias.map(cast);
        refuse_head(&["`bias`", &of_types], &wrong, 4);
    }
    for (words, normalizer, grad) in [
        (["`normalizer`", "[4, 2]", "[3, 2]"], [3, 2], [4, 3]),
        (["`grad`", "[4, 3]", "[4, 2]"], [4, 2], [4, 2]),
    ] {
        panics(&words, || {
            let (normalizer, grad) = (zeros::<B, 2>(normalizer), zeros::<B, 2>(grad));
            let targets = first_classes(4);
            B::linear_terms_backward(head([2, 5], None), targets, normalizer, grad, [true; 3])
        });
    }
}

/// All operations on elements refuse their inputs.
#[track_caller]
fn refuse_elements<B: TestBackend>(words: &[&str], inputs: &Elements<B>) {
    let all = [true; 3];
    panics(words, || B::elementwise(&Mse, inputs.clone()));
    panics(words, || {
        let grad = zeros::<B, 2>([2, 3]);
        B::elementwise_backward(&Mse, inputs.clone(), grad, all)
    });
    panics(words, || {
        B::elementwise_reduced(&Mse, inputs.clone(), None, SUM, all)
    });
}

pub fn elements_that_do_not_fit<B: TestBackend>() {
    let right = Elements::<B> {
        prediction: zeros::<B, 2>([2, 3]),
        target: zeros::<B, 2>([2, 3]),
        third: None,
    };
    let mut wrong = right.clone();
    wrong.target = zeros::<B, 2>([2, 1]);
    refuse_elements(&["`target`", "[2, 3]", "[2, 1]"], &wrong);
    let mut wrong = right.clone();
    wrong.third = Some(zeros::<B, 1>([2]));
    refuse_elements(&["`third`", "[2, 3] or [3]", "got [2]"], &wrong);
    if let Some(other) = another_float::<B>() {
        let cast = |tensor| B::float_cast(tensor, other.into());
        let own = right.prediction.dtype();
        let of_types = format!("of the element type {own:?}, got {other:?}");
        let mut wrong = right.clone();
        wrong.target = cast(wrong.target);
        refuse_elements(&["`target`", &of_types], &wrong);
        let mut wrong = right.clone();
        wrong.third = Some(cast(zeros::<B, 1>([3])));
        refuse_elements(&["`third`", &of_types], &wrong);
    }
    let wrong = || zeros::<B, 2>([3, 2]);
    panics(&["`grad`", "[2, 3]", "[3, 2]"], || {
        B::elementwise_backward(&Mse, right.clone(), wrong(), [true; 3])
    });
    panics(&["`weights`", "[2, 3]", "[3, 2]"], || {
        B::elementwise_reduced(&Mse, right.clone(), Some(wrong()), SUM, [true; 3])
    });
}

/// Samples with targets of these shapes.
fn samples<B: Backend>(
    classes: [usize; 2],
    [inputs, targets]: [usize; 2],
    device: &B::Device,
) -> CtcTargets<B> {
    let lengths = |count: usize| Tensor::<B, 1, Int>::zeros([count], device).into_primitive();
    CtcTargets {
        classes: Tensor::<B, 2, Int>::zeros(classes, device).into_primitive(),
        input_lengths: lengths(inputs),
        target_lengths: lengths(targets),
        blank: 0,
    }
}

pub fn samples_that_do_not_fit<B: TestBackend>() {
    for (words, classes, lengths) in [
        (["`classes` [2, S]", "got [3, 4]"], [3, 4], [2, 2]),
        (["`input_lengths`", "[2], got [1]"], [2, 4], [1, 2]),
        (["`target_lengths`", "[2], got [3]"], [2, 4], [2, 3]),
    ] {
        panics(&words, || {
            let targets = samples::<B>(classes, lengths, &B::device());
            B::ctc(zeros::<B, 3>([5, 2, 3]), targets, true)
        });
    }
    panics(&["`log_probs` [T, N, C]", "got [5, 2]"], || {
        let targets = samples::<B>([2, 4], [2, 2], &B::device());
        B::ctc(zeros::<B, 2>([5, 2]), targets, false)
    });
    let labels = |shape| Tensor::<B, 2, Int>::zeros(shape, &B::device()).into_primitive();
    panics(&["`labels` of shape [2, 3]", "got [3, 2]"], || {
        B::multi_label_margin(zeros::<B, 2>([2, 3]), labels([3, 2]), true)
    });
    panics(
        &["`scores` [N, C] of one class at least", "got [2, 0]"],
        || B::multi_label_margin(zeros::<B, 2>([2, 0]), labels([2, 0]), true),
    );
    panics(&["`scores` [N, C]", "got [2, 3, 1]"], || {
        B::multi_label_margin(zeros::<B, 3>([2, 3, 1]), labels([2, 3]), true)
    });
}

/// Under `Autodiff` a gradient is no tensor of the graph, and says so where it is asked for.
pub fn second_derivatives<B: TestBackend>() {
    fn refuse<B: LossBackend>(device: &B::Device) {
        let words = [
            "losses have first derivatives only",
            "`own_loss`",
            "log_softmax`",
        ];
        let floats = |shape: [usize; 2]| zeros_on::<B, 2>(shape, device);
        let scores = || floats([4, 3]);
        let targets = || first_classes_on::<B>(4, device);
        let first = [true, false, false];
        let inputs = || Elements::<B> {
            prediction: scores(),
            target: scores(),
            third: None,
        };
        let head = || Linear::<B> {
            hidden: floats([4, 2]),
            weight: floats([2, 3]),
            bias: None,
            options: HeadOptions::default(),
        };
        let none = RowWeights::none;
        panics(&words, || {
            B::elementwise_backward(&Mse, inputs(), scores(), first)
        });
        panics(&words, || {
            B::elementwise_reduced(&Mse, inputs(), None, SUM, first)
        });
        panics(&words, || {
            B::softmax_terms_backward(scores(), targets(), floats([4, 2]), scores())
        });
        panics(&words, || {
            B::softmax_terms_reduced(&FOCAL, scores(), targets(), none(), SUM, true)
        });
        panics(&words, || {
            let by = Adjustment {
                factor: 1.0,
                per_class: None,
            };
            B::adjusted_reduced(&FOCAL, scores(), by, targets(), none(), SUM, true)
        });
        panics(&words, || {
            B::linear_reduced(&FOCAL, head(), targets(), none(), SUM, first, false)
        });
        panics(&words, || {
            B::linear_terms_backward(head(), targets(), floats([4, 2]), scores(), first)
        });
        panics(&words, || {
            B::target_scores_reduced(scores(), targets(), none(), SUM, true)
        });
        panics(&words, || {
            B::multi_margin_reduced(MARGIN, scores(), targets(), none(), SUM, true)
        });
        panics(&words, || {
            B::distillation_reduced(TEACHER, scores(), scores(), targets(), none(), SUM, true)
        });
        panics(&words, || {
            let log_probs = zeros_on::<B, 3>([5, 2, 3], device);
            B::ctc(log_probs, samples::<B>([2, 4], [2, 2], device), true)
        });
        panics(&words, || {
            let labels = Tensor::<B, 2, Int>::zeros([4, 3], device).into_primitive();
            B::multi_label_margin(scores(), labels, true)
        });
    }
    refuse::<Autodiff<B>>(&B::device());
    // In a graph of graphs, the inner one is asked.
    panics(&["first derivatives only"], || {
        let zeros = Tensor::<Autodiff<Autodiff<NdArray>>, 1>::zeros([2], &Default::default());
        let prediction = zeros.clone().require_grad();
        MseLossConfig::new().init().forward(prediction, zeros)
    });
}

/// The operations look at the devices of all tensors, too, where a backend has two.
pub fn tensors_of_two_devices<B: TestBackend>() {
    let (device, Some(other)) = (B::device(), B::other_device()) else {
        return;
    };
    let said = |name: &str| format!("`{name}` on the device {device:?}, got {other:?}");
    let [classes, rows] = [[3], [4]].map(|shape| zeros_on::<B, 1>(shape, &other));
    let [all, pairs] = [[4, 3], [4, 2]].map(|shape| zeros_on::<B, 2>(shape, &other));
    let refuse = |name: &str, targets, normalizer, grad| {
        panics(&[&said(name)], || {
            B::softmax_terms_backward(zeros::<B, 2>([4, 3]), targets, normalizer, grad)
        });
    };
    let [normalizer, grad] = [[4, 2], [4, 3]].map(zeros::<B, 2>);
    refuse(
        "classes",
        first_classes_on::<B>(4, &other),
        normalizer.clone(),
        grad.clone(),
    );
    for smooth in [
        SmoothWeights::PerClass(classes.clone()),
        SmoothWeights::PerLogit(all.clone()),
    ] {
        let mut targets = first_classes::<B>(4);
        targets.smooth = smooth;
        refuse("smooth", targets, normalizer.clone(), grad.clone());
    }
    refuse("normalizer", first_classes(4), pairs, grad);
    refuse("grad", first_classes(4), normalizer, all);
    panics(&[&said("per_row")], || {
        let mut weights = RowWeights::<B>::none();
        weights.per_row = Some(rows);
        B::target_scores_reduced(zeros::<B, 2>([4, 3]), first_classes(4), weights, SUM, true)
    });
    panics(&[&said("teacher")], || {
        let (student, teacher) = (zeros::<B, 2>([4, 3]), zeros_on::<B, 2>([4, 3], &other));
        let weights = RowWeights::none();
        B::distillation_reduced(
            TEACHER,
            student,
            teacher,
            first_classes(4),
            weights,
            SUM,
            true,
        )
    });
    panics(&[&said("by")], || {
        let by = zeros_on::<B, 1>([1], &other);
        B::scale(zeros::<B, 2>([4, 3]), by)
    });
    panics(&[&said("offsets")], || {
        B::add_per_class(zeros::<B, 2>([4, 3]), classes.clone())
    });
    panics(&[&said("per_class")], || {
        let mut weights = RowWeights::<B>::none();
        weights.per_class = Some(classes.clone());
        let (logits, formula) = (zeros::<B, 2>([4, 3]), Focal { gamma: 1.0 });
        B::softmax_terms_reduced(&formula, logits, first_classes(4), weights, SUM, true)
    });
    let mut head = linear::<B>([4, 2], [2, 3], Some(3));
    head.bias = Some(classes.clone());
    refuse_head(&[&said("bias")], &head, 4);
    let mut inputs = Elements::<B> {
        prediction: zeros::<B, 2>([2, 3]),
        target: zeros::<B, 2>([2, 3]),
        third: Some(classes),
    };
    refuse_elements(&[&said("third")], &inputs);
    inputs.target = zeros_on::<B, 2>([2, 3], &other);
    refuse_elements(&[&said("target")], &inputs);
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
