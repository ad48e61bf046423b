//! The terms and their gradient against the composed operations, on devices of all kinds.

use burn::backend::wgpu::{WgpuDevice, WgpuRuntime};
use burn::tensor::{Int, Tensor, TensorData};

use super::args::Args;
use crate::cube::shared::device::pretend;
use crate::cube::testing::{B, T, assert_close, devices, memory, numbers, tensor};
use crate::{Columns, LossBackend, RowTargets, SmoothWeights, composed};

/// Short rows, long rows, rows side by side, and rows that are cut.
const SHAPES: [[usize; 3]; 6] = [
    [7, 5, 1],
    [3, 101, 1],
    [5, 1000, 1],
    [2, 24, 16],
    [2, 300, 3],
    [1, 40_000, 1],
];

fn logits([n, c, s]: [usize; 3]) -> Vec<f32> {
    (0..n * c * s)
        .map(|i| (i * 37 % 1001) as f32 / 100.0 - 5.0)
        .collect()
}

fn targets([n, c, s]: [usize; 3], smooth: SmoothWeights<T>) -> RowTargets<B> {
    // An ignored class and a wrong one among them.
    let classes: Vec<i32> = (0..n * s)
        .map(|row| (row * 5 % (c + 2)) as i32 - 1)
        .collect();
    let data = TensorData::new(classes, [n * s]);
    let classes = Tensor::<B, 1, Int>::from_data(data, &WgpuDevice::default());
    RowTargets {
        classes: Some(classes.into_primitive()),
        ignore_index: Some(-1),
        smooth,
    }
}

fn all_smooth(shape: [usize; 3]) -> Vec<SmoothWeights<T>> {
    let weights: Vec<f32> = logits(shape).iter().map(|x| x.abs() / 64.0).collect();
    vec![
        SmoothWeights::Zero,
        SmoothWeights::Uniform(0.01),
        SmoothWeights::PerClass(tensor(&weights[..shape[1]], [shape[1]])),
        SmoothWeights::PerLogit(tensor(&weights, shape)),
    ]
}

fn compare(shape: [usize; 3], smooth: SmoothWeights<T>, columns: Columns, what: &str) {
    let wide = |tensor: &T| -> Vec<f64> { numbers(tensor).into_iter().map(f64::from).collect() };
    let input = || tensor(&logits(shape), shape);
    let expected = composed::softmax_terms::<B>(input(), targets(shape, smooth.clone()), columns);
    let actual = B::softmax_terms(input(), targets(shape, smooth.clone()), columns);
    assert_eq!(
        actual.terms.meta.shape(),
        expected.terms.meta.shape(),
        "{what}"
    );
    assert_close(
        what,
        &numbers(&actual.terms),
        &wide(&expected.terms),
        1e-5,
        1e-5,
    );
    assert_close(
        what,
        &numbers(&actual.normalizer),
        &wide(&expected.normalizer),
        1e-5,
        1e-5,
    );

    let [n, _, s] = shape;
    let grad: Vec<f32> = (0..n * s * columns.count())
        .map(|i| (i % 3) as f32 / 2.0)
        .collect();
    let grad = || match columns {
        Columns::TargetLoss => tensor(&grad, [n * s]),
        Columns::All => tensor(&grad, [n * s, 3]),
    };
    let targets = || targets(shape, smooth.clone());
    let normalizer = expected.normalizer;
    let expected = composed::softmax_terms_backward::<B>(input(), targets(), normalizer, grad());
    let logits = input();
    let place = memory(&logits);
    let actual = B::softmax_terms_backward(logits, targets(), actual.normalizer, grad());
    assert_eq!(place, memory(&actual), "{what}: in place");
    assert_close(what, &numbers(&actual), &wide(&expected), 1e-5, 1e-6);
}

#[test]
fn terms_and_gradients() {
    for device in devices() {
        for shape in SHAPES {
            for columns in [Columns::TargetLoss, Columns::All] {
                for (i, smooth) in all_smooth(shape).into_iter().enumerate() {
                    // Compiling takes most of the time: elsewhere, one kind of weights with each choice of columns.
                    let kind = columns.count() % 4;
                    if device.is_some() && i != kind {
                        continue;
                    }
                    let what = format!("{shape:?} {columns:?} {smooth:?} {device:?}");
                    pretend::with(device, || compare(shape, smooth, columns, &what));
                }
            }
        }
    }
}

/// More cubes than one dimension of a launch can count, of more than 8 units each.
#[test]
fn more_than_65535_cubes() {
    let shape = [70_001, 101, 1];
    pretend::with(devices()[1], || {
        compare(
            shape,
            SmoothWeights::Zero,
            Columns::TargetLoss,
            "cubes of rows",
        );
    });
    // A unit per row.
    let shape = [2, 3, 600_001];
    pretend::with(devices()[3], || {
        compare(
            shape,
            SmoothWeights::Uniform(0.1),
            Columns::All,
            "units of rows",
        );
    });
}

/// Logits of this shape in one number, which is read again and again: as many as no device has room for.
fn many(shape: [usize; 3]) -> Args<WgpuRuntime> {
    let mut logits = tensor(&[1.0], [1, 1, 1]);
    logits.meta.shape = shape.into();
    logits.meta.strides = [0; 3].into();
    let targets = RowTargets::<B> {
        classes: None,
        ignore_index: None,
        smooth: SmoothWeights::Zero,
    };
    Args::new(logits, targets, Columns::All)
}

#[test]
#[should_panic(
    expected = "loss kernels: 2147483648 classes are more than a class index of 32 bits can name"
)]
fn more_classes_than_an_index_can_name() {
    many([1, 1 << 31, 1]);
}

/// In wgpu's shading language an index has 32 bits.
#[test]
#[should_panic(expected = "are more than this device can index")]
fn more_terms_than_an_index_can_reach() {
    many([1 << 31, 2, 1]).address_type();
}
