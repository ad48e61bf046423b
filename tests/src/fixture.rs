//! Reading the PyTorch fixtures; `fixtures/README.md` has the format.

use std::path::{Path, PathBuf};

use burn::tensor::backend::Backend;
use burn::tensor::{Element, Int, Tensor, TensorData};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::backend::TestBackend;
use crate::rounding::Errors;

/// One case: what goes in, and what PyTorch gives for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub config: Config,
    pub shape: Vec<usize>,
    #[serde(deserialize_with = "reals")]
    pub input: Vec<f64>,
    pub target_shape: Vec<usize>,
    #[serde(deserialize_with = "reals")]
    pub target: Vec<f64>,
    #[serde(default, deserialize_with = "some_reals")]
    pub spread: Option<Vec<f64>>,
    #[serde(default)]
    pub spread_shape: Vec<usize>,
    #[serde(default, deserialize_with = "some_reals")]
    pub weights: Option<Vec<f64>>,
    #[serde(deserialize_with = "reals")]
    pub none: Vec<f64>,
    #[serde(deserialize_with = "real")]
    pub mean: f64,
    #[serde(deserialize_with = "real")]
    pub sum: f64,
    #[serde(deserialize_with = "reals")]
    pub grad_mean: Vec<f64>,
    #[serde(default, deserialize_with = "some_reals")]
    pub grad_sum: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "some_real")]
    pub weighted_mean: Option<f64>,
    #[serde(default, deserialize_with = "some_real")]
    pub weighted_sum: Option<f64>,
    #[serde(default, deserialize_with = "some_reals")]
    pub grad_weighted_mean: Option<Vec<f64>>,
    /// What rounding may do where terms cancel.
    #[serde(skip)]
    pub errors: Errors,
}

/// The fields of all configs; absent ones are at their defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub delta: Option<f64>,
    pub pos_weight: Option<Vec<f32>>,
    pub class_weights: Option<Vec<f32>>,
    pub class_priors: Option<Vec<f32>>,
    pub tau: Option<f64>,
    pub ignore_index: Option<i64>,
    pub ignore_indices: Vec<i64>,
    pub label_smoothing: f64,
    pub z_loss: f64,
    pub gamma: Option<f64>,
    /// As in torchvision, -1 stands for none.
    pub alpha: Option<f64>,
    pub epsilon: Option<f64>,
    pub q: Option<f64>,
    pub beta: Option<f64>,
    pub eps: Option<f64>,
    pub levels: Option<Vec<f64>>,
    pub log_target: bool,
    pub log_input: Option<bool>,
    pub full: bool,
    pub power: Option<f64>,
    pub margin: Option<f64>,
    pub gamma_negative: Option<f64>,
    pub gamma_positive: Option<f64>,
    pub clip: Option<f64>,
}

impl Config {
    /// Whether it fits a last axis of any length.
    pub fn fits_any_width(&self) -> bool {
        let levels = self.levels.as_ref().map_or(1, Vec::len);
        self.pos_weight.is_none() && levels == 1
    }

    /// Whether it fits any number of classes.
    pub fn fits_any_classes(&self) -> bool {
        self.class_weights.is_none() && self.class_priors.is_none()
    }
}

impl Case {
    pub fn input<B: Backend, const D: usize>(&self, device: &B::Device) -> Tensor<B, D> {
        tensor(&self.input, &self.shape, device)
    }

    pub fn target<B: Backend, const D: usize>(&self, device: &B::Device) -> Tensor<B, D> {
        tensor(&self.target, &self.target_shape, device)
    }

    pub fn classes<B: Backend, const D: usize>(&self, device: &B::Device) -> Tensor<B, D, Int> {
        let classes: Vec<i64> = self.target.iter().map(|&class| class as i64).collect();
        Tensor::from_data(TensorData::new(classes, self.target_shape.clone()), device)
    }

    /// Of a loss that has one.
    pub fn spread<B: Backend, const D: usize>(&self, device: &B::Device) -> Tensor<B, D> {
        let spread = self.spread.as_ref().expect("the case has a spread");
        tensor(spread, &self.spread_shape, device)
    }

    pub fn weights<B: Backend, const D: usize>(&self, device: &B::Device) -> Option<Tensor<B, D>> {
        let weights = self.weights.as_ref()?;
        Some(tensor(weights, &self.target_shape, device))
    }
}

/// A float tensor of the backend's element type.
pub fn tensor<B: Backend, const D: usize>(
    numbers: &[f64],
    shape: &[usize],
    device: &B::Device,
) -> Tensor<B, D> {
    let data = TensorData::new(numbers.to_vec(), shape.to_vec());
    // Burn has one default type a device, set by whatever uses the device first: say which one is meant.
    Tensor::from_data(data, (device, B::FloatElem::dtype()))
}

/// All cases of a loss.
pub fn cases(loss: &str) -> Vec<Case> {
    cases_of(loss)
}

/// All cases of a file, by its path in `fixtures` without the extension.
pub fn cases_of<C: DeserializeOwned>(path: &str) -> Vec<C> {
    #[derive(Deserialize)]
    struct File<C> {
        cases: Vec<C>,
    }
    let file: File<C> = file(path);
    assert!(!file.cases.is_empty(), "{path}.json has no cases");
    file.cases
}

/// The cases that a backend runs: the first of every [`TestBackend::ONE_OF`], or each where `BURN_LOSS_EVERY_CASE` is set.
pub fn some_of<B: TestBackend, C>(cases: Vec<C>) -> Vec<C> {
    cases.into_iter().step_by(one_of::<B>()).collect()
}

/// Of how many cases a backend runs one.
pub fn one_of<B: TestBackend>() -> usize {
    let every = std::env::var_os("BURN_LOSS_EVERY_CASE").is_some();
    if every { 1 } else { B::ONE_OF }
}

/// A file of the fixtures, by its name without the extension.
pub fn file<T: DeserializeOwned>(name: &str) -> T {
    // Another folder where the suite runs on a machine that did not build it.
    let folder = std::env::var_os("BURN_LOSS_FIXTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} is not as expected: {error}", path.display()))
}

/// A number, or "nan", "inf" or "-inf", for which JSON has no number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Real {
    Number(f64),
    Word(String),
}

impl Real {
    fn value<E: serde::de::Error>(self) -> Result<f64, E> {
        match self {
            Real::Number(number) => Ok(number),
            Real::Word(word) => word.parse().map_err(E::custom),
        }
    }
}

pub fn real<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Real::deserialize(deserializer)?.value()
}

pub fn reals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let reals = Vec::<Real>::deserialize(deserializer)?;
    reals.into_iter().map(Real::value).collect()
}

pub(crate) fn some_real<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    real(deserializer).map(Some)
}

pub(crate) fn some_reals<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<f64>>, D::Error> {
    reals(deserializer).map(Some)
}

pub(crate) fn vectors<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Vec<f64>>, D::Error> {
    let vectors = Vec::<Vec<Real>>::deserialize(deserializer)?;
    let numbers = |reals: Vec<Real>| reals.into_iter().map(Real::value).collect();
    vectors.into_iter().map(numbers).collect()
}
