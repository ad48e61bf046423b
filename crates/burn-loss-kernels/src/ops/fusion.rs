//! What the registrations with burn-fusion share: the operations join the lazy stream as custom ones, between what is fused
//! around them.

use burn::tensor::{DType, Shape};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Client, Fusion, FusionBackend, FusionHandle, FusionRuntime, FusionTensor};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use crate::Reduced;

/// The handles of a backend's stream.
pub(crate) type Handles<B> = HandleContainer<FusionHandle<<B as FusionBackend>::FusionRuntime>>;

/// The input tensors of an operation, and the streams they come from.
#[derive(Default)]
pub(crate) struct Inputs {
    tensors: Vec<TensorIr>,
    streams: OperationStreams,
}

impl Inputs {
    /// Adds a tensor; the operation finds it by what this returns.
    pub(crate) fn add<R: FusionRuntime>(&mut self, tensor: FusionTensor<R>) -> TensorIr {
        self.streams.tensor(&tensor);
        let tensor = tensor.into_ir();
        self.tensors.push(tensor.clone());
        tensor
    }

    /// Registers an operation that makes `outputs` of these inputs.
    pub(crate) fn register<R: FusionRuntime>(
        self,
        client: &Client<R>,
        name: &'static str,
        outputs: &[TensorIr],
        operation: impl Operation<R> + 'static,
    ) -> std::vec::IntoIter<FusionTensor<R>> {
        let ir = CustomOpIr::new(name, &self.tensors, outputs);
        let outputs = client.register(self.streams, OperationIr::Custom(ir), operation);
        outputs.into_iter()
    }
}

/// A tensor that an operation will make.
pub(crate) fn output<R: FusionRuntime>(client: &Client<R>, shape: Shape, dtype: DType) -> TensorIr {
    TensorIr::uninit(client.create_empty_handle(), shape, dtype)
}

/// The tensors of a reduced loss that an operation will make.
#[derive(Clone, Debug)]
pub(crate) struct ReducedIr {
    loss: TensorIr,
    gradients: [Option<TensorIr>; 3],
}

impl ReducedIr {
    /// A loss, and gradients of these shapes.
    pub(crate) fn new<R: FusionRuntime>(
        client: &Client<R>,
        dtype: DType,
        gradients: [Option<Shape>; 3],
    ) -> Self {
        Self {
            loss: output(client, [1].into(), dtype),
            gradients: gradients.map(|shape| Some(output(client, shape?, dtype))),
        }
    }

    pub(crate) fn outputs(&self) -> Vec<TensorIr> {
        let gradients = self.gradients.iter().flatten().cloned();
        [self.loss.clone()].into_iter().chain(gradients).collect()
    }

    /// The tensors of the stream.
    pub(crate) fn tensors<B: FusionBackend>(
        &self,
        mut outputs: impl Iterator<Item = FusionTensor<B::FusionRuntime>>,
    ) -> Reduced<Fusion<B>> {
        let mut next = || outputs.next().expect("a tensor for each output");
        Reduced {
            loss: next(),
            gradients: self.gradients.each_ref().map(|gradient| {
                gradient.as_ref()?;
                Some(next())
            }),
            fault: None,
        }
    }

    /// Hands over what the operation made.
    pub(crate) fn fill<B: FusionBackend>(&self, handles: &mut Handles<B>, made: Reduced<B>) {
        handles.register_float_tensor::<B>(&self.loss.id, made.loss);
        for (output, gradient) in self.gradients.iter().zip(made.gradients) {
            if let (Some(output), Some(gradient)) = (output, gradient) {
                handles.register_float_tensor::<B>(&output.id, gradient);
            }
        }
    }
}
