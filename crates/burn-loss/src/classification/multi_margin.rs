//! Multi-class margin loss of scores.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Bool, Int, Tensor};
use burn_loss_kernels::composed::{self, at_least_f32};
use burn_loss_kernels::{LossBackend, MultiMargin, SmoothWeights};

use crate::display::display_fields;
use crate::forms::{
    ClassOptions, Rows, SampleLoss, Samples, fill_samples, primitive, sample_forwards, tensor,
};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// Configuration of [`MultiMarginLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::MultiMarginLossConfig;
///
/// let loss = MultiMarginLossConfig::new().with_p(2).init::<NdArray>(&Default::default());
/// assert_eq!(loss.p, 2);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct MultiMarginLossConfig {
    /// The exponent of what is missing, 1 or 2. Default: 1.
    #[config(default = 1)]
    pub p: usize,
    /// How much larger than every other score that of the class has to be, finite. Default: 1.
    #[config(default = 1.0)]
    pub margin: f64,
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl MultiMarginLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `p` is neither 1 nor 2, `margin` is not finite, or a class weight is negative or not finite, or if `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::MultiMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<NdArray, 2>::from_floats([[1.0, 0.5]], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
    /// let loss = MultiMarginLossConfig::new().with_p(2).init(&device);
    /// // Half of the margin is missing: its square, divided by two classes.
    /// assert_eq!(loss.forward(scores, targets).into_scalar(), 0.125);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> MultiMarginLoss<B> {
        let name = "MultiMarginLossConfig";
        check::config(matches!(self.p, 1 | 2), name, "p", "1 or 2", self.p);
        check::config_finite(name, "margin", self.margin);
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        check::reduction("MultiMarginLossConfig", self.reduction);
        MultiMarginLoss {
            p: self.p,
            margin: self.margin,
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            reduction: self.reduction,
        }
    }
}

/// How much of a margin is missing between the score of a row's class and each of the others,
/// `w_t / C * sum_{c != t} max(0, margin - x_t + x_c)^p`, with the scores `x`, the row's class `t` and the class weights `w`.
///
/// For picking one of several classes as a support vector machine does: what is right by the margin costs nothing. Where
/// probabilities are wanted, or nothing speaks against it, take [`CrossEntropyLoss`](crate::CrossEntropyLoss).
///
/// - `scores`: any real numbers, `[N, C]`
/// - `targets`: classes in `[0, C)`, `[N]`; on NdArray and Flex another number panics, elsewhere its row's loss is NaN
/// - mean: divided by the number of rows, whatever the class weights
/// - gradient where exactly the margin is kept: 0
/// - a score that is NaN makes the loss NaN, where PyTorch counts it 0
/// - PyTorch: [`nn.MultiMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::MultiMarginLossConfig;
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[0.5, 0.25, 0.25, -1.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
/// // Of the margin of 1, two classes miss 3/4 each.
/// let mean = MultiMarginLossConfig::new().init(&device).forward(scores, targets);
/// assert_eq!(mean.into_scalar(), 1.5 / 4.0);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct MultiMarginLoss<B: Backend> {
    /// The exponent of what is missing, 1 or 2.
    pub p: usize,
    /// How much larger than every other score that of the class has to be, finite.
    pub margin: f64,
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] MultiMarginLoss<B>: {class_weights} p, margin, reduction);
sample_forwards!(<B> MultiMarginLoss<B>, <>, scores: Tensor<B, 2>, targets: Tensor<B, 1, Int>);

impl<B: LossBackend> SampleLoss<B> for MultiMarginLoss<B> {
    type Inputs = (Tensor<B, 2>, Tensor<B, 1, Int>);

    fn name(&self) -> &'static str {
        "MultiMarginLoss"
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (scores, targets): &Self::Inputs) -> Samples<B> {
        let name = "MultiMarginLoss";
        let num_classes = check::class_shapes(name, "scores", scores.dims(), targets.dims());
        let devices = [scores.device(), targets.device()];
        check::same_device::<B>(name, ("scores", &devices[0]), ("targets", &devices[1]));
        let weights = self.class_weights.as_ref();
        check::class_weights(name, weights, num_classes, ("scores", &devices[0]));
        Samples::of("scores", scores)
    }

    fn without(
        &self,
        (scores, targets): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        (
            fill_samples(scores, &dropped),
            targets.mask_fill(dropped, 0),
        )
    }

    #[track_caller]
    fn losses(&self, (scores, targets): Self::Inputs) -> Tensor<B, 1> {
        let ([_, num_classes], dtype) = (scores.dims(), scores.dtype());
        let rows = self.rows(targets, num_classes);
        if B::ON_HOST {
            check::first_invalid::<B>("MultiMarginLoss", &rows);
        }
        let classes = rows.valid_classes().into_primitive();
        let scores = primitive(scores.cast(at_least_f32(dtype)));
        let losses: Tensor<B, 1> = tensor(composed::multi_margin_losses::<B>(
            self.margins(),
            scores,
            classes,
        ));
        let counts = rows.counts(losses.dtype());
        (losses * counts * (num_classes as f64).recip()).cast(dtype)
    }

    #[track_caller]
    fn reduced(
        &self,
        (scores, targets): Self::Inputs,
        weights: Option<Tensor<B, 1>>,
    ) -> Tensor<B, 1> {
        let ([_, num_classes], dtype) = (scores.dims(), scores.dtype());
        let rows = self.rows(targets, num_classes);
        let rows = match weights {
            Some(weights) => rows.weigh(weights),
            None => rows,
        };
        let found = B::multi_margin_reduced(
            self.margins(),
            primitive(scores),
            rows.targets(SmoothWeights::Zero),
            rows.weights(dtype),
            self.reduction,
            // On a backend that differentiates, what is tracked decides.
            false,
        );
        check::no_class::<B>("MultiMarginLoss", &rows, found.fault);
        tensor(found.loss)
    }
}

impl<B: LossBackend> MultiMarginLoss<B> {
    fn margins(&self) -> MultiMargin {
        MultiMargin {
            margin: self.margin,
            squared: self.p == 2,
        }
    }

    fn rows(&self, targets: Tensor<B, 1, Int>, num_classes: usize) -> Rows<B> {
        let options = ClassOptions {
            class_weights: self.class_weights.as_ref(),
            ..ClassOptions::none()
        };
        Rows::new(&options, targets, num_classes)
    }
}
