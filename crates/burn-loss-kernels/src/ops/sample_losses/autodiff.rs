//! The backward node of losses of samples, whose gradient was found in the forward pass.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::SampleLosses;
use crate::LossBackend;
use crate::ops::tensors::cast;

/// Multiplies each sample's gradient by that of its loss.
#[derive(Debug)]
struct SampleBackward {
    /// The samples' axis.
    axis: usize,
}

impl<B: LossBackend> Backward<B, 1> for SampleBackward {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let by = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        let Some(node) = node else {
            return;
        };
        let (gradient, dtype) = (ops.state, by.dtype());
        let whole = gradient.shape();
        let sides = [&whole[..self.axis], &whole[self.axis + 1..]];
        let [before, after] = sides.map(|axes| axes.iter().product::<usize>());
        let shape = [before, whole[self.axis], after];
        let by = cast::<B>(by, gradient.dtype());
        // Of a loss that reaches nothing neither does its gradient, be that NaN.
        let gradient = B::scale_per_class(B::float_reshape(gradient, shape.into()), by);
        let gradient = B::float_reshape(gradient, whole);
        grads.register::<B>(node.id, cast::<B>(gradient, dtype));
    }
}

/// Makes what is found for predictions, whose samples lie along an axis, a tensor of the graph.
pub(crate) fn track<B: LossBackend, C: CheckpointStrategy>(
    predictions: FloatTensor<Autodiff<B, C>>,
    axis: usize,
    find: impl FnOnce(FloatTensor<B>, bool) -> SampleLosses<B>,
) -> SampleLosses<Autodiff<B, C>> {
    let wanted = predictions.is_tracked();
    let found = find(predictions.primitive, wanted);
    let losses = match (SampleBackward { axis })
        .prepare::<C>([predictions.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(found.losses),
        OpsKind::Tracked(prep) => {
            let gradient = found.gradient.expect("it was wanted");
            prep.finish(gradient, found.losses)
        }
    };
    SampleLosses {
        losses,
        gradient: None,
    }
}
