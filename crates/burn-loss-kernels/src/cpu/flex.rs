//! The kernels on Flex's tensors.

use std::borrow::Cow;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Element, TensorData, TensorMetadata};
use burn_flex::{Flex, FlexTensor};
use pulp::bytemuck::Pod;

use super::Float;
use super::host::{Classes, HostRows, Logits, rows_of_columns};
use crate::{LossBackend, RowTargets, SoftmaxTerms, composed, rows_shape};

impl LossBackend for Flex {
    fn softmax_terms(logits: FloatTensor<Self>, targets: RowTargets<Self>) -> SoftmaxTerms<Self> {
        let done = match logits.dtype() {
            DType::F32 => forward::<f32>(&logits, &targets),
            DType::F64 => forward::<f64>(&logits, &targets),
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
            DType::F32 => backward::<f32>(logits, &targets, &normalizer, &grad),
            DType::F64 => backward::<f64>(logits, &targets, &normalizer, &grad),
            _ => Err(logits),
        };
        done.unwrap_or_else(|logits| {
            composed::softmax_terms_backward(logits, targets, normalizer, grad)
        })
    }
}

/// `None` where the tensors are of types that the kernels do not have.
fn forward<F: Float + Element + Pod>(
    logits: &FlexTensor,
    targets: &RowTargets<Flex>,
) -> Option<SoftmaxTerms<Flex>> {
    let rows = rows::<F>(logits, targets)?;
    let count = rows.shape[0] * rows.shape[2];
    let (terms, normalizer) = rows.forward(&contiguous(logits)?);
    Some(SoftmaxTerms {
        terms: tensor(&[count, 3], terms),
        normalizer: tensor(&[count, 2], normalizer),
    })
}

/// Gives the logits back where the tensors are of types that the kernels do not have.
fn backward<F: Float + Element + Pod>(
    mut logits: FlexTensor,
    targets: &RowTargets<Flex>,
    normalizer: &FlexTensor,
    grad: &FlexTensor,
) -> Result<FlexTensor, FlexTensor> {
    let (Some(rows), Some(normalizer), Some(grad)) = (
        rows::<F>(&logits, targets),
        contiguous::<F>(normalizer),
        contiguous::<F>(grad),
    ) else {
        return Err(logits);
    };
    if let Some((start, end)) = logits.layout().contiguous_offsets()
        && let Some(storage) = logits.try_storage_mut::<F>()
    {
        rows.backward(Logits::Owned(&mut storage[start..end]), &normalizer, &grad);
        return Ok(logits);
    }
    let output = match contiguous::<F>(&logits) {
        Some(shared) => rows.backward(Logits::Shared(&shared), &normalizer, &grad),
        None => return Err(logits),
    };
    Ok(tensor(
        &logits.shape(),
        output.expect("shared logits have a gradient of their own"),
    ))
}

fn rows<'a, F: Float + Element + Pod>(
    logits: &FlexTensor,
    targets: &'a RowTargets<Flex>,
) -> Option<HostRows<'a, F>> {
    let classes = match &targets.classes {
        None => None,
        Some(classes) => Some(match classes.dtype() {
            DType::I64 => Classes::I64(contiguous(classes)?),
            DType::I32 => Classes::I32(contiguous(classes)?),
            _ => return None,
        }),
    };
    Some(HostRows {
        shape: rows_shape(&logits.shape()),
        classes,
        ignore_index: targets.ignore_index,
        smooth: targets.smooth.as_ref().map(contiguous).transpose()?,
    })
}

/// The elements in row-major order, in place where they already are; `None` if they are of another type.
fn contiguous<E: Element + Pod>(tensor: &FlexTensor) -> Option<Cow<'_, [E]>> {
    if tensor.dtype() != E::dtype() {
        return None;
    }
    if let Some(slice) = tensor.as_slice::<E>() {
        return Some(Cow::Borrowed(slice));
    }
    if let &[rows, _] = &tensor.shape()[..]
        && let Some(columns) = tensor.transpose(0, 1).as_slice::<E>()
    {
        return Some(Cow::Owned(rows_of_columns(columns, rows)));
    }
    let elements = tensor.to_contiguous().storage::<E>().to_vec();
    Some(Cow::Owned(elements))
}

fn tensor<F: Element>(shape: &[usize], elements: Vec<F>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(elements, shape.to_vec()))
}
