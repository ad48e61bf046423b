//! Registration with burn-fusion: the operations join the lazy stream as custom ones, between what is fused around them.

use std::marker::PhantomData;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Fusion, FusionBackend, FusionHandle, FusionTensor};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use crate::composed::at_least_f32;
use crate::{LossBackend, RowTargets, SmoothWeights, SoftmaxTerms, check};

impl<B: FusionBackend + LossBackend> LossBackend for Fusion<B> {
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let [n, _, s] = check::targets(&logits, &targets);
        let rows = n * s;
        let (client, dtype) = (logits.client.clone(), logits.dtype);
        let mut inputs = Inputs::default();
        let operation = TermsOperation::<B> {
            logits: inputs.add(logits),
            targets: inputs.add_targets::<B>(targets),
            terms: TensorIr::uninit(client.create_empty_handle(), Shape::new([rows, 3]), dtype),
            normalizer: TensorIr::uninit(
                client.create_empty_handle(),
                Shape::new([rows, 2]),
                at_least_f32(dtype),
            ),
            backend: PhantomData,
        };
        let outputs = [operation.terms.clone(), operation.normalizer.clone()];
        let ir = CustomOpIr::new("softmax_terms", &inputs.tensors, &outputs);
        let outputs = client.register(inputs.streams, OperationIr::Custom(ir), operation);
        let [terms, normalizer] = outputs.try_into().expect("the operation has two outputs");
        SoftmaxTerms { terms, normalizer }
    }

    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        check::backward(&logits, &targets, &normalizer, &grad, 3);
        let (client, shape, dtype) = (logits.client.clone(), logits.shape(), logits.dtype);
        let mut inputs = Inputs::default();
        let operation = BackwardOperation::<B> {
            logits: inputs.add(logits),
            targets: inputs.add_targets::<B>(targets),
            normalizer: inputs.add(normalizer),
            grad: inputs.add(grad),
            output: TensorIr::uninit(client.create_empty_handle(), shape, dtype),
            backend: PhantomData,
        };
        let outputs = [operation.output.clone()];
        let ir = CustomOpIr::new("softmax_terms_backward", &inputs.tensors, &outputs);
        let mut outputs = client.register(inputs.streams, OperationIr::Custom(ir), operation);
        outputs.pop().expect("the operation has one output")
    }
}

/// The input tensors of an operation, and the streams they come from.
#[derive(Default)]
struct Inputs {
    tensors: Vec<TensorIr>,
    streams: OperationStreams,
}

impl Inputs {
    fn add<R: burn_fusion::FusionRuntime>(&mut self, tensor: FusionTensor<R>) -> TensorIr {
        self.streams.tensor(&tensor);
        let tensor = tensor.into_ir();
        self.tensors.push(tensor.clone());
        tensor
    }

    fn add_targets<B: FusionBackend + LossBackend>(
        &mut self,
        targets: RowTargets<Fusion<B>>,
    ) -> TargetsIr {
        TargetsIr {
            classes: targets.classes.map(|classes| self.add(classes)),
            ignore_index: targets.ignore_index,
            smooth: targets.smooth.map(|weights| self.add(weights)),
        }
    }
}

/// A [`RowTargets`] in the stream's representation.
#[derive(Clone, Debug)]
struct TargetsIr {
    classes: Option<TensorIr>,
    ignore_index: Option<i64>,
    smooth: SmoothWeights<TensorIr>,
}

impl TargetsIr {
    fn resolve<B: FusionBackend>(
        &self,
        handles: &mut HandleContainer<FusionHandle<B::FusionRuntime>>,
    ) -> RowTargets<B> {
        let classes = self.classes.as_ref();
        RowTargets {
            classes: classes.map(|classes| handles.get_int_tensor::<B>(classes)),
            ignore_index: self.ignore_index,
            smooth: self
                .smooth
                .clone()
                .map(|weights| handles.get_float_tensor::<B>(&weights)),
        }
    }
}

#[derive(Debug)]
struct TermsOperation<B> {
    logits: TensorIr,
    targets: TargetsIr,
    terms: TensorIr,
    normalizer: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for TermsOperation<B> {
    fn execute(&self, handles: &mut HandleContainer<FusionHandle<B::FusionRuntime>>) {
        let logits = handles.get_float_tensor::<B>(&self.logits);
        let targets = self.targets.resolve::<B>(handles);
        let out = B::softmax_terms(logits, targets);
        handles.register_float_tensor::<B>(&self.terms.id, out.terms);
        handles.register_float_tensor::<B>(&self.normalizer.id, out.normalizer);
    }
}

#[derive(Debug)]
struct BackwardOperation<B> {
    logits: TensorIr,
    targets: TargetsIr,
    normalizer: TensorIr,
    grad: TensorIr,
    output: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for BackwardOperation<B> {
    fn execute(&self, handles: &mut HandleContainer<FusionHandle<B::FusionRuntime>>) {
        let logits = handles.get_float_tensor::<B>(&self.logits);
        let targets = self.targets.resolve::<B>(handles);
        let normalizer = handles.get_float_tensor::<B>(&self.normalizer);
        let grad = handles.get_float_tensor::<B>(&self.grad);
        let output = B::softmax_terms_backward(logits, targets, normalizer, grad);
        handles.register_float_tensor::<B>(&self.output.id, output);
    }
}
