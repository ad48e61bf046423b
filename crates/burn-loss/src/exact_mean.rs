//! The mean over a whole training step, however it was cut into micro-batches and devices.

use std::collections::HashSet;

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param, ParamId};
use burn::optim::{GradientsParams, MultiGradientsParams};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_loss_kernels::composed::at_least_f32;

use crate::check;

/// Divides a step's gradient by what all its micro-batches and devices counted, `sum_b g_b / sum_b n_b`, where a mean of their
/// means would weight each row by the size of the others in its batch.
///
/// What a batch counts, [`normalizer`](crate::ClassLoss::normalizer), travels with its gradient: as the gradient of a parameter
/// that is always 0. So whatever sums (Burn's accumulator, its `MultiDevice`) or averages (`DistributedDataParallel` with
/// `ReduceOperation::Mean`) gradients does the same to the count, and the quotient stays the mean. `docs/exact-means.md` says what
/// each of Burn's strategies does.
///
/// 1. Keep one in the model, beside its layers.
/// 2. In `TrainStep::step`, differentiate [`of`](Self::of) a loss with [`Reduction::Sum`](crate::Reduction::Sum).
/// 3. In `TrainStep::optimize`, put the gradients through [`divide`](Self::divide); in `optimize_multi` (`OptimSharded`) through
///    [`divide_multi`](Self::divide_multi).
///
/// Take it in `SupervisedTraining` with `grads_accumulation` or several devices, where batches count different numbers of rows:
/// padded sequences, ignored rows, class weights, a small last batch. In a loop of your own that knows its micro-batches
/// beforehand, dividing each sum by the normalizer of all is shorter and does the same.
///
/// - The saved model has one number more, a 0.
/// - f32 counts rows exactly up to 16,777,216 a step.
///
/// # Example
///
/// ```
/// use burn::backend::{Autodiff, NdArray};
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::optim::{GradientsAccumulator, GradientsParams};
/// use burn::tensor::backend::Backend;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{CrossEntropyLossConfig, ExactMean, Reduction};
///
/// type B = Autodiff<NdArray>;
///
/// #[derive(Module, Debug)]
/// struct Model<B: Backend> {
///     layer: Linear<B>,
///     mean: ExactMean<B>,
/// }
///
/// let device = Default::default();
/// let model = Model { layer: LinearConfig::new(1, 2).init(&device), mean: ExactMean::new(&device) };
/// let config = CrossEntropyLossConfig::new();
/// let x = Tensor::<B, 2>::from_floats([[0.5], [1.0], [-2.0]], &device);
/// let y = Tensor::<B, 1, Int>::from_ints([0, 1, 1], &device);
///
/// // Two rows, then one.
/// let loss = config.clone().with_reduction(Reduction::Sum).init(&device);
/// let mut accumulator = GradientsAccumulator::new();
/// for rows in [0..2, 2..3] {
///     let (x, y) = (x.clone().slice([rows.clone()]), y.clone().slice([rows]));
///     let normalizer = loss.normalizer(&y);
///     let loss = model.mean.of(loss.forward(model.layer.forward(x), y), normalizer);
///     accumulator.accumulate(&model, GradientsParams::from_grads(loss.backward(), &model));
/// }
/// let found = model.mean.divide(&model, accumulator.grads());
///
/// let whole = config.init(&device).forward(model.layer.forward(x), y).backward();
/// let expected = model.layer.weight.val().grad(&whole).unwrap();
/// let found = found.get::<NdArray, 2>(model.layer.weight.id).unwrap();
/// assert!((found - expected).abs().max().into_scalar() < 1e-6);
/// ```
#[derive(Module, Debug)]
pub struct ExactMean<B: Backend> {
    /// Always 0; its gradient is what was counted.
    counted: Param<Tensor<B, 1>>,
}

impl<B: Backend> ExactMean<B> {
    /// A step that has counted nothing yet.
    pub fn new(device: &B::Device) -> Self {
        let nothing = Tensor::<B, 1>::zeros([1], device);
        // 16 bits do not hold what a batch counts.
        let dtype = at_least_f32(nothing.dtype());
        Self {
            counted: Param::from_tensor(nothing.cast(dtype)),
        }
    }

