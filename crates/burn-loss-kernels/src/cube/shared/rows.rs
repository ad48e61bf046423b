//! Rows of scores `[N, C, d1, ..]` and their classes: where a row lies, and what it is compared with.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::reshape;
use burn_cubecl::{CubeRuntime, cubecl, tensor::CubeTensor};
use cubecl::prelude::*;

use crate::ops::check::rows_shape;

/// Classes as a contiguous tensor of `i32` or `i64`.
pub fn readable_classes<R: CubeRuntime>(classes: CubeTensor<R>) -> CubeTensor<R> {
    let dtype = match classes.dtype {
        DType::I64 | DType::U64 | DType::U32 => DType::I64,
        _ => DType::I32,
    };
    into_contiguous(cast(classes, dtype))
}

/// Logits `[N, C, d1, ..]`, or as many weights, as `[N, C, S]`; a copy only where no strides say so.
pub fn as_rows<R: CubeRuntime>(tensor: CubeTensor<R>) -> CubeTensor<R> {
    let shape = rows_shape(tensor.meta.shape());
    reshape(tensor, Shape::new(shape))
}

/// Panics if there are more classes than the types of classes can name.
pub fn check_classes(num_classes: usize) {
    assert!(
        i32::try_from(num_classes).is_ok(),
        "loss kernels: {num_classes} classes are more than a class index of 32 bits can name"
    );
}

/// The ignored index; one that the type of the classes cannot hold is the class of no row.
pub fn held_index(index: Option<i64>, classes: DType) -> Option<i64> {
    index.filter(|index| classes == DType::I64 || i32::try_from(*index).is_ok())
}

/// Where a row's vectors lie in a tensor `[N, C, S]`.
#[derive(CubeType, Clone, Copy)]
pub struct RowAddress {
    base: usize,
    stride: usize,
}

#[cube]
impl RowAddress {
    pub fn of<E: Scalar, N: Size>(
        tensor: &Tensor<Vector<E, N>>,
        row: usize,
        positions: usize,
    ) -> RowAddress {
        let base = (row / positions) * tensor.stride(0) + (row % positions) * tensor.stride(2);
        let size = N::value();
        RowAddress {
            base: base / size,
            stride: if comptime!(size > 1) {
                1usize.runtime()
            } else {
                tensor.stride(1)
            },
        }
    }

    pub fn at(&self, i: usize) -> usize {
        self.base + i * self.stride
    }
}

/// What a row is compared with.
#[derive(CubeType, Clone, Copy)]
pub struct Target {
    /// The class, or 0 if there is none or it does not count.
    pub class: usize,
    pub ignored: bool,
    pub invalid: bool,
}

/// What the class of a row says.
#[cube]
pub fn target_of<I: Int>(
    class: I,
    num_classes: usize,
    ignore_index: &InputScalar,
    #[comptime] ignores: bool,
) -> Target {
    let outside = class < I::from_int(0) || class >= I::cast_from(num_classes);
    let mut ignored = false.runtime();
    if comptime!(ignores) {
        ignored = class == ignore_index.get::<I>();
    }
    Target {
        class: select(outside, 0usize, usize::cast_from(class)),
        ignored,
        invalid: outside && !ignored,
    }
}
