//! Sums that are right at any length, and a gradient times one number.
//!
//! Each cube adds up a stretch of the numbers (`shared::shares`); what the cubes found is added up in the same way until one
//! number is left. There are no atomics: the same input gives the same bits.

mod kernel;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

use burn::tensor::DType;
use burn_cubecl::{CubeRuntime, tensor::CubeTensor};

pub use self::kernel::DivisorArg;
use self::kernel::{DivisorArgLaunch, scale_kernel, sum_kernel};
use super::shared::device::{Device, cube_count};
use super::shared::matrix::{Matrix, address_type, vector_size};
use super::shared::shares::Shares;

/// What a sum is divided by.
#[derive(Clone, Debug)]
pub struct Divisor<R: CubeRuntime> {
    known: f32,
    /// A sum that only the device knows, `[1]`; it comes instead of what is known.
    counted: Option<CubeTensor<R>>,
    /// Whether a sum of 0 stands for 1.
    or_one: bool,
}

impl<R: CubeRuntime> Divisor<R> {
    /// A number.
    pub fn known(known: f32) -> Self {
        Self {
            known,
            counted: None,
            or_one: false,
        }
    }

    /// The sum of these numbers, or 1 in place of 0 if `or_one`.
    pub fn sum_of(numbers: &Matrix<R>, or_one: bool) -> Self {
        let total = add_up(numbers.clone(), &Self::known(1.0), DType::F32);
        Self {
            known: 1.0,
            counted: Some(total),
            or_one,
        }
    }

    /// Whether only the device knows it.
    pub fn is_counted(&self) -> bool {
        self.counted.is_some()
    }

    pub fn launch(&self) -> DivisorArgLaunch<R> {
        let counted = self.counted.clone().map(CubeTensor::into_array_arg);
        DivisorArgLaunch::new(self.known, counted.into(), self.or_one)
    }
}

/// The sum of all numbers, `[1]`.
pub fn sum<R: CubeRuntime>(tensor: CubeTensor<R>) -> CubeTensor<R> {
    let dtype = tensor.dtype;
    add_up(Matrix::new(tensor), &Divisor::known(1.0), dtype)
}

/// The sum of what cubes found, divided, `[1]`.
pub fn finish<R: CubeRuntime>(
    partials: CubeTensor<R>,
    divisor: &Divisor<R>,
    dtype: DType,
) -> CubeTensor<R> {
    add_up(Matrix::new(partials), divisor, dtype)
}

fn add_up<R: CubeRuntime>(
    mut numbers: Matrix<R>,
    divisor: &Divisor<R>,
    dtype: DType,
) -> CubeTensor<R> {
    loop {
        let shares = shares_of(&numbers);
        let is_last = shares.cubes <= 1;
        let (divisor, dtype) = match is_last {
            true => (divisor, dtype),
            false => (&Divisor::known(1.0), DType::F32),
        };
        let sums = numbers.empty([shares.cubes.max(1)].into(), dtype);
        launch_sum(&numbers, &shares, divisor, &sums.tensor);
        if is_last {
            return sums.tensor;
        }
        numbers = sums;
    }
}

/// Of so many numbers that one cube can add them up, it does.
fn shares_of<R: CubeRuntime>(numbers: &Matrix<R>) -> Shares {
    let device = Device::of(&numbers.tensor.client);
    let vectors = numbers.len() / vector_size(&[numbers], numbers.is_pitched());
    Shares::single(&device, vectors).unwrap_or_else(|| Shares::new(&device, vectors))
}

fn launch_sum<R: CubeRuntime>(
    numbers: &Matrix<R>,
    shares: &Shares,
    divisor: &Divisor<R>,
    sums: &CubeTensor<R>,
) {
    let client = &numbers.tensor.client;
    // SAFETY: no unit reads past its share of the vectors, cubes past the last one end at once, and there is a place for the
    // sum of every cube.
    unsafe {
        sum_kernel::launch_unchecked(
            client,
            cube_count(client, shares.cubes.max(1)),
            shares.cube_dim(),
            address_type(&[numbers], shares.beyond()),
            vector_size(&[numbers], numbers.is_pitched()),
            numbers.arg(),
            sums.clone().into_array_arg(),
            divisor.launch(),
            shares.launch(),
            shares.crew,
            numbers.is_pitched(),
            [numbers.tensor.dtype.into(), sums.dtype.into()],
        );
    }
}

/// A gradient times a number, `[1]`, in place if nothing else holds it: then a factor of 1 leaves all memory alone.
pub fn scale<R: CubeRuntime>(gradient: CubeTensor<R>, by: CubeTensor<R>) -> CubeTensor<R> {
    let gradient = Matrix::new(gradient);
    let in_place = gradient.can_be_replaced();
    let (product, product_arg) = if in_place {
        (gradient.clone(), gradient.alias(0))
    } else {
        let tensor = &gradient.tensor;
        let product = gradient.empty(tensor.meta.shape().clone(), tensor.dtype);
        let arg = product.arg();
        (product, arg)
    };
    if gradient.len() == 0 {
        return product.tensor;
    }
    let client = &gradient.tensor.client;
    let matrices = [&gradient, &product];
    let pitched = matrices.iter().any(|matrix| matrix.is_pitched());
    let vector_size = vector_size(&matrices, pitched);
    let shares = Shares::new(&Device::of(client), gradient.len() / vector_size);
    // SAFETY: no unit reads or writes past its share of the vectors, of which both tensors have as many, and cubes past the
    // last one end at once. In place, a unit reads no element but those that it overwrites itself, and before it does.
    unsafe {
        scale_kernel::launch_unchecked(
            client,
            cube_count(client, shares.cubes),
            shares.cube_dim(),
            address_type(&matrices, shares.beyond()),
            vector_size,
            gradient.arg(),
            by.clone().into_array_arg(),
            product_arg,
            shares.launch(),
            in_place,
            pitched,
            [gradient.tensor.dtype.into(), by.dtype.into()],
        );
    }
    product.tensor
}
