//! Multi-label soft margin loss of logits.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Bool, Tensor};
use burn_loss_kernels::{Elements, Fault, LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::samples::{reduce_sum, sum_of_rows};
use crate::forms::{SampleLoss, Samples, fill_samples, primitive, sample_forwards, tensor, wide};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`MultiLabelSoftMarginLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::MultiLabelSoftMarginLossConfig;
///
/// let config = MultiLabelSoftMarginLossConfig::new().with_class_weights(Some(vec![1.0, 2.0]));
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.class_weights.unwrap().dims(), [2]);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct MultiLabelSoftMarginLossConfig {
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl MultiLabelSoftMarginLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If a class weight is negative or not finite, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::MultiLabelSoftMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 2], &device);
    /// let targets = Tensor::from_floats([[1.0, 0.0]], &device);
    /// let config = MultiLabelSoftMarginLossConfig::new().with_class_weights(Some(vec![1.0, 3.0]));
    /// // Each class has log 2, the second three times, divided by two classes.
    /// let mean = config.init(&device).forward(logits, targets).into_scalar();
    /// assert!((mean - 2.0 * 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> MultiLabelSoftMarginLoss<B> {
        let name = "MultiLabelSoftMarginLossConfig";
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        check::reduction("MultiLabelSoftMarginLossConfig", self.reduction);
        MultiLabelSoftMarginLoss {
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            reduction: self.reduction,
        }
    }
}

/// The mean over the classes of the binary cross entropy of each,
/// `-1 / C * sum_c w_c (y_c log sigmoid(x_c) + (1 - y_c) log sigmoid(-x_c))`.
///
/// For labels that do not exclude one another, with one loss per row. It is [`BceWithLogitsLoss`](crate::BceWithLogitsLoss)
/// averaged over a row's classes; take that one for a loss per element, or for weights of the positive side.
///
/// - `logits`: any real numbers, `[N, C]`
/// - `targets`: 0 or 1, or in between, `[N, C]`; on NdArray and Flex another number panics, elsewhere its row's loss is NaN
/// - mean: divided by the number of rows, whatever the class weights
/// - a class of weight 0 is dropped, whatever its logit and target
/// - PyTorch: [`nn.MultiLabelSoftMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::MultiLabelSoftMarginLossConfig;
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[3f32.ln(), 0.0]], &device);
/// let targets = Tensor::from_floats([[1.0, 0.0]], &device);
/// // The sigmoids are 3/4 and 1/2.
/// let mean = MultiLabelSoftMarginLossConfig::new().init(&device).forward(logits, targets);
/// assert!((mean.into_scalar() + (0.75f32.ln() + 0.5f32.ln()) / 2.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct MultiLabelSoftMarginLoss<B: Backend> {
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] MultiLabelSoftMarginLoss<B>: {class_weights} reduction);
sample_forwards!(<B> MultiLabelSoftMarginLoss<B>, <>, logits: Tensor<B, 2>, targets: Tensor<B, 2>);

impl<B: LossBackend> SampleLoss<B> for MultiLabelSoftMarginLoss<B> {
    type Inputs = (Tensor<B, 2>, Tensor<B, 2>);

    fn name(&self) -> &'static str {
        "MultiLabelSoftMarginLoss"
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (logits, targets): &Self::Inputs) -> Samples<B> {
        let name = "MultiLabelSoftMarginLoss";
        check::alike(name, ("logits", logits), ("targets", targets));
        let num_classes = check::class_axis(name, "logits", logits.dims());
        let weights = self.class_weights.as_ref();
        check::class_weights(name, weights, num_classes, ("logits", &logits.device()));
        Samples::of("logits", logits)
    }

    fn without(
        &self,
        (logits, targets): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        (
            fill_samples(logits, &dropped),
            fill_samples(targets, &dropped),
        )
    }

    #[track_caller]
    fn losses(&self, inputs: Self::Inputs) -> Tensor<B, 1> {
        let ([rows, num_classes], half) = (inputs.0.dims(), inputs.0.dtype());
        let found = B::elementwise(&FORMULA, elements((wide(inputs.0), wide(inputs.1))));
        check_targets(found.fault);
        let mut losses: Tensor<B, 2> = tensor(found.losses);
        if let Some(weights) = &self.class_weights {
            let weights = weights
                .clone()
                .cast(losses.dtype())
                .reshape([1, num_classes]);
            let weights = weights.expand([rows, num_classes]);
            let dropped = weights.clone().equal_elem(0.0);
            losses = (losses * weights).mask_fill(dropped, 0.0);
        }
        (sum_of_rows(losses) * (num_classes as f64).recip()).cast(half)
    }

    #[track_caller]
    fn reduced(&self, inputs: Self::Inputs, weights: Option<Tensor<B, 1>>) -> Tensor<B, 1> {
        let ([rows, num_classes], half) = (inputs.0.dims(), inputs.0.dtype());
        // In 16 bits weights and their sums may be infinite where a mean is not.
        let inputs = (wide(inputs.0), wide(inputs.1));
        let (weights, dtype) = (weights.map(wide), inputs.0.dtype());
        let per_class = self.class_weights.as_ref().map(|weights| {
            let weights = weights.clone().cast(dtype).reshape([1, num_classes]);
            weights.expand([rows, num_classes])
        });
        let per_row = weights.clone().map(|weights| {
            let weights = weights.reshape([rows, 1]);
            weights.expand([rows, num_classes])
        });
        let per_element = match (per_class, per_row) {
            (Some(per_class), Some(per_row)) => Some(per_class * per_row),
            (per_class, per_row) => per_class.or(per_row),
        };
        // The mean over samples and classes is one over elements; with weights it is not.
        let plain = per_element.is_none();
        let reduction = match self.reduction {
            mean @ (Reduction::Mean | Reduction::MeanOrZero) if plain => mean,
            _ => Reduction::Sum,
        };
        // One pass finds the loss and its gradient.
        let found = B::elementwise_reduced(
            &FORMULA,
            elements(inputs),
            per_element.map(primitive),
            reduction,
            // On a backend that differentiates, what is tracked decides.
            [false; 3],
        );
        check_targets(found.fault);
        let sum: Tensor<B, 1> = tensor(found.loss);
        let loss = match reduction {
            Reduction::Sum => {
                let sum = sum * (num_classes as f64).recip();
                reduce_sum(self.reduction, sum, rows, weights)
            }
            _ => sum,
        };
        loss.cast(half)
    }
}

const FORMULA: formulas::BceWithLogits = formulas::BceWithLogits {
    label_smoothing: 0.0,
};

/// Panics on a target outside the unit interval, if an operation found one.
#[track_caller]
fn check_targets(fault: Option<Fault>) {
    let names = ["logits", "targets", "none"];
    check::fault_of("MultiLabelSoftMarginLoss", &FORMULA, names, fault);
}

fn elements<B: LossBackend>((logits, targets): (Tensor<B, 2>, Tensor<B, 2>)) -> Elements<B> {
    Elements {
        prediction: primitive(logits),
        target: primitive(targets),
        third: None,
    }
}
