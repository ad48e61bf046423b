//! Values and gradients equal PyTorch's, computed in float64: each to a part of itself, and where rounded numbers cancel to what
//! rounding leaves of them.

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance, least_number, rounding};
use crate::compare::{difference_each, numbers};
use crate::fixture::{Case, Config, cases};
use crate::losses::{
    Row, VisitClass, VisitElementwise, VisitSpread, cross_entropy, each_class, each_elementwise,
    each_spread,
};
use crate::rounding::errors;

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
        let mut compare = |what: &str, actual: &[f64], expected: &[f64], errors: &[f64]| {
            let absolute = |i: usize| (rounding::<B>() * errors[i]).max(least_number::<B>());
            let Tolerance { relative, .. } = B::TOLERANCE;
            let difference = difference_each(actual, expected, relative, absolute);
            found.extend(difference.map(|text| format!("{}, {what}: {text}", case.name)));
        };
        let (errors, weights) = (&case.errors, case.weights.as_deref());
        let none = numbers((self.none)(input()));
        compare("none", &none, &case.none, &errors.losses);
        type Case1<'a> = (&'a str, Option<f64>, Option<&'a Vec<f64>>);
        let mut reduced = |f: &dyn Fn(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1>,
                           (what, value, grad): Case1,
                           factors: Vec<f64>| {
            let input = input().require_grad();
            let loss = f(input.clone());
            if let Some(value) = value {
                let errors = [errors.of_sum(&factors)];
                compare(what, &numbers(loss.clone()), &[value], &errors);
            }
            if let Some(expected) = grad {
                let grad = input.grad(&loss.backward()).expect("the input is tracked");
                let what = format!("gradient of {what}");
                compare(
                    &what,
                    &numbers(grad),
                    expected,
                    &errors.of_gradient(&factors),
                );
            }
        };
        reduced(
            &|input| (self.reduced)(Reduction::Mean, input),
            ("mean", Some(case.mean), Some(&case.grad_mean)),
            errors.factors(None, true),
        );
        reduced(
            &|input| (self.reduced)(Reduction::Sum, input),
            ("sum", Some(case.sum), case.grad_sum.as_ref()),
            errors.factors(None, false),
        );
        if let Some(weighted) = self.weighted {
            reduced(
                &|input| weighted(Reduction::Mean, input),
                (
                    "weighted mean",
                    case.weighted_mean,
                    case.grad_weighted_mean.as_ref(),
                ),
                errors.factors(weights, true),
            );
            reduced(
                &|input| weighted(Reduction::Sum, input),
                ("weighted sum", case.weighted_sum, None),
                errors.factors(weights, false),
            );
        }
        found
    }
}

/// Runs every case of a loss and reports all that differ.
fn check<B: TestBackend>(loss: &str, differences: impl Fn(&Case) -> Vec<String>) {
    let mut cases = cases(loss);
    for case in &mut cases {
        case.errors = errors(loss, case);
    }
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
    ($rank:expr, $function:ident::<$B:ident; $($ranks:literal),+>($case:expr, $loss:expr)) => {
        match $rank {
            $($ranks => $function::<$B, $ranks, _>($case, $loss),)+
            rank => panic!("no case of rank {rank} was expected"),
        }
    };
}

/// Every element-wise loss against its files.
pub fn elementwise_losses<B: TestBackend>() {
    struct Test;
    impl<B: TestBackend> VisitElementwise<Autodiff<B>> for Test {
        fn visit<L: ElementwiseLoss<Autodiff<B>>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            for file in row.fixtures {
                check::<B>(
                    file,
                    |case| with_rank!(case.shape.len(), elementwise::<B; 1, 2, 3, 4, 5>(case, &loss)),
                );
            }
        }
    }
    each_elementwise::<B, Autodiff<B>>(&B::device(), &mut Test);
}

