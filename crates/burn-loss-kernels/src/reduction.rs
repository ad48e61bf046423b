//! How losses become one number, and what comes with it.

use burn::config::Config;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use loss_kernels::formulas::Violation;

use crate::LossBackend;
use crate::ops::elementwise::composed::divisor_of;
use crate::ops::tensors::{at_least_f32, quotient, unwrap, wrap};

/// How `forward` turns one loss per element or row into one number.
///
/// PyTorch's `reduction="none"` is the method `forward_no_reduction`, because it returns another shape.
///
/// # Example
///
/// ```
/// use burn_loss_kernels::Reduction;
///
/// assert_eq!(Reduction::default(), Reduction::Mean);
/// // Two losses of 3 and 5, of which the first counts half.
/// assert_eq!(Reduction::Mean.divisor(1.5), 1.5);
/// assert_eq!(Reduction::MeanOrZero.divisor(0.0), 1.0);
/// ```
#[derive(Config, Debug, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduction {
    /// The sum of the losses divided by their number, or by the sum of their weights where there are any.
    ///
    /// The mean of nothing (an empty batch, or one in which every row is ignored) is NaN, as in PyTorch.
    Mean,
    /// As [`Mean`](Self::Mean), but the mean of nothing is 0.
    MeanOrZero,
    /// The sum of the losses; of nothing, 0.
    Sum,
    /// The sum of the losses, weighted or not, divided by the size of the first axis: a mean over examples of sums over what each
    /// of them is made of. The losses that have a use for it say so; the configs of all others refuse it.
    BatchMean,
}

// Written out, because the derive's `#[default]` is not known to Burn's `Config`.
#[allow(clippy::derivable_impls)]
impl Default for Reduction {
    fn default() -> Self {
        Reduction::Mean
    }
}

impl Reduction {
    /// What the sum of the losses is divided by, given the sum of what they count.
    pub fn divisor(self, counted: f64) -> f64 {
        match self {
            Reduction::Mean => counted,
            Reduction::MeanOrZero if counted == 0.0 => 1.0,
            Reduction::MeanOrZero => counted,
            // What divides a mean over the batch, losses do not count.
            Reduction::Sum | Reduction::BatchMean => 1.0,
        }
    }

    /// Whether the sum of the losses is divided by the sum of what they count.
    pub(crate) fn is_of_counts(self) -> bool {
        matches!(self, Reduction::Mean | Reduction::MeanOrZero)
    }

    /// Reduces losses that all count the same, to `[1]`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss_kernels::Reduction;
    ///
    /// let losses = Tensor::<NdArray, 2>::from_floats([[1.0, 3.0]], &Default::default());
    /// assert_eq!(Reduction::Mean.reduce(losses).into_scalar(), 2.0);
    /// ```
    pub fn reduce<B: LossBackend, const D: usize>(self, losses: Tensor<B, D>) -> Tensor<B, 1> {
        self.reduce_counted(losses, None)
    }

    /// Reduces losses of which each counts its weight, to `[1]`. A loss of weight 0 is dropped, NaN included; its gradient is
    /// 0, but what it was computed from by plain operations may make NaN of that.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss_kernels::Reduction;
    ///
    /// let device = Default::default();
    /// let losses = Tensor::<NdArray, 1>::from_floats([1.0, 3.0, f32::NAN], &device);
    /// let weights = Tensor::from_floats([1.0, 3.0, 0.0], &device);
    /// assert_eq!(Reduction::Mean.reduce_weighted(losses, weights).into_scalar(), 2.5);
    /// ```
    pub fn reduce_weighted<B: LossBackend, const D: usize>(
        self,
        losses: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        let dropped = weights.clone().equal_elem(0.0);
        let losses = (losses * weights.clone()).mask_fill(dropped, 0.0);
        self.reduce_counted(losses, Some(weights))
    }

    /// Reduces losses that have been multiplied by what they count, `counts` or 1, to `[1]`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss_kernels::Reduction;
    ///
    /// let device = Default::default();
    /// let losses = Tensor::<NdArray, 1>::from_floats([1.0, 9.0], &device);
    /// let counts = Tensor::from_floats([1.0, 3.0], &device);
    /// assert_eq!(Reduction::Mean.reduce_counted(losses, Some(counts)).into_scalar(), 2.5);
    /// ```
    pub fn reduce_counted<B: LossBackend, const D: usize>(
        self,
        losses: Tensor<B, D>,
        counts: Option<Tensor<B, D>>,
    ) -> Tensor<B, 1> {
        let (count, dtype) = (losses.shape().num_elements(), losses.dtype());
        let batch = losses.dims()[0] as f64;
        let sum = |tensor: Tensor<B, D>| {
            // Sums may be too large for 16 bits while their quotient is not.
            let dtype = at_least_f32(tensor.dtype());
            wrap::<B, 1>(B::sum(unwrap(tensor.cast(dtype))))
        };
        let total = sum(losses);
        let reduced = match (self, counts) {
            (Reduction::Sum, _) => total,
            (Reduction::BatchMean, _) => total * batch.recip(),
            // Added instead of divided: the gradient of an empty batch stays defined on every backend.
            (Reduction::Mean, None) if count == 0 => total + f64::NAN,
            (_, None) => total * self.divisor(count as f64).recip(),
            (_, Some(counts)) => quotient(total, divisor_of(self, sum(counts))),
        };
        reduced.cast(dtype)
    }
}

/// A reduced loss with the gradients that were found in the same pass.
#[derive(Clone, Debug)]
pub struct Reduced<B: Backend> {
    /// `[1]`.
    pub loss: FloatTensor<B>,
    /// The gradient of the loss with respect to each input, of those that were asked for.
    pub gradients: [Option<FloatTensor<B>>; 3],
    /// What was wrong with an input; the loss and the gradients are then of no use.
    pub fault: Option<Fault>,
}

impl<B: Backend> Reduced<B> {
    /// Nothing but a fault; the number stands where a loss would.
    pub(crate) fn broken(number: FloatTensor<B>, fault: Fault) -> Self {
        Self {
            loss: number,
            gradients: [None, None, None],
            fault: Some(fault),
        }
    }
}

/// What an operation found wrong with an input. Only a backend on the host looks: elsewhere the loss is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A number outside the bounds of its input.
    OutOfBounds(Violation),
    /// A row, counted through the flattened targets, whose target is neither a class nor ignored.
    NoClass {
        /// Which row.
        row: usize,
    },
}
