//! Negative log-likelihood of log-probabilities.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::composed::at_least_f32;
use burn_loss_kernels::{LossBackend, SmoothWeights};

use crate::display::display_fields;
use crate::forms::{ClassLoss, ClassOptions, Rows, class_forwards, primitive, tensor};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`NllLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::NllLossConfig;
///
/// let config = NllLossConfig::new().with_ignore_index(Some(-100));
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.ignore_index, Some(-100));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct NllLossConfig {
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none (PyTorch's default is -100).
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl NllLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a class weight is negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::{NllLossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let weights = Some(vec![1.0, 3.0]);
    /// let loss = NllLossConfig::new().with_class_weights(weights).with_reduction(Reduction::Sum).init(&device);
    /// let log_probs = Tensor::<NdArray, 2>::from_floats([[-1.0, -2.0]], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1], &device);
    /// // The second class counts three times.
    /// let loss: f32 = loss.forward(log_probs, targets).into_scalar();
    /// assert!((loss - 6.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> NllLoss<B> {
        check::config_weights(
            "NllLossConfig",
            "class_weights",
            self.class_weights.as_ref(),
        );
        check::reduction("NllLossConfig", self.reduction);
        NllLoss {
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// The negative log-likelihood of the target class, `-w_t x_t`, where `x` are log-probabilities, with the row's class `t` and the
/// class weights `w`.
///
/// For models that end in `log_softmax`. Of logits, take [`CrossEntropyLoss`](crate::CrossEntropyLoss): it computes `log_softmax`
/// and this loss in one step.
///
/// - `log_probs`: log-probabilities, at most 0, classes on axis 1. On NdArray and Flex the score of a row's own class panics if it
///   is above 0.01 and the row counts; elsewhere it is a number like any other. So logits are mostly found, but not the softmax of
///   an untrained model of several hundred classes, whose probabilities are all below 0.01: `burn_loss_metrics::first_batch` finds
///   both
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - mean: divided by the sum of `w_t` over the rows that are not ignored
/// - PyTorch: [`nn.NLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html), but for
///   `ignore_index`, which is none by default here and -100 there
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::NllLossConfig;
///
/// let device = Default::default();
/// let log_probs = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [0.5, 0.5]], &device).log();
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, -1], &device);
///
/// // The second row is ignored.
/// let loss = NllLossConfig::new().with_ignore_index(Some(-1)).init(&device);
/// let mean: f32 = loss.forward(log_probs, targets).into_scalar();
/// assert!((mean + 0.75f32.ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct NllLoss<B: Backend> {
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Rows with this target do not count; any integer, a class or not.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either.
    #[module(skip)]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] NllLoss<B>: {class_weights} ignore_index, ignore_indices, reduction);
class_forwards!(NllLoss, log_probs);

impl<B: LossBackend> ClassLoss<B> for NllLoss<B> {
    fn name(&self) -> &'static str {
        "NllLoss"
    }

    fn scores_name(&self) -> &'static str {
        "log_probs"
    }

    fn options(&self) -> ClassOptions<'_, B> {
        ClassOptions {
            class_weights: self.class_weights.as_ref(),
            ignore_index: self.ignore_index,
            ignore_indices: &self.ignore_indices,
            reduction: self.reduction,
        }
    }

    fn losses<const D: usize>(
        &self,
        log_probs: Tensor<B, D>,
        classes: Tensor<B, 1, Int>,
    ) -> Tensor<B, 1> {
        let (mut one_class, [rows]) = (log_probs.dims(), classes.dims());
        one_class[1] = 1;
        let picked = log_probs.gather(1, classes.reshape(one_class));
        picked.reshape([rows]).neg()
    }

    fn counted_losses<const D: usize>(
        &self,
        log_probs: Tensor<B, D>,
        rows: &Rows<B>,
    ) -> Tensor<B, 1> {
        // One score per row is read: the others need no mask.
        let mut losses = self.losses(log_probs, rows.valid_classes());
        if let Some(dropped) = rows.dropped() {
            losses = losses.mask_fill(dropped, 0.0);
        }
        if B::ON_HOST {
            check::of_log_probs(
                self.name(),
                &losses,
                &rows.counts(at_least_f32(losses.dtype())),
            );
        }
        rows.counted(losses)
    }

    #[track_caller]
    fn reduced_rows<const D: usize>(&self, log_probs: Tensor<B, D>, rows: Rows<B>) -> Tensor<B, 1> {
        let dtype = log_probs.dtype();
        let found = B::target_scores_reduced(
            primitive(log_probs),
            rows.targets(SmoothWeights::Zero),
            rows.weights(dtype),
            self.reduction,
            // On a backend that differentiates, what is tracked decides.
            false,
        );
        check::no_class::<B>(self.name(), &rows, found.fault);
        check::no_log_prob(self.name(), found.fault);
        tensor(found.loss)
    }
}
