//! The backward node of every reduced loss: its gradients were found in the forward pass.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use crate::LossBackend;

/// Multiplies each gradient by that of the loss.
#[derive(Debug)]
struct ReducedBackward;

impl<B: LossBackend, const N: usize> Backward<B, N> for ReducedBackward {
    type State = [Option<FloatTensor<B>>; N];

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let by = grads.consume::<B>(&ops.node);
        for (node, gradient) in ops.parents.into_iter().zip(ops.state) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, B::scale(gradient, by.clone()));
            }
        }
    }
}

/// Takes the memory out of a tensor, and leaves its place in the graph: where nothing else holds that memory, the gradient may
/// take its place.
pub(crate) fn take<B: LossBackend, C: CheckpointStrategy>(
    mut tensor: FloatTensor<Autodiff<B, C>>,
) -> (FloatTensor<B>, FloatTensor<Autodiff<B, C>>) {
    let device = B::float_device(&tensor.primitive);
    let dtype = tensor.primitive.dtype();
    // The graph's own types cannot be named from here: a tensor of one number stands in.
    let stand_in = B::float_empty([1].into(), &device, dtype.into());
    let memory = std::mem::replace(&mut tensor.primitive, stand_in);
    (memory, tensor)
}

/// Makes the loss a tensor of the graph, given the inputs' places in it.
pub(crate) fn track<B: LossBackend, C: CheckpointStrategy, const N: usize>(
    places: [&FloatTensor<Autodiff<B, C>>; N],
    loss: FloatTensor<B>,
    gradients: [Option<FloatTensor<B>>; N],
) -> FloatTensor<Autodiff<B, C>> {
    match ReducedBackward
        .prepare::<C>(places.map(|place| place.node.clone()))
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(loss),
        OpsKind::Tracked(prep) => prep.finish(gradients, loss),
    }
}
