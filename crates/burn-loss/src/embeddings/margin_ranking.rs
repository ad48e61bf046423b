//! Margin ranking loss of pairs of scores.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{Elements, LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::{primitive, tensor};
use crate::{Reduction, check};

/// Configuration of [`MarginRankingLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::MarginRankingLossConfig;
///
/// assert_eq!(MarginRankingLossConfig::new().with_margin(0.5).init().margin, 0.5);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct MarginRankingLossConfig {
    /// How much larger the one score has to be, finite. Default: 0.
    #[config(default = 0.0)]
    pub margin: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl MarginRankingLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `margin` is not finite, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::MarginRankingLossConfig;
    ///
    /// let device = Default::default();
    /// let scores = |x: f32| Tensor::<NdArray, 1>::from_floats([x], &device);
    /// let loss = MarginRankingLossConfig::new().with_margin(1.0).init();
    /// // The first is larger by 3/4: a quarter of the margin is missing.
    /// assert_eq!(loss.forward(scores(2.0), scores(1.25), scores(1.0)).into_scalar(), 0.25);
    /// ```
    #[track_caller]
    pub fn init(&self) -> MarginRankingLoss {
        check::config_finite("MarginRankingLossConfig", "margin", self.margin);
        check::reduction("MarginRankingLossConfig", self.reduction);
        MarginRankingLoss {
            margin: self.margin,
            reduction: self.reduction,
        }
    }
}

/// How much of a margin is missing between two scores that are to be in an order, `max(0, -y (x1 - x2) + margin)`,
/// with `first` as `x1`, `second` as `x2` and `target` as `y`.
///
/// For learning to rank from pairs, where only the order of scores matters. Where scores have a meaning of their own, such as a
/// price, take a loss of regression; where one of many is to be the best, [`CrossEntropyLoss`](crate::CrossEntropyLoss).
///
/// - `first`, `second`: scores, any real numbers, of one shape
/// - `target`: 1 where the first score is to be the larger, -1 where the second is, of the same shape; another number scales the
///   difference
/// - gradient where exactly the margin is kept: 0
/// - PyTorch: [`nn.MarginRankingLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::MarginRankingLossConfig;
///
/// let device = Default::default();
/// let first = Tensor::<NdArray, 1>::from_floats([2.0, 2.0], &device);
/// let second = Tensor::from_floats([0.5, 0.5], &device);
/// let target = Tensor::from_floats([1.0, -1.0], &device);
/// // The first pair is in order, the second is wrong by 1.5.
/// let mean = MarginRankingLossConfig::new().init().forward(first, second, target);
/// assert_eq!(mean.into_scalar(), 0.75);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct MarginRankingLoss {
    /// How much larger the one score has to be, finite.
    pub margin: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] MarginRankingLoss: {} margin, reduction);

impl MarginRankingLoss {
    /// Computes the loss as one number, `[1]`, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`, `target`: the same, of any rank
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ.
    #[track_caller]
    pub fn forward<B: LossBackend, const D: usize>(
        &self,
        first: Tensor<B, D>,
        second: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        self.reduced(first, second, target, None)
    }

    /// Computes one loss per pair, of the shape of the inputs.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_no_reduction<B: LossBackend, const D: usize>(
        &self,
        first: Tensor<B, D>,
        second: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, D> {
        let elements = elements(first, second, target);
        tensor(B::elementwise(&self.formula(), elements).losses)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per pair: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i`. A pair of weight 0 is dropped, whatever its scores and its target.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), also for the weights.
    #[track_caller]
    pub fn forward_weighted<B: LossBackend, const D: usize>(
        &self,
        first: Tensor<B, D>,
        second: Tensor<B, D>,
        target: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let name = "MarginRankingLoss";
        check::alike(name, ("first", &first), ("weights", &weights));
        self.reduced(first, second, target, Some(weights))
    }

    #[track_caller]
    fn reduced<B: LossBackend, const D: usize>(
        &self,
        first: Tensor<B, D>,
        second: Tensor<B, D>,
        target: Tensor<B, D>,
        weights: Option<Tensor<B, D>>,
    ) -> Tensor<B, 1> {
        check::reduction("MarginRankingLoss", self.reduction);
        let found = B::elementwise_reduced(
            &self.formula(),
            elements(first, second, target),
            weights.map(primitive),
            self.reduction,
            // On a backend that differentiates, what is tracked decides.
            [false; 3],
        );
        tensor(found.loss)
    }

    fn formula(&self) -> formulas::MarginRanking {
        formulas::MarginRanking {
            margin: self.margin,
        }
    }
}

#[track_caller]
fn elements<B: LossBackend, const D: usize>(
    first: Tensor<B, D>,
    second: Tensor<B, D>,
    target: Tensor<B, D>,
) -> Elements<B> {
    let name = "MarginRankingLoss";
    check::alike(name, ("first", &first), ("second", &second));
    check::alike(name, ("first", &first), ("target", &target));
    Elements {
        prediction: primitive(first),
        target: primitive(second),
        third: Some(primitive(target)),
    }
}
