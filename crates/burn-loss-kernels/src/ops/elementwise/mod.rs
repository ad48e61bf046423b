//! A formula of each element.

#[cfg(feature = "autodiff")]
pub(crate) mod autodiff;
pub(crate) mod composed;
#[cfg(feature = "fusion")]
pub(crate) mod fusion;
mod number;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use crate::Fault;

/// The inputs of a formula, element by element.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Tensor, TensorPrimitive};
/// use burn_loss_kernels::formulas::Mse;
/// use burn_loss_kernels::{Elements, LossBackend, Reduction};
///
/// type B = NdArray;
///
/// let device = Default::default();
/// let tensor = |numbers: [f32; 2]| Tensor::<B, 1>::from_floats(numbers, &device).into_primitive().tensor();
/// let numbers = |tensor| {
///     let tensor = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(tensor));
///     tensor.into_data().to_vec::<f32>().unwrap()
/// };
/// let inputs = || Elements::<B> {
///     prediction: tensor([1.0, 5.0]),
///     target: tensor([0.0, 2.0]),
///     third: None,
/// };
/// assert_eq!(numbers(B::elementwise(&Mse, inputs()).losses), [1.0, 9.0]);
///
/// let wanted = [true, false, false];
/// let [gradient, ..] = B::elementwise_backward(&Mse, inputs(), tensor([1.0, 0.5]), wanted);
/// assert_eq!(numbers(gradient.unwrap()), [2.0, 3.0]);
///
/// let mean = B::elementwise_reduced(&Mse, inputs(), None, Reduction::Mean, wanted);
/// assert_eq!(numbers(mean.loss), [5.0]);
/// let [gradient, ..] = mean.gradients;
/// assert_eq!(numbers(gradient.unwrap()), [1.0, 3.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Elements<B: Backend> {
    /// Of any shape.
    pub prediction: FloatTensor<B>,
    /// Of the same shape.
    pub target: FloatTensor<B>,
    /// Of the same shape, or `[L]` for a last axis of `L`; without it the number is 1.
    pub third: Option<FloatTensor<B>>,
}

/// What [`LossBackend::elementwise`](crate::LossBackend::elementwise) returns.
#[derive(Clone, Debug)]
pub struct Losses<B: Backend> {
    /// One loss per element.
    pub losses: FloatTensor<B>,
    /// What was wrong with an input; the losses are then of no use.
    pub fault: Option<Fault>,
}
