//! Losses with their names and weights.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Losses, each reduced, with their names and weights: their weighted sum to differentiate, and each by itself to look at.
///
/// - [`total`](Self::total): `sum_k w_k l_k`
/// - for any losses of any inputs; where they have their inputs in common, [`WeightedSum`](crate::WeightedSum) computes them, too
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::{L1LossConfig, LossParts, MseLossConfig};
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([3.0], &device);
/// let target = Tensor::from_floats([1.0], &device);
/// let parts = LossParts::new()
///     .with("MSE", MseLossConfig::new().init().forward(prediction.clone(), target.clone()), 0.5)
///     .with("L1", L1LossConfig::new().init().forward(prediction, target), 2.0);
///
/// assert_eq!(parts.total().into_scalar(), 0.5 * 4.0 + 2.0 * 2.0);
/// // What a metric shows.
/// assert_eq!(parts.values(), [("MSE".to_string(), 4.0), ("L1".to_string(), 2.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct LossParts<B: Backend> {
    parts: Vec<LossPart<B>>,
}

/// One of several losses; the example of [`LossParts`] makes two.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LossPart<B: Backend> {
    /// The name of the loss.
    pub name: String,
    /// The loss itself, `[1]`, without its weight.
    pub value: Tensor<B, 1>,
    /// What it is multiplied by.
    pub weight: f64,
}

impl<B: Backend> LossParts<B> {
    /// No losses.
    pub fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Adds a loss.
    ///
    /// # Panics
    ///
    /// If the loss is not one number, or if the weight is not finite.
    #[track_caller]
    pub fn with(mut self, name: impl Into<String>, value: Tensor<B, 1>, weight: f64) -> Self {
        let name = name.into();
        let shape = value.dims();
        assert!(
            shape == [1],
            "LossParts: expected `{name}` of shape [1], got {shape:?}"
        );
        check_weight("LossParts", &name, weight);
        self.parts.push(LossPart {
            name,
            value,
            weight,
        });
        self
    }

    /// The losses one by one.
    pub fn parts(&self) -> &[LossPart<B>] {
        &self.parts
    }

    /// The sum of the losses, each times its weight, `[1]`.
    ///
    /// # Panics
    ///
    /// If there are no losses, or if they are on different devices.
    #[track_caller]
    pub fn total(&self) -> Tensor<B, 1> {
        let parts = self.parts.iter();
        let weighted = parts.map(|part| part.value.clone() * part.weight);
        let total = weighted.reduce(|a, b| a + b);
        total.expect("LossParts: expected at least one loss, got none")
    }

    /// The name and the value of each loss, without its weight. Reads the values from their device.
    pub fn values(&self) -> Vec<(String, f64)> {
        if self.parts.is_empty() {
            return Vec::new();
        }
        // At once: each time that something is read a device has to be waited for.
        let values = self.parts.iter().map(|part| part.value.clone().detach());
        let values = Tensor::cat(values.collect(), 0).into_data();
        let names = self.parts.iter().map(|part| part.name.clone());
        names.zip(values.iter::<f64>()).collect()
    }
}

impl<B: Backend> Default for LossParts<B> {
    fn default() -> Self {
        Self::new()
    }
}

/// Panics unless a weight is a number.
#[track_caller]
pub(super) fn check_weight(of: &str, name: &str, weight: f64) {
    assert!(
        weight.is_finite(),
        "{of}: expected the weight of `{name}` finite, got {weight}"
    );
}
