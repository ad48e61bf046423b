//! The backward node of CTC, whose gradient was found in the forward pass.

use burn::tensor::Tensor;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::{CtcLosses, CtcTargets};
use crate::LossBackend;
use crate::ops::tensors::{cast, unwrap, wrap};

/// Multiplies each sample's gradient by that of its loss.
#[derive(Debug)]
struct CtcBackward;

impl<B: LossBackend> Backward<B, 1> for CtcBackward {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let by: Tensor<B, 1> = wrap(grads.consume::<B>(&ops.node));
        let [node] = ops.parents;
        let Some(node) = node else {
            return;
        };
        let gradient: Tensor<B, 3> = wrap(ops.state);
        let ([_, samples, _], shape) = (gradient.dims(), gradient.shape());
        let dtype = by.dtype();
        let by = by
            .cast(gradient.dtype())
            .reshape([1, samples, 1])
            .expand(shape);
        // Of a loss that reaches nothing neither does its gradient, be that NaN.
        let dropped = by.clone().equal_elem(0.0);
        let gradient = (gradient * by).mask_fill(dropped, 0.0);
        grads.register::<B>(node.id, cast::<B>(unwrap(gradient), dtype));
    }
}

/// [`LossBackend::ctc`].
pub(crate) fn ctc<B: LossBackend, C: CheckpointStrategy>(
    log_probs: FloatTensor<Autodiff<B, C>>,
    targets: CtcTargets<Autodiff<B, C>>,
) -> CtcLosses<Autodiff<B, C>> {
    let wanted = log_probs.is_tracked();
    let found = B::ctc(
        log_probs.primitive,
        CtcTargets {
            classes: targets.classes,
            input_lengths: targets.input_lengths,
            target_lengths: targets.target_lengths,
            blank: targets.blank,
        },
        wanted,
    );
    let losses = match CtcBackward
        .prepare::<C>([log_probs.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::UnTracked(prep) => prep.finish(found.losses),
        OpsKind::Tracked(prep) => {
            let gradient = found.gradient.expect("it was wanted");
            prep.finish(gradient, found.losses)
        }
    };
    CtcLosses {
        losses,
        gradient: None,
    }
}
