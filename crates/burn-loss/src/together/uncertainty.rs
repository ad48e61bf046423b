//! A weight per loss that is learned: how uncertain each task is.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::check;
use crate::display::display_fields;

/// What a loss of [`UncertaintyWeighting`] says of how its errors are distributed; the example there has one of each.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Likelihood {
    /// A squared error: regression.
    Gaussian,
    /// A cross entropy: classification.
    Categorical,
}

/// Configuration of [`UncertaintyWeighting`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::{Likelihood, UncertaintyWeightingConfig};
///
/// let config = UncertaintyWeightingConfig::new(vec![Likelihood::Gaussian, Likelihood::Categorical]);
/// let weighting = config.init::<NdArray>(&Default::default());
/// assert_eq!(weighting.log_variances.dims(), [2]);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct UncertaintyWeightingConfig {
    /// What each loss is, in the order in which `forward` takes them; at least one.
    pub likelihoods: Vec<Likelihood>,
    /// The logarithm of each variance at the start, in `[-80, 80]`. Default: 0.
    #[config(default = 0.0)]
    pub log_variance: f64,
}

impl UncertaintyWeightingConfig {
    /// Makes the module.
    ///
    /// # Panics
    ///
    /// If there is no loss, or if the logarithm of the variance is outside `[-80, 80]`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{Likelihood, UncertaintyWeightingConfig};
    ///
    /// let device = Default::default();
    /// let weighting = UncertaintyWeightingConfig::new(vec![Likelihood::Categorical])
    ///     .with_log_variance(2.0)
    ///     .init::<NdArray>(&device);
    /// let total = weighting.forward([Tensor::from_floats([3.0], &device)]);
    /// assert!((total.into_scalar() - (3.0 * (-2f32).exp() + 1.0)).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> UncertaintyWeighting<B> {
        let name = "UncertaintyWeightingConfig";
        let losses = self.likelihoods.len();
        check::config(
            losses > 0,
            name,
            "likelihoods",
            "of at least one loss",
            &self.likelihoods,
        );
        // Its exponential is a weight, which f32 has to hold.
        let valid = (-80.0..=80.0).contains(&self.log_variance);
        let expected = "in [-80, 80]";
        check::config_number(valid, name, "log_variance", expected, self.log_variance);
        let log_variances = Tensor::full([losses], self.log_variance, device);
        UncertaintyWeighting {
            log_variances: Param::from_tensor(log_variances),
            likelihoods: self.likelihoods.clone(),
        }
    }
}

/// The sum of losses of which each has a variance that is learned: `sum_k (f_k exp(-s_k) l_k + s_k / 2)`, with the losses `l`, the
/// logarithms of the variances `s`, and `f = 1/2` for a squared error and 1 for a cross entropy.
///
/// For a model with several heads whose losses have sizes of their own, where searching for weights by hand costs too much. A loss
/// that may become 0 drives its own weight to infinity, so give such a one a fixed weight, with
/// [`LossParts`](crate::LossParts).
///
/// - part of the model: its parameters are trained by the same optimizer
/// - at rest the weight of each loss, `f_k exp(-s_k)`, is one over twice the loss: each task counts alike in the end
/// - use no weight decay on its parameters: it would pull the variances towards 1
/// - [Multi-Task Learning Using Uncertainty](https://arxiv.org/abs/1705.07115); not in PyTorch
///
/// # Example
///
/// ```
/// use burn::backend::{Autodiff, NdArray};
/// use burn::tensor::Tensor;
/// use burn_loss::{Likelihood, UncertaintyWeightingConfig};
///
/// let device = Default::default();
/// let config = UncertaintyWeightingConfig::new(vec![Likelihood::Gaussian, Likelihood::Categorical]);
/// let weighting = config.init::<Autodiff<NdArray>>(&device);
/// let [of_depth, of_class] = [8.0, 0.25].map(|loss| Tensor::from_floats([loss], &device));
/// let total = weighting.forward([of_depth, of_class]);
/// assert_eq!(total.clone().into_scalar(), 4.25);
///
/// // The large loss is about to count less, and the small one more.
/// let gradient = weighting.log_variances.grad(&total.backward()).unwrap();
/// assert_eq!(gradient.into_data().to_vec::<f32>().unwrap(), [-3.5, 0.25]);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct UncertaintyWeighting<B: Backend> {
    /// The logarithm of each loss's variance, `[K]`; learned.
    pub log_variances: Param<Tensor<B, 1>>,
    /// What each loss is.
    #[module(skip)]
    pub likelihoods: Vec<Likelihood>,
}

display_fields!([<B: Backend>] UncertaintyWeighting<B>: {log_variances} likelihoods);

impl<B: Backend> UncertaintyWeighting<B> {
    /// Computes the sum of the losses, weighted as learned so far.
    ///
    /// # Shapes
    ///
    /// - `losses`: `K` times `[1]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If there are more or fewer losses than the config said, or if one is not one number.
    #[track_caller]
    pub fn forward<const K: usize>(&self, losses: [Tensor<B, 1>; K]) -> Tensor<B, 1> {
        let name = "UncertaintyWeighting";
        let expected = self.likelihoods.len();
        assert!(
            K == expected,
            "{name}: expected {expected} losses, one per likelihood, got {K}"
        );
        for (index, loss) in losses.iter().enumerate() {
            let shape = loss.dims();
            assert!(
                shape == [1],
                "{name}: expected `losses[{index}]` of shape [1], got {shape:?}"
            );
        }
        let factors = self.likelihoods.iter().map(|likelihood| match likelihood {
            Likelihood::Gaussian => 0.5f32,
            Likelihood::Categorical => 1.0,
        });
        let factors: Vec<f32> = factors.collect();
        let losses = Tensor::cat(losses.to_vec(), 0);
        let log_variances = self.log_variances.val().cast(losses.dtype());
        let options = (&losses.device(), losses.dtype());
        let factors = Tensor::<B, 1>::from_data(factors.as_slice(), options);
        let weighted = log_variances.clone().neg().exp() * factors * losses;
        (weighted + log_variances * 0.5).sum()
    }
}
