//! Tensors as numbers on the host, in f64: the only place that reads a device; and the room for those that are kept.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

/// The tensor's elements in row-major order.
pub(crate) fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    // A device has nothing to read for a tensor without elements, and some panic when asked.
    match tensor.shape().num_elements() {
        0 => Vec::new(),
        _ => tensor.into_data().iter::<f64>().collect(),
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
