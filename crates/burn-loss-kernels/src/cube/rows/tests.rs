//! Reduced losses of rows against the composed operations, on devices of all kinds.

use burn::backend::wgpu::WgpuDevice;
use burn::tensor::{DType, Int, Tensor, TensorData};
use burn_cubecl::cubecl::ir::{ElemType, IntKind};
use burn_cubecl::kernel::cast;

use crate::cube::shared::device::pretend;
use crate::cube::testing::{B, T, assert_close, devices, memory, numbers, tensor};
use crate::formulas::{CrossEntropy, Focal, GeneralizedCrossEntropy, Poly};
use crate::{
    Formula, LossBackend, Reduced, Reduction, RowTargets, RowWeights, SmoothWeights, composed,
};

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

const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::MeanOrZero, Reduction::Sum];

/// Whether there are ignored rows, wrong classes, weights of classes and of rows.
fn kinds() -> impl Iterator<Item = (Reduction, [bool; 4])> {
    let kind = |kind| [1, 2, 4, 8].map(|bit| kind & bit != 0);
    (0..16).map(move |i| (REDUCTIONS[i % 3], kind(i)))
}

fn compare(what: &str, actual: &Reduced<B>, expected: &Reduced<B>, absolute: f64) {
    let loss = wide(&expected.loss);
    assert_close(what, &numbers(&actual.loss), &loss, 1e-5, absolute);
    let gradients = [actual, expected].map(|found| found.gradients[0].clone());
    let [Some(actual), Some(expected)] = gradients else {
        panic!("{what}: a gradient was wanted");
    };
    assert_eq!(actual.meta.shape(), expected.meta.shape(), "{what}");
    let expected = wide(&expected);
    assert_close(what, &numbers(&actual), &expected, 1e-5, absolute);
}

#[test]
fn scores_of_classes() {
    for device in devices() {
        for shape in SHAPES {
            for (reduction, kind @ [ignores, wrong, per_class, per_row]) in kinds() {
                let what = format!("{shape:?} {reduction:?} {kind:?} {device:?}");
                let targets = || targets(shape, ignores, wrong);
                let weights = || weights(shape, per_class, per_row);
                let scores = || scores(shape);
                let expected = composed::target_scores_reduced::<B>(
                    scores(),
                    targets(),
                    weights(),
                    reduction,
                    true,
                );
                let actual = pretend::with(device, || {
                    B::target_scores_reduced(scores(), targets(), weights(), reduction, true)
                });
                compare(&what, &actual, &expected, 0.0);
            }
        }
    }
}

fn check_terms<L: Formula>(formula: &L, smooth: &SmoothWeights<T>, shape: [usize; 3]) {
    let kinds = kinds().collect::<Vec<_>>();
    // One device with all kinds, the others with a few.
    for (i, device) in devices().into_iter().enumerate() {
        for &(reduction, kind) in kinds.iter().step_by(1 + 6 * i) {
            let [ignores, wrong, per_class, per_row] = kind;
            let what =
                format!("{formula:?} {smooth:?} {shape:?} {reduction:?} {kind:?} {device:?}");
            let targets = || RowTargets {
                smooth: smooth.clone(),
                ..targets(shape, ignores, wrong)
            };
            let weights = || weights(shape, per_class, per_row);
            let expected = composed::softmax_terms_reduced::<B, L>(
                formula,
                scores(shape),
                targets(),
                weights(),
                reduction,
                true,
            );
            let actual = pretend::with(device, || {
                let (scores, weights) = (scores(shape), weights());
                B::softmax_terms_reduced(formula, scores, targets(), weights, reduction, true)
            });
            compare(&what, &actual, &expected, 1e-6);
        }
    }
}

#[test]
fn formulas_of_terms() {
    for shape in SHAPES {
        let none = SmoothWeights::Zero;
        let keep = 0.875;
        check_terms(&CrossEntropy { keep, z_loss: 0.25 }, &none, shape);
        check_terms(&Focal { gamma: 1.5 }, &none, shape);
        check_terms(&Poly { epsilon: 2.0 }, &none, shape);
        check_terms(&GeneralizedCrossEntropy { q: 0.75 }, &none, shape);
        let uniform = SmoothWeights::Uniform(0.125 / shape[1] as f64);
        check_terms(&CrossEntropy { keep, z_loss: 0.0 }, &uniform, shape);
    }
}