    /// The summed loss, unchanged, with the normalizer of its batch as the gradient of this module's parameter.
    ///
    /// # Shapes
    ///
    /// - `sum`: `[1]`, of a loss with [`Reduction::Sum`](crate::Reduction::Sum)
    /// - `normalizer`: `[1]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the loss or the normalizer is not one number.
    #[track_caller]
    pub fn of(&self, sum: Tensor<B, 1>, normalizer: Tensor<B, 1>) -> Tensor<B, 1> {
        for (name, shape) in [("sum", sum.dims()), ("normalizer", normalizer.dims())] {
            check::same_shape("ExactMean", ("one number", [1]), (name, shape));
        }
        let counted = self.counted.val();
        let normalizer = normalizer.detach().cast(counted.dtype());
        let dtype = sum.dtype();
        sum + (counted * normalizer).cast(dtype)
    }

    /// Divides the accumulated gradients of a model by what was counted. Where nothing was, they stay as they are, 0.
    ///
    /// # Panics
    ///
    /// If no loss went through [`of`](Self::of).
    #[track_caller]
    pub fn divide<A: AutodiffBackend, M: AutodiffModule<A>>(
        &self,
        model: &M,
        mut gradients: GradientsParams,
    ) -> GradientsParams {
        let counted = self.taken::<A>(&mut gradients);
        divide::<A, M>(model, &mut gradients, counted);
        gradients
    }

    /// Divides gradients that are still on several devices by what was counted on all of them.
    ///
    /// # Panics
    ///
    /// If no loss went through [`of`](Self::of) on one of the devices.
    #[track_caller]
    pub fn divide_multi<A: AutodiffBackend, M: AutodiffModule<A>>(
        &self,
        model: &M,
        mut gradients: MultiGradientsParams,
    ) -> MultiGradientsParams {
        let mut counted: Option<Tensor<A::InnerBackend, 1>> = None;
        for (gradients, _) in &mut gradients.grads {
            // A device has none in the last steps of an epoch, when its share of the data is used up.
            if gradients.is_empty() {
                continue;
            }
            let more = self.taken::<A>(gradients);
            counted = Some(match counted {
                Some(counted) => more.to_device(&counted.device()) + counted,
                None => more,
            });
        }
        if let Some(counted) = counted {
            for (gradients, _) in &mut gradients.grads {
                divide::<A, M>(model, gradients, counted.clone());
            }
        }
        gradients
    }

    /// Takes what was counted out of the gradients, so that the parameter stays 0.
    #[track_caller]
    fn taken<A: AutodiffBackend>(
        &self,
        gradients: &mut GradientsParams,
    ) -> Tensor<A::InnerBackend, 1> {
        let counted = gradients.remove::<A::InnerBackend, 1>(self.counted.id);
        counted.unwrap_or_else(|| {
            panic!("ExactMean: expected gradients of a loss made by `ExactMean::of`, got none of its normalizer")
        })
    }
}

fn divide<A: AutodiffBackend, M: AutodiffModule<A>>(
    model: &M,
    gradients: &mut GradientsParams,
    counted: Tensor<A::InnerBackend, 1>,
) {
    let nothing = counted.clone().equal_elem(0.0);
    let mut division = Division::<A> {
        gradients,
        by: counted.mask_fill(nothing, 1.0),
        done: HashSet::new(),
    };
    model.visit(&mut division);
}

struct Division<'a, A: AutodiffBackend> {
    gradients: &'a mut GradientsParams,
    by: Tensor<A::InnerBackend, 1>,
    /// A parameter that is in two places of the model is visited twice.
    done: HashSet<ParamId>,
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Division<'_, A> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        if !self.done.insert(param.id) {
            return;
        }
        let Some(gradient) = self.gradients.remove::<A::InnerBackend, D>(param.id) else {
            return;
        };
        let by = self.by.clone().to_device(&gradient.device());
        // In the type of the count: 16 bits do not hold it.
        let dtype = gradient.dtype();
        let quotient = gradient.cast(by.dtype()) / by.reshape([1; D]);
        self.gradients
            .register::<A::InnerBackend, D>(param.id, quotient.cast(dtype));
    }
}
