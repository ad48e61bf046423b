//! Losses of samples: one loss per sample, of several tensors of which each has its part of every sample.

use burn::tensor::backend::Backend;
use burn::tensor::{Bool, DType, Tensor};
use burn_loss_kernels::{LossBackend, Reduction};

use super::{expanded, primitive, tensor};
use crate::check;

/// A loss of samples, each of several parts: an anchor, a positive and a negative embedding, or scores and the classes that they
/// are for.
///
/// A loss of your own says what its inputs are and implements [`check`](Self::check), [`without`](Self::without) and
/// [`losses`](Self::losses) in plain Burn operations, and has the other methods, with their masks, weights and reductions, for
/// nothing. The losses of the library have methods of the same names that take the inputs one by one.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Bool, Tensor};
/// use burn_loss::forms::{SampleLoss, Samples, fill_samples};
/// use burn_loss::LossBackend;
///
/// /// The squared distance of two embeddings.
/// struct SquaredDistance;
///
/// impl<B: LossBackend> SampleLoss<B> for SquaredDistance {
///     type Inputs = (Tensor<B, 2>, Tensor<B, 2>);
///
///     fn name(&self) -> &'static str {
///         "SquaredDistance"
///     }
///
///     fn check(&self, (first, second): &Self::Inputs) -> Samples<B> {
///         assert_eq!(first.dims(), second.dims(), "SquaredDistance: the embeddings differ in shape");
///         Samples::of("first", first)
///     }
///
///     fn without(&self, (first, second): Self::Inputs, dropped: Tensor<B, 1, Bool>) -> Self::Inputs {
///         (fill_samples(first, &dropped), fill_samples(second, &dropped))
///     }
///
///     fn losses(&self, (first, second): Self::Inputs) -> Tensor<B, 1> {
///         let difference = first - second;
///         (difference.clone() * difference).sum_dim(1).squeeze_dim(1)
///     }
/// }
///
/// let device = Default::default();
/// let first = Tensor::<NdArray, 2>::from_floats([[1.0, 2.0], [f32::NAN, 0.0]], &device);
/// let inputs = (first, Tensor::zeros([2, 2], &device));
/// // The second sample is masked: NaN reaches nothing.
/// let mask = Tensor::from_floats([1.0, 0.0], &device);
/// assert_eq!(SquaredDistance.forward_weighted(inputs, mask).into_scalar(), 5.0);
/// ```
pub trait SampleLoss<B: LossBackend> {
    /// The tensors of one call.
    type Inputs;

    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// How the losses become one number. Default: mean.
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    /// Panics unless the inputs fit one another, and says how many samples there are.
    #[track_caller]
    fn check(&self, inputs: &Self::Inputs) -> Samples<B>;

    /// The inputs with something harmless in place of the samples that are dropped, `[N]`; [`fill_samples`] does it.
    fn without(&self, inputs: Self::Inputs, dropped: Tensor<B, 1, Bool>) -> Self::Inputs;

    /// One loss per sample, `[N]`, of inputs that fit.
    #[track_caller]
    fn losses(&self, inputs: Self::Inputs) -> Tensor<B, 1>;

    /// The reduced loss of inputs that fit, each sample times its weight if there are weights.
    ///
    /// A sample of weight 0 is dropped, whatever stands in it.
    #[track_caller]
    fn reduced(&self, inputs: Self::Inputs, weights: Option<Tensor<B, 1>>) -> Tensor<B, 1> {
        let Some(weights) = weights else {
            return self.reduction().reduce(self.losses(inputs));
        };
        let dropped = weights.clone().equal_elem(0.0);
        let losses = self.losses(self.without(inputs, dropped));
        self.reduction().reduce_weighted(losses, weights)
    }

