//! The backward node of scores with an offset per class: the gradient passes through.

use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use crate::ops::reduced_node::take;
use crate::{LossBackend, composed};

#[derive(Debug)]
struct PassThrough;

impl<B: LossBackend> Backward<B, 1> for PassThrough {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, grad);
        }
    }
}

/// [`LossBackend::add_per_class`].
pub(crate) fn add_per_class<B: LossBackend, C: CheckpointStrategy>(
    scores: FloatTensor<Autodiff<B, C>>,
    offsets: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    if offsets.is_tracked() {
        return composed::add_per_class::<Autodiff<B, C>>(scores, offsets);
    }
    let (scores, place) = take::<B, C>(scores);
    let sum = B::add_per_class(scores, offsets.primitive);
    match PassThrough
        .prepare::<C>([place.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(sum),
        OpsKind::Tracked(prep) => prep.finish((), sum),
    }
}
