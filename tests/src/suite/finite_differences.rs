//! Gradients equal central finite differences of the loss itself, computed in f64 on NdArray.

use burn::backend::{Autodiff, NdArray};
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::fixture::tensor;

/// Two rows of three: no two alike, none at a kink (an error of 0, or of exactly delta).
const INPUT: [f64; 6] = [0.3, -1.25, 2.0, -0.6, 0.1, 1.4];
/// Away from 0 and 1, where the third derivative makes the differences coarse.
const PROBABILITIES: [f64; 6] = [0.3, 0.25, 0.7, 0.6, 0.35, 0.45];
const TARGET: [f64; 6] = [0.7, 0.25, 0.1, 0.0, 1.0, 0.5];
const DISTRIBUTIONS: [f64; 6] = [0.7, 0.2, 0.1, 0.0, 1.0, 0.0];
const CLASSES: [i64; 2] = [2, 1];
const ROW_WEIGHTS: [f64; 2] = [0.5, 2.0];
const ELEMENT_WEIGHTS: [f64; 6] = [1.0, 0.5, 2.0, 0.0, 3.0, 0.25];
const SHAPE: [usize; 2] = [2, 3];
const STEP: f64 = 1e-5;

/// A loss of `[2, 3]` numbers that can be computed on any backend.
trait Loss {
    fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1>;
}

fn check<B: TestBackend>(what: &str, loss: impl Loss, input: [f64; 6]) {
    let value = |input: &[f64]| {
        let input = tensor::<NdArray<f64>, 2>(input, &SHAPE, &Default::default());
        numbers(loss.forward(input))[0]
    };
    let differences: Vec<f64> = (0..input.len())
        .map(|index| {
            let (mut above, mut below) = (input, input);
            above[index] += STEP;
            below[index] -= STEP;
            (value(&above) - value(&below)) / (2.0 * STEP)
        })
        .collect();

    let input = tensor::<Autodiff<B>, 2>(&input, &SHAPE, &B::device()).require_grad();
    let grads = loss.forward(input.clone()).backward();
    let grad = numbers(input.grad(&grads).expect("the input is tracked"));
    // What the differences themselves leave: the step squared, and rounding over the step.
    let tolerance = Tolerance {
        relative: B::TOLERANCE.relative.max(1e-8),
        absolute: B::TOLERANCE.absolute.max(1e-9),
    };
    assert_close(what, &grad, &differences, tolerance);
}

/// A loss made by an expression of `$input` (and its device), checked plainly reduced and weighted.
macro_rules! check_elementwise {
    ($test:ident: $($init:expr),+; $input:expr) => {
        pub fn $test<B: TestBackend>() {
            $({
                struct Plain;
                impl Loss for Plain {
                    fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
                        let device = input.device();
                        let target = tensor(&TARGET, &SHAPE, &device);
                        $init(&device).forward(input, target)
                    }
                }
                struct Weighted;
                impl Loss for Weighted {
                    fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
                        let device = input.device();
                        let target = tensor(&TARGET, &SHAPE, &device);
                        let weights = tensor(&ELEMENT_WEIGHTS, &SHAPE, &device);
                        $init(&device).forward_weighted(input, target, weights)
                    }
                }
                check::<B>(stringify!($init), Plain, $input);
                check::<B>(concat!(stringify!($init), ", weighted"), Weighted, $input);
            })+
        }
    };
}

check_elementwise!(mse:
    |_: &B::Device| MseLossConfig::new().init(),
    |_: &B::Device| MseLossConfig::new().with_reduction(Reduction::Sum).init();
    INPUT);
check_elementwise!(l1:
    |_: &B::Device| L1LossConfig::new().init(),
    |_: &B::Device| L1LossConfig::new().with_reduction(Reduction::Sum).init();
    INPUT);
check_elementwise!(huber:
    |_: &B::Device| HuberLossConfig::new().init(),
    |_: &B::Device| HuberLossConfig::new().with_delta(0.3).init(),
    |_: &B::Device| HuberLossConfig::new().with_reduction(Reduction::Sum).init();
    INPUT);
check_elementwise!(bce:
    |_: &B::Device| BceLossConfig::new().init(),
    |_: &B::Device| BceLossConfig::new().with_reduction(Reduction::Sum).init();
    PROBABILITIES);
check_elementwise!(bce_with_logits:
    |device: &B::Device| BceWithLogitsLossConfig::new().init::<B>(device),
    |device: &B::Device| BceWithLogitsLossConfig::new()
        .with_pos_weight(Some(vec![0.5, 3.0, 1.0]))
        .init::<B>(device),
    |device: &B::Device| BceWithLogitsLossConfig::new()
        .with_label_smoothing(0.2)
        .init::<B>(device),
    |device: &B::Device| BceWithLogitsLossConfig::new()
        .with_pos_weight(Some(vec![0.5, 3.0, 1.0]))
        .with_label_smoothing(0.2)
        .with_reduction(Reduction::Sum)
        .init::<B>(device);
    INPUT);
