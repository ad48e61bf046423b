//! Several losses of the same inputs.

use burn::tensor::{Int, Tensor};
use burn_loss_kernels::LossBackend;

use super::LossParts;
use super::parts::check_weight;
use crate::{
    ClassLoss, ElementwiseLoss, LovaszHingeLoss, LovaszSoftmaxLoss, RegionLoss, SampleLoss,
};

/// Several losses of the same inputs, each with its weight: `sum_k w_k l_k`.
///
/// For goals that no single loss says, such as every pixel's class and the overlap of regions. Each loss keeps its own options and
/// its own reduction; losses of different inputs, such as those of two heads, go into [`LossParts`] by hand.
///
/// Make each loss by its config and add it with the method of its form. The inputs that the losses share decide which `forward` to
/// call:
///
/// | inputs | its losses | computed by |
/// | --- | --- | --- |
/// | a prediction and a target of its shape | [`with_elementwise`](Self::with_elementwise), [`with_region_binary`](Self::with_region_binary), [`with_region_labels`](Self::with_region_labels), [`with_lovasz`](Self::with_lovasz) of [`LovaszHingeLoss`] | [`forward`](Self::forward), [`forward_weighted`](Self::forward_weighted) |
/// | logits `[N, C, d1, ..]` and classes | [`with_class`](Self::with_class), [`with_region`](Self::with_region), [`with_lovasz`](Self::with_lovasz) of [`LovaszSoftmaxLoss`] | [`forward_classes`](Self::forward_classes), [`forward_classes_weighted`](Self::forward_classes_weighted) |
/// | any others, as a tuple | [`with_sample`](Self::with_sample), [`with_function`](Self::with_function) | [`forward_inputs`](Self::forward_inputs) |
///
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

/// A loss of one region per image with its weight.
#[derive(Clone, Debug)]
pub struct RegionBinaryPart<L>(L, f64);

/// A loss of regions that may lie over each other with its weight.
#[derive(Clone, Debug)]
pub struct RegionLabelsPart<L>(L, f64);

/// A Lovász loss with its weight.
#[derive(Clone, Debug)]
pub struct LovaszPart<L>(L, f64);

/// A loss of samples with its weight.
#[derive(Clone, Debug)]
pub struct SamplePart<L>(L, f64);

