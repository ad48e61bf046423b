//! The backward nodes of formulas.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_autodiff::{Autodiff, NodeId};

use super::{Elements, Losses};
use crate::ops::reduced_node::{take, track};
use crate::ops::tensors::at_least_f32;
use crate::{Formula, LossBackend, Reduced, Reduction, composed};

/// Multiplies the gradient of each loss by the slopes; the state says how it comes by the inputs.
#[derive(Debug)]
struct FormulaBackward<L>(L);

impl<B: LossBackend, L: Formula, const N: usize> Backward<B, N> for FormulaBackward<L> {
    // Retrieved from the checkpointer, so that a strategy that recomputes the inputs may do so.
    type State = [NodeId; N];

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let mut wanted = [false; 3];
        for (wanted, node) in wanted.iter_mut().zip(&ops.parents) {
            *wanted = node.is_some();
        }
        let mut inputs = ops
            .state
            .into_iter()
            .map(|node| checkpointer.retrieve_node_output(node));
        let inputs = Elements::<B> {
            prediction: inputs.next().expect("there is a prediction"),
            target: inputs.next().expect("there is a target"),
            third: inputs.next(),
        };
        let gradients = B::elementwise_backward(&self.0, inputs, grad, wanted);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

/// [`LossBackend::elementwise`].
pub(crate) fn elementwise<B: LossBackend, C: CheckpointStrategy, L: Formula>(
    formula: &L,
    inputs: Elements<Autodiff<B, C>>,
) -> Losses<Autodiff<B, C>> {
    let found = B::elementwise(
        formula,
        Elements {
            prediction: inputs.prediction.primitive.clone(),
            target: inputs.target.primitive.clone(),
            third: inputs.third.as_ref().map(|third| third.primitive.clone()),
        },
    );
    let (prediction, target) = (inputs.prediction, inputs.target);
    let losses = match inputs.third {
        None => track_losses::<B, C, L, 2>(formula, [prediction, target], found.losses),
        Some(third) => {
            track_losses::<B, C, L, 3>(formula, [prediction, target, third], found.losses)
        }
    };
    Losses {
        losses,
        fault: found.fault,
    }
}

fn track_losses<B: LossBackend, C: CheckpointStrategy, L: Formula, const N: usize>(
    formula: &L,
    inputs: [FloatTensor<Autodiff<B, C>>; N],
    losses: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    match FormulaBackward(formula.clone())
        .prepare::<C>(inputs.each_ref().map(|input| input.node.clone()))
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(losses),
        OpsKind::Tracked(mut prep) => {
            let state = inputs.each_ref().map(|input| prep.checkpoint(input));
            prep.finish(state, losses)
        }
    }
}

/// [`LossBackend::elementwise_reduced`]: in one pass, unless the weights are tracked, or the numbers are of 16 bits: training
/// scales such a loss up before it is differentiated, and a gradient found before that would be rounded to 0.
pub(crate) fn elementwise_reduced<B: LossBackend, C: CheckpointStrategy, L: Formula>(
    formula: &L,
    inputs: Elements<Autodiff<B, C>>,
    weights: Option<FloatTensor<Autodiff<B, C>>>,
    reduction: Reduction,
) -> Reduced<Autodiff<B, C>> {
    let dtype = inputs.prediction.dtype();
    if dtype != at_least_f32(dtype) || weights.as_ref().is_some_and(|weights| weights.is_tracked())
    {
        return composed::elementwise_reduced(formula, inputs, weights, reduction, [false; 3]);
    }
    let weights = weights.map(|weights| weights.primitive);
    let wanted = [
        inputs.prediction.is_tracked(),
        inputs.target.is_tracked(),
        inputs
            .third
            .as_ref()
            .is_some_and(|third| third.is_tracked()),
    ];
    let (prediction, x) = take::<B, C>(inputs.prediction);
    let (target, y) = take::<B, C>(inputs.target);
    let third = inputs.third.map(take::<B, C>);
    let (third, z) = third.map_or((None, None), |(third, z)| (Some(third), Some(z)));
    let inputs = Elements {
        prediction,
        target,
        third,
    };
    let found = B::elementwise_reduced(formula, inputs, weights, reduction, wanted);
    let [of_x, of_y, of_z] = found.gradients;
    let loss = match &z {
        None => track::<B, C, 2>([&x, &y], found.loss, [of_x, of_y]),
        Some(z) => track::<B, C, 3>([&x, &y, z], found.loss, [of_x, of_y, of_z]),
    };
    Reduced {
        loss,
        gradients: [None, None, None],
        fault: found.fault,
    }
}
