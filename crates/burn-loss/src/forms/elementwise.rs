//! Losses of a prediction against a target of the same shape, element by element.

use burn::tensor::{Tensor, TensorMetadata};
use burn_loss_kernels::composed::at_least_f32;
use burn_loss_kernels::{Elements, Formula, LossBackend, Reduction};

use super::{elementwise_formula, primitive, tensor, wide};
use crate::check;

/// A loss of a prediction against a target of the same shape, element by element.
///
/// A loss of your own implements [`losses`](Self::losses) in plain Burn operations, and has the other methods, with their
/// checks, masks and reductions, for nothing. One written as a [`Formula`] goes into an [`ElementwiseFormulaLoss`] instead, and
/// is one pass over the elements where there are kernels.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::{ElementwiseLoss, LossBackend};
///
/// /// The error relative to the size of the target.
/// struct RelativeError;
///
/// impl<B: LossBackend> ElementwiseLoss<B> for RelativeError {
///     fn name(&self) -> &'static str {
///         "RelativeError"
///     }
///
///     fn losses<const D: usize>(&self, prediction: Tensor<B, D>, target: Tensor<B, D>) -> Tensor<B, D> {
///         (prediction - target.clone()).abs() / (target.abs() + 1.0)
///     }
/// }
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([2.0, f32::NAN], &device);
/// let target = Tensor::from_floats([3.0, 1.0], &device);
/// // The second element is masked: NaN reaches nothing.
/// let mask = Tensor::from_floats([1.0, 0.0], &device);
/// let mean = RelativeError.forward_weighted(prediction, target, mask).into_scalar();
/// assert_eq!(mean, 0.25);
/// ```
pub trait ElementwiseLoss<B: LossBackend> {
    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// How the losses become one number. Default: mean.
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    /// One loss per element, of inputs that are alike.
    fn losses<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, D>;

    /// The reduced loss of inputs that are alike, each element times its weight if there are weights.
    ///
    /// An element of weight 0 is dropped, whatever its prediction and its target.
    fn reduced<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        weights: Option<Tensor<B, D>>,
    ) -> Tensor<B, 1> {
        let Some(weights) = weights else {
            return self.reduction().reduce(self.losses(prediction, target));
        };
        let dropped = weights.clone().equal_elem(0.0);
        // One half is a good prediction and a good target for every loss, probabilities among them: what stood there
        // reaches neither the loss nor its gradient.
        let losses = self.losses(
            prediction.mask_fill(dropped.clone(), 0.5),
            target.mask_fill(dropped, 0.5),
        );
        self.reduction().reduce_weighted(losses, weights)
    }

    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: the same, of any rank
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, and, on NdArray and Flex, if a number is outside the bounds of the
    /// loss (elsewhere its loss is NaN).
    #[track_caller]
    fn forward<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        check::prediction_and_target(self.name(), &prediction, &target);
        self.reduced(prediction, target, None)
    }

    /// Computes one loss per element.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, output: the same, of any rank
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn forward_no_reduction<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, D> {
        check::prediction_and_target(self.name(), &prediction, &target);
        self.losses(prediction, target)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per element: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i`, with the losses `l` and the weights `r`.
    ///
    /// An element of weight 0 is dropped, whatever its prediction and target: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, `weights`: the same, of any rank
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), also for the weights.
    #[track_caller]
    fn forward_weighted<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        check::prediction_and_target(self.name(), &prediction, &target);
        check::alike(
            self.name(),
            ("prediction", &prediction),
            ("weights", &weights),
        );
        self.reduced(prediction, target, Some(weights))
    }
}

/// An [`ElementwiseLoss`] made of a [`Formula`]: on the host one pass over the elements, with the gradient in the same pass.
///
/// For a loss of your own that is a formula of one prediction and its target; where it is not, implement the trait
/// [`ElementwiseLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::{ElementwiseFormulaLoss, ElementwiseLoss, Formula, Input, Number};
///
/// /// `sqrt((x - y)^2 + 1) - 1`.
/// #[derive(Clone, Copy, Debug)]
/// struct PseudoHuber;
///
/// impl Formula for PseudoHuber {
///     fn loss<N: Number>(&self, [x, y, _]: [N; 3]) -> N {
///         ((x - y) * (x - y) + 1.0).sqrt() + -1.0
///     }
///
///     fn slope<N: Number>(&self, of: Input, [x, y, _]: [N; 3]) -> N {
///         let slope = (x - y) / ((x - y) * (x - y) + 1.0).sqrt();
///         if of == Input::Prediction { slope } else { -slope }
///     }
/// }
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([0.0, 3f32.sqrt()], &device);
/// let loss = ElementwiseFormulaLoss::new("PseudoHuber", PseudoHuber);
/// let mean = loss.forward(prediction, Tensor::zeros([2], &device)).into_scalar();
/// assert!((mean - 0.5).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ElementwiseFormulaLoss<L> {
    /// The name of the loss in messages.
    pub name: &'static str,
    /// The loss of one element.
    pub formula: L,
    /// How the losses become one number.
    pub reduction: Reduction,
}