/// A function of inputs with its name and its weight.
#[derive(Clone, Debug)]
pub struct FunctionPart<F>(String, F, f64);

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
        self.and(
            "an element-wise loss",
            weight,
            ElementwisePart(loss, weight),
        )
    }

    /// Adds a loss of class rows.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    #[track_caller]
    pub fn with_class<L>(self, loss: L, weight: f64) -> WeightedSum<(P, ClassPart<L>)> {
        self.and("a loss of class rows", weight, ClassPart(loss, weight))
    }

    /// Adds a loss of regions, each a class.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    #[track_caller]
    pub fn with_region<L>(self, loss: L, weight: f64) -> WeightedSum<(P, RegionPart<L>)> {
        self.and("a loss of regions", weight, RegionPart(loss, weight))
    }

    /// Adds a loss of one region per image, against numbers in `[0, 1]`: see [`RegionLoss::forward_binary`].
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{BceWithLogitsLossConfig, DiceLossConfig, WeightedSum};
    ///
    /// let device = Default::default();
    /// let losses = WeightedSum::new()
    ///     .with_elementwise(BceWithLogitsLossConfig::new().init::<NdArray>(&device), 1.0)
    ///     .with_region_binary(DiceLossConfig::new().init::<NdArray>(&device), 1.0);
    ///
    /// // One image of three positions, with probabilities of one half: log 2, and 1 - 2 / 3.5.
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 3], &device);
    /// let targets = Tensor::from_floats([[1.0, 1.0, 0.0]], &device);
    /// let total = losses.forward(logits, targets).total();
    /// assert!((total.into_scalar() - (2f32.ln() + 1.5 / 3.5)).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn with_region_binary<L>(
        self,
        loss: L,
        weight: f64,
    ) -> WeightedSum<(P, RegionBinaryPart<L>)> {
        self.and("a loss of regions", weight, RegionBinaryPart(loss, weight))
    }

    /// Adds a loss of several regions per image that may lie over each other, against numbers in `[0, 1]`: see
    /// [`RegionLoss::forward_labels`]. The example of [`with_region_binary`](Self::with_region_binary) adds one of one region.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    #[track_caller]
    pub fn with_region_labels<L>(
        self,
        loss: L,
        weight: f64,
    ) -> WeightedSum<(P, RegionLabelsPart<L>)> {
        self.and("a loss of regions", weight, RegionLabelsPart(loss, weight))
    }

    /// Adds a [`LovaszSoftmaxLoss`] to losses against classes, or a [`LovaszHingeLoss`] to losses against numbers.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::{CrossEntropyLossConfig, LovaszSoftmaxLossConfig, WeightedSum};
    ///
    /// let device = Default::default();
    /// let losses = WeightedSum::new()
    ///     .with_class(CrossEntropyLossConfig::new().init::<NdArray>(&device), 1.0)
    ///     .with_lovasz(LovaszSoftmaxLossConfig::new().init::<NdArray>(&device), 1.0);
    ///
    /// // All errors are one half.
    /// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
    /// let total = losses.forward_classes(logits, targets).total();
    /// assert!((total.into_scalar() - (2f32.ln() + 0.5)).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn with_lovasz<L>(self, loss: L, weight: f64) -> WeightedSum<(P, LovaszPart<L>)> {
        self.and("a Lovász loss", weight, LovaszPart(loss, weight))
    }

    /// Adds a loss of samples.
    ///
    /// # Panics
    ///
    /// If the weight is not finite.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{TripletMarginLossConfig, WeightedSum};
    ///
    /// let device = Default::default();
    /// let row = |x: f32| Tensor::<NdArray, 2>::from_floats([[x]], &device);
    /// let near = TripletMarginLossConfig::new().with_eps(0.0).init();
    /// let far = TripletMarginLossConfig::new().with_eps(0.0).with_margin(10.0).init();
    /// let losses = WeightedSum::new().with_sample(near, 1.0).with_sample(far, 0.5);
    /// // Distances of 1 and 3: the first margin is kept, and 8 of the second are missing.
    /// let parts = losses.forward_inputs((row(0.0), row(1.0), row(3.0)));
    /// assert!((parts.total().into_scalar() - 0.5 * 8.0).abs() < 1e-5);
    /// ```
    #[track_caller]
    pub fn with_sample<L>(self, loss: L, weight: f64) -> WeightedSum<(P, SamplePart<L>)> {
        self.and("a loss of samples", weight, SamplePart(loss, weight))
    }

    /// Adds a function of the inputs, a loss `[1]`: for losses of any form, and for weights and masks of their own.
    ///
    /// # Panics
    ///
    /// If the weight is not finite, and when it is computed if the loss is not one number.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{CrossEntropyLossConfig, MseLossConfig, WeightedSum};
    ///
    /// /// Logits, and one probability per class.
    /// type Inputs = (Tensor<NdArray, 2>, Tensor<NdArray, 2>);
    ///
    /// let device = Default::default();
    /// let cross_entropy = CrossEntropyLossConfig::new().init::<NdArray>(&device);
    /// let losses = WeightedSum::new()
    ///     .with_function("soft labels", |(x, y): Inputs| cross_entropy.forward_probabilities(x, y), 1.0)
    ///     .with_function("size", |(x, _): Inputs| MseLossConfig::new().init().forward(x.clone(), x.zeros_like()), 0.1);
    ///
    /// let logits = Tensor::<NdArray, 2>::ones([1, 4], &device);
    /// let probabilities = Tensor::from_floats([[0.5, 0.5, 0.0, 0.0]], &device);
    /// let parts = losses.forward_inputs((logits, probabilities));
    /// assert!((parts.total().into_scalar() - (4f32.ln() + 0.1)).abs() < 1e-6);
    /// assert_eq!(parts.values()[0].0, "soft labels");
    /// ```
    #[track_caller]
    pub fn with_function<F>(
        self,
        name: impl Into<String>,
        loss: F,
        weight: f64,
    ) -> WeightedSum<(P, FunctionPart<F>)> {
        let name = name.into();
        self.and(&name.clone(), weight, FunctionPart(name, loss, weight))
    }

    #[track_caller]
    fn and<Q>(self, name: &str, weight: f64, part: Q) -> WeightedSum<(P, Q)> {
        check_weight("WeightedSum", name, weight);
        WeightedSum {
            parts: (self.parts, part),
        }
    }

    /// Computes losses against a target of the prediction's shape, each reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: the same, of any rank that all of them take
    ///
    /// # Panics
    ///
    /// As [`ElementwiseLoss::forward`], [`RegionLoss::forward_binary`] and [`RegionLoss::forward_labels`].
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
        self.parts.add(LossParts::new(), prediction, target, None)
    }

    /// Computes losses against a target of the prediction's shape with one weight, or one 0 or 1 of a mask, per element, which
    /// every one of them takes as its own `forward_weighted` does.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, `weights`: the same, of any rank that all of them take
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), also for the weights.
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
    /// let prediction = Tensor::<NdArray, 1>::from_floats([3.0, f32::NAN], &device);
    /// let target = Tensor::from_floats([1.0, 0.0], &device);
    /// let mask = Tensor::from_floats([1.0, 0.0], &device);
    /// assert_eq!(losses.forward_weighted(prediction, target, mask).total().into_scalar(), 4.5);
    /// ```
    #[track_caller]
    pub fn forward_weighted<B: LossBackend, const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> LossParts<B>
    where
        P: PartsOfElements<B>,
    {
        self.parts
            .add(LossParts::new(), prediction, target, Some(weights))
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
        self.parts.add(LossParts::new(), logits, targets, None)
    }

    /// Computes losses of logits against classes with one weight, or one 0 or 1 of a mask, per position, which every one of them
    /// takes as its own `forward_weighted` does.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[N, C, d1, ..]`, of rank `D`
    /// - `targets`, `weights`: `[N, d1, ..]`, of rank `T = D - 1`
    ///
    /// # Panics
    ///
    /// As [`ClassLoss::forward_nd_weighted`] and [`RegionLoss::forward_weighted`].
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
    ///     .with_class(CrossEntropyLossConfig::new().init::<NdArray>(&device), 1.0)
    ///     .with_region(DiceLossConfig::new().init::<NdArray>(&device), 1.0);
    ///
    /// // The third position does not count.
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[0.0, 0.0, f32::NAN], [0.0, 0.0, 0.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
    /// let mask = Tensor::from_floats([[1.0, 1.0, 0.0]], &device);
    /// let total = losses.forward_classes_weighted(logits, targets, mask).total();
    /// assert!((total.into_scalar() - (2f32.ln() + 0.5)).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_classes_weighted<B: LossBackend, const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Tensor<B, T>,
    ) -> LossParts<B>
    where
        P: PartsOfClasses<B>,
    {
        self.parts
            .add(LossParts::new(), logits, targets, Some(weights))
    }

    /// Computes losses of samples and functions, each reduced as configured.
    ///
    /// The inputs are what [`SampleLoss::forward`] takes: a tuple in the order of the loss's own `forward`.
    ///
    /// # Panics
    ///
    /// As [`SampleLoss::forward`].
    #[track_caller]
    pub fn forward_inputs<B: LossBackend, I>(&self, inputs: I) -> LossParts<B>
    where
        P: PartsOfInputs<B, I>,
    {
        self.parts.add(LossParts::new(), inputs)
    }
}

