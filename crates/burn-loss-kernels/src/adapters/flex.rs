//! Flex's tensors, as the kernels of a host read and write them.

use std::borrow::Cow;

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Element, TensorData};
use burn_flex::{Flex, FlexTensor};
use loss_kernels::cpu::simd::Pod;

use super::host::{self, HostTensor};
use super::host_linear;
use crate::{
    Adjustment, Columns, CtcTargets, Distillation, Elements, Formula, Linear, LinearReduced,
    Losses, MultiMargin, Reduced, Reduction, RowTargets, RowWeights, SampleLosses, SoftmaxTerms,
};

host::on_host!([] Flex []);

impl<E: Element + Pod> HostTensor<E> for FlexTensor {
    fn read(&self) -> Option<Cow<'_, [E]>> {
        if self.dtype() != E::dtype() {
            return None;
        }
        if let Some(slice) = self.as_slice::<E>() {
            return Some(Cow::Borrowed(slice));
        }
        Some(Cow::Owned(self.to_contiguous().storage::<E>().to_vec()))
    }

    fn read_columns(&self) -> Option<Cow<'_, [E]>> {
        if self.layout().num_dims() < 2 {
            return self.read();
        }
        let rows = self.transpose(0, 1);
        // The transposed tensor is a view of the same memory, which this one keeps alive; what it lends does not outlive it.
        if self.dtype() == E::dtype()
            && let Some((start, end)) = rows.layout().contiguous_offsets()
        {
            return Some(Cow::Borrowed(&self.storage::<E>()[start..end]));
        }
        let numbers: Cow<'_, [E]> = rows.read()?;
        Some(Cow::Owned(numbers.into_owned()))
    }

    fn matrix(&self) -> Option<(Cow<'_, [E]>, bool)> {
        if self.dtype() != E::dtype() || self.as_slice::<E>().is_some() {
            return Some((self.read()?, false));
        }
        match self.transpose(0, 1).layout().contiguous_offsets() {
            Some((start, end)) => Some((Cow::Borrowed(&self.storage::<E>()[start..end]), true)),
            None => Some((self.read()?, false)),
        }
    }

    fn alone(&mut self) -> Option<&mut [E]> {
        if self.dtype() != E::dtype() {
            return None;
        }
        let (start, end) = self.layout().contiguous_offsets()?;
        Some(&mut self.try_storage_mut::<E>()?[start..end])
    }

    fn new(shape: &[usize], elements: Vec<E>) -> Self {
        FlexTensor::from_data(TensorData::new(elements, shape.to_vec()))
    }

    fn of_columns([rows, columns]: [usize; 2], elements: Vec<E>) -> Self {
        <Self as HostTensor<E>>::new(&[columns, rows], elements).transpose(0, 1)
    }
}
