//! Binary cross entropy of probabilities.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`BceLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{BceLossConfig, Reduction};
///
/// let loss = BceLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct BceLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl BceLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{BceLossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let loss = BceLossConfig::new().with_reduction(Reduction::Sum).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([0.5, 0.5], &device);
    /// let target = Tensor::from_floats([1.0, 0.0], &device);
    /// // log(2) each
    /// let loss: f32 = loss.forward(prediction, target).into_scalar();
    /// assert!((loss - 2.0 * 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> BceLoss {
        check::reduction("BceLossConfig", self.reduction);
        BceLoss {
            reduction: self.reduction,
        }
    }
}

/// The binary cross entropy of probabilities, `-(y log p + (1 - y) log(1 - p))`, with both logarithms at least -100.
///
/// For models that already end in a sigmoid. Of logits, take [`BceWithLogitsLoss`](crate::BceWithLogitsLoss): a sigmoid
/// that has rounded to 0 or 1 has lost what this loss needs.
///
/// - `prediction`: probabilities in `[0, 1]`
/// - `target`: probabilities in `[0, 1]`, as floats, of the same shape; mostly 0 or 1
/// - on NdArray and Flex a number of either outside `[0, 1]` panics, elsewhere its loss is NaN
/// - gradient: `(p - y) / max(p (1 - p), 1e-12)`, as in PyTorch
/// - `f16` and `bf16` are computed in `f32` and rounded once, as in PyTorch
/// - PyTorch: [`nn.BCELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::BceLossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.5, 0.25, 0.0], &device);
/// let target = Tensor::from_floats([1.0, 0.0, 1.0], &device);
///
/// // log(2) + log(4 / 3) + 100, where the last logarithm is clamped
/// let mean: f32 = BceLossConfig::new().init().forward(prediction, target).into_scalar();
/// assert!((mean - (2f32.ln() + (4f32 / 3.0).ln() + 100.0) / 3.0).abs() < 1e-5);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct BceLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(BceLoss {}, formulas::Bce, |_| formulas::Bce);
