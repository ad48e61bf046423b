//! Tensors of any rank, and functions of them that keep their digits: what the composed operations are made of.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, FloatDType, Tensor, TensorData, TensorMetadata, TensorPrimitive};

use super::check::rows_shape;
use crate::LossBackend;

/// A tensor whose rank the caller knows.
pub(crate) fn wrap<B: Backend, const D: usize>(tensor: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}

/// The backend's own tensor, whose rank the type does not fix.
pub(crate) fn unwrap<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

/// The type in which to compute with numbers of this type: 32 bits for those of 16, or a sum would overflow, a small number
/// would become 0, and the probabilities of the backward pass would be off by more than their own rounding.
///
/// # Example
///
/// ```
/// use burn::tensor::DType;
/// use burn_loss_kernels::composed::at_least_f32;
///
/// assert_eq!([DType::BF16, DType::F64].map(at_least_f32), [DType::F32, DType::F64]);
/// ```
pub fn at_least_f32(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        dtype => dtype,
    }
}

/// A tensor times a number, which is rounded to the tensor's type: Burn rounds what a tensor is divided by to `f32`.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Tensor, TensorPrimitive};
/// use burn_loss_kernels::composed::times;
///
/// let three = Tensor::<NdArray, 1>::from_floats([3.0], &Default::default()).into_primitive().tensor();
/// let six = Tensor::<NdArray, 1>::from_primitive(TensorPrimitive::Float(times::<NdArray>(three, 2.0)));
/// assert_eq!(six.into_scalar(), 6.0);
/// ```
pub fn times<B: LossBackend>(tensor: FloatTensor<B>, by: f64) -> FloatTensor<B> {
    if by == 1.0 {
        return tensor;
    }
    let (device, dtype) = (B::float_device(&tensor), tensor.dtype());
    let by = Tensor::<B, 1>::from_data(TensorData::from([by]), (&device, dtype));
    B::scale(tensor, unwrap(by))
}

/// Numbers of 16 bits in 32.
pub(crate) fn widen_half<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    if at_least_f32(tensor.dtype()) == tensor.dtype() {
        return tensor;
    }
    B::float_cast(tensor, FloatDType::F32)
}

/// One column of the terms `[M, 3]`, `[M]`.
///
/// # Panics
///
/// If there is no such column.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::{LOG_SUM_EXP, composed::column};
///
/// let terms = Tensor::<NdArray, 2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Default::default());
/// assert_eq!(column(terms, LOG_SUM_EXP).into_data().to_vec::<f32>().unwrap(), [3.0, 6.0]);
/// ```
pub fn column<B: Backend>(terms: Tensor<B, 2>, index: usize) -> Tensor<B, 1> {
    let [rows, _] = terms.dims();
    if rows == 0 {
        // Burn's slice of nothing leaves the graph; this sum of nothing does not.
        return terms.sum_dim(1).reshape([0]);
    }
    // A row of the transposed terms, which NdArray copies a hundred times faster than a column; and a column that is reshaped to
    // several axes is read wrongly by wgpu.
    let transposed = terms.swap_dims(0, 1);
    transposed
        .slice([index..index + 1, 0..rows])
        .reshape([rows])
}

/// `1 - exp(-x)` for `x >= 0` that keeps the digits of a small `x`. Not to be differentiated, like [`log1p`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::one_minus_exp_neg;
///
/// let x = Tensor::<NdArray, 1>::from_floats([1e-6], &Default::default());
/// let found = one_minus_exp_neg(x).into_scalar();
/// assert!((found / 9.999995e-7 - 1.0).abs() < 1e-6);
/// ```
pub fn one_minus_exp_neg<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    // The series, because a device's exp and log near 1 may be too coarse to cancel each other's rounding.
    let small = (2..=9).rev().fold(x.ones_like(), |sum, n| {
        (x.clone() * sum / f64::from(n)).neg() + 1.0
    });
    let small = small * x.clone();
    let is_large = x.clone().greater_elem(0.1);
    let large = x.neg().exp().neg() + 1.0;
    small.mask_where(is_large, large)
}

/// `log(1 + x)` that keeps the digits of a small `x` also where the device's own does not. Not to be differentiated:
/// only its value is meant to be exact.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::log1p;
///
/// let x = Tensor::<NdArray, 1>::from_floats([1e-6], &Default::default());
/// let found = log1p(x).into_scalar();
/// assert!((found / 9.999995e-7 - 1.0).abs() < 1e-6);
/// ```
pub fn log1p<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    log_of_one_plus(x.clone(), x + 1.0)
}

/// `log(y)`, given `x = y - 1` as well, that keeps its digits where `y` is almost 1. Not to be differentiated, like
/// [`log1p`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_kernels::composed::log_of_one_plus;
///
/// let x = Tensor::<NdArray, 1>::from_floats([1e-6], &Default::default());
/// let found = log_of_one_plus(x.clone(), x + 1.0).into_scalar();
/// assert!((found / 9.999995e-7 - 1.0).abs() < 1e-6);
/// ```
pub fn log_of_one_plus<B: Backend, const D: usize>(
    x: Tensor<B, D>,
    y: Tensor<B, D>,
) -> Tensor<B, D> {
    // The series, because near 1 the logarithm of a shading language is only good to 4e-8 in all, not relatively:
    // 2 artanh(z) with z = x / (2 + x), in which five terms reach the last digit of an f64 for |x| < 1/16.
    let is_small = x.clone().abs().lower_elem(1.0 / 16.0);
    let z = x.clone() / (x + 2.0);
    let z2 = z.clone() * z.clone();
    let series = z2.clone() * (1.0 / 9.0) + 1.0 / 7.0;
    let series = [1.0 / 5.0, 1.0 / 3.0, 1.0]
        .into_iter()
        .fold(series, |series, term| series * z2.clone() + term);
    y.log().mask_where(is_small, z * series * 2.0)
}

/// The tensor in another element type; itself if it has that type.
pub(crate) fn cast<B: Backend>(tensor: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    if tensor.dtype() == dtype {
        return tensor;
    }
    B::float_cast(tensor, dtype.into())
}

/// A sum over what it is divided by. Multiplied, because the slope of a quotient by its numerator is the backend's reciprocal,
/// which NdArray and some GPUs round to 12 bits.
pub(crate) fn quotient<B: Backend>(sum: Tensor<B, 1>, divisor: Tensor<B, 1>) -> Tensor<B, 1> {
    sum * (divisor.ones_like() / divisor)
}

/// Logits `[N, C, d1, ..]`, or as many weights, as `[N, C, S]`.
pub(crate) fn as_rows<B: Backend>(logits: FloatTensor<B>) -> Tensor<B, 3> {
    let shape = rows_shape(&logits.shape());
    wrap(B::float_reshape(logits, shape.into()))
}
