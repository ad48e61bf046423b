//! A backend's operations equal the composed ones, which are their reference.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Distribution, Int, Tensor, TensorPrimitive};
use burn_loss_kernels::{RowTargets, SmoothWeights, SoftmaxTerms, composed};

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};

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
        B::seed(&device, 3);
        let normal = Distribution::Normal(0.0, 3.0);
        let options = (&device, <B::FloatElem as burn::tensor::Element>::dtype());
        // From -1, which is ignored, to the last class.
        let classes = (0..n * s).map(|row| ((row * 7) % (num_classes + 1)) as i64 - 1);
        let classes: Vec<i64> = classes.collect();
        let grad = Tensor::<B, 2>::random([n * s, 3], normal, options);
        // The last row has no gradient.
        let alive = Tensor::<B, 1, Int>::arange(0..(n * s) as i64, &device);
        let dead = alive.equal_elem((n * s - 1) as i64).unsqueeze_dim::<2>(1);
        Self {
            logits: Tensor::random([n, num_classes, s], normal, options),
            weights: Tensor::random([n, num_classes, s], normal, options).abs() * 0.1,
            classes: Tensor::from_ints(classes.as_slice(), &device),
            grad: grad.mask_fill(dead.expand([n * s, 3]), 0.0),
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
        let kernel = B::softmax_terms(logits(), targets.clone());
        let reference = composed::softmax_terms(logits(), targets.clone());
        let close = |part: &str, kernel: &FloatTensor<B>, reference: &FloatTensor<B>| {
            let expected = numbers(tensor::<B, 2>(reference.clone()));
            let actual = numbers(tensor::<B, 2>(kernel.clone()));
            assert_close(
                &format!("{what}, {part}"),
                &actual,
                &expected,
                tolerance::<B>(&expected),
            );
        };
        close("terms", &kernel.terms, &reference.terms);
        let grad = || primitive(self.grad.clone());
        // Each with its own normalizer: what is in it is between a forward pass and its backward pass.
        let kernel =
            B::softmax_terms_backward(logits(), targets.clone(), kernel.normalizer, grad());
        let reference =
            composed::softmax_terms_backward(logits(), targets, reference.normalizer, grad());
        let expected = numbers(tensor::<B, 3>(reference));
        let actual = numbers(tensor::<B, 3>(kernel));
        assert_close(
            &format!("{what}, gradient"),
            &actual,
            &expected,
            tolerance::<B>(&expected),
        );
    }
}

pub(crate) fn primitive<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

pub(crate) fn tensor<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// Both sides round, each in its own order: in units of the largest number.
fn tolerance<B: TestBackend>(expected: &[f64]) -> Tolerance {
    let finite = expected.iter().filter(|number| number.is_finite());
    let largest = finite.fold(1.0f64, |largest, number| largest.max(number.abs()));
    Tolerance {
        absolute: B::TOLERANCE.absolute * largest,
        ..B::TOLERANCE
    }
}

pub fn equal_composed_operations<B: TestBackend>() {
    for shape in SHAPES {
        Inputs::<B>::random(shape).check(&format!("{shape:?}"));
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

pub fn same_bits_every_time<B: TestBackend>() {
    let inputs = Inputs::<B>::random([300, 129, 1]);
    let run = || {
        let logits = primitive(inputs.logits.clone());
        let targets = RowTargets {
            classes: Some(inputs.classes.clone().into_primitive()),
            ignore_index: Some(-1),
            smooth: SmoothWeights::Uniform(0.1),
        };
        let SoftmaxTerms { terms, normalizer } = B::softmax_terms(logits.clone(), targets.clone());
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
