//! Negative log-likelihood of normal distributions.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::spread_loss;
use crate::{Reduction, check};

/// Configuration of [`GaussianNllLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::GaussianNllLossConfig;
///
/// let loss = GaussianNllLossConfig::new().with_full(true).init();
/// assert_eq!((loss.full, loss.eps), (true, 1e-6));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct GaussianNllLossConfig {
    /// Whether the constant `log(2 pi) / 2` is added. Default: false.
    #[config(default = "false")]
    pub full: bool,
    /// The least variance; a smaller one is taken for it. Finite and above 0. Default: 1e-6.
    #[config(default = "1e-6")]
    pub eps: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl GaussianNllLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `eps` is not a finite number above 0, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::GaussianNllLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = GaussianNllLossConfig::new().with_eps(0.5).init();
    /// let mean = Tensor::<NdArray, 1>::from_floats([1.0], &device);
    /// let zero = || Tensor::zeros([1], &device);
    /// // (log 0.5 + 1 / 0.5) / 2
    /// let nll: f32 = loss.forward(mean, zero(), zero()).into_scalar();
    /// assert!((nll - (0.5f32.ln() + 2.0) / 2.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> GaussianNllLoss {
        let name = "GaussianNllLossConfig";
        check::config_above_zero(name, "eps", self.eps);
        check::reduction(name, self.reduction);
        GaussianNllLoss {
            full: self.full,
            eps: self.eps,
            reduction: self.reduction,
        }
    }
}

/// The negative log-likelihood of a number `y` that is normally distributed, `(log v + (x - y)^2 / v) / 2`, with the predicted mean
/// `x` and variance `v`.
///
/// For regression that has to say how sure it is, where the spread differs from example to example. Far-off predictions pull weakly
/// once the variance has grown: where training stalls so, take [`GaussianCrpsLoss`](crate::GaussianCrpsLoss); where the spread is
/// the same everywhere, [`MseLoss`](crate::MseLoss) finds the same mean.
///
/// - `prediction`: means, `target`: any real numbers, of one shape
/// - `variance`: at least 0, of that shape, or with one axis of length 1: one variance per row, or one per output (PyTorch also
///   takes it without the last axis: `unsqueeze` it). Let the model predict its logarithm, or send its output through softplus
/// - A variance below `eps` counts as `eps`, and has the gradient that `eps` has; on NdArray and Flex a negative one panics,
///   elsewhere its loss is NaN
/// - PyTorch: [`nn.GaussianNLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html);
///   D. Nix, A. Weigend, [Estimating the Mean and Variance of the Target Probability
///   Distribution](https://doi.org/10.1109/ICNN.1994.374138), 1994
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::GaussianNllLossConfig;
///
/// let device = Default::default();
/// let mean = Tensor::<NdArray, 2>::from_floats([[1.0, 3.0]], &device);
/// let target = Tensor::from_floats([[1.0, 1.0]], &device);
/// // One variance for the row.
/// let variance = Tensor::from_floats([[4.0]], &device);
///
/// // log 4 / 2, and (log 4 + 4 / 4) / 2.
/// let nll: f32 = GaussianNllLossConfig::new().init().forward(mean, target, variance).into_scalar();
/// assert!((nll - (4f32.ln() + 0.5) / 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct GaussianNllLoss {
    /// Whether the constant `log(2 pi) / 2` is added.
    pub full: bool,
    /// The least variance; a smaller one is taken for it. Finite and above 0.
    pub eps: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

spread_loss!(
    GaussianNllLoss { full, eps },
    variance,
    formulas::GaussianNll,
    |loss| {
        formulas::GaussianNll {
            full: loss.full,
            eps: loss.eps,
        }
    }
);