fn elementwise<B: TestBackend, const D: usize, L: ElementwiseLoss<Autodiff<B>>>(
    case: &Case,
    loss: impl Fn(&Config, Reduction) -> L,
) -> Vec<String> {
    let device = B::device();
    let target = || case.target::<Autodiff<B>, D>(&device);
    let loss = |reduction| loss(&case.config, reduction);
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

/// Every loss of a mean and its spread against its files.
pub fn spread_losses<B: TestBackend>() {
    struct Test;
    impl<B: TestBackend> VisitSpread<Autodiff<B>> for Test {
        fn visit<L: SpreadLoss<Autodiff<B>>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            for file in row.fixtures {
                check::<B>(
                    file,
                    |case| with_rank!(case.shape.len(), spread::<B; 1, 2, 3, 4, 5>(case, &loss)),
                );
            }
        }
    }
    each_spread::<Autodiff<B>>(&mut Test);
}

fn spread<B: TestBackend, const D: usize, L: SpreadLoss<Autodiff<B>>>(
    case: &Case,
    loss: impl Fn(&Config, Reduction) -> L,
) -> Vec<String> {
    let device = B::device();
    let target = || case.target::<Autodiff<B>, D>(&device);
    let spread = || case.spread::<Autodiff<B>, D>(&device);
    let loss = |reduction| loss(&case.config, reduction);
    Forward::<B, D, D> {
        none: &|input| loss(Reduction::Mean).forward_no_reduction(input, target(), spread()),
        reduced: &|reduction, input| loss(reduction).forward(input, target(), spread()),
        weighted: case.weights.is_some().then_some(&|reduction, input| {
            let weights = case.weights::<Autodiff<B>, D>(&device).unwrap();
            loss(reduction).forward_weighted(input, target(), spread(), weights)
        }),
    }
    .differences(case)
}

/// Every loss of class rows against its files; rank 2 goes through the plain methods, the others through those for dense
/// prediction.
pub fn class_losses<B: TestBackend>() {
    struct Test;
    impl<B: TestBackend> VisitClass<Autodiff<B>> for Test {
        fn visit<L: ClassLoss<Autodiff<B>>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            for file in row.fixtures {
                check::<B>(file, |case| match case.shape.len() {
                    2 => plain::<B, L>(case, &loss),
                    3 => dense::<B, 3, 2, L>(case, &loss),
                    4 => dense::<B, 4, 3, L>(case, &loss),
                    5 => dense::<B, 5, 4, L>(case, &loss),
                    rank => panic!("no case of rank {rank} was expected"),
                });
            }
        }
    }
    each_class::<Autodiff<B>>(&B::device(), &mut Test);
}

fn dense<B: TestBackend, const D: usize, const T: usize, L: ClassLoss<Autodiff<B>>>(
    case: &Case,
    loss: impl Fn(&Config, Reduction) -> L,
) -> Vec<String> {
    let device = B::device();
    let targets = || case.classes::<Autodiff<B>, T>(&device);
    let loss = |reduction| loss(&case.config, reduction);
    Forward::<B, D, T> {
        none: &|input| loss(Reduction::Mean).forward_nd_no_reduction(input, targets()),
        reduced: &|reduction, input| loss(reduction).forward_nd(input, targets()),
        weighted: None,
    }
    .differences(case)
}

fn plain<B: TestBackend, L: ClassLoss<Autodiff<B>>>(
    case: &Case,
    loss: impl Fn(&Config, Reduction) -> L,
) -> Vec<String> {
    let device = B::device();
    let targets = || case.classes::<Autodiff<B>, 1>(&device);
    let loss = |reduction| loss(&case.config, reduction);
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

pub fn cross_entropy_probabilities<B: TestBackend>() {
    check::<B>("cross_entropy_probabilities", |case| {
        let device = B::device();
        let target = || case.target::<Autodiff<B>, 2>(&device);
        let loss = |reduction| {
            let config = cross_entropy(&case.config).with_reduction(reduction);
            config.init::<Autodiff<B>>(&device)
        };
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
