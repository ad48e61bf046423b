//! Cross entropy of logits that are adjusted to how frequent the classes are.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData};
use burn_loss_kernels::composed::at_least_f32;
use burn_loss_kernels::{Adjustment, LossBackend, RowPredictions, formulas};

use crate::display::display_fields;
use crate::forms::{
    ClassFormula, ClassLoss, ClassOptions, LinearHead, Rows, class_forwards, class_rows, linear,
    primitive, tensor, wide,
};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`LogitAdjustedLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::LogitAdjustedLossConfig;
///
/// let config = LogitAdjustedLossConfig::new(vec![0.9, 0.1]).with_tau(0.5);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.offsets.dims(), [2]);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogitAdjustedLossConfig {
    /// How frequent each class is in the training data, each finite and more than 0. They need not sum to 1: counts do as well.
    pub class_priors: Vec<f32>,
    /// How strongly the logits are adjusted, finite and at least 0; 0 is cross entropy. Default: 1, as in the paper.
    #[config(default = 1.0)]
    pub tau: f64,
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl LogitAdjustedLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If there is no class, a class prior is not finite and more than 0, `tau` or a class weight is negative or not finite, or
    /// `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::LogitAdjustedLossConfig;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 2], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1], &device);
    /// // Counts of 3 and 1: with equal logits the second class has 1/4.
    /// let loss = LogitAdjustedLossConfig::new(vec![3.0, 1.0]).init(&device);
    /// assert!((loss.forward(logits, targets).into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> LogitAdjustedLoss<B> {
        let name = "LogitAdjustedLossConfig";
        let some = !self.class_priors.is_empty();
        let expected = "of at least one class";
        check::config(some, name, "class_priors", expected, &self.class_priors);
        for (index, prior) in self.class_priors.iter().enumerate() {
            check::config(
                prior.is_finite() && *prior > 0.0,
                name,
                &format!("class_priors[{index}]"),
                "finite and more than 0",
                prior,
            );
        }
        check::config_at_least_zero(name, "tau", self.tau);
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        let offset = |prior: &f32| self.tau * f64::from(*prior).ln();
        let offsets: Vec<f64> = self.class_priors.iter().map(offset).collect();
        check::reduction("LogitAdjustedLossConfig", self.reduction);
        LogitAdjustedLoss {
            offsets: Tensor::from_data(TensorData::from(offsets.as_slice()), device),
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// The cross entropy of logits to which `tau` times the logarithm of each class's frequency has been added,
/// `w_t (lse(x + tau log pi) - (x_t + tau log pi_t))`, with `lse(x) = log sum_c exp(x_c)`, the frequencies `pi`, the row's class
/// `t` and the class weights `w`.
///
/// For classes of which some are rare, when every class is to be found equally well: the model learns what is left after the
/// frequencies, and predicts from the plain logits. Where the test data are as uneven as the training data and the share of right
/// answers counts, take [`CrossEntropyLoss`](crate::CrossEntropyLoss).
///
/// - `logits`: any real numbers, classes on axis 1; predict with them as they are
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - mean: divided by the sum of `w_t` over the rows that are not ignored
/// - `class_weights` `w` are none by default: the adjustment is there to do without them. The paper has them as `alpha`; with both,
///   weights and adjustment each favour what is rare
/// - `forward_linear_with_predictions` takes the product of hidden states and head twice, since predictions are of the plain
///   logits. If the head has a cap, 16 bits or a scale of 0, all logits are held in memory
/// - the probabilities `softmax(x)` are not calibrated to the training data's frequencies; those of `x + tau log pi` are
/// - Source: [Long-tail learning via logit adjustment](https://arxiv.org/abs/2007.07314), equation 10;
///   [`class_weights::priors`](crate::class_weights::priors) counts the classes
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::LogitAdjustedLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[0.0, 9f32.ln()]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1], &device);
/// // What is nine times as likely is nine times rarer: even, and log 2.
/// let loss = LogitAdjustedLossConfig::new(vec![0.9, 0.1]).init(&device);
/// assert!((loss.forward(logits, targets).into_scalar() - 2f32.ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct LogitAdjustedLoss<B: Backend> {
    /// `tau log pi_c` of each class, `[C]`.
    pub offsets: Tensor<B, 1>,
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

display_fields!([<B: Backend>] LogitAdjustedLoss<B>: {offsets, class_weights} ignore_index, ignore_indices, reduction);
class_forwards!(LogitAdjustedLoss, logits);

const NAME: &str = "LogitAdjustedLoss";

/// The head without its graph.
fn detached<B: LossBackend>(head: &LinearHead<B>) -> LinearHead<B> {
    LinearHead {
        weight: head.weight.clone().detach(),
        bias: head.bias.clone().map(Tensor::detach),
        ..head.clone()
    }
}

impl<B: LossBackend> LogitAdjustedLoss<B> {
    /// The logits with the classes' offsets, in 32 bits if they have 16: an offset may be as large as a logit.
    #[track_caller]
    fn adjusted<const D: usize>(&self, logits: Tensor<B, D>) -> Tensor<B, D> {
        let (logits, offsets) = self.beside_offsets(logits);
        tensor(B::add_per_class(primitive(logits), offsets))
    }

