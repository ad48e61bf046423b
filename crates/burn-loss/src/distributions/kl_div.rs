//! Kullback-Leibler divergence.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::Reduction;
use crate::forms::elementwise_loss;

/// Configuration of [`KlDivLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{KlDivLossConfig, Reduction};
///
/// // The divergence itself: summed over the classes, averaged over the rows.
/// let loss = KlDivLossConfig::new().with_reduction(Reduction::BatchMean).init();
/// assert!(!loss.log_target);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct KlDivLossConfig {
    /// Whether the target holds logarithms, as the prediction does. Default: false.
    #[config(default = "false")]
    pub log_target: bool,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl KlDivLossConfig {
    /// Makes the loss.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{KlDivLossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let logarithms = Tensor::<NdArray, 2>::from_floats([[0.5f32.ln(), 0.5f32.ln()]], &device);
    /// let loss = KlDivLossConfig::new().with_log_target(true).with_reduction(Reduction::Sum).init();
    /// assert_eq!(loss.forward(logarithms.clone(), logarithms).into_scalar(), 0.0);
    /// ```
    pub fn init(&self) -> KlDivLoss {
        KlDivLoss {
            log_target: self.log_target,
            reduction: self.reduction,
        }
    }
}

/// The Kullback-Leibler divergence of a predicted distribution from a target one, summand by summand: `y (log y - x)`, with the
/// predicted log-probability `x` and the target probability `y`.
///
/// For targets that are whole distributions: another model's, or soft labels. Where they are classes, or the target is not
/// differentiated, [`CrossEntropyLoss`](crate::CrossEntropyLoss) has the same gradient and takes logits; and where the
/// prediction may give probability 0 to what the target holds possible, the loss is infinite: take [`JsDivLoss`](crate::JsDivLoss)
/// with a `beta` between 0 and 1.
///
/// - `prediction`: log-probabilities, `log_softmax` of logits; `target`: probabilities, at least 0 (on NdArray and Flex a
///   negative one panics, elsewhere its loss is NaN), or with `log_target` their logarithms; of one shape
/// - Differs from PyTorch: where the target is 0 the loss is 0, also of a log-probability of minus infinity (PyTorch: NaN)
/// - The mean is over all elements, as in PyTorch: the divergence itself is [`Reduction::BatchMean`], the sum over the size of the
///   first axis, also with weights
/// - PyTorch: [`nn.KLDivLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html);
///   S. Kullback, R. Leibler, [On Information and Sufficiency](https://doi.org/10.1214/aoms/1177729694), 1951
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::{KlDivLossConfig, Reduction};
///
/// let device = Default::default();
/// let predicted = Tensor::<NdArray, 2>::from_floats([[0.5, 0.5], [0.25, 0.75]], &device);
/// let target = Tensor::from_floats([[1.0, 0.0], [0.25, 0.75]], &device);
/// let loss = KlDivLossConfig::new().with_reduction(Reduction::BatchMean).init();
///
/// // log(1 / 0.5) of the first row, and nothing of the second.
/// let divergence: f32 = loss.forward(predicted.log(), target).into_scalar();
/// assert!((divergence - 2f32.ln() / 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct KlDivLoss {
    /// Whether the target holds logarithms, as the prediction does.
    pub log_target: bool,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(KlDivLoss { log_target }, formulas::KlDiv, |loss| {
    formulas::KlDiv {
        log_target: loss.log_target,
    }
});
