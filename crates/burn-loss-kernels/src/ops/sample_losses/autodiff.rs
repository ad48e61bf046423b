//! The backward node of losses of samples, whose gradient was found in the forward pass.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::SampleLosses;
use crate::LossBackend;
use crate::ops::tensors::{cast, widen_half};

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
        let by = cast::<B>(by, gradient.dtype());
        // Of a loss that reaches nothing neither does its gradient, be that NaN.
        let gradient = B::scale_along(gradient, self.axis, by);
        grads.register::<B>(node.id, cast::<B>(gradient, dtype));
    }
}

/// Makes what is found for predictions, whose samples lie along an axis, a tensor of the graph.
pub(crate) fn track<B: LossBackend, C: CheckpointStrategy>(
    predictions: FloatTensor<Autodiff<B, C>>,
    axis: usize,
    find: impl FnOnce(FloatTensor<B>, bool) -> SampleLosses<B>,
) -> SampleLosses<Autodiff<B, C>> {
    let (wanted, dtype) = (predictions.is_tracked(), predictions.primitive.dtype());
    // A gradient of 16 bits would be rounded before the loss is scaled.
    let found = find(widen_half::<B>(predictions.primitive), wanted);
    let losses = cast::<B>(found.losses, dtype);
    let losses = match (SampleBackward { axis })
        .prepare::<C>([predictions.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(losses),
        OpsKind::Tracked(prep) => {
            let gradient = found.gradient.expect("it was wanted");
            prep.finish(gradient, losses)
        }
    };
    SampleLosses {
        losses,
        gradient: None,
    }
}