impl<L: Formula> ElementwiseFormulaLoss<L> {
    /// A loss whose reduction is the mean.
    pub fn new(name: &'static str, formula: L) -> Self {
        Self {
            name,
            formula,
            reduction: Reduction::Mean,
        }
    }
}

impl<B: LossBackend, L: Formula> ElementwiseFormula<B> for ElementwiseFormulaLoss<L> {
    type Formula = L;

    fn name(&self) -> &'static str {
        self.name
    }

    fn formula(&self) -> L {
        self.formula.clone()
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }
}
elementwise_formula!([B, L: Formula] ElementwiseFormulaLoss<L>);

/// What a loss of the library says of itself, if it is a formula.
pub(crate) trait ElementwiseFormula<B: LossBackend> {
    /// The formula.
    type Formula: Formula;

    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// The formula of one element.
    fn formula(&self) -> Self::Formula;

    /// How the losses become one number.
    fn reduction(&self) -> Reduction;

    /// The third input of the formula, for predictions of this shape: one number per element of the last axis.
    #[track_caller]
    fn third(&self, prediction: &[usize]) -> Option<Tensor<B, 1>> {
        let _ = prediction;
        None
    }
}

/// The inputs of a formula, of one element type.
#[track_caller]
fn elements<B: LossBackend, L: ElementwiseFormula<B>, const D: usize>(
    loss: &L,
    prediction: Tensor<B, D>,
    target: Tensor<B, D>,
) -> Elements<B> {
    let third = loss.third(&prediction.dims());
    // A weight that 16 bits round, or hold to be infinite, is one of 32.
    let dtype = match third {
        Some(_) => at_least_f32(prediction.dtype()),
        None => prediction.dtype(),
    };
    Elements {
        prediction: primitive(prediction.cast(dtype)),
        target: primitive(target.cast(dtype)),
        third: third.map(|third| primitive(third.cast(dtype))),
    }
}

/// One loss per element, by the operation.
#[track_caller]
pub(crate) fn losses<B: LossBackend, L: ElementwiseFormula<B>, const D: usize>(
    loss: &L,
    prediction: Tensor<B, D>,
    target: Tensor<B, D>,
) -> Tensor<B, D> {
    let (formula, dtype) = (loss.formula(), prediction.dtype());
    let found = B::elementwise(&formula, elements(loss, prediction, target));
    check::fault(loss.name(), &formula, found.fault);
    tensor::<B, D>(found.losses).cast(dtype)
}

/// The reduced loss, by the operation.
#[track_caller]
pub(crate) fn reduced<B: LossBackend, L: ElementwiseFormula<B>, const D: usize>(
    loss: &L,
    prediction: Tensor<B, D>,
    target: Tensor<B, D>,
    weights: Option<Tensor<B, D>>,
) -> Tensor<B, 1> {
    let (formula, dtype) = (loss.formula(), prediction.dtype());
    // The operation is of elements, and knows no first axis.
    let (reduction, batch) = match loss.reduction() {
        Reduction::BatchMean => (Reduction::Sum, Some(prediction.dims()[0])),
        reduction => (reduction, None),
    };
    let (prediction, target) = match batch {
        // The sum may be infinite in 16 bits where the mean is not.
        Some(_) => (wide(prediction), wide(target)),
        None => (prediction, target),
    };
    let inputs = elements(loss, prediction, target);
    let of_inputs = inputs.prediction.dtype();
    let found = B::elementwise_reduced(
        &formula,
        inputs,
        weights.map(|weights| primitive(weights.cast(of_inputs))),
        reduction,
        // On a backend that differentiates, what is tracked decides.
        [false; 3],
    );
    check::fault(loss.name(), &formula, found.fault);
    let loss: Tensor<B, 1> = tensor(found.loss);
    let loss = match batch {
        // Multiplied: the slope of a division by a number is rounded to f32.
        Some(size) => loss * (size as f64).recip(),
        None => loss,
    };
    loss.cast(dtype)
}
