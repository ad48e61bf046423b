//! The negated score of each row's class, and a gradient that is not 0 at one score per row.

use burn::tensor::TensorMetadata;
use burn_cubecl::{
    BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl, tensor::CubeTensor,
};
use cubecl::prelude::*;

use super::counted::{Blueprint, CountedRows, LossesArg, RowsArg};
use crate::cube::shared::device::{Device, cube_count};
use crate::cube::shared::lanes::lane;
use crate::cube::shared::matrix::{Matrix, Position, address_type, empty_beside, vector_size};
use crate::cube::shared::rows::{RowAddress, as_rows};
use crate::cube::shared::shares::{Shares, SharesArg};
use crate::cube::sum::{Divisor, DivisorArg};
use crate::ops::check::rows_shape;
use crate::{Reduced, Reduction, RowTargets, RowWeights};

/// The reduced loss, and the gradient if it is `wanted`, of at least one row.
pub fn target_scores<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement>(
    scores: CubeTensor<R>,
    targets: &RowTargets<CubeBackend<R, F, I, BT>>,
    weights: RowWeights<CubeBackend<R, F, I, BT>>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<CubeBackend<R, F, I, BT>> {
    let dtype = scores.dtype;
    let gradient = wanted.then(|| Gradient::beside_or_in(&scores));
    let scores = as_rows(scores);
    let rows = CountedRows::new(&scores, targets, weights, reduction);
    let (losses, losses_arg) = rows.room();
    let (cubes, units) = rows.cubes();
    // SAFETY: rows past the last one end at once, there is a place for the loss of every row, and each class is compared with
    // the number of classes before it becomes an index.
    unsafe {
        losses_kernel::launch_unchecked(
            rows.client(),
            cubes,
            units,
            rows.address_type(),
            1,
            scores.clone().into_tensor_arg(),
            rows.arg(),
            losses_arg,
            rows.blueprint,
            [dtype.into(), rows.class_dtype().into()],
        );
    }
    let (loss, divisor) = rows.reduce(losses, dtype);
    let gradient = gradient.map(|gradient| gradient.fill(&rows, &divisor));
    Reduced {
        loss,
        gradients: [gradient, None, None],
        fault: None,
    }
}

/// Where the gradient goes.
struct Gradient<R: CubeRuntime> {
    all: Matrix<R>,
    /// The same memory as `[N, C, S]`.
    of_rows: CubeTensor<R>,
}

impl<R: CubeRuntime> Gradient<R> {
    /// In place of the scores if nothing else holds them, and they lie as a matrix does; else in new memory.
    fn beside_or_in(scores: &CubeTensor<R>) -> Self {
        let replaceable = scores.can_mut() && scores.is_nonoverlapping();
        let in_place = Matrix::where_it_lies(scores.clone());
        // Padded rows of more axes than three are not `[N, C, S]`.
        let in_place = in_place.filter(|all| scores.rank() <= 3 || !all.is_pitched());
        let all = in_place.filter(|_| replaceable).unwrap_or_else(|| {
            let shape = scores.meta.shape().clone();
            Matrix::new(empty_beside(scores, shape, scores.dtype))
        });
        let mut of_rows = all.tensor.clone();
        match (of_rows.rank(), all.is_pitched()) {
            (2, true) => of_rows.meta.insert(2, 1, 1),
            (_, true) => {}
            // Not by Burn's `reshape`, which may copy where an axis of length 1 has a stride of its own.
            (_, false) => {
                let [n, c, s] = rows_shape(of_rows.meta.shape());
                of_rows.meta.shape = [n, c, s].into();
                of_rows.meta.strides = [c * s, s, 1].into();
            }
        }
        Self { all, of_rows }
    }

    /// Zeros, but for each row's slope at its class. The scores have been read.
    fn fill(self, rows: &CountedRows<R>, divisor: &Divisor<R>) -> CubeTensor<R> {
        let Self { all, of_rows } = self;
        let client = rows.client();
        let dtype: StorageType = of_rows.dtype.into();
        let vector_size = vector_size(&[&all], all.is_pitched());
        let shares = Shares::new(&Device::of(client), all.len() / vector_size);
        // SAFETY: no unit writes past its share of the vectors, and cubes past the last one end at once.
        unsafe {
            zeros_kernel::launch_unchecked(
                client,
                cube_count(client, shares.cubes),
                shares.cube_dim(),
                address_type(&[&all], shares.beyond()),
                vector_size,
                all.arg(),
                shares.launch(),
                all.is_pitched(),
                dtype,
            );
        }
        let (cubes, units) = rows.cubes();
        let reach = rows.address_type().max(of_rows.required_address_type());
        // SAFETY: as for the losses; the gradient has a place at the class of each row.
        unsafe {
            slopes_kernel::launch_unchecked(
                client,
                cubes,
                units,
                reach,
                1,
                rows.arg(),
                divisor.launch(),
                of_rows.into_tensor_arg(),
                rows.blueprint,
                [dtype, rows.class_dtype().into()],
            );
        }
        all.tensor
    }
}

/// Computes the losses, a unit a row.
#[cube(launch_unchecked, address_type = "dynamic")]
fn losses_kernel<F: Float, I: Int, N: Size>(
    scores: &Tensor<Vector<F, N>>,
    rows: &RowsArg<I>,
    losses: &mut LossesArg,
    #[comptime] blueprint: Blueprint,
    #[define(F, I)] _dtypes: [StorageType; 2],
) {
    let i = ABSOLUTE_POS;
    if rows.has_no(i) {
        terminate!();
    }
    let row = rows.row(i, blueprint);
    let address = RowAddress::of(scores, i, scores.shape(2));
    let score = f32::cast_from(lane(scores[address.at(row.class)], 0));
    let zero = f32::new(0.0);
    let loss = select(row.dropped, zero, zero - score * row.count);
    losses.write(i, loss, row.count);
}

/// Writes the slope of each row at its class; the gradient is 0 before.
#[cube(launch_unchecked, address_type = "dynamic")]
fn slopes_kernel<F: Float, I: Int, N: Size>(
    rows: &RowsArg<I>,
    divisor: &DivisorArg,
    gradient: &mut Tensor<Vector<F, N>>,
    #[comptime] blueprint: Blueprint,
    #[define(F, I)] _dtypes: [StorageType; 2],
) {
    let i = ABSOLUTE_POS;
    if rows.has_no(i) {
        terminate!();
    }
    let row = rows.row(i, blueprint);
    if !row.dropped {
        let scale = f32::new(1.0) / divisor.get();
        let address = RowAddress::of(gradient, i, gradient.shape(2));
        gradient[address.at(row.class)] = Vector::cast_from(0.0 - row.count * scale);
    }
}

/// Writes zeros.
#[cube(launch_unchecked, address_type = "dynamic")]
fn zeros_kernel<F: Float, N: Size>(
    numbers: &mut Tensor<Vector<F, N>>,
    shares: &SharesArg,
    #[comptime] pitched: bool,
    #[define(F)] _dtype: StorageType,
) {
    if shares.are_done() {
        terminate!();
    }
    let share = shares.mine(numbers.len());
    let mut i = share.first;
    while i < share.end {
        let at = Position::new(i, numbers.shape(1) / N::value(), pitched);
        let place = at.of(numbers, pitched);
        numbers[place] = Vector::new(F::new(0.0));
        i += share.step;
    }
}
