//! Generalized Jensen-Shannon divergence of log-probabilities.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, Tensor};
use burn_loss_kernels::{Elements, LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::samples::{reduce_sum, sum_of_rows};
use crate::forms::{SampleLoss, Samples, fill_samples, primitive, sample_forwards, tensor, wide};
use crate::{Reduction, check};

/// Configuration of [`JsDivLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::JsDivLossConfig;
///
/// assert_eq!(JsDivLossConfig::new().with_beta(0.1).init().beta, 0.1);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct JsDivLossConfig {
    /// What the target counts in the mixture, in `[0, 1]`: 0 is the divergence from the target to the prediction, 1 that from the
    /// prediction to the target. Default: 0.5.
    #[config(default = 0.5)]
    pub beta: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl JsDivLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `beta` is outside `[0, 1]`, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::JsDivLossConfig;
    ///
    /// let device = Default::default();
    /// let half = Tensor::<NdArray, 2>::from_floats([[0.5, 0.5]], &device).log();
    /// let certain = Tensor::from_floats([[1.0, 0.0]], &device).log();
    /// // At 0 it is the divergence from the target to the prediction: log 2.
    /// let mean = JsDivLossConfig::new().with_beta(0.0).init().forward(half, certain);
    /// assert!((mean.into_scalar() - 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> JsDivLoss {
        check::config_number(
            (0.0..=1.0).contains(&self.beta),
            "JsDivLossConfig",
            "beta",
            "in [0, 1]",
            self.beta,
        );
        check::reduction("JsDivLossConfig", self.reduction);
        JsDivLoss {
            beta: self.beta,
            reduction: self.reduction,
        }
    }
}

/// The generalized Jensen-Shannon divergence of two distributions, `beta KL(P || M) + (1 - beta) KL(Q || M)` with the target `P`,
/// the prediction `Q`, `KL(P || Q) = sum_c P_c log(P_c / Q_c)` and the mixture `M = beta P + (1 - beta) Q`; at `beta = 0` it is
/// `KL(P || Q)`, at 1 `KL(Q || P)`.
///
/// For learning the whole distribution of another model where [`KlDivLoss`](crate::KlDivLoss) is too one-sided: it punishes only
/// what the target holds likely and the prediction does not. Where the targets are labels, take
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss): it takes logits, and equals this loss at `beta = 0` with a target that is sure of
/// its class.
///
/// With `beta` between 0 and 1 it is bounded, and probabilities of 0 do no harm. At 0 and 1 it is the plain divergence: infinite
/// where the prediction (at 1 the target) holds impossible what the other side holds possible.
///
/// - `prediction`, `target`: log-probabilities, as of `log_softmax`, `[N, C]`; `-inf` for a probability of 0. For `[N, T, C]`
///   reshape to `[N * T, C]`
/// - mean: divided by the number of rows
/// - Source: [On-Policy Distillation of Language Models](https://arxiv.org/abs/2306.13649), and
///   [Liger-Kernel](https://github.com/linkedin/Liger-Kernel)'s `LigerJSD`, whose values it has
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::JsDivLossConfig;
///
/// let device = Default::default();
/// let heads = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0]], &device).log();
/// let tails = Tensor::from_floats([[0.0, 1.0]], &device).log();
/// // Nothing in common: the most that the divergence can be, log 2.
/// let mean = JsDivLossConfig::new().init().forward(heads, tails);
/// assert!((mean.into_scalar() - 2f32.ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct JsDivLoss {
    /// What the target counts in the mixture, in `[0, 1]`.
    pub beta: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] JsDivLoss: {} beta, reduction);
sample_forwards!(<> JsDivLoss, <B>, prediction: Tensor<B, 2>, target: Tensor<B, 2>);

impl<B: LossBackend> SampleLoss<B> for JsDivLoss {
    type Inputs = (Tensor<B, 2>, Tensor<B, 2>);

    fn name(&self) -> &'static str {
        "JsDivLoss"
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (prediction, target): &Self::Inputs) -> Samples<B> {
        check::prediction_and_target("JsDivLoss", prediction, target);
        Samples::of("prediction", prediction)
    }

    fn without(
        &self,
        (prediction, target): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        (
            fill_samples(prediction, &dropped),
            fill_samples(target, &dropped),
        )
    }

    fn losses(&self, inputs: Self::Inputs) -> Tensor<B, 1> {
        let dtype = inputs.0.dtype();
        let found = B::elementwise(&self.formula(), elements(inputs));
        sum_of_rows(wide(tensor(found.losses))).cast(dtype)
    }

    fn reduced(&self, inputs: Self::Inputs, weights: Option<Tensor<B, 1>>) -> Tensor<B, 1> {
        let ([rows, classes], dtype) = (inputs.0.dims(), inputs.0.dtype());
        // In 16 bits the sum, and what it is divided by, may be infinite where their quotient is not.
        let inputs = (wide(inputs.0), wide(inputs.1));
        let weights = weights.map(wide);
        let per_element = weights.clone().map(|weights| {
            let weights = weights.reshape([rows, 1]).expand([rows, classes]);
            primitive(weights)
        });
        // One pass finds the sum and its gradient; the mean is over rows, not elements.
        let found = B::elementwise_reduced(
            &self.formula(),
            elements(inputs),
            per_element,
            Reduction::Sum,
            // On a backend that differentiates, what is tracked decides.
            [false; 3],
        );
        reduce_sum(self.reduction, tensor(found.loss), rows, weights).cast(dtype)
    }
}

impl JsDivLoss {
    fn formula(&self) -> formulas::JsDiv {
        formulas::JsDiv { beta: self.beta }
    }
}

fn elements<B: LossBackend>((prediction, target): (Tensor<B, 2>, Tensor<B, 2>)) -> Elements<B> {
    Elements {
        prediction: primitive(prediction),
        target: primitive(target),
        third: None,
    }
}
