//! The scores of the rows' classes: their sum in one pass over the rows, and a gradient that is not 0 at one score a row.

mod kernel;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::{numeric, reshape};
use burn_cubecl::{
    BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl, tensor::CubeTensor,
};
use cubecl::prelude::*;

use self::kernel::{Blueprint, RowsLaunch, slopes_kernel, sums_kernel};
use super::shared::device::{Device, cube_count};
use super::shared::matrix::{Matrix, address_type};
use super::shared::rows::{as_rows, held_index, readable_classes};
use super::shared::shares::Shares;
use super::sum::{self, Divisor};
use crate::{Reduced, Reduction, RowTargets, RowWeights};

/// The reduced loss, and the gradient if it is `wanted`, of at least one row.
pub fn reduced<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement>(
    scores: CubeTensor<R>,
    targets: RowTargets<CubeBackend<R, F, I, BT>>,
    weights: RowWeights<CubeBackend<R, F, I, BT>>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<CubeBackend<R, F, I, BT>> {
    let (shape, dtype) = (scores.meta.shape().clone(), scores.dtype);
    let scores = as_rows(scores);
    let rows = Rows::new(&scores, targets, weights, reduction);
    let (losses, divisor) = rows.sums(scores.clone(), reduction);
    let gradient = wanted.then(|| {
        let gradient = rows.gradient(&scores, &divisor);
        reshape(gradient, shape)
    });
    Reduced {
        loss: sum::finish(losses, &divisor, dtype),
        gradients: [gradient, None, None],
        fault: None,
    }
}

/// The rows, and how they are shared out.
struct Rows<R: CubeRuntime> {
    classes: CubeTensor<R>,
    ignore_index: Option<i64>,
    per_class: Option<CubeTensor<R>>,
    per_row: Option<CubeTensor<R>>,
    num_classes: usize,
    shares: Shares,
    blueprint: Blueprint,
}

impl<R: CubeRuntime> Rows<R> {
    fn new<F: FloatElement, I: IntElement, BT: BoolElement>(
        scores: &CubeTensor<R>,
        targets: RowTargets<CubeBackend<R, F, I, BT>>,
        weights: RowWeights<CubeBackend<R, F, I, BT>>,
        reduction: Reduction,
    ) -> Self {
        let classes = readable_classes(targets.classes.expect("they are checked"));
        let ignore_index = held_index(targets.ignore_index, classes.dtype);
        let of_32_bits = |weights| into_contiguous(cast(weights, DType::F32));
        let [per_class, per_row] =
            [weights.per_class, weights.per_row].map(|weights| weights.map(of_32_bits));
        let rows = classes.meta.shape()[0];
        let shares = Shares::new(&Device::of(&scores.client), rows);
        let counted = targets.ignore_index.is_some() || per_class.is_some() || per_row.is_some();
        let blueprint = Blueprint {
            crew: shares.crew,
            ignores: ignore_index.is_some(),
            per_class: per_class.is_some(),
            per_row: per_row.is_some(),
            divided: counted && reduction.is_of_counts(),
        };
        Self {
            classes,
            ignore_index,
            per_class,
            per_row,
            num_classes: scores.meta.shape()[1],
            shares,
            blueprint,
        }
    }

    fn arg<I: Int>(&self) -> RowsLaunch<I, R> {
        let array = |weights: &Option<CubeTensor<R>>| {
            let weights = weights.clone();
            weights.map(CubeTensor::into_array_arg).into()
        };
        RowsLaunch::new(
            self.classes.clone().into_array_arg(),
            InputScalar::new(self.ignore_index.unwrap_or(0), self.classes.dtype),
            array(&self.per_class),
            array(&self.per_row),
            self.num_classes,
            f32::NAN,
        )
    }

    /// The sum of each cube's losses, and what their sum is to be divided by.
    fn sums(&self, scores: CubeTensor<R>, reduction: Reduction) -> (CubeTensor<R>, Divisor<R>) {
        let client = scores.client.clone();
        let of_scores = Matrix::new(scores.clone());
        let of_cubes = || of_scores.empty([self.shares.cubes].into(), DType::F32);
        let (losses, counts) = (of_cubes(), of_cubes());
        // SAFETY: no unit reads a row past the last one, each class is compared with the number of classes before it becomes
        // an index, cubes past the last one end at once, and there is a place for the sums of every cube.
        unsafe {
            sums_kernel::launch_unchecked(
                &client,
                cube_count(&client, self.shares.cubes),
                self.shares.cube_dim(),
                address_type(&[&of_scores], self.shares.beyond()),
                1,
                scores.clone().into_tensor_arg(),
                self.arg(),
                losses.tensor.clone().into_array_arg(),
                counts.tensor.clone().into_array_arg(),
                self.shares.launch(),
                self.blueprint,
                [scores.dtype.into(), self.classes.dtype.into()],
            );
        }
        let divisor = match self.blueprint.divided {
            true => Divisor::sum_of(&counts, reduction == Reduction::MeanOrZero),
            false => {
                let rows = self.classes.meta.shape()[0];
                Divisor::known(reduction.divisor(rows as f64) as f32)
            }
        };
        (losses.tensor, divisor)
    }

    /// Zeros of the scores' size, but for each row's slope at its class.
    fn gradient(&self, scores: &CubeTensor<R>, divisor: &Divisor<R>) -> CubeTensor<R> {
        let (client, device) = (scores.client.clone(), scores.device.clone());
        let dtype = scores.dtype;
        let mut shape = scores.meta.shape().clone();
        // CubeCL writes single numbers instead of vectors where the last axis is 1.
        let is_flat = shape[2] == 1;
        if is_flat {
            shape = Shape::new([shape[0], shape[1]]);
        }
        let zero = InputScalar::new(0.0, dtype);
        let gradient = numeric::full_device_dtype(client.clone(), shape, device, zero, dtype);
        let mut of_rows = gradient.clone();
        if is_flat {
            of_rows.meta.insert(2, 1, 1);
        }
        let reach = address_type(&[&Matrix::new(gradient.clone())], self.shares.beyond());
        // SAFETY: as for the sums; the gradient has the shape of the scores, and a place at the class of each row.
        unsafe {
            slopes_kernel::launch_unchecked(
                &client,
                cube_count(&client, self.shares.cubes),
                self.shares.cube_dim(),
                reach,
                1,
                self.arg(),
                divisor.launch(),
                of_rows.into_tensor_arg(),
                self.shares.launch(),
                self.blueprint,
                [dtype.into(), self.classes.dtype.into()],
            );
        }
        gradient
    }
}
