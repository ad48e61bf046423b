//! The registration of sums, and of a gradient times one number.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use burn_fusion::stream::Operation;
use burn_fusion::{Fusion, FusionBackend};
use burn_ir::TensorIr;

use crate::LossBackend;
use crate::ops::check;
use crate::ops::fusion::{Handles, Inputs, output};

/// [`LossBackend::sum`].
pub(crate) fn sum<B: FusionBackend + LossBackend>(
    tensor: FloatTensor<Fusion<B>>,
) -> FloatTensor<Fusion<B>> {
    let (client, dtype) = (tensor.client.clone(), tensor.dtype);
    let mut stream = Inputs::default();
    let operation = SumOperation::<B> {
        tensor: stream.add(tensor),
        sum: output(&client, [1].into(), dtype),
        backend: PhantomData,
    };
    let outputs = [operation.sum.clone()];
    let mut outputs = stream.register(&client, "accurate_sum", &outputs, operation);
    outputs.next().expect("the operation has an output")
}

/// [`LossBackend::scale`].
pub(crate) fn scale<B: FusionBackend + LossBackend>(
    gradient: FloatTensor<Fusion<B>>,
    by: FloatTensor<Fusion<B>>,
) -> FloatTensor<Fusion<B>> {
    check::factor::<Fusion<B>>(&gradient, &by);
    let (client, shape, dtype) = (gradient.client.clone(), gradient.shape(), gradient.dtype);
    let mut stream = Inputs::default();
    let operation = ScaleOperation::<B> {
        gradient: stream.add(gradient),
        by: stream.add(by),
        product: output(&client, shape, dtype),
        backend: PhantomData,
    };
    let outputs = [operation.product.clone()];
    let mut outputs = stream.register(&client, "scale_gradient", &outputs, operation);
    outputs.next().expect("the operation has an output")
}

#[derive(Debug)]
struct SumOperation<B> {
    tensor: TensorIr,
    sum: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for SumOperation<B> {
    fn execute(&self, handles: &mut Handles<B>) {
        let tensor = handles.get_float_tensor::<B>(&self.tensor);
        handles.register_float_tensor::<B>(&self.sum.id, B::sum(tensor));
    }
}

#[derive(Debug)]
struct ScaleOperation<B> {
    gradient: TensorIr,
    by: TensorIr,
    product: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for ScaleOperation<B> {
    fn execute(&self, handles: &mut Handles<B>) {
        let gradient = handles.get_float_tensor::<B>(&self.gradient);
        let by = handles.get_float_tensor::<B>(&self.by);
        handles.register_float_tensor::<B>(&self.product.id, B::scale(gradient, by));
    }
}
