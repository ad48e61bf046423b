//! The registration of formulas.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_fusion::stream::Operation;
use burn_fusion::{Fusion, FusionBackend};
use burn_ir::TensorIr;

use super::{Elements, Losses};
use crate::ops::check;
use crate::ops::fusion::{Handles, Inputs, ReducedIr, output};
use crate::{Formula, LossBackend, Reduced, Reduction};

/// [`LossBackend::elementwise`].
pub(crate) fn elementwise<B: FusionBackend + LossBackend, L: Formula>(
    formula: &L,
    inputs: Elements<Fusion<B>>,
) -> Losses<Fusion<B>> {
    check::elements(&inputs);
    let client = inputs.prediction.client.clone();
    let (shape, dtype) = (inputs.prediction.shape(), inputs.prediction.dtype);
    let mut stream = Inputs::default();
    let operation = LossesOperation::<B, L> {
        formula: formula.clone(),
        inputs: ElementsIr::new(&mut stream, inputs),
        losses: output(&client, shape, dtype),
        backend: PhantomData,
    };
    let outputs = [operation.losses.clone()];
    let mut outputs = stream.register(&client, "elementwise", &outputs, operation);
    Losses {
        losses: outputs.next().expect("the operation has an output"),
        fault: None,
    }
}

/// [`LossBackend::elementwise_backward`].
pub(crate) fn elementwise_backward<B: FusionBackend + LossBackend, L: Formula>(
    formula: &L,
    inputs: Elements<Fusion<B>>,
    grad: FloatTensor<Fusion<B>>,
    wanted: [bool; 3],
) -> [Option<FloatTensor<Fusion<B>>>; 3] {
    check::elements(&inputs);
    check::per_element::<Fusion<B>>("grad", &grad, &inputs.prediction);
    let client = inputs.prediction.client.clone();
    let dtype = inputs.prediction.dtype;
    let shapes = shapes_of(&inputs, wanted);
    let mut stream = Inputs::default();
    let operation = BackwardOperation::<B, L> {
        formula: formula.clone(),
        inputs: ElementsIr::new(&mut stream, inputs),
        grad: stream.add(grad),
        gradients: shapes.map(|shape| Some(output(&client, shape?, dtype))),
        wanted,
        backend: PhantomData,
    };
    let outputs: Vec<_> = operation.gradients.iter().flatten().cloned().collect();
    let mut outputs = stream.register(&client, "elementwise_backward", &outputs, operation);
    wanted.map(|wanted| wanted.then(|| outputs.next().expect("one output per gradient")))
}

/// [`LossBackend::elementwise_reduced`].
pub(crate) fn elementwise_reduced<B: FusionBackend + LossBackend, L: Formula>(
    formula: &L,
    inputs: Elements<Fusion<B>>,
    weights: Option<FloatTensor<Fusion<B>>>,
    reduction: Reduction,
    wanted: [bool; 3],
) -> Reduced<Fusion<B>> {
    check::elements(&inputs);
    if let Some(weights) = &weights {
        check::per_element::<Fusion<B>>("weights", weights, &inputs.prediction);
    }
    let client = inputs.prediction.client.clone();
    let dtype = inputs.prediction.dtype;
    let outputs = ReducedIr::new(&client, dtype, shapes_of(&inputs, wanted));
    let mut stream = Inputs::default();
    let operation = ReducedOperation::<B, L> {
        formula: formula.clone(),
        inputs: ElementsIr::new(&mut stream, inputs),
        weights: weights.map(|weights| stream.add(weights)),
        reduction,
        wanted,
        outputs: outputs.clone(),
        backend: PhantomData,
    };
    let tensors = stream.register(
        &client,
        "elementwise_reduced",
        &outputs.outputs(),
        operation,
    );
    outputs.tensors::<B>(tensors)
}

/// The shapes of the gradients that are wanted.
fn shapes_of<B: FusionBackend>(
    inputs: &Elements<Fusion<B>>,
    wanted: [bool; 3],
) -> [Option<burn::tensor::Shape>; 3] {
    let third = inputs.third.as_ref().map(|third| third.shape());
    let shapes = [
        Some(inputs.prediction.shape()),
        Some(inputs.target.shape()),
        third,
    ];
    std::array::from_fn(|of| shapes[of].clone().filter(|_| wanted[of]))
}

/// [`Elements`] in the stream's representation.
#[derive(Clone, Debug)]
struct ElementsIr {
    prediction: TensorIr,
    target: TensorIr,
    third: Option<TensorIr>,
}

impl ElementsIr {
    fn new<B: FusionBackend>(stream: &mut Inputs, inputs: Elements<Fusion<B>>) -> Self {
        Self {
            prediction: stream.add(inputs.prediction),
            target: stream.add(inputs.target),
            third: inputs.third.map(|third| stream.add(third)),
        }
    }

    fn resolve<B: FusionBackend>(&self, handles: &mut Handles<B>) -> Elements<B> {
        let third = self.third.as_ref();
        Elements {
            prediction: handles.get_float_tensor::<B>(&self.prediction),
            target: handles.get_float_tensor::<B>(&self.target),
            third: third.map(|third| handles.get_float_tensor::<B>(third)),
        }
    }
}

#[derive(Debug)]
struct LossesOperation<B, L> {
    formula: L,
    inputs: ElementsIr,
    losses: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend, L: Formula> Operation<B::FusionRuntime>
    for LossesOperation<B, L>
{
    fn execute(&self, handles: &mut Handles<B>) {
        let inputs = self.inputs.resolve::<B>(handles);
        let made = B::elementwise(&self.formula, inputs);
        handles.register_float_tensor::<B>(&self.losses.id, made.losses);
    }
}

#[derive(Debug)]
struct BackwardOperation<B, L> {
    formula: L,
    inputs: ElementsIr,
    grad: TensorIr,
    gradients: [Option<TensorIr>; 3],
    wanted: [bool; 3],
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend, L: Formula> Operation<B::FusionRuntime>
    for BackwardOperation<B, L>
{
    fn execute(&self, handles: &mut Handles<B>) {
        let inputs = self.inputs.resolve::<B>(handles);
        let grad = handles.get_float_tensor::<B>(&self.grad);
        let made = B::elementwise_backward(&self.formula, inputs, grad, self.wanted);
        for (output, gradient) in self.gradients.iter().zip(made) {
            if let (Some(output), Some(gradient)) = (output, gradient) {
                handles.register_float_tensor::<B>(&output.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct ReducedOperation<B, L> {
    formula: L,
    inputs: ElementsIr,
    weights: Option<TensorIr>,
    reduction: Reduction,
    wanted: [bool; 3],
    outputs: ReducedIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend, L: Formula> Operation<B::FusionRuntime>
    for ReducedOperation<B, L>
{
    fn execute(&self, handles: &mut Handles<B>) {
        let inputs = self.inputs.resolve::<B>(handles);
        let weights = self.weights.as_ref();
        let weights = weights.map(|weights| handles.get_float_tensor::<B>(weights));
        let made =
            B::elementwise_reduced(&self.formula, inputs, weights, self.reduction, self.wanted);
        self.outputs.fill::<B>(handles, made);
    }
}
