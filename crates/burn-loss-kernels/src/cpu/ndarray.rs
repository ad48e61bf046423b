//! The kernels on NdArray's tensors.

use std::borrow::Cow;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, TensorMetadata};
use burn_ndarray::{
    FloatNdArrayElement, IntNdArrayElement, NdArray, NdArrayTensor, QuantElement, SharedArray,
};
use ndarray::{ArrayD, IxDyn};

use super::Float;
use super::host::{Classes, HostRows, Logits, rows_of_columns};
use crate::{LossBackend, RowTargets, SoftmaxTerms, composed, rows_shape};

impl<E, I, Q> LossBackend for NdArray<E, I, Q>
where
    E: FloatNdArrayElement,
    I: IntNdArrayElement,
    Q: QuantElement,
    NdArrayTensor: From<SharedArray<E>> + From<SharedArray<I>>,
{
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let done = match logits.dtype() {
            DType::F32 => forward::<f32, Self>(&logits, &targets),
            DType::F64 => forward::<f64, Self>(&logits, &targets),
            _ => None,
        };
        done.unwrap_or_else(|| composed::softmax_terms(logits, targets))
    }

    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let done = match logits.dtype() {
            DType::F32 => backward::<f32, Self>(logits, &targets, &normalizer, &grad),
            DType::F64 => backward::<f64, Self>(logits, &targets, &normalizer, &grad),
            _ => Err(logits),
        };
        done.unwrap_or_else(|logits| {
            composed::softmax_terms_backward(logits, targets, normalizer, grad)
        })
    }
}

/// An element type of the kernels, as NdArray stores it. (The type of the storage itself is not public.)
trait Stored: Copy {
    /// The elements in row-major order, in place where they already are; `None` if they are of another type.
    fn contiguous(tensor: &NdArrayTensor) -> Option<Cow<'_, [Self]>>;
    /// The array, if it is of this type; its memory is shared with whatever else holds it.
    fn into_array(tensor: NdArrayTensor) -> Result<SharedArray<Self>, NdArrayTensor>;
}

macro_rules! stored {
    ($($element:ty => $variant:ident),+) => {
        $(impl Stored for $element {
            fn contiguous(tensor: &NdArrayTensor) -> Option<Cow<'_, [Self]>> {
                let NdArrayTensor::$variant(storage) = tensor else {
                    return None;
                };
                let view = storage.view();
                Some(match view.to_slice() {
                    Some(slice) => Cow::Borrowed(slice),
                    None => Cow::Owned(match view.t().to_slice() {
                        Some(columns) if view.ndim() == 2 => {
                            rows_of_columns(columns, view.shape()[0])
                        }
                        _ => view.iter().copied().collect(),
                    }),
                })
            }

            fn into_array(tensor: NdArrayTensor) -> Result<SharedArray<Self>, NdArrayTensor> {
                match tensor {
                    NdArrayTensor::$variant(storage) => Ok(storage.into_owned()),
                    other => Err(other),
                }
            }
        })+
    };
}
stored!(f32 => F32, f64 => F64, i64 => I64, i32 => I32);

/// The tensors of an NdArray backend, whatever its element types.
trait NdArrayTensors:
    LossBackend<FloatTensorPrimitive = NdArrayTensor, IntTensorPrimitive = NdArrayTensor>
{
}
impl<B> NdArrayTensors for B where
    B: LossBackend<FloatTensorPrimitive = NdArrayTensor, IntTensorPrimitive = NdArrayTensor>
{
}

/// `None` where the tensors are of types that the kernels do not have.
fn forward<F: Float + Stored, B: NdArrayTensors>(
    logits: &NdArrayTensor,
    targets: &RowTargets<B>,
) -> Option<SoftmaxTerms<B>>
where
    NdArrayTensor: From<SharedArray<F>>,
{
    let elements = F::contiguous(logits)?;
    let rows = rows::<F, B>(logits, targets)?;
    let count = rows.shape[0] * rows.shape[2];
    let (terms, normalizer) = rows.forward(&elements);
    Some(SoftmaxTerms {
        terms: tensor(&[count, 3], terms),
        normalizer: tensor(&[count, 2], normalizer),
    })
}

/// Gives the logits back where the tensors are of types that the kernels do not have.
fn backward<F: Float + Stored, B: NdArrayTensors>(
    logits: NdArrayTensor,
    targets: &RowTargets<B>,
    normalizer: &NdArrayTensor,
    grad: &NdArrayTensor,
) -> Result<NdArrayTensor, NdArrayTensor>
where
    NdArrayTensor: From<SharedArray<F>>,
{
    let (Some(rows), Some(normalizer), Some(grad)) = (
        rows::<F, B>(&logits, targets),
        F::contiguous(normalizer),
        F::contiguous(grad),
    ) else {
        return Err(logits);
    };
    let shape = logits.shape();
    let mut logits = F::into_array(logits)?;
    // A broadcast array is unique, too, but has no slice.
    if logits.is_unique()
        && let Some(cells) = logits.as_slice_mut()
    {
        rows.backward(Logits::Owned(cells), &normalizer, &grad);
        return Ok(logits.into());
    }
    let shared = logits.as_standard_layout();
    let shared = shared.as_slice().expect("the standard layout is a slice");
    let output = rows.backward(Logits::Shared(shared), &normalizer, &grad);
    Ok(tensor(
        &shape,
        output.expect("shared logits have a gradient of their own"),
    ))
}

fn rows<'a, F: Float + Stored, B: NdArrayTensors>(
    logits: &NdArrayTensor,
    targets: &'a RowTargets<B>,
) -> Option<HostRows<'a, F>> {
    let classes = match &targets.classes {
        None => None,
        Some(classes) => Some(match i64::contiguous(classes) {
            Some(classes) => Classes::I64(classes),
            None => Classes::I32(i32::contiguous(classes)?),
        }),
    };
    Some(HostRows {
        shape: rows_shape(&logits.shape()),
        classes,
        ignore_index: targets.ignore_index,
        smooth: targets.smooth.as_ref().map(F::contiguous).transpose()?,
    })
}

fn tensor<F: Clone>(shape: &[usize], elements: Vec<F>) -> NdArrayTensor
where
    NdArrayTensor: From<SharedArray<F>>,
{
    let array = ArrayD::from_shape_vec(IxDyn(shape), elements)
        .expect("the kernels write as many elements as the shape has");
    array.into_shared().into()
}
