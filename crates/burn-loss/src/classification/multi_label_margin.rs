//! Multi-label margin loss of scores.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, DType, Int, Tensor};
use burn_loss_kernels::LossBackend;

use crate::display::display_fields;
use crate::forms::{
    SampleLoss, Samples, expanded, fill_samples, primitive, sample_forwards, signed, tensor,
};
use crate::{Reduction, check};

/// Configuration of [`MultiLabelMarginLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::{MultiLabelMarginLossConfig, Reduction};
///
/// let loss = MultiLabelMarginLossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct MultiLabelMarginLossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl MultiLabelMarginLossConfig {
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
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::MultiLabelMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<NdArray, 2>::from_floats([[1.0, 0.5]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, -1]], &device);
    /// // Half of the margin is missing, divided by two classes.
    /// assert_eq!(MultiLabelMarginLossConfig::new().init().forward(scores, targets).into_scalar(), 0.25);
    /// ```
    #[track_caller]
    pub fn init(&self) -> MultiLabelMarginLoss {
        check::reduction("MultiLabelMarginLossConfig", self.reduction);
        MultiLabelMarginLoss {
            reduction: self.reduction,
        }
    }
}

/// How much of a margin of 1 is missing between the scores of a row's classes and those of all others,
/// `1 / C * sum_{t, c} max(0, 1 - x_t + x_c)` with `t` in the targets and `c` not in them.
///
/// For rows that have several classes each, to be ranked above the others. Where each class is to have a probability, take
/// [`BceWithLogitsLoss`](crate::BceWithLogitsLoss); take it also for many classes on a GPU: outside NdArray and Flex every pair of
/// classes is compared, in several tensors of `C * C` numbers per row.
///
/// - `scores`: any real numbers, `[N, C]`
/// - `targets`: the classes of each row from the left, ended by the first negative number, `[N, C]`; what stands after that is
///   not looked at, and a class that is named twice counts twice. On NdArray and Flex a class of `C` or more panics, elsewhere its
///   row's loss is NaN
/// - mean: divided by the number of rows
/// - gradient where exactly the margin is kept: 0; NaN stays NaN, where PyTorch counts it 0
/// - PyTorch: [`nn.MultiLabelMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::MultiLabelMarginLossConfig;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[0.1, 0.2, 0.4, 0.8]], &device);
/// // The classes 3 and 0; the 1 after the end is not looked at.
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[3, 0, -1, 1]], &device);
/// let mean = MultiLabelMarginLossConfig::new().init().forward(scores, targets).into_scalar();
/// // 0.25 ((1 - 0.6) + (1 - 0.4) + (1 + 0.1) + (1 + 0.3))
/// assert!((mean - 0.85).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct MultiLabelMarginLoss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] MultiLabelMarginLoss: {} reduction);
sample_forwards!(<> MultiLabelMarginLoss, <B>, scores: Tensor<B, 2>, targets: Tensor<B, 2, Int>);

impl<B: LossBackend> SampleLoss<B> for MultiLabelMarginLoss {
    type Inputs = (Tensor<B, 2>, Tensor<B, 2, Int>);

    fn name(&self) -> &'static str {
        "MultiLabelMarginLoss"
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (scores, targets): &Self::Inputs) -> Samples<B> {
        let name = "MultiLabelMarginLoss";
        check::same_shape(name, ("scores", scores.dims()), ("targets", targets.dims()));
        check::class_axis(name, "scores", scores.dims());
        let devices = [scores.device(), targets.device()];
        check::same_device::<B>(name, ("scores", &devices[0]), ("targets", &devices[1]));
        Samples::of("scores", scores)
    }

    fn without(
        &self,
        (scores, targets): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        let scores = fill_samples(scores, &dropped);
        let [rows, num_classes] = targets.dims();
        let dropped = expanded(dropped.reshape([rows, 1]), [rows, num_classes]);
        (scores, with_a_sign(targets).mask_fill(dropped, -1))
    }

    #[track_caller]
    fn losses(&self, (scores, targets): Self::Inputs) -> Tensor<B, 1> {
        let labels = with_a_sign(targets.clone());
        // On a backend that differentiates, what is tracked decides.
        let found = B::multi_label_margin(primitive(scores), labels.into_primitive(), false);
        let losses: Tensor<B, 1> = tensor(found.losses);
        if B::ON_HOST && has_nan(&losses) {
            no_wrong_class(&targets);
        }
        losses
    }
}

/// What is too large for the type stays too large, and what is negative ends the row.
fn with_a_sign<B: LossBackend>(targets: Tensor<B, 2, Int>) -> Tensor<B, 2, Int> {
    match targets.dtype() {
        // The kernels of the host read both.
        DType::I32 | DType::I64 if B::ON_HOST => targets,
        _ => signed(targets, [-1, i32::MAX.into()]),
    }
}

/// Whether a loss is NaN, as that of a row is that names a class that there is not.
fn has_nan<B: LossBackend>(losses: &Tensor<B, 1>) -> bool {
    losses.to_data().iter::<f64>().any(f64::is_nan)
}

/// Panics on a class that there is not.
#[track_caller]
fn no_wrong_class<B: LossBackend>(targets: &Tensor<B, 2, Int>) {
    let [_, num_classes] = targets.dims();
    let data = targets.to_data();
    let given: Vec<i128> = match data.dtype {
        DType::U64 => data.iter::<u64>().map(i128::from).collect(),
        _ => data.iter::<i64>().map(i128::from).collect(),
    };
    for (row, labels) in given.chunks(num_classes).enumerate() {
        let named = labels.iter().take_while(|&&label| label >= 0).enumerate();
        for (place, &target) in named {
            assert!(
                target < num_classes as i128,
                "MultiLabelMarginLoss: `targets` at row {row}, place {place} is {target}, expected a class in [0, \
                 {num_classes}), or a negative number to end the row"
            );
        }
    }
}
