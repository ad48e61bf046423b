//! Negative log-likelihood of log-probabilities.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Bool, Int, Tensor};

use crate::class_rows::{
    RowLosses, RowOptions, class_forwards, flat_targets, valid, weights_tensor,
};
use crate::display::display_fields;
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
pub struct NllLossConfig {
    /// One weight a class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none (PyTorch's default is -100).
    pub ignore_index: Option<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl NllLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a class weight is negative or not finite.
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
        NllLoss {
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            reduction: self.reduction,
        }
    }
}

/// The negative log-likelihood of the target class, `-w_t x_t`, where `x` are log-probabilities.
///
/// For models that end in `log_softmax`. Of logits, take [`CrossEntropyLoss`](crate::CrossEntropyLoss): it is this of
/// `log_softmax`, in one step.
///
/// - `log_probs`: log-probabilities, at most 0, classes on axis 1
/// - `targets`: classes in `[0, C)`
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
pub struct NllLoss<B: Backend> {
    /// One weight a class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Rows with this target do not count; any integer, a class or not.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] NllLoss<B>: {class_weights} ignore_index, reduction);
class_forwards!(
    NllLoss,
    Backend,
    log_probs,
    "|p: f32| -p.ln()",
    "the gradient of the row's first log-probability (no other has one: the loss reads one number a row)"
);

impl<B: Backend> NllLoss<B> {
    const NAME: &str = "NllLoss";

    fn rows<const D: usize>(
        &self,
        log_probs: Tensor<B, D>,
        targets: Tensor<B, 1, Int>,
        options: RowOptions<'_, B>,
    ) -> RowLosses<B> {
        let (mut one_class, [rows]) = (log_probs.dims(), targets.dims());
        let num_classes = std::mem::replace(&mut one_class[1], 1);
        let weights = options.row_weights(&targets, &log_probs);
        let classes = valid(&targets, num_classes).reshape(one_class);
        let losses = log_probs.gather(1, classes).reshape([rows]).neg();
        // Multiplied, not filled in: a fill would give the row the gradient 0. NaN in all of the row's gradient would
        // cost a pass over all scores, of which this loss reads one a row.
        let invalid = options.invalid(&targets, num_classes);
        let losses = losses.clone() * losses.ones_like().mask_fill(invalid, f64::NAN);
        let mut rows = RowLosses::weighed(losses, weights);
        if let Some(index) = options.ignore_index {
            rows.losses = rows.losses.mask_fill(targets.equal_elem(index), 0.0);
        }
        rows
    }
}