    /// The logits, in 32 bits if they have 16, and the offsets in their type.
    #[track_caller]
    fn beside_offsets<const D: usize>(
        &self,
        logits: Tensor<B, D>,
    ) -> (Tensor<B, D>, FloatTensor<B>) {
        self.check_classes("logits", logits.dims()[1], &logits.device());
        let logits = wide(logits);
        let offsets = self.offsets.clone().cast(logits.dtype());
        (logits, primitive(offsets))
    }

    /// Panics unless there is an offset for each class, on the device of the scores.
    #[track_caller]
    fn check_classes(&self, of: &str, num_classes: usize, device: &B::Device) {
        let [length] = self.offsets.dims();
        check::weights_length(NAME, "class_priors", "class axis", num_classes, length);
        let offsets = ("class_priors", &self.offsets.device());
        check::same_device::<B>(NAME, (of, device), offsets);
    }

    /// The head with the offsets in its bias; none where its options are in the way, or 16 bits.
    #[track_caller]
    fn adjusted_head(&self, head: &LinearHead<B>) -> Option<LinearHead<B>> {
        let [_, num_classes] = head.weight.dims();
        self.check_classes("hidden", num_classes, &head.weight.device());
        let dtype = head.weight.dtype();
        if head.softcap.is_some() || head.logit_scale == 0.0 || dtype != at_least_f32(dtype) {
            return None;
        }
        // The scale multiplies the bias, too.
        let offsets = self.offsets.clone().cast(dtype) * head.logit_scale.recip();
        let bias = match &head.bias {
            Some(bias) => bias.clone() + offsets,
            None => offsets,
        };
        Some(LinearHead {
            bias: Some(bias),
            ..head.clone()
        })
    }
}

impl<B: LossBackend> ClassLoss<B> for LogitAdjustedLoss<B> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn options(&self) -> ClassOptions<'_, B> {
        ClassFormula::options(self)
    }

    fn scores_name(&self) -> &'static str {
        "logits"
    }

    #[track_caller]
    fn losses<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        classes: Tensor<B, 1, Int>,
    ) -> Tensor<B, 1> {
        let (rows, dtype) = (Rows::all(classes, logits.dims()[1]), logits.dtype());
        self.counted_losses(logits, &rows).cast(dtype)
    }

    #[track_caller]
    fn counted_losses<const D: usize>(&self, logits: Tensor<B, D>, rows: &Rows<B>) -> Tensor<B, 1> {
        class_rows::counted_losses(self, self.adjusted(logits), rows)
    }

    #[track_caller]
    fn reduced_rows<const D: usize>(&self, logits: Tensor<B, D>, rows: Rows<B>) -> Tensor<B, 1> {
        let dtype = logits.dtype();
        let (logits, offsets) = self.beside_offsets(logits);
        let by = Adjustment {
            factor: 1.0,
            per_class: Some(offsets),
        };
        class_rows::adjusted_rows(self, logits, by, rows).cast(dtype)
    }

    #[track_caller]
    fn reduced_linear(
        &self,
        hidden: Tensor<B, 2>,
        head: &LinearHead<B>,
        rows: Rows<B>,
        describe: bool,
    ) -> (Tensor<B, 1>, Option<RowPredictions<B>>) {
        let Some(adjusted) = self.adjusted_head(head) else {
            return linear::reduced_held(self, hidden, head, rows, describe);
        };
        // Predictions are of the plain logits: a second product, of which no gradient is wanted.
        let found = describe.then(|| {
            let (hidden, rows) = (hidden.clone().detach(), rows.clone());
            linear::reduced_linear(self, hidden, &detached(head), rows, true).1
        });
        let (loss, _) = linear::reduced_linear(self, hidden, &adjusted, rows, false);
        (loss, found.flatten())
    }

    #[track_caller]
    fn counted_linear(
        &self,
        hidden: Tensor<B, 2>,
        head: &LinearHead<B>,
        rows: &Rows<B>,
    ) -> Tensor<B, 1> {
        match self.adjusted_head(head) {
            Some(head) => linear::counted_linear(self, hidden, &head, rows),
            None => self.counted_losses(head.logits(hidden), rows),
        }
    }
}

impl<B: LossBackend> ClassFormula<B> for LogitAdjustedLoss<B> {
    type Formula = formulas::CrossEntropy;

    fn name(&self) -> &'static str {
        NAME
    }

    fn formula(&self) -> Self::Formula {
        formulas::CrossEntropy {
            keep: 1.0,
            z_loss: 0.0,
        }
    }

    fn options(&self) -> ClassOptions<'_, B> {
        ClassOptions {
            class_weights: self.class_weights.as_ref(),
            ignore_index: self.ignore_index,
            ignore_indices: &self.ignore_indices,
            reduction: self.reduction,
        }
    }
}