/// Probabilities instead of classes: only rows have weights, and one of weight 0 may be NaN.
#[test]
fn soft_targets() {
    let shape = [40, 5, 1];
    let mut probabilities: Vec<f32> = numbers(&scores(shape));
    probabilities.iter_mut().for_each(|x| *x = -*x / 20.0);
    let mut logits = numbers(&scores(shape));
    // Of the sixth row, which counts nothing where rows have weights.
    logits[5 * 5] = f32::NAN;
    for per_row in [false, true] {
        for reduction in REDUCTIONS {
            let targets = || RowTargets::<B> {
                classes: None,
                ignore_index: None,
                smooth: SmoothWeights::PerLogit(tensor(&probabilities, shape)),
            };
            let weights = || weights(shape, true, per_row);
            let formula = CrossEntropy {
                keep: 0.0,
                z_loss: 0.0,
            };
            let expected = composed::softmax_terms_reduced::<B, _>(
                &formula,
                tensor(&logits, shape),
                targets(),
                weights(),
                reduction,
                true,
            );
            let actual = B::softmax_terms_reduced(
                &formula,
                tensor(&logits, shape),
                targets(),
                weights(),
                reduction,
                true,
            );
            let what = format!("{reduction:?} {per_row}");
            assert_eq!(numbers(&actual.loss)[0].is_nan(), !per_row, "{what}");
            compare(&what, &actual, &expected, 1e-6);
        }
    }
}

fn reduced_scores(scores: T, targets: RowTargets<B>) -> Reduced<B> {
    let weights = RowWeights::none();
    B::target_scores_reduced(scores, targets, weights, Reduction::Sum, true)
}

fn gradient_of(found: Reduced<B>) -> T {
    let [gradient, ..] = found.gradients;
    gradient.expect("it was wanted")
}

/// Gradients take the place of what nothing else holds, and leave alone what something does.
#[test]
fn gradients_in_place() {
    for shape in [[64, 10, 1], [8, 10, 4]] {
        let targets = || targets(shape, true, false);
        let formula = Focal { gamma: 2.0 };
        let of_terms = |logits| {
            let (weights, reduction) = (weights(shape, true, true), Reduction::Mean);
            B::softmax_terms_reduced(&formula, logits, targets(), weights, reduction, true)
        };
        let of_scores = |scores| reduced_scores(scores, targets());
        let steps: [&dyn Fn(T) -> Reduced<B>; 2] = [&of_terms, &of_scores];
        for step in steps {
            let let_go = scores(shape);
            let place = memory(&let_go);
            assert_eq!(memory(&gradient_of(step(let_go))), place);

            let held = scores(shape);
            let gradient = gradient_of(step(held.clone()));
            assert_ne!(memory(&gradient), memory(&held));
            assert_eq!(numbers(&held), numbers(&scores(shape)));
        }
    }
}

