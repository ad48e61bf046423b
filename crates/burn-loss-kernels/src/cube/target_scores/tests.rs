//! The scores of the rows' classes against the composed operation, on devices of all kinds.

use burn::backend::wgpu::WgpuDevice;
use burn::tensor::{Int, Tensor, TensorData};

use crate::cube::shared::device::pretend;
use crate::cube::testing::{B, T, assert_close, devices, numbers, tensor};
use crate::{LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights, composed};

/// Rows of one axis, rows of many positions, more rows than a cube has, one class.
const SHAPES: [[usize; 3]; 4] = [[7, 5, 1], [2, 24, 16], [5000, 3, 1], [3, 1, 2]];

fn scores(shape: [usize; 3]) -> T {
    let count = shape.iter().product::<usize>();
    let scores: Vec<f32> = (0..count)
        .map(|i| -((i * 37 % 1001) as f32) / 100.0)
        .collect();
    tensor(&scores, shape)
}

/// An ignored class and, if `wrong`, one that is none among them.
fn targets([n, c, s]: [usize; 3], ignores: bool, wrong: bool) -> RowTargets<B> {
    let classes: Vec<i32> = (0..n * s)
        .map(|row| match row % 7 {
            2 if ignores => -1,
            3 if wrong => c as i32,
            _ => (row * 5 % c) as i32,
        })
        .collect();
    let data = TensorData::new(classes, [n * s]);
    let classes = Tensor::<B, 1, Int>::from_data(data, &WgpuDevice::default());
    RowTargets {
        classes: Some(classes.into_primitive()),
        ignore_index: ignores.then_some(-1),
        smooth: SmoothWeights::Zero,
    }
}

/// Weights of which some are 0, as asked for.
fn weights([n, c, s]: [usize; 3], per_class: bool, per_row: bool) -> RowWeights<B> {
    let some = |count: usize, from: usize| -> T {
        let weights: Vec<f32> = (0..count).map(|i| ((i + from) % 4) as f32 * 0.5).collect();
        tensor(&weights, [count])
    };
    RowWeights {
        per_class: per_class.then(|| some(c, 1)),
        per_row: per_row.then(|| some(n * s, 3)),
    }
}

fn wide(tensor: &T) -> Vec<f64> {
    numbers(tensor).into_iter().map(f64::from).collect()
}

#[test]
fn losses_and_gradients() {
    let reductions = [Reduction::Mean, Reduction::MeanOrZero, Reduction::Sum];
    for device in devices() {
        for shape in SHAPES {
            for kind in 0..16 {
                let [ignores, wrong, per_class, per_row] = [1, 2, 4, 8].map(|bit| kind & bit != 0);
                let reduction = reductions[kind % 3];
                let what = format!("{shape:?} {reduction:?} {kind:04b} {device:?}");
                let targets = || targets(shape, ignores, wrong);
                let weights = || weights(shape, per_class, per_row);
                let expected = composed::target_scores_reduced::<B>(
                    scores(shape),
                    targets(),
                    weights(),
                    reduction,
                    true,
                );
                let actual = pretend::with(device, || {
                    B::target_scores_reduced(scores(shape), targets(), weights(), reduction, true)
                });
                let loss = wide(&expected.loss);
                assert_close(&what, &numbers(&actual.loss), &loss, 1e-5, 0.0);
                let [Some(expected), ..] = expected.gradients else {
                    panic!("{what}: a gradient was wanted");
                };
                let [Some(actual), ..] = actual.gradients else {
                    panic!("{what}: a gradient was wanted");
                };
                assert_eq!(actual.meta.shape(), expected.meta.shape(), "{what}");
                assert_close(&what, &numbers(&actual), &wide(&expected), 1e-5, 0.0);
            }
        }
    }
}

/// Scores that do not lie in order are read where they lie; a row that is dropped may be NaN.
#[test]
fn scores_across_memory() {
    let values = [-1.0, f32::NAN, -3.0, -4.0, f32::NAN, -6.0];
    let mut across = tensor(&values, [2, 3]);
    across.meta.swap(0, 1);
    let classes = Tensor::<B, 1, Int>::from_ints([1, -1, 0], &WgpuDevice::default());
    let targets = RowTargets {
        classes: Some(classes.into_primitive()),
        ignore_index: Some(-1),
        smooth: SmoothWeights::Zero,
    };
    let reduction = Reduction::Mean;
    let found = B::target_scores_reduced(across, targets, RowWeights::none(), reduction, true);
    assert_eq!(numbers(&found.loss), [3.5]);
    let [gradient, ..] = found.gradients;
    let gradient = numbers(&gradient.expect("it was wanted"));
    assert_eq!(gradient, [0.0, -0.5, 0.0, 0.0, -0.5, 0.0]);
}

/// More cubes than one dimension of a launch can count.
#[test]
fn more_than_65535_cubes() {
    let shape = [600_001, 2, 1];
    let found = pretend::with(devices()[4], || {
        let targets = targets(shape, false, false);
        B::target_scores_reduced(
            tensor(&vec![-2.0; 1_200_002], shape),
            targets,
            RowWeights::none(),
            Reduction::Mean,
            true,
        )
    });
    assert_eq!(numbers(&found.loss), [2.0]);
    let [gradient, ..] = found.gradients;
    let gradient = numbers(&gradient.expect("it was wanted"));
    let slope = -1.0 / 600_001.0;
    let rows = gradient.chunks(2).enumerate();
    for (row, slopes) in rows {
        let class = row * 5 % 2;
        assert!((slopes[class] - slope).abs() < 1e-12 && slopes[1 - class] == 0.0);
    }
}
