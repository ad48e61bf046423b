//! NdArray's tensors, as the kernels of a host read and write them.

use std::borrow::Cow;

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn_ndarray::{
    FloatNdArrayElement, IntNdArrayElement, NdArray, NdArrayTensor, QuantElement, SharedArray,
};
use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder, StrideShape};

use super::host::{self, HostTensor};
use super::host_linear;
use crate::{
    Adjustment, Columns, CtcTargets, Distillation, Elements, Formula, Linear, LinearReduced,
    Losses, MultiMargin, Reduced, Reduction, RowTargets, RowWeights, SampleLosses, SoftmaxTerms,
};

host::on_host!([E, I, Q] NdArray<E, I, Q> [
    where
        E: FloatNdArrayElement,
        I: IntNdArrayElement,
        Q: QuantElement,
        NdArrayTensor: From<SharedArray<E>> + From<SharedArray<I>>,
]);

/// Stamps the access to one variant. (The type of the storage itself is not public.)
macro_rules! host_tensor {
    ($($element:ty => $variant:ident),+) => {$(
        impl HostTensor<$element> for NdArrayTensor {
            fn read(&self) -> Option<Cow<'_, [$element]>> {
                match self {
                    NdArrayTensor::$variant(storage) => Some(in_order(storage.view())),
                    _ => None,
                }
            }

            fn read_columns(&self) -> Option<Cow<'_, [$element]>> {
                match self {
                    NdArrayTensor::$variant(storage) => {
                        Some(in_order(storage.view().reversed_axes()))
                    }
                    _ => None,
                }
            }

            fn matrix(&self) -> Option<(Cow<'_, [$element]>, bool)> {
                let NdArrayTensor::$variant(storage) = self else {
                    return None;
                };
                if let Some(columns) = storage.view().reversed_axes().to_slice() {
                    return Some((Cow::Borrowed(columns), true));
                }
                Some((in_order(storage.view()), false))
            }

            fn alone(&mut self) -> Option<&mut [$element]> {
                match self {
                    // Memory that came from data is not its own: there is nothing to write to.
                    NdArrayTensor::$variant(storage) if storage.is_unique() => {
                        storage.ensure_owned().as_slice_mut()
                    }
                    _ => None,
                }
            }

            fn new(shape: &[usize], elements: Vec<$element>) -> Self {
                tensor(IxDyn(shape), elements)
            }

            fn of_columns(shape: [usize; 2], elements: Vec<$element>) -> Self {
                tensor(IxDyn(&shape).f(), elements)
            }
        }
    )+};
}
host_tensor!(f32 => F32, f64 => F64, i64 => I64, i32 => I32);

/// The elements in row-major order, in place where they already are.
fn in_order<E: Copy>(view: ArrayViewD<'_, E>) -> Cow<'_, [E]> {
    match view.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(view.iter().copied().collect()),
    }
}

fn tensor<E: Clone>(shape: impl Into<StrideShape<IxDyn>>, elements: Vec<E>) -> NdArrayTensor
where
    NdArrayTensor: From<SharedArray<E>>,
{
    let array = ArrayD::from_shape_vec(shape, elements)
        .expect("the kernels write as many elements as the shape has");
    array.into_shared().into()
}