/// Rows with memory between them, and one row again and again.
#[test]
fn scores_with_strides() {
    let classes = || {
        let classes = Tensor::<B, 1, Int>::from_ints([1, 0, 2, -1], &WgpuDevice::default());
        RowTargets {
            classes: Some(classes.into_primitive()),
            ignore_index: Some(-1),
            smooth: SmoothWeights::Zero,
        }
    };
    let slopes = [
        0.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0,
    ];
    let between: Vec<f32> = (0..20)
        .map(|i| if i % 5 < 3 { -(i as f32) } else { f32::NAN })
        .collect();
    for held in [false, true] {
        let mut padded = tensor(&between, [4, 5]);
        padded.meta.shape = [4, 3].into();
        let keep = held.then(|| padded.clone());
        let place = memory(&padded);
        let found = reduced_scores(padded, classes());
        assert_eq!(numbers(&found.loss), [1.0 + 5.0 + 12.0]);
        let gradient = gradient_of(found);
        assert_eq!(memory(&gradient) == place, !held);
        assert_eq!(numbers(&gradient), slopes);
        if let Some(mut keep) = keep {
            keep.meta.shape = [4, 5].into();
            let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&numbers(&keep)), bits(&between));
        }
    }
    let mut repeated = tensor(&[-1.0, -2.0, -3.0], [3]);
    repeated.meta.insert(0, 4, 0);
    let found = reduced_scores(repeated, classes());
    assert_eq!(numbers(&found.loss), [6.0]);
    assert_eq!(numbers(&gradient_of(found)), slopes);
    // An axis of length 1 with a stride of its own.
    let mut swapped = tensor(&between[..3].repeat(4), [1, 3, 2, 2]);
    swapped.meta.strides = [4, 4, 2, 1].into();
    let place = memory(&swapped);
    let found = reduced_scores(swapped, classes());
    assert_eq!(numbers(&found.loss), [1.0 + 1.0 + 1.0]);
    let gradient = gradient_of(found);
    assert_eq!(memory(&gradient), place);
    let expected = [
        0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0,
    ];
    assert_eq!(numbers(&gradient), expected);
    // Images whose rows have memory between them.
    let mut images = tensor(&between, [1, 2, 2, 5]);
    images.meta.shape = [1, 2, 2, 3].into();
    let classes = Tensor::<B, 1, Int>::from_ints([0, 1, 0, 1, 0, 1], &WgpuDevice::default());
    let targets = RowTargets {
        classes: Some(classes.into_primitive()),
        ignore_index: None,
        smooth: SmoothWeights::Zero,
    };
    let found = reduced_scores(images, targets);
    assert_eq!(numbers(&found.loss), [0.0 + 11.0 + 2.0 + 15.0 + 6.0 + 17.0]);
    let slopes = [
        -1.0, 0.0, -1.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, -1.0, 0.0, -1.0,
    ];
    assert_eq!(numbers(&gradient_of(found)), slopes);
}

/// Scores and weights of 16 bits, which are computed in 32, and classes of 64 bits where the device has those.
#[test]
fn other_types() {
    let shape = [40, 5, 1];
    let of_16_bits = |tensor: T| cast(tensor, DType::F16);
    for narrow_weights in [false, true] {
        let targets = || targets(shape, true, false);
        let weights = |narrow: bool| {
            let all = weights(shape, true, true);
            let [per_class, per_row] = [all.per_class, all.per_row]
                .map(|weights| weights.map(|w| if narrow { of_16_bits(w) } else { w }));
            RowWeights { per_class, per_row }
        };
        let rounded = || cast(of_16_bits(scores(shape)), DType::F32);
        let reduction = Reduction::Mean;
        let found = B::target_scores_reduced(
            of_16_bits(scores(shape)),
            targets(),
            weights(narrow_weights),
            reduction,
            true,
        );
        assert_eq!(found.loss.dtype, DType::F16);
        let expected =
            B::target_scores_reduced(rounded(), targets(), weights(false), reduction, true);
        let loss = wide(&expected.loss);
        assert_close("loss", &numbers(&found.loss), &loss, 1e-3, 0.0);
        let (actual, expected) = (gradient_of(found), gradient_of(expected));
        assert_eq!(actual.dtype, DType::F16);
        assert_close("slopes", &numbers(&actual), &wide(&expected), 1e-3, 1e-7);
    }
    let narrow = scores(shape);
    let integers = narrow
        .client
        .properties()
        .supports_type(ElemType::Int(IntKind::I64));
    if integers {
        let mut targets = targets(shape, true, false);
        let classes = targets.classes.take().expect("there are classes");
        targets.classes = Some(cast(classes, DType::I64));
        let expected = reduced_scores(scores(shape), self::targets(shape, true, false));
        let found = reduced_scores(narrow, targets);
        assert_eq!(numbers(&found.loss), numbers(&expected.loss));
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