check_elementwise!(sigmoid_focal:
    |_: &B::Device| SigmoidFocalLossConfig::new().init(),
    |_: &B::Device| SigmoidFocalLossConfig::new().with_alpha(None).with_gamma(0.5).init(),
    |_: &B::Device| SigmoidFocalLossConfig::new().with_reduction(Reduction::Sum).init();
    INPUT);

macro_rules! check_class_loss {
    ($test:ident: $($init:expr),+; $input:expr) => {
        pub fn $test<B: TestBackend>() {
            $({
                struct Plain;
                impl Loss for Plain {
                    fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
                        let device = input.device();
                        let targets = Tensor::<B, 1, Int>::from_ints(CLASSES, &device);
                        $init.init::<B>(&device).forward(input, targets)
                    }
                }
                struct Weighted;
                impl Loss for Weighted {
                    fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
                        let device = input.device();
                        let targets = Tensor::<B, 1, Int>::from_ints(CLASSES, &device);
                        let weights = tensor(&ROW_WEIGHTS, &[2], &device);
                        $init.init::<B>(&device).forward_weighted(input, targets, weights)
                    }
                }
                /// One example of two positions: the rows turned into columns.
                struct Dense;
                impl Loss for Dense {
                    fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
                        let device = input.device();
                        let targets = Tensor::<B, 2, Int>::from_ints([CLASSES], &device);
                        let input = input.transpose().unsqueeze::<3>();
                        $init.init::<B>(&device).forward_nd(input, targets)
                    }
                }
                check::<B>(stringify!($init), Plain, $input);
                check::<B>(concat!(stringify!($init), ", weighted"), Weighted, $input);
                check::<B>(concat!(stringify!($init), ", dense"), Dense, $input);
            })+
        }
    };
}

const CLASS_WEIGHTS: [f32; 3] = [0.5, 3.0, 1.25];

check_class_loss!(nll:
    NllLossConfig::new(),
    NllLossConfig::new().with_class_weights(Some(CLASS_WEIGHTS.to_vec())),
    NllLossConfig::new().with_ignore_index(Some(1)),
    NllLossConfig::new().with_reduction(Reduction::Sum);
    INPUT);
check_class_loss!(cross_entropy:
    CrossEntropyLossConfig::new(),
    CrossEntropyLossConfig::new().with_class_weights(Some(CLASS_WEIGHTS.to_vec())),
    CrossEntropyLossConfig::new().with_ignore_index(Some(1)),
    CrossEntropyLossConfig::new().with_label_smoothing(0.1),
    CrossEntropyLossConfig::new().with_reduction(Reduction::Sum),
    CrossEntropyLossConfig::new()
        .with_class_weights(Some(CLASS_WEIGHTS.to_vec()))
        .with_label_smoothing(0.3)
        .with_ignore_index(Some(2)),
    CrossEntropyLossConfig::new()
        .with_class_weights(Some(CLASS_WEIGHTS.to_vec()))
        .with_label_smoothing(0.3)
        .with_z_loss(0.2);
    INPUT);
check_class_loss!(focal:
    FocalLossConfig::new(),
    FocalLossConfig::new().with_gamma(0.5),
    FocalLossConfig::new().with_gamma(0.0).with_reduction(Reduction::Sum),
    FocalLossConfig::new().with_class_weights(Some(CLASS_WEIGHTS.to_vec())).with_ignore_index(Some(1));
    INPUT);
check_class_loss!(poly:
    PolyLossConfig::new(),
    PolyLossConfig::new().with_epsilon(-1.0).with_reduction(Reduction::Sum),
    PolyLossConfig::new().with_class_weights(Some(CLASS_WEIGHTS.to_vec())).with_ignore_index(Some(1));
    INPUT);
check_class_loss!(generalized_cross_entropy:
    GeneralizedCrossEntropyLossConfig::new(),
    GeneralizedCrossEntropyLossConfig::new().with_q(1.0).with_reduction(Reduction::Sum),
    GeneralizedCrossEntropyLossConfig::new()
        .with_class_weights(Some(CLASS_WEIGHTS.to_vec()))
        .with_ignore_index(Some(1));
    INPUT);

pub fn cross_entropy_probabilities<B: TestBackend>() {
    struct Probabilities(CrossEntropyLossConfig);
    impl Loss for Probabilities {
        fn forward<B: LossBackend>(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
            let device = input.device();
            let probabilities = tensor(&DISTRIBUTIONS, &SHAPE, &device);
            self.0
                .init::<B>(&device)
                .forward_probabilities(input, probabilities)
        }
    }
    let plain = CrossEntropyLossConfig::new();
    let weighted = plain
        .clone()
        .with_class_weights(Some(CLASS_WEIGHTS.to_vec()))
        .with_label_smoothing(0.1)
        .with_z_loss(0.2);
    check::<B>("probabilities", Probabilities(plain), INPUT);
    check::<B>("probabilities, all options", Probabilities(weighted), INPUT);
}
