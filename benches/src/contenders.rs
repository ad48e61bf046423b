//! Who is compared, on which inputs.

use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorPrimitive};
use burn_loss::LossBackend;

use crate::{Row, class_rows, elementwise};

/// burn-nn's loss.
pub const BURN: &str = "burn-nn";
/// The loss in Burn's operations, where burn-nn has none.
pub const COMPOSED: &str = "composed";
/// Ours.
pub const OURS: &str = "burn-loss";

// The options of the losses, the same in peers/work.py; where they are our defaults, the configs say nothing of them.
pub(crate) const DELTA: f32 = 1.0;
pub(crate) const ALPHA: f64 = 0.25;
pub(crate) const GAMMA: f64 = 2.0;
pub(crate) const EPSILON: f64 = 1.0;
pub(crate) const Q: f64 = 0.7;
pub(crate) const SMOOTHING: f64 = 0.1;
/// A class, because burn-nn cannot ignore anything else.
pub(crate) const IGNORED: usize = 0;
pub(crate) const LEVEL: f64 = 0.9;
pub(crate) const CHARBONNIER_EPS: f64 = 1e-3;
pub(crate) const POWER: f64 = 1.5;
pub(crate) const MARGIN: f64 = 1.0;
pub(crate) const GAMMA_NEGATIVE: f64 = 4.0;
pub(crate) const CLIP: f64 = 0.05;
pub(crate) const TEMPERATURE: f64 = 2.0;
pub(crate) const TEACHER: f64 = 0.5;
pub(crate) const SCALE: f64 = 64.0;
pub(crate) const ARC_MARGIN: f64 = 0.5;
pub(crate) const COS_MARGIN: f64 = 0.35;
pub(crate) const BETA: f64 = 0.5;

/// A prediction of any rank, not tracked.
pub type Prediction<B> = TensorPrimitive<B>;
/// The loss and the gradients.
pub type Output<B> = (
    Tensor<Autodiff<B>, 1>,
    <Autodiff<B> as AutodiffBackend>::Gradients,
);
/// Forward and backward.
pub type Step<B> = Box<dyn Fn(Prediction<B>) -> Output<B>>;

/// A row's inputs and contenders.
pub struct Case<B: LossBackend> {
    held: Prediction<B>,
    fresh: Box<dyn Fn() -> Prediction<B>>,
    /// burn-nn's loss or the composed one, and ours.
    pub contenders: [(&'static str, Step<B>); 2],
}

impl<B: LossBackend> Case<B> {
    /// Random inputs with a fixed seed, and the losses of them.
    ///
    /// # Panics
    ///
    /// If there is no loss of the row's name, or none of its inputs.
    pub fn new(row: &Row, device: &B::Device) -> Self {
        B::seed(device, 7);
        match row.inputs.as_slice() {
            [_, "sequence"] => class_rows::of_sequences(row, device),
            [_, "labels"] => class_rows::of_labels(row, device),
            [_, "class"] if row.shape.len() == 4 => class_rows::of_pixels(row, device),
            [_, "class"] if row.loss == "cross-entropy" => class_rows::cross_entropy(row, device),
            [_, "class"] => class_rows::of_classes(row, device),
            [_, "class", _] => class_rows::of_teacher(row, device),
            [_, _] => elementwise::of_two(row, device),
            _ => elementwise::of_three(row, device),
        }
    }

    /// The prediction, with a clone of it held.
    pub fn kept(&self) -> Prediction<B> {
        self.held.clone()
    }

    /// The prediction as a network makes it: computed, in a buffer of the backend's own that nothing else holds.
    pub fn fresh(&self) -> Prediction<B> {
        (self.fresh)()
    }
}

/// A prediction, and what losses take beside it.
pub(crate) struct Inputs<B: LossBackend, const D: usize, T> {
    pub(crate) prediction: Tensor<B, D>,
    pub(crate) target: T,
}

impl<B: LossBackend, const D: usize, T: Clone + 'static> Inputs<B, D, T> {
    /// burn-nn's loss and ours.
    pub(crate) fn burn(
        self,
        theirs: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
        ours: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
    ) -> Case<B> {
        self.case(BURN, theirs, ours)
    }

    /// The loss in Burn's operations and ours.
    pub(crate) fn composed(
        self,
        theirs: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
        ours: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
    ) -> Case<B> {
        self.case(COMPOSED, theirs, ours)
    }

    fn case(
        self,
        who: &'static str,
        theirs: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
        ours: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
    ) -> Case<B> {
        let Self { prediction, target } = self;
        let of_target = target.clone();
        let theirs = step(move |prediction| theirs(prediction, of_target.clone()));
        let ours = step(move |prediction| ours(prediction, target.clone()));
        Case {
            held: prediction.clone().into_primitive(),
            fresh: Box::new(move || (prediction.clone() * 1.0).into_primitive()),
            contenders: [(who, theirs), (OURS, ours)],
        }
    }
}

fn step<B: LossBackend, const D: usize>(
    loss: impl Fn(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1> + 'static,
) -> Step<B> {
    Box::new(move |prediction| {
        let prediction = Tensor::<B, D>::from_primitive(prediction);
        let prediction = Tensor::<Autodiff<B>, D>::from_inner(prediction);
        let loss = loss(prediction.require_grad());
        let grads = loss.backward();
        (loss, grads)
    })
}