/// Losses against a target of the prediction's shape with their weights: what [`WeightedSum::forward`] asks for.
pub trait PartsOfElements<B: LossBackend> {
    #[doc(hidden)]
    #[track_caller]
    fn add<const D: usize>(
        &self,
        parts: LossParts<B>,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        weights: Option<Tensor<B, D>>,
    ) -> LossParts<B>;
}

impl<B: LossBackend> PartsOfElements<B> for () {
    fn add<const D: usize>(
        &self,
        parts: LossParts<B>,
        _: Tensor<B, D>,
        _: Tensor<B, D>,
        _: Option<Tensor<B, D>>,
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
        weights: Option<Tensor<B, D>>,
    ) -> LossParts<B> {
        let (x, y) = (prediction.clone(), target.clone());
        let parts = self.0.add(parts, x, y, weights.clone());
        self.1.add(parts, prediction, target, weights)
    }
}

/// [`PartsOfElements`] of a part: the method that computes its loss, and the one that takes weights.
macro_rules! part_of_elements {
    ([$($generics:tt)*] $part:ty, $loss:ident, $name:expr, $forward:ident, $forward_weighted:ident) => {
        impl<B: LossBackend $($generics)*> PartsOfElements<B> for $part {
            #[track_caller]
            fn add<const D: usize>(
                &self,
                parts: LossParts<B>,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
                weights: Option<Tensor<B, D>>,
            ) -> LossParts<B> {
                let Self($loss, weight) = self;
                let value = match weights {
                    Some(weights) => $loss.$forward_weighted(prediction, target, weights),
                    None => $loss.$forward(prediction, target),
                };
                parts.with($name, value, *weight)
            }
        }
    };
}
part_of_elements!([, L: ElementwiseLoss<B>] ElementwisePart<L>, loss, loss.name(), forward, forward_weighted);
part_of_elements!([, L: RegionLoss<B>] RegionBinaryPart<L>, loss, loss.name(), forward_binary, forward_binary_weighted);
part_of_elements!([, L: RegionLoss<B>] RegionLabelsPart<L>, loss, loss.name(), forward_labels, forward_labels_weighted);
part_of_elements!([] LovaszPart<LovaszHingeLoss>, loss, "LovaszHingeLoss", forward, forward_weighted);

