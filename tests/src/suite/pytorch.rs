//! Values and gradients equal PyTorch's, computed in float64.

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance, least_number};
use crate::compare::{difference_each, largest_of_rows, numbers};
use crate::fixture::{Case, cases};

/// One loss behind one face, so that all fixtures are checked by the same code.
struct Forward<'a, B: TestBackend, const D: usize, const T: usize> {
    none: &'a dyn Fn(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, T>,
    reduced: &'a Reduced<'a, B, D>,
    weighted: Option<&'a Reduced<'a, B, D>>,
}

/// From a reduction and an input to one number.
type Reduced<'a, B, const D: usize> =
    dyn Fn(Reduction, Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1> + 'a;

impl<B: TestBackend, const D: usize, const T: usize> Forward<'_, B, D, T> {
    /// What differs from the fixture, in words.
    fn differences(&self, case: &Case) -> Vec<String> {
        let device = B::device();
        let input = || case.input::<Autodiff<B>, D>(&device);
        let mut found = Vec::new();
        let mut compare = |what: &str, actual: &[f64], expected: &[f64]| {
            let absolute = absolute::<B>(expected, self.row_shape(case, expected.len()));
            let Tolerance { relative, .. } = B::TOLERANCE;
            let difference = difference_each(actual, expected, relative, |i| absolute[i]);
            found.extend(difference.map(|text| format!("{}, {what}: {text}", case.name)));
        };
        compare("none", &numbers((self.none)(input())), &case.none);
        type Case1<'a> = (&'a str, Option<f64>, Option<&'a Vec<f64>>);
        let mut reduced = |f: &dyn Fn(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1>,
                           (what, value, grad): Case1| {
            let input = input().require_grad();
            let loss = f(input.clone());
            if let Some(value) = value {
                compare(what, &numbers(loss.clone()), &[value]);
            }
            if let Some(expected) = grad {
                let grad = input.grad(&loss.backward()).expect("the input is tracked");
                compare(&format!("gradient of {what}"), &numbers(grad), expected);
            }
        };
        reduced(
            &|input| (self.reduced)(Reduction::Mean, input),
            ("mean", Some(case.mean), Some(&case.grad_mean)),
        );
        reduced(
            &|input| (self.reduced)(Reduction::Sum, input),
            ("sum", Some(case.sum), case.grad_sum.as_ref()),
        );
        if let Some(weighted) = self.weighted {
            reduced(
                &|input| weighted(Reduction::Mean, input),
                (
                    "weighted mean",
                    case.weighted_mean,
                    case.grad_weighted_mean.as_ref(),
                ),
            );
            reduced(
                &|input| weighted(Reduction::Sum, input),
                ("weighted sum", case.weighted_sum, None),
            );
        }
        found
    }

    /// The shape `[N, C, S]` of this many numbers, in which what belongs together runs along `C`: the scores of a row.
    /// An element-wise loss is all one row.
    fn row_shape(&self, case: &Case, count: usize) -> [usize; 3] {
        let is_of_rows = T + 1 == D;
        match is_of_rows && count == case.input.len() {
            true => {
                let [n, c, ref rest @ ..] = case.shape[..] else {
                    unreachable!("scores have two dimensions or more");
                };
                [n, c, rest.iter().product()]
            }
            false if is_of_rows => [count, 1, 1],
            false => [1, count, 1],
        }
    }
}

/// Rounding grows with the largest number in play, which a sum of terms that cancel is small against: the absolute bound
/// is in units of the largest number of the row, or of 1 where that is less (or nothing).
fn absolute<B: TestBackend>(expected: &[f64], shape: [usize; 3]) -> Vec<f64> {
    let unit = |largest: f64| if largest > 0.0 { largest.min(1.0) } else { 1.0 };
    let largest = largest_of_rows(expected, shape).into_iter();
    let bound = |largest: f64| B::TOLERANCE.absolute * unit(largest);
    largest.map(|l| bound(l).max(least_number::<B>())).collect()
}

/// Runs every case of a loss and reports all that differ.
fn check<B: TestBackend>(loss: &str, differences: impl Fn(&Case) -> Vec<String>) {
    let mut cases = cases(loss);
    cases.retain(|case| B::HAS_EMPTY_TENSORS || !case.input.is_empty());
    let found: Vec<String> = cases.iter().flat_map(differences).collect();
    assert!(
        found.is_empty(),
        "{} differences from PyTorch in {} cases:\n{}",
        found.len(),
        cases.len(),
        found.join("\n")
    );
}

/// Runs a function that is generic over the rank with the rank of a case.
macro_rules! with_rank {
    ($rank:expr, $function:ident::<$B:ident; $($ranks:literal),+>($arg:expr)) => {
        match $rank {
            $($ranks => $function::<$B, $ranks>($arg),)+
            rank => panic!("no case of rank {rank} was expected"),
        }
    };
}

/// A test of an element-wise loss: `init` makes it from a fixture's config and a reduction.
macro_rules! elementwise {
    ($name:ident, $init:expr) => {
        pub fn $name<B: TestBackend>() {
            fn of_rank<B: TestBackend, const D: usize>(case: &Case) -> Vec<String> {
                let device = B::device();
                let target = || case.target::<Autodiff<B>, D>(&device);
                let loss = |reduction| $init(case, reduction, &device);
                Forward::<B, D, D> {
                    none: &|input| loss(Reduction::Mean).forward_no_reduction(input, target()),
                    reduced: &|reduction, input| loss(reduction).forward(input, target()),
                    weighted: case.weights.is_some().then_some(&|reduction, input| {
                        let weights = case.weights::<Autodiff<B>, D>(&device).unwrap();
                        loss(reduction).forward_weighted(input, target(), weights)
                    }),
                }
                .differences(case)
            }
            check::<B>(stringify!($name), |case| {
                with_rank!(case.shape.len(), of_rank::<B; 1, 2, 3, 4, 5>(case))
            });
        }
    };
}

elementwise!(mse, |_: &Case, reduction, _: &B::Device| {
    MseLossConfig::new().with_reduction(reduction).init()
});
elementwise!(l1, |_: &Case, reduction, _: &B::Device| {
    L1LossConfig::new().with_reduction(reduction).init()
});
elementwise!(huber, |case: &Case, reduction, _: &B::Device| {
    HuberLossConfig::new()
        .with_delta(case.config.delta.unwrap_or(1.0))
        .with_reduction(reduction)
        .init()
});
elementwise!(bce, |_: &Case, reduction, _: &B::Device| {
    BceLossConfig::new().with_reduction(reduction).init()
});
elementwise!(
    bce_with_logits,
    |case: &Case, reduction, device: &B::Device| {
        BceWithLogitsLossConfig::new()
            .with_pos_weight(case.config.pos_weight.clone())
            .with_label_smoothing(case.config.label_smoothing)
            .with_reduction(reduction)
            .init::<Autodiff<B>>(device)
    }
);

elementwise!(sigmoid_focal, |case: &Case, reduction, _: &B::Device| {
    let alpha = case.config.alpha.unwrap_or(0.25);
    SigmoidFocalLossConfig::new()
        .with_alpha((alpha >= 0.0).then_some(alpha))
        .with_gamma(case.config.gamma.unwrap_or(2.0))
        .with_reduction(reduction)
        .init()
});

/// A test of a class loss; rank 2 goes through the plain methods, the others through those for dense prediction.
macro_rules! class_loss {
    ($name:ident, $init:expr) => {
        pub fn $name<B: TestBackend>() {
            fn dense<B: TestBackend, const D: usize, const T: usize>(case: &Case) -> Vec<String> {
                let device = B::device();
                let targets = || case.classes::<Autodiff<B>, T>(&device);
                let loss = |reduction| $init(case, reduction, &device);
                Forward::<B, D, T> {
                    none: &|input| loss(Reduction::Mean).forward_nd_no_reduction(input, targets()),
                    reduced: &|reduction, input| loss(reduction).forward_nd(input, targets()),
                    weighted: None,
                }
                .differences(case)
            }
            fn plain<B: TestBackend>(case: &Case) -> Vec<String> {
                let device = B::device();
                let targets = || case.classes::<Autodiff<B>, 1>(&device);
                let loss = |reduction| $init(case, reduction, &device);
                Forward::<B, 2, 1> {
                    none: &|input| loss(Reduction::Mean).forward_no_reduction(input, targets()),
                    reduced: &|reduction, input| loss(reduction).forward(input, targets()),
                    weighted: case.weights.is_some().then_some(&|reduction, input| {
                        let weights = case.weights::<Autodiff<B>, 1>(&device).unwrap();
                        loss(reduction).forward_weighted(input, targets(), weights)
                    }),
                }
                .differences(case)
            }
            check::<B>(stringify!($name), |case| match case.shape.len() {
                2 => plain::<B>(case),
                3 => dense::<B, 3, 2>(case),
                4 => dense::<B, 4, 3>(case),
                5 => dense::<B, 5, 4>(case),
                rank => panic!("no case of rank {rank} was expected"),
            });
        }
    };
}

class_loss!(nll, |case: &Case, reduction, device: &B::Device| {
    NllLossConfig::new()
        .with_class_weights(case.config.class_weights.clone())
        .with_ignore_index(case.config.ignore_index)
        .with_reduction(reduction)
        .init::<Autodiff<B>>(device)
});
class_loss!(
    cross_entropy,
    |case: &Case, reduction, device: &B::Device| {
        cross_entropy_config(case, reduction).init::<Autodiff<B>>(device)
    }
);

class_loss!(
    cross_entropy_z_loss,
    |case: &Case, reduction, device: &B::Device| {
        cross_entropy_config(case, reduction).init::<Autodiff<B>>(device)
    }
);
class_loss!(focal, |case: &Case, reduction, device: &B::Device| {
    FocalLossConfig::new()
        .with_gamma(case.config.gamma.unwrap_or(2.0))
        .with_class_weights(case.config.class_weights.clone())
        .with_ignore_index(case.config.ignore_index)
        .with_reduction(reduction)
        .init::<Autodiff<B>>(device)
});
class_loss!(poly, |case: &Case, reduction, device: &B::Device| {
    PolyLossConfig::new()
        .with_epsilon(case.config.epsilon.unwrap_or(1.0))
        .with_class_weights(case.config.class_weights.clone())
        .with_ignore_index(case.config.ignore_index)
        .with_reduction(reduction)
        .init::<Autodiff<B>>(device)
});
class_loss!(
    generalized_cross_entropy,
    |case: &Case, reduction, device: &B::Device| {
        GeneralizedCrossEntropyLossConfig::new()
            .with_q(case.config.q.unwrap_or(0.7))
            .with_class_weights(case.config.class_weights.clone())
            .with_ignore_index(case.config.ignore_index)
            .with_reduction(reduction)
            .init::<Autodiff<B>>(device)
    }
);

fn cross_entropy_config(case: &Case, reduction: Reduction) -> CrossEntropyLossConfig {
    CrossEntropyLossConfig::new()
        .with_class_weights(case.config.class_weights.clone())
        .with_ignore_index(case.config.ignore_index)
        .with_label_smoothing(case.config.label_smoothing)
        .with_z_loss(case.config.z_loss)
        .with_reduction(reduction)
}

pub fn cross_entropy_probabilities<B: TestBackend>() {
    check::<B>("cross_entropy_probabilities", |case| {
        let device = B::device();
        let target = || case.target::<Autodiff<B>, 2>(&device);
        let loss = |reduction| cross_entropy_config(case, reduction).init::<Autodiff<B>>(&device);
        Forward::<B, 2, 1> {
            none: &|input| {
                loss(Reduction::Mean).forward_probabilities_no_reduction(input, target())
            },
            reduced: &|reduction, input| loss(reduction).forward_probabilities(input, target()),
            weighted: None,
        }
        .differences(case)
    });
}
