//! Multi-label margin loss of scores.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use burn_loss_kernels::LossBackend;
use burn_loss_kernels::composed::at_least_f32;

use crate::display::display_fields;
use crate::forms::samples::sum_of_rows;
use crate::forms::{SampleLoss, Samples, expanded, fill_samples, sample_forwards, signed};
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
/// For rows that have several classes each, to be ranked above the others. Where each class is to have a probability, or there
/// are many classes, take [`BceWithLogitsLoss`](crate::BceWithLogitsLoss): this loss looks at every pair of classes, and holds
/// `[N, C, C]` numbers.
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
        let ([rows, num_classes], dtype) = (scores.dims(), scores.dtype());
        if rows == 0 {
            return sum_of_rows(scores);
        }
        let scores = scores.cast(at_least_f32(dtype));
        let labels = Labels::of(targets, &scores);
        let pairs = [rows, num_classes, num_classes];
        let of_targets = scores.clone().reshape([rows, num_classes, 1]).expand(pairs);
        let of_others = scores.reshape([rows, 1, num_classes]).expand(pairs);
        let missing = of_others - of_targets + 1.0;
        // Where the margin is kept nothing is missing, nor is anything of a pair that is not one of a target and another class.
        let named = labels.counts.clone().greater_elem(0.0);
        let no_target = named.clone().bool_not().reshape([rows, num_classes, 1]);
        let no_other = named.reshape([rows, 1, num_classes]);
        let no_pair = no_target.expand(pairs).bool_or(no_other.expand(pairs));
        let none = missing.clone().lower_equal_elem(0.0).bool_or(no_pair);
        let missing = missing
            .mask_fill(none, 0.0)
            .sum_dim(2)
            .reshape([rows, num_classes]);
        let losses = sum_of_rows(missing * labels.counts) * (num_classes as f64).recip();
        losses.mask_fill(labels.wrong, f64::NAN).cast(dtype)
    }
}

/// What is too large for the type stays too large, and what is negative ends the row.
fn with_a_sign<B: LossBackend>(targets: Tensor<B, 2, Int>) -> Tensor<B, 2, Int> {
    signed(targets, [-1, i32::MAX.into()])
}

/// The classes of rows.
struct Labels<B: LossBackend> {
    /// How often each class is named, `[N, C]`.
    counts: Tensor<B, 2>,
    /// Which rows name a class that there is not, `[N]`.
    wrong: Tensor<B, 1, Bool>,
}

impl<B: LossBackend> Labels<B> {
    #[track_caller]
    fn of(targets: Tensor<B, 2, Int>, scores: &Tensor<B, 2>) -> Self {
        let [rows, num_classes] = targets.dims();
        let given = targets.clone();
        let targets = with_a_sign(targets);
        // How many ends there are up to each place.
        let ended = targets.clone().lower_elem(0).int().cumsum(1);
        let is_named = ended.equal_elem(0);
        let too_large = targets.clone().greater_equal_elem(num_classes as i64);
        let wrong = too_large.bool_and(is_named.clone());
        if B::ON_HOST {
            no_wrong_class(&given, &wrong);
        }
        let not_usable = is_named.clone().bool_not().bool_or(wrong.clone());
        let classes = targets.mask_fill(not_usable.clone(), 0);
        let named = scores.ones_like().detach().mask_fill(not_usable, 0.0);
        let counts = scores.zeros_like().detach();
        let counts = counts.scatter(1, classes, named, burn::tensor::IndexingUpdateOp::Add);
        let wrong = wrong.int().sum_dim(1).reshape([rows]);
        Self {
            counts,
            wrong: wrong.greater_elem(0),
        }
    }
}

/// Panics on a class that there is not.
#[track_caller]
fn no_wrong_class<B: LossBackend>(targets: &Tensor<B, 2, Int>, wrong: &Tensor<B, 2, Bool>) {
    let [_, num_classes] = targets.dims();
    let wrong = wrong.to_data();
    if let Some(at) = wrong.iter::<bool>().position(|wrong| wrong) {
        let target = targets.to_data().iter::<i64>().nth(at);
        panic!(
            "MultiLabelMarginLoss: `targets` at row {}, place {} is {}, expected a class in [0, {num_classes}), or a negative \
             number to end the row",
            at / num_classes,
            at % num_classes,
            target.expect("there is one for each"),
        );
    }
}
