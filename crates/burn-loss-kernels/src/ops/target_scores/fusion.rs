//! The registration of the scores of the rows' classes.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_fusion::stream::Operation;
use burn_fusion::{Fusion, FusionBackend};
use burn_ir::TensorIr;

use crate::ops::check;
use crate::ops::fusion::{Handles, Inputs, ReducedIr};
use crate::ops::softmax_terms::fusion::{TargetsIr, WeightsIr};
use crate::{LossBackend, Reduced, Reduction, RowTargets, RowWeights};

/// [`LossBackend::target_scores_reduced`].
pub(crate) fn target_scores_reduced<B: FusionBackend + LossBackend>(
    scores: FloatTensor<Fusion<B>>,
    targets: RowTargets<Fusion<B>>,
    weights: RowWeights<Fusion<B>>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<Fusion<B>> {
    check::classes(&scores, &targets, &weights);
    let (client, shape, dtype) = (scores.client.clone(), scores.shape(), scores.dtype);
    let outputs = ReducedIr::new(&client, dtype, [wanted.then_some(shape), None, None]);
    let mut stream = Inputs::default();
    let operation = ReducedOperation::<B> {
        scores: stream.add(scores),
        targets: TargetsIr::new(&mut stream, targets),
        weights: WeightsIr::new(&mut stream, weights),
        reduction,
        wanted,
        outputs: outputs.clone(),
        backend: PhantomData,
    };
    let tensors = stream.register(&client, "target_scores", &outputs.outputs(), operation);
    outputs.tensors::<B>(tensors)
}

#[derive(Debug)]
struct ReducedOperation<B> {
    scores: TensorIr,
    targets: TargetsIr,
    weights: WeightsIr,
    reduction: Reduction,
    wanted: bool,
    outputs: ReducedIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for ReducedOperation<B> {
    fn execute(&self, handles: &mut Handles<B>) {
        let scores = handles.get_float_tensor::<B>(&self.scores);
        let targets = self.targets.resolve::<B>(handles);
        let weights = self.weights.resolve::<B>(handles);
        let made = B::target_scores_reduced(scores, targets, weights, self.reduction, self.wanted);
        self.outputs.fill::<B>(handles, made);
    }
}
