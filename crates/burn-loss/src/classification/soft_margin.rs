//! Logistic loss of scores whose sign is the class.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`SoftMarginLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{Reduction, SoftMarginLossConfig};
///
/// let loss = SoftMarginLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct SoftMarginLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl SoftMarginLossConfig {
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
    /// use burn_loss::SoftMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<NdArray, 1>::from_floats([-1000.0], &device);
    /// // exp(1000) is no f32.
    /// let loss = SoftMarginLossConfig::new().init().forward(scores, Tensor::ones([1], &device));
    /// assert_eq!(loss.into_scalar(), 1000.0);
    /// ```
    #[track_caller]
    pub fn init(&self) -> SoftMarginLoss {
        let name = "SoftMarginLossConfig";
        check::reduction(name, self.reduction);
        SoftMarginLoss {
            reduction: self.reduction,
        }
    }
}

/// The logistic loss of a score `x` whose sign is the class, `log(1 + exp(-y x))` with a target `y` of 1 or -1.
///
/// For two classes that are written as 1 and -1. Where they are 0 and 1, or have weights, [`BceWithLogitsLoss`](crate::BceWithLogitsLoss)
/// is the same loss with more options.
///
/// - `prediction`: any real numbers
/// - `target`: 1 or -1, as floats, of the same shape (any number is taken, as in PyTorch)
/// - PyTorch: [`nn.SoftMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html), which overflows
///   for scores beyond 88 on the wrong side, where this one does not
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::SoftMarginLossConfig;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 1>::from_floats([0.0, 3f32.ln()], &device);
/// let target = Tensor::from_floats([1.0, -1.0], &device);
///
/// let each = SoftMarginLossConfig::new().init().forward_no_reduction(scores, target);
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// // log(1 + 1), and log(1 + 3).
/// assert!((each[0] - 2f32.ln()).abs() < 1e-6 && (each[1] - 4f32.ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct SoftMarginLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(SoftMarginLoss {}, formulas::SoftMargin, |_| {
    formulas::SoftMargin
});
