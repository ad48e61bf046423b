//! The kernels on NdArray's tensors.

use std::borrow::Cow;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, TensorMetadata};
use burn_ndarray::{
    FloatNdArrayElement, IntNdArrayElement, NdArray, NdArrayTensor, QuantElement, SharedArray,
};
use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder, StrideShape};

use super::Float;
use super::host::{Classes, HostRows, Logits, Wanted};
use crate::{LossBackend, RowTargets, SoftmaxTerms, check, composed, rows_shape};

impl<E, I, Q> LossBackend for NdArray<E, I, Q>
where
    E: FloatNdArrayElement,
    I: IntNdArrayElement,
    Q: QuantElement,
    NdArrayTensor: From<SharedArray<E>> + From<SharedArray<I>>,
{
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let done = forward_of_any_type(&logits, &targets, Wanted::Terms);
        done.unwrap_or_else(|| composed::softmax_terms(logits, targets))
    }

    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let done = backward_of_any_type(logits, &targets, &normalizer, &grad, Wanted::Terms);
        done.unwrap_or_else(|logits| {
            composed::softmax_terms_backward(logits, targets, normalizer, grad)
        })
    }

    fn target_log_prob(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let done = forward_of_any_type(&logits, &targets, Wanted::TargetLogProb);
        done.unwrap_or_else(|| composed::target_log_prob(logits, targets))
    }

    fn target_log_prob_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let wanted = Wanted::TargetLogProb;
        let done = backward_of_any_type(logits, &targets, &normalizer, &grad, wanted);
        done.unwrap_or_else(|logits| {
            composed::target_log_prob_backward(logits, targets, normalizer, grad)
        })
    }
}

/// An element type of the kernels, as NdArray stores it. (The type of the storage itself is not public.)
trait Stored: Copy {
    /// The elements in row-major order, in place where they already are; `None` if they are of another type.
    fn contiguous(tensor: &NdArrayTensor) -> Option<Cow<'_, [Self]>>;
    /// The elements in column-major order, likewise.
    fn columns(tensor: &NdArrayTensor) -> Option<Cow<'_, [Self]>>;
    /// The array, if it is of this type; its memory is shared with whatever else holds it.
    fn into_array(tensor: NdArrayTensor) -> Result<SharedArray<Self>, NdArrayTensor>;
}

macro_rules! stored {
    ($($element:ty => $variant:ident),+) => {
        $(impl Stored for $element {
            fn contiguous(tensor: &NdArrayTensor) -> Option<Cow<'_, [Self]>> {
                match tensor {
                    NdArrayTensor::$variant(storage) => Some(elements(storage.view())),
                    _ => None,
                }
            }

            fn columns(tensor: &NdArrayTensor) -> Option<Cow<'_, [Self]>> {
                match tensor {
                    NdArrayTensor::$variant(storage) => {
                        Some(elements(storage.view().reversed_axes()))
                    }
                    _ => None,
                }
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

/// The elements in row-major order, in place where they already are.
fn elements<E: Copy>(view: ArrayViewD<'_, E>) -> Cow<'_, [E]> {
    match view.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(view.iter().copied().collect()),
    }
}

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
fn forward_of_any_type<B: NdArrayTensors>(
    logits: &NdArrayTensor,
    targets: &RowTargets<B>,
    wanted: Wanted,
) -> Option<SoftmaxTerms<B>> {
    check::targets(logits, targets);
    match logits.dtype() {
        DType::F32 => forward::<f32, B>(logits, targets, wanted),
        DType::F64 => forward::<f64, B>(logits, targets, wanted),
        _ => None,
    }
}

/// Gives the logits back where the tensors are of types that the kernels do not have.
fn backward_of_any_type<B: NdArrayTensors>(
    logits: NdArrayTensor,
    targets: &RowTargets<B>,
    normalizer: &NdArrayTensor,
    grad: &NdArrayTensor,
    wanted: Wanted,
) -> Result<NdArrayTensor, NdArrayTensor> {
    check::backward(&logits, targets, normalizer, grad, wanted.columns());
    match logits.dtype() {
        DType::F32 => backward::<f32, B>(logits, targets, normalizer, grad, wanted),
        DType::F64 => backward::<f64, B>(logits, targets, normalizer, grad, wanted),
        _ => Err(logits),
    }
}

fn forward<F: Float + Stored, B: NdArrayTensors>(
    logits: &NdArrayTensor,
    targets: &RowTargets<B>,
    wanted: Wanted,
) -> Option<SoftmaxTerms<B>>
where
    NdArrayTensor: From<SharedArray<F>>,
{
    let elements = F::contiguous(logits)?;
    let rows = rows::<F, B>(logits, targets)?;
    let count = rows.shape[0] * rows.shape[2];
    let (terms, normalizer) = rows.forward(&elements, wanted);
    let shape: &[usize] = match wanted {
        Wanted::Terms => &[count, 3],
        Wanted::TargetLogProb => &[count],
    };
    Some(SoftmaxTerms {
        terms: tensor(IxDyn(shape).f(), terms),
        normalizer: tensor(IxDyn(&[count, 2]).f(), normalizer),
    })
}

fn backward<F: Float + Stored, B: NdArrayTensors>(
    logits: NdArrayTensor,
    targets: &RowTargets<B>,
    normalizer: &NdArrayTensor,
    grad: &NdArrayTensor,
    wanted: Wanted,
) -> Result<NdArrayTensor, NdArrayTensor>
where
    NdArrayTensor: From<SharedArray<F>>,
{
    let (Some(rows), Some(normalizer), Some(grad)) = (
        rows::<F, B>(&logits, targets),
        F::columns(normalizer),
        F::columns(grad),
    ) else {
        return Err(logits);
    };
    let shape = logits.shape();
    let mut logits = F::into_array(logits)?;
    // A broadcast array is unique, too, but has no slice.
    if logits.is_unique()
        && let Some(cells) = logits.as_slice_mut()
    {
        rows.backward(Logits::Owned(cells), &normalizer, &grad, wanted);
        return Ok(logits.into());
    }
    let shared = logits.as_standard_layout();
    let shared = shared.as_slice().expect("the standard layout is a slice");
    let output = rows.backward(Logits::Shared(shared), &normalizer, &grad, wanted);
    Ok(tensor(
        IxDyn(&shape),
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

fn tensor<F: Clone>(shape: impl Into<StrideShape<IxDyn>>, elements: Vec<F>) -> NdArrayTensor
where
    NdArrayTensor: From<SharedArray<F>>,
{
    let array = ArrayD::from_shape_vec(shape, elements)
        .expect("the kernels write as many elements as the shape has");
    array.into_shared().into()
}
