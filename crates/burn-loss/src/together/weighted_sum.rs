//! Several losses of the same prediction and target.

use burn::tensor::{Int, Tensor};
use burn_loss_kernels::LossBackend;

use super::LossParts;
use super::parts::check_weight;
use crate::{ClassLoss, ElementwiseLoss, RegionLoss};

/// Several losses of the same prediction and target, each with its weight: `sum_k w_k l_k`.
///
/// For goals that no single loss says, such as every pixel's class and the overlap of regions. Each loss keeps its own options and
/// its own reduction; losses of different inputs, such as those of two heads, go into [`LossParts`] by hand.
///
/// - losses are made by their configs, and go in by their form: [`with_elementwise`](Self::with_elementwise) for a prediction
///   against a target of its shape, [`with_class`](Self::with_class) and [`with_region`](Self::with_region) for logits
///   `[N, C, d1, ..]` against classes
/// - the result is [`LossParts`]: the total to differentiate, and each loss by its name
/// - weights: any finite numbers
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{CrossEntropyLossConfig, DiceLossConfig, WeightedSum};
///
/// let device = Default::default();
/// let losses = WeightedSum::new()
///     .with_class(CrossEntropyLossConfig::new().init::<NdArray>(&device), 0.5)
///     .with_region(DiceLossConfig::new().init::<NdArray>(&device), 2.0);
///
/// // Three positions of two classes, with probabilities of one half.
/// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
/// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
/// let parts = losses.forward_classes(logits, targets);
/// let (cross_entropy, dice) = (2f32.ln(), (0.6 + 3.0 / 7.0) / 2.0);
/// assert!((parts.total().into_scalar() - (0.5 * cross_entropy + 2.0 * dice)).abs() < 1e-6);
/// assert_eq!(parts.values()[1].0, "DiceLoss");
/// ```
#[derive(Clone, Debug, Default)]
pub struct WeightedSum<P = ()> {
    parts: P,
}

/// An element-wise loss with its weight.
#[derive(Clone, Debug)]
pub struct ElementwisePart<L>(L, f64);

/// A loss of class rows with its weight.
#[derive(Clone, Debug)]
pub struct ClassPart<L>(L, f64);

/// A loss of regions with its weight.
#[derive(Clone, Debug)]
pub struct RegionPart<L>(L, f64);

impl WeightedSum {
    /// No losses yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<P> WeightedSum<P> {
    /// Adds an element-wise loss.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    #[track_caller]
    pub fn with_elementwise<L>(self, loss: L, weight: f64) -> WeightedSum<(P, ElementwisePart<L>)> {
        check_weight("WeightedSum", "an element-wise loss", weight);
        WeightedSum {
            parts: (self.parts, ElementwisePart(loss, weight)),
        }
    }

    /// Adds a loss of class rows.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    #[track_caller]
    pub fn with_class<L>(self, loss: L, weight: f64) -> WeightedSum<(P, ClassPart<L>)> {
        check_weight("WeightedSum", "a loss of class rows", weight);
        WeightedSum {
            parts: (self.parts, ClassPart(loss, weight)),
        }
    }

    /// Adds a loss of regions.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    #[track_caller]
    pub fn with_region<L>(self, loss: L, weight: f64) -> WeightedSum<(P, RegionPart<L>)> {
        check_weight("WeightedSum", "a loss of regions", weight);
        WeightedSum {
            parts: (self.parts, RegionPart(loss, weight)),
        }
    }

    /// Computes element-wise losses, each reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: the same, of any rank
    ///
    /// # Panics
    ///
    /// As [`ElementwiseLoss::forward`].
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{L1LossConfig, MseLossConfig, WeightedSum};
    ///
    /// let device = Default::default();
    /// let losses = WeightedSum::new()
    ///     .with_elementwise(MseLossConfig::new().init(), 1.0)
    ///     .with_elementwise(L1LossConfig::new().init(), 0.25);
    /// let prediction = Tensor::<NdArray, 1>::from_floats([3.0], &device);
    /// let parts = losses.forward(prediction, Tensor::from_floats([1.0], &device));
    /// assert_eq!(parts.total().into_scalar(), 4.5);
    /// ```
    #[track_caller]
    pub fn forward<B: LossBackend, const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> LossParts<B>
    where
        P: PartsOfElements<B>,
    {
        self.parts.add(LossParts::new(), prediction, target)
    }

    /// Computes losses of logits against classes, each reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[N, C, d1, ..]`, of rank `D`
    /// - `targets`: `[N, d1, ..]`, of rank `T = D - 1`
    ///
    /// # Panics
    ///
    /// As [`ClassLoss::forward_nd`] and [`RegionLoss::forward`].
    #[track_caller]
    pub fn forward_classes<B: LossBackend, const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> LossParts<B>
    where
        P: PartsOfClasses<B>,
    {
        self.parts.add(LossParts::new(), logits, targets)
    }
}

/// Element-wise losses with their weights: what [`WeightedSum::forward`] asks for.
pub trait PartsOfElements<B: LossBackend> {
    #[doc(hidden)]
    #[track_caller]
    fn add<const D: usize>(
        &self,
        parts: LossParts<B>,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> LossParts<B>;
}

impl<B: LossBackend> PartsOfElements<B> for () {
    fn add<const D: usize>(
        &self,
        parts: LossParts<B>,
        _: Tensor<B, D>,
        _: Tensor<B, D>,
    ) -> LossParts<B> {
        parts
    }
}

impl<B: LossBackend, P: PartsOfElements<B>, Q: PartsOfElements<B>> PartsOfElements<B> for (P, Q) {
    #[track_caller]
    fn add<const D: usize>(
        &self,
        parts: LossParts<B>,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> LossParts<B> {
        let parts = self.0.add(parts, prediction.clone(), target.clone());
        self.1.add(parts, prediction, target)
    }
}

impl<B: LossBackend, L: ElementwiseLoss<B>> PartsOfElements<B> for ElementwisePart<L> {
    #[track_caller]
    fn add<const D: usize>(
        &self,
        parts: LossParts<B>,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> LossParts<B> {
        let value = self.0.forward(prediction, target);
        parts.with(self.0.name(), value, self.1)
    }
}

/// Losses of logits against classes with their weights: what [`WeightedSum::forward_classes`] asks for.
pub trait PartsOfClasses<B: LossBackend> {
    #[doc(hidden)]
    #[track_caller]
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> LossParts<B>;
}

impl<B: LossBackend> PartsOfClasses<B> for () {
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        _: Tensor<B, D>,
        _: Tensor<B, T, Int>,
    ) -> LossParts<B> {
        parts
    }
}

impl<B: LossBackend, P: PartsOfClasses<B>, Q: PartsOfClasses<B>> PartsOfClasses<B> for (P, Q) {
    #[track_caller]
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> LossParts<B> {
        let parts = self.0.add(parts, logits.clone(), targets.clone());
        self.1.add(parts, logits, targets)
    }
}

impl<B: LossBackend, L: ClassLoss<B>> PartsOfClasses<B> for ClassPart<L> {
    #[track_caller]
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> LossParts<B> {
        let value = self.0.forward_nd(logits, targets);
        parts.with(self.0.name(), value, self.1)
    }
}

impl<B: LossBackend, L: RegionLoss<B>> PartsOfClasses<B> for RegionPart<L> {
    #[track_caller]
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> LossParts<B> {
        let value = self.0.forward(logits, targets);
        parts.with(self.0.name(), value, self.1)
    }
}
