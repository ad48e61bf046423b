//! Tensors of any shape as rows of one length. A device may pad the rows of its tensors; they are read and written where
//! they lie.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::{CubeRuntime, cubecl, tensor::CubeTensor};
use cubecl::prelude::*;

/// A tensor whose last axis lies in order, and whose other axes are as one.
#[derive(Clone, Debug)]
pub struct Matrix<R: CubeRuntime> {
    pub tensor: CubeTensor<R>,
    /// The length of the last axis.
    width: usize,
    /// How far it is from one row to the next.
    pitch: usize,
}

impl<R: CubeRuntime> Matrix<R> {
    /// The tensor, copied once where it does not lie so.
    pub fn new(tensor: CubeTensor<R>) -> Self {
        let copied = |tensor| Self::where_it_lies(into_contiguous(tensor));
        let matrix = Self::where_it_lies(tensor.clone()).or_else(|| copied(tensor));
        matrix.expect("a contiguous tensor lies so")
    }

    /// The tensor, if it lies so.
    pub fn where_it_lies(tensor: CubeTensor<R>) -> Option<Self> {
        let shape = tensor.meta.shape();
        Some(Self {
            width: shape.last().copied().unwrap_or(1),
            pitch: pitch_of(shape, tensor.meta.strides())?,
            tensor,
        })
    }

    /// A new tensor beside this one.
    pub fn empty(&self, shape: Shape, dtype: DType) -> Self {
        Self::new(empty_beside(&self.tensor, shape, dtype))
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.tensor.meta.shape().num_elements()
    }

    /// Whether there is memory between the rows, or none at all.
    pub fn is_pitched(&self) -> bool {
        self.pitch != self.width && self.len() != self.width
    }

    /// Whether a result may take the place of the elements. To be asked before the tensor is cloned.
    pub fn can_be_replaced(&self) -> bool {
        self.tensor.can_mut() && (self.pitch >= self.width || self.len() == self.width)
    }

    /// The tensor as `[rows, width]`.
    pub fn arg(&self) -> TensorArg<R> {
        self.view().into_tensor_arg()
    }

    /// The same for a result that takes the place of the input at that position.
    pub fn alias(&self, input_pos: usize) -> TensorArg<R> {
        self.view().as_tensor_alias(input_pos)
    }

    fn view(&self) -> CubeTensor<R> {
        let rows = self.len() / self.width.max(1);
        let mut view = self.tensor.clone();
        view.meta.shape = Shape::new([rows, self.width]);
        view.meta.strides = [self.pitch, 1].into();
        view
    }

    /// Whether vectors of this size divide it.
    fn has_vectors(&self, size: usize, by_row: bool) -> bool {
        if by_row {
            self.width.is_multiple_of(size) && self.pitch.is_multiple_of(size)
        } else {
            self.len().is_multiple_of(size)
        }
    }

    /// The type of the indices that reach all of it, with `beyond` of them past its end.
    pub fn address_type(&self, beyond: usize) -> AddressType {
        let len = (self.tensor.handle.size() as usize / self.tensor.dtype.size()).max(self.len());
        AddressType::from_len(len + beyond)
    }
}

/// A new tensor where another one is, in order and without memory between its rows.
pub fn empty_beside<R: CubeRuntime>(
    tensor: &CubeTensor<R>,
    shape: Shape,
    dtype: DType,
) -> CubeTensor<R> {
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    empty_device_contiguous_dtype(client, device, shape, dtype)
}

/// The widest vector that divides all tensors; of each row if `by_row`.
pub fn vector_size<R: CubeRuntime>(matrices: &[&Matrix<R>], by_row: bool) -> usize {
    let first = &matrices[0].tensor;
    first
        .client
        .io_optimized_vector_sizes(first.dtype.size())
        .find(|&size| {
            matrices
                .iter()
                .all(|matrix| matrix.has_vectors(size, by_row))
        })
        .unwrap_or(1)
}

/// The type of the indices that reach all of the tensors.
pub fn address_type<R: CubeRuntime>(matrices: &[&Matrix<R>], beyond: usize) -> AddressType {
    let types = matrices.iter().map(|matrix| matrix.address_type(beyond));
    let required = types.max().unwrap_or_default();
    let first = &matrices[0].tensor;
    assert!(
        first.client.properties().supports_address(required),
        "loss kernels: a tensor of shape {:?} is more than this device can index",
        first.meta.shape()
    );
    required
}

/// How far it is from one row to the next, if the last axis lies in order and the others are as one.
fn pitch_of(shape: &[usize], strides: &[usize]) -> Option<usize> {
    let axes: Vec<_> = shape.iter().copied().zip(strides.iter().copied()).collect();
    let (&(width, last), outer) = axes.split_last()?;
    if width > 1 && last != 1 {
        return None;
    }
    let mut outer = outer.iter().rev().filter(|(len, _)| *len > 1);
    let Some(&(len, pitch)) = outer.next() else {
        return Some(width);
    };
    let mut expected = pitch * len;
    for &(len, stride) in outer {
        if stride != expected {
            return None;
        }
        expected *= len;
    }
    Some(pitch)
}

/// A vector of a matrix, counted through its rows.
#[derive(CubeType, Clone, Copy)]
pub struct Position {
    i: usize,
    row: usize,
    /// Which vector of its row it is; only known if `by_row`.
    pub column: usize,
}

#[cube]
impl Position {
    /// Vector `i` of rows of `width` vectors.
    pub fn new(i: usize, width: usize, #[comptime] by_row: bool) -> Position {
        if comptime!(by_row) {
            Position {
                i,
                row: i / width,
                column: i % width,
            }
        } else {
            Position {
                i,
                row: i,
                column: i,
            }
        }
    }

    /// Where it lies in the tensor.
    pub fn of<E: Scalar, N: Size>(
        &self,
        tensor: &Tensor<Vector<E, N>>,
        #[comptime] pitched: bool,
    ) -> usize {
        if comptime!(pitched) {
            self.row * (tensor.stride(0) / N::value()) + self.column
        } else {
            self.i
        }
    }
}
