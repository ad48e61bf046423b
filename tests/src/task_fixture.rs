//! The fixtures of the losses of one task, `fixtures/tasks`: any number of inputs, and a config as it is in JSON.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use burn_loss::Reduction;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::backend::{TestBackend, Tolerance, least_number};
use crate::compare::{difference_each, numbers};
use crate::fixture::{cases_of, real, reals, some_of, tensor};

/// One case: what goes in, and what the reference gives for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCase {
    pub name: String,
    config: serde_json::Value,
    /// Which method of the loss.
    pub call: String,
    inputs: BTreeMap<String, Input>,
    #[serde(deserialize_with = "reals")]
    none: Vec<f64>,
    #[serde(deserialize_with = "real")]
    mean: f64,
    #[serde(deserialize_with = "real")]
    sum: f64,
    /// Of the mean, with respect to each tracked input.
    grads: BTreeMap<String, Gradient>,
}

#[derive(Deserialize)]
struct Input {
    shape: Vec<usize>,
    #[serde(deserialize_with = "reals")]
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Gradient(#[serde(deserialize_with = "reals")] Vec<f64>);

impl TaskCase {
    /// The config, as data.
    pub fn config<C: DeserializeOwned>(&self) -> C {
        serde_json::from_value(self.config.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The rank of an input.
    pub fn rank(&self, input: &str) -> usize {
        self.inputs[input].shape.len()
    }

    /// Whether there is such an input.
    pub fn has(&self, input: &str) -> bool {
        self.inputs.contains_key(input)
    }
}

/// Finds the gradient of one leaf.
type FindGradient<B> = dyn Fn(&<Autodiff<B> as AutodiffBackend>::Gradients) -> Vec<f64>;

/// The inputs of a case as tensors; those with a gradient are tracked.
pub struct Inputs<'a, B: TestBackend> {
    case: &'a TaskCase,
    leaves: RefCell<Vec<(String, Box<FindGradient<B>>)>>,
}

impl<B: TestBackend> Inputs<'_, B> {
    /// A tensor of floats.
    pub fn float<const D: usize>(&self, name: &str) -> Tensor<Autodiff<B>, D> {
        let input = &self.case.inputs[name];
        let tensor = tensor::<Autodiff<B>, D>(&input.values, &input.shape, &B::device());
        if !self.case.grads.contains_key(name) {
            return tensor;
        }
        let leaf = tensor.require_grad();
        let of_leaf = leaf.clone();
        let find = Box::new(move |gradients: &_| {
            let gradient = of_leaf.grad(gradients);
            gradient.map_or_else(|| vec![0.0; of_leaf.shape().num_elements()], numbers)
        });
        self.leaves.borrow_mut().push((name.to_string(), find));
        leaf
    }

    /// A tensor of integers.
    pub fn int<const D: usize>(&self, name: &str) -> Tensor<Autodiff<B>, D, Int> {
        let input = &self.case.inputs[name];
        let integers: Vec<i64> = input.values.iter().map(|&value| value as i64).collect();
        Tensor::from_data(TensorData::new(integers, input.shape.clone()), &B::device())
    }
}

/// Runs every case of a file: `reduced` computes one number, `none` those that it is made of.
pub fn check<B: TestBackend>(
    loss: &str,
    none: impl Fn(&TaskCase, &Inputs<B>) -> Option<Vec<f64>>,
    reduced: impl Fn(&TaskCase, Reduction, &Inputs<B>) -> Tensor<Autodiff<B>, 1>,
) {
    check_rounded::<B>(loss, 0.0, none, reduced);
}

/// As [`check`], where rounding is that of numbers of at least this size.
pub fn check_rounded<B: TestBackend>(
    loss: &str,
    size: f64,
    none: impl Fn(&TaskCase, &Inputs<B>) -> Option<Vec<f64>>,
    reduced: impl Fn(&TaskCase, Reduction, &Inputs<B>) -> Tensor<Autodiff<B>, 1>,
) {
    let cases: Vec<TaskCase> = some_of::<B, _>(cases_of(&format!("tasks/{loss}")));
    let mut found = Vec::new();
    for case in &cases {
        let inputs = || Inputs {
            case,
            leaves: RefCell::new(Vec::new()),
        };
        let mut compare = |what: &str, actual: &[f64], expected: &[f64]| {
            let difference = difference::<B>(actual, expected, size);
            found.extend(difference.map(|text| format!("{}, {what}: {text}", case.name)));
        };
        if let Some(none) = none(case, &inputs()) {
            compare("none", &none, &case.none);
        }
        let sum = reduced(case, Reduction::Sum, &inputs());
        compare("sum", &numbers(sum), &[case.sum]);
        let inputs = inputs();
        let mean = reduced(case, Reduction::Mean, &inputs);
        compare("mean", &numbers(mean.clone()), &[case.mean]);
        if case.grads.is_empty() {
            continue;
        }
        let gradients = mean.backward();
        let leaves = inputs.leaves.borrow();
        assert_eq!(leaves.len(), case.grads.len(), "{}: leaves", case.name);
        for (name, find) in leaves.iter() {
            let Gradient(expected) = &case.grads[name];
            let what = format!("gradient of {name}");
            compare(&what, &find(&gradients), expected);
        }
    }
    let count = cases.len();
    assert!(
        found.is_empty(),
        "{loss}: {} differences in {count} cases:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// Rounding grows with the largest number in play.
fn difference<B: TestBackend>(actual: &[f64], expected: &[f64], size: f64) -> Option<String> {
    let finite = expected.iter().filter(|number| number.is_finite());
    let largest = finite.fold(size, |largest, number| largest.max(number.abs()));
    let unit = if largest > 0.0 { largest.min(1.0) } else { 1.0 };
    let Tolerance { relative, absolute } = B::TOLERANCE;
    let absolute = (absolute * unit).max(least_number::<B>());
    difference_each(actual, expected, relative, |_| absolute)
}