/// Losses of logits against classes with their weights: what [`WeightedSum::forward_classes`] asks for.
pub trait PartsOfClasses<B: LossBackend> {
    #[doc(hidden)]
    #[track_caller]
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        logits: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Option<Tensor<B, T>>,
    ) -> LossParts<B>;
}

impl<B: LossBackend> PartsOfClasses<B> for () {
    fn add<const D: usize, const T: usize>(
        &self,
        parts: LossParts<B>,
        _: Tensor<B, D>,
        _: Tensor<B, T, Int>,
        _: Option<Tensor<B, T>>,
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
        weights: Option<Tensor<B, T>>,
    ) -> LossParts<B> {
        let (x, y) = (logits.clone(), targets.clone());
        let parts = self.0.add(parts, x, y, weights.clone());
        self.1.add(parts, logits, targets, weights)
    }
}

/// [`PartsOfClasses`] of a part: the method that computes its loss, and the one that takes weights.
macro_rules! part_of_classes {
    ([$($generics:tt)*] $part:ty, $loss:ident, $name:expr, $forward:ident, $forward_weighted:ident) => {
        impl<B: LossBackend $($generics)*> PartsOfClasses<B> for $part {
            #[track_caller]
            fn add<const D: usize, const T: usize>(
                &self,
                parts: LossParts<B>,
                logits: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
                weights: Option<Tensor<B, T>>,
            ) -> LossParts<B> {
                let Self($loss, weight) = self;
                let value = match weights {
                    Some(weights) => $loss.$forward_weighted(logits, targets, weights),
                    None => $loss.$forward(logits, targets),
                };
                parts.with($name, value, *weight)
            }
        }
    };
}
part_of_classes!([, L: ClassLoss<B>] ClassPart<L>, loss, loss.name(), forward_nd, forward_nd_weighted);
part_of_classes!([, L: RegionLoss<B>] RegionPart<L>, loss, loss.name(), forward, forward_weighted);
part_of_classes!([] LovaszPart<LovaszSoftmaxLoss<B>>, loss, "LovaszSoftmaxLoss", forward, forward_weighted);

/// Losses of the same tuple of inputs with their weights: what [`WeightedSum::forward_inputs`] asks for.
pub trait PartsOfInputs<B: LossBackend, I> {
    #[doc(hidden)]
    #[track_caller]
    fn add(&self, parts: LossParts<B>, inputs: I) -> LossParts<B>;
}

impl<B: LossBackend, I> PartsOfInputs<B, I> for () {
    fn add(&self, parts: LossParts<B>, _: I) -> LossParts<B> {
        parts
    }
}

impl<B: LossBackend, I: Clone, P, Q> PartsOfInputs<B, I> for (P, Q)
where
    P: PartsOfInputs<B, I>,
    Q: PartsOfInputs<B, I>,
{
    #[track_caller]
    fn add(&self, parts: LossParts<B>, inputs: I) -> LossParts<B> {
        let parts = self.0.add(parts, inputs.clone());
        self.1.add(parts, inputs)
    }
}

impl<B: LossBackend, I, L: SampleLoss<B, Inputs = I>> PartsOfInputs<B, I> for SamplePart<L> {
    #[track_caller]
    fn add(&self, parts: LossParts<B>, inputs: I) -> LossParts<B> {
        let Self(loss, weight) = self;
        parts.with(loss.name(), loss.forward(inputs), *weight)
    }
}

impl<B: LossBackend, I, F: Fn(I) -> Tensor<B, 1>> PartsOfInputs<B, I> for FunctionPart<F> {
    #[track_caller]
    fn add(&self, parts: LossParts<B>, inputs: I) -> LossParts<B> {
        let Self(name, loss, weight) = self;
        parts.with(name, loss(inputs), *weight)
    }
}
