//! The kernels on Flex's tensors.

use std::borrow::Cow;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Element, TensorData, TensorMetadata};
use burn_flex::{Flex, FlexTensor};
use pulp::bytemuck::Pod;

use super::Float;
use super::host::{Classes, HostRows, Logits, Wanted};
use crate::{LossBackend, RowTargets, SoftmaxTerms, check, composed, rows_shape};

impl LossBackend for Flex {
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

/// `None` where the tensors are of types that the kernels do not have.
fn forward_of_any_type(
    logits: &FlexTensor,
    targets: &RowTargets<Flex>,
    wanted: Wanted,
) -> Option<SoftmaxTerms<Flex>> {
    check::targets(logits, targets);
    match logits.dtype() {
        DType::F32 => forward::<f32>(logits, targets, wanted),
        DType::F64 => forward::<f64>(logits, targets, wanted),
        _ => None,
    }
}

/// Gives the logits back where the tensors are of types that the kernels do not have.
fn backward_of_any_type(
    logits: FlexTensor,
    targets: &RowTargets<Flex>,
    normalizer: &FlexTensor,
    grad: &FlexTensor,
    wanted: Wanted,
) -> Result<FlexTensor, FlexTensor> {
    check::backward(&logits, targets, normalizer, grad, wanted.columns());
    match logits.dtype() {
        DType::F32 => backward::<f32>(logits, targets, normalizer, grad, wanted),
        DType::F64 => backward::<f64>(logits, targets, normalizer, grad, wanted),
        _ => Err(logits),
    }
}

fn forward<F: Float + Element + Pod>(
    logits: &FlexTensor,
    targets: &RowTargets<Flex>,
    wanted: Wanted,
) -> Option<SoftmaxTerms<Flex>> {
    let rows = rows::<F>(logits, targets)?;
    let count = rows.shape[0] * rows.shape[2];
    let (terms, normalizer) = rows.forward(&contiguous(logits)?, wanted);
    Some(SoftmaxTerms {
        terms: match wanted {
            Wanted::Terms => tensor(&[3, count], terms).transpose(0, 1),
            Wanted::TargetLogProb => tensor(&[count], terms),
        },
        normalizer: tensor(&[2, count], normalizer).transpose(0, 1),
    })
}

fn backward<F: Float + Element + Pod>(
    mut logits: FlexTensor,
    targets: &RowTargets<Flex>,
    normalizer: &FlexTensor,
    grad: &FlexTensor,
    wanted: Wanted,
) -> Result<FlexTensor, FlexTensor> {
    let [normalizer, grad] = [normalizer, grad].map(|columns| match columns.shape().num_dims() {
        2 => columns.transpose(0, 1),
        _ => columns.clone(),
    });
    let (Some(rows), Some(normalizer), Some(grad)) = (
        rows::<F>(&logits, targets),
        contiguous::<F>(&normalizer),
        contiguous::<F>(&grad),
    ) else {
        return Err(logits);
    };
    if let Some((start, end)) = logits.layout().contiguous_offsets()
        && let Some(storage) = logits.try_storage_mut::<F>()
    {
        let owned = Logits::Owned(&mut storage[start..end]);
        rows.backward(owned, &normalizer, &grad, wanted);
        return Ok(logits);
    }
    let output = match contiguous::<F>(&logits) {
        Some(shared) => rows.backward(Logits::Shared(&shared), &normalizer, &grad, wanted),
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
    let elements = tensor.to_contiguous().storage::<E>().to_vec();
    Some(Cow::Owned(elements))
}

fn tensor<F: Element>(shape: &[usize], elements: Vec<F>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(elements, shape.to_vec()))
}
