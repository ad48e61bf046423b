//! Reading the scikit-learn fixtures; `fixtures/README.md` has the format.

use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use serde_json::Value;

use crate::backend::Tolerance;
use crate::compare::assert_close;
use crate::fixture::tensor;

/// Both sides compute in f64 from inputs that are exact in f32, so that no backend needs more.
pub const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-9,
    absolute: 1e-9,
};

/// One case: what goes in, and what scikit-learn gives for it.
pub struct Case {
    name: String,
    value: Value,
}

/// All cases of a kind.
pub fn cases(kind: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/metrics");
    let path = folder.join(format!("{kind}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let file: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} is not as expected: {error}", path.display()));
    let cases = file["cases"].as_array().expect("a list of cases");
    assert!(!cases.is_empty(), "{} has no cases", path.display());
    let case = |value: &Value| Case {
        name: value["name"].as_str().expect("a name").into(),
        value: value.clone(),
    };
    cases.iter().map(case).collect()
}

impl Case {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part of a case at a JSON pointer, where it has one.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// A number, or all numbers of a list or of a list of lists.
    #[track_caller]
    pub fn reals(&self, pointer: &str) -> Vec<f64> {
        let part = self.get(pointer);
        let mut reals = Vec::new();
        flatten(
            part.unwrap_or_else(|| panic!("{}: no {pointer}", self.name())),
            &mut reals,
        );
        reals
    }

    #[track_caller]
    pub fn count(&self, pointer: &str) -> usize {
        self.reals(pointer)[0] as usize
    }

    /// The parts of a list, named after the case and their place.
    pub fn list(&self, pointer: &str) -> Vec<Case> {
        let list = self.get(pointer).and_then(Value::as_array);
        let part = |(index, value): (usize, &Value)| Case {
            name: format!("{}{pointer}/{index}", self.name),
            value: value.clone(),
        };
        list.expect("a list").iter().enumerate().map(part).collect()
    }

    pub fn floats<B: Backend, const D: usize>(
        &self,
        pointer: &str,
        shape: [usize; D],
        device: &B::Device,
    ) -> Tensor<B, D> {
        tensor(&self.reals(pointer), &shape, device)
    }

    pub fn ints<B: Backend, const D: usize>(
        &self,
        pointer: &str,
        shape: [usize; D],
        device: &B::Device,
    ) -> Tensor<B, D, Int> {
        let ints: Vec<i64> = self.reals(pointer).iter().map(|&i| i as i64).collect();
        Tensor::from_data(TensorData::new(ints, shape), device)
    }

    /// Panics where something is not what scikit-learn gives.
    #[track_caller]
    pub fn assert(&self, pointer: &str, actual: impl AsRef<[f64]>) {
        let what = format!("{}, {pointer}", self.name());
        assert_close(&what, actual.as_ref(), &self.reals(pointer), TOLERANCE);
    }
}

fn flatten(value: &Value, reals: &mut Vec<f64>) {
    match value {
        Value::Number(number) => reals.push(number.as_f64().expect("a number")),
        Value::String(word) => reals.push(word.parse().expect("nan, inf or -inf")),
        Value::Array(values) => values.iter().for_each(|value| flatten(value, reals)),
        other => panic!("expected numbers, got {other}"),
    }
}
