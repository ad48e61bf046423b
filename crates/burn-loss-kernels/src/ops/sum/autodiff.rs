//! The backward nodes of a sum, and of a tensor times one number.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use crate::LossBackend;
use crate::ops::reduced_node::take;

#[derive(Debug)]
struct SumBackward;

impl<B: LossBackend> Backward<B, 1> for SumBackward {
    type State = Shape;

    fn backward(self, ops: Ops<Shape, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            let one = vec![1; ops.state.num_dims()];
            let grad = B::float_expand(B::float_reshape(grad, one.into()), ops.state);
            grads.register::<B>(node.id, grad);
        }
    }
}

/// [`LossBackend::sum`].
pub(crate) fn sum<B: LossBackend, C: CheckpointStrategy>(
    tensor: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let shape = tensor.primitive.shape();
    let sum = B::sum(tensor.primitive);
    match SumBackward
        .prepare::<C>([tensor.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(sum),
        OpsKind::Tracked(prep) => prep.finish(shape, sum),
    }
}

#[derive(Debug)]
struct ScaleBackward;

impl<B: LossBackend> Backward<B, 1> for ScaleBackward {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<FloatTensor<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, B::scale(grad, ops.state));
        }
    }
}

/// [`LossBackend::scale`].
pub(crate) fn scale<B: LossBackend, C: CheckpointStrategy>(
    tensor: FloatTensor<Autodiff<B, C>>,
    by: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    if by.is_tracked() {
        return super::composed::scale::<Autodiff<B, C>>(tensor, by);
    }
    let (tensor, place) = take::<B, C>(tensor);
    let product = B::scale(tensor, by.primitive.clone());
    match ScaleBackward
        .prepare::<C>([place.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(product),
        OpsKind::Tracked(prep) => prep.finish(by.primitive, product),
    }
}