    /// Computes the loss as one number, `[1]`, reduced as configured.
    ///
    /// # Panics
    ///
    /// If the inputs do not fit one another.
    #[track_caller]
    fn forward(&self, inputs: Self::Inputs) -> Tensor<B, 1> {
        check::reduction(self.name(), self.reduction());
        self.check(&inputs);
        self.reduced(inputs, None)
    }

    /// Computes one loss per sample, `[N]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn forward_no_reduction(&self, inputs: Self::Inputs) -> Tensor<B, 1> {
        self.check(&inputs);
        self.losses(inputs)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per sample: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i`, with the losses `l` and the weights `r`, `[N]`.
    ///
    /// A sample of weight 0 is dropped, whatever stands in it: its gradient is 0.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the shape, the element type or the device of the weights does not fit.
    #[track_caller]
    fn forward_weighted(&self, inputs: Self::Inputs, weights: Tensor<B, 1>) -> Tensor<B, 1> {
        check::reduction(self.name(), self.reduction());
        let samples = self.check(&inputs);
        samples.check_weights(self.name(), &weights);
        self.reduced(inputs, Some(weights))
    }
}

/// How many samples a call has, and what their weights have to be like.
#[derive(Clone, Debug)]
pub struct Samples<B: Backend> {
    count: usize,
    /// The input that the weights are compared with.
    name: &'static str,
    dtype: DType,
    device: B::Device,
}

impl<B: Backend> Samples<B> {
    /// As many as the first axis of the named input is long; the example of [`SampleLoss`] calls it.
    pub fn of<const D: usize>(name: &'static str, input: &Tensor<B, D>) -> Self {
        Self::along(0, name, input)
    }

    /// As many as an axis of the named input is long.
    pub(crate) fn along<const D: usize>(
        axis: usize,
        name: &'static str,
        input: &Tensor<B, D>,
    ) -> Self {
        Self {
            count: input.dims()[axis],
            name,
            dtype: input.dtype(),
            device: input.device(),
        }
    }

    #[track_caller]
    pub(crate) fn check_weights(&self, loss: &str, weights: &Tensor<B, 1>) {
        let [length] = weights.dims();
        check::weights_length(loss, "weights", "batch axis", self.count, length);
        let got = ("weights", weights.dtype());
        check::same_dtype(loss, (self.name, self.dtype), got);
        let got = ("weights", &weights.device());
        check::same_device::<B>(loss, (self.name, &self.device), got);
    }
}

/// The tensor, whose first axis counts samples, with 1/2 in the samples that are dropped, `[N]`; the example of
/// [`SampleLoss`] calls it.
pub fn fill_samples<B: Backend, const D: usize>(
    tensor: Tensor<B, D>,
    dropped: &Tensor<B, 1, Bool>,
) -> Tensor<B, D> {
    let mut shape = [1; D];
    shape[0] = tensor.dims()[0];
    let dropped = expanded(dropped.clone().reshape(shape), tensor.dims());
    tensor.mask_fill(dropped, 0.5)
}

/// The sum of all samples' losses, `[1]`, reduced.
pub(crate) fn reduce_sum<B: LossBackend>(
    reduction: Reduction,
    sum: Tensor<B, 1>,
    samples: usize,
    weights: Option<Tensor<B, 1>>,
) -> Tensor<B, 1> {
    let counted = match weights {
        Some(weights) => tensor(B::sum(primitive(weights))),
        None => sum.ones_like() * samples as f64,
    };
    reduction.reduce_counted(sum, Some(counted))
}

/// `max(x, 0)`, whose slope at 0 is 0; NaN stays.
pub(crate) fn hinge<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    let none = x.clone().lower_equal_elem(0.0);
    x.mask_fill(none, 0.0)
}

/// The sum along the last axis of `[N, D]`, `[N]`.
pub(crate) fn sum_of_rows<B: Backend>(tensor: Tensor<B, 2>) -> Tensor<B, 1> {
    let [rows, _] = tensor.dims();
    tensor.sum_dim(1).reshape([rows])
}
