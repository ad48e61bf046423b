//! Tensors as numbers on the host, in f64: the only place that reads a device; and the room for those that are kept.

use std::ops::Range;

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor};

/// A tensor's elements in row-major order, in the type that they came in: each metric makes f64 of those that it needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// 32 bits, or fewer.
    Single(Vec<f32>),
    /// 64 bits.
    Double(Vec<f64>),
}

impl Numbers {
    pub(crate) fn of<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Self {
        // A device has nothing to read for a tensor without elements, and some panic when asked.
        if tensor.shape().num_elements() == 0 {
            return Numbers::Single(Vec::new());
        }
        let data = tensor.into_data();
        match data.dtype {
            DType::F64 => Numbers::Double(data.into_vec().expect("the type is known")),
            DType::F32 => Numbers::Single(data.into_vec().expect("the type is known")),
            _ => Numbers::Single(data.iter::<f32>().collect()),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Numbers::Single(numbers) => numbers.len(),
            Numbers::Double(numbers) => numbers.len(),
        }
    }

    /// Appends some of them.
    pub(crate) fn append_to(&self, all: &mut Vec<f64>, range: Range<usize>) {
        match self {
            Numbers::Single(numbers) => all.extend(numbers[range].iter().map(|x| f64::from(*x))),
            Numbers::Double(numbers) => all.extend_from_slice(&numbers[range]),
        }
    }
}

/// The tensor's elements in row-major order.
pub(crate) fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    match Numbers::of(tensor) {
        Numbers::Single(numbers) => numbers.into_iter().map(f64::from).collect(),
        Numbers::Double(numbers) => numbers,
    }
}

/// The tensor's elements in row-major order.
pub(crate) fn integers<B: Backend, const D: usize>(tensor: Tensor<B, D, Int>) -> Vec<i64> {
    match tensor.shape().num_elements() {
        0 => Vec::new(),
        _ => tensor.into_data().iter::<i64>().collect(),
    }
}

/// Makes room for `more` elements: twice what there was, so that it is seldom done, but no more than for `most` in all
/// where that is enough.
pub(crate) fn grow<T>(elements: &mut Vec<T>, more: usize, most: usize) {
    let needed = elements.len() + more;
    if needed > elements.capacity() {
        let wanted = (2 * elements.capacity()).min(most).max(needed);
        elements.reserve_exact(wanted - elements.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_no_more_than_the_most() {
        let mut kept: Vec<u8> = Vec::new();
        for batch in 0..10 {
            grow(&mut kept, 100, 1000);
            kept.extend_from_slice(&[batch; 100]);
            assert!(kept.capacity() <= 1000, "{}", kept.capacity());
        }
        grow(&mut kept, 1, 1000);
        assert!(kept.capacity() > 1000);
    }
}
