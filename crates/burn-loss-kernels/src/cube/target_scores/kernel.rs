//! The kernels of the scores of the rows' classes: one adds up the rows' losses and what they count, one writes the slopes
//! to where the scores of the classes lie. A unit has some rows, and neighbouring units neighbouring rows.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::cube::shared::crew::{Crew, sum_of_crew};
use crate::cube::shared::lanes::lane;
use crate::cube::shared::rows::{RowAddress, target_of};
use crate::cube::shared::shares::{BLOCK, SharesArg};
use crate::cube::sum::DivisorArg;

/// How the kernels are specialised. It names every optional tensor that there is, for CubeCL's cache of kernels.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Blueprint {
    /// The units of a cube.
    pub crew: Crew,
    /// Whether there is a class to ignore.
    pub ignores: bool,
    /// Whether classes have weights.
    pub per_class: bool,
    /// Whether rows have weights.
    pub per_row: bool,
    /// Whether only the device knows the divisor.
    pub divided: bool,
}

/// What both kernels read beside the scores.
#[derive(CubeType, CubeLaunch)]
pub struct Rows<I: Int> {
    /// `[N * S]`.
    classes: Array<I>,
    ignore_index: InputScalar,
    /// `[C]`.
    per_class: ComptimeOption<Array<f32>>,
    /// `[N * S]`.
    per_row: ComptimeOption<Array<f32>>,
    num_classes: usize,
    /// NaN, which a shading language has no literal for.
    nan: f32,
}

/// A row, as far as its loss depends on it.
#[derive(CubeType, Clone, Copy)]
struct Row {
    /// The class, or 0 if there is none.
    class: usize,
    /// What it counts; NaN without a class.
    count: f32,
    /// Whether it is ignored or counts nothing itself: its loss is 0 whatever its score.
    dropped: bool,
}

#[cube]
impl<I: Int> Rows<I> {
    fn row(&self, row: usize, #[comptime] blueprint: Blueprint) -> Row {
        let target = target_of::<I>(
            self.classes[row],
            self.num_classes,
            &self.ignore_index,
            blueprint.ignores,
        );
        let of_class = #[comptime]
        match &self.per_class {
            ComptimeOption::Some(weights) => weights[target.class],
            ComptimeOption::None => f32::new(1.0),
        };
        let of_row = #[comptime]
        match &self.per_row {
            ComptimeOption::Some(weights) => weights[row],
            ComptimeOption::None => f32::new(1.0),
        };
        let dropped = target.ignored || of_row == 0.0;
        // NaN, so that the weight of another class, which may be 0, does not make a wrong target harmless.
        let count = select(target.invalid, self.nan, of_class * of_row);
        Row {
            class: target.class,
            count: select(dropped, f32::new(0.0), count),
            dropped,
        }
    }
}

/// Adds up each cube's losses, and what its rows count.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn sums_kernel<F: Float, I: Int, N: Size>(
    scores: &Tensor<Vector<F, N>>,
    rows: &Rows<I>,
    losses: &mut Array<f32>,
    counts: &mut Array<f32>,
    shares: &SharesArg,
    #[comptime] blueprint: Blueprint,
    #[define(F, I)] _dtypes: [StorageType; 2],
) {
    if shares.are_done() {
        terminate!();
    }
    let positions = scores.shape(2);
    let share = shares.mine(scores.shape(0) * positions);
    let zero = f32::new(0.0);
    let mut total = zero;
    let mut total_count = zero;
    let mut i = share.first;
    while i < share.end {
        let end = min(i + BLOCK * share.step, share.end);
        let mut block = zero;
        let mut block_count = zero;
        while i < end {
            let row = rows.row(i, blueprint);
            let address = RowAddress::of(scores, i, positions);
            let score = f32::cast_from(lane(scores[address.at(row.class)], 0));
            block -= select(row.dropped, zero, score * row.count);
            block_count += row.count;
            i += share.step;
        }
        total += block;
        total_count += block_count;
    }
    let loss = sum_of_crew(total, blueprint.crew);
    if UNIT_POS == 0 {
        losses[CUBE_POS] = loss;
    }
    if comptime!(blueprint.divided) {
        let count = sum_of_crew(total_count, blueprint.crew);
        if UNIT_POS == 0 {
            counts[CUBE_POS] = count;
        }
    }
}

/// Writes the slope of each row at its class; the gradient is 0 before.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn slopes_kernel<F: Float, I: Int, N: Size>(
    rows: &Rows<I>,
    divisor: &DivisorArg,
    gradient: &mut Tensor<Vector<F, N>>,
    shares: &SharesArg,
    #[comptime] blueprint: Blueprint,
    #[define(F, I)] _dtypes: [StorageType; 2],
) {
    if shares.are_done() {
        terminate!();
    }
    let scale = f32::new(1.0) / divisor.get();
    let positions = gradient.shape(2);
    let share = shares.mine(gradient.shape(0) * positions);
    let mut i = share.first;
    while i < share.end {
        let row = rows.row(i, blueprint);
        if !row.dropped {
            let address = RowAddress::of(gradient, i, positions);
            gradient[address.at(row.class)] = Vector::cast_from(0.0 - row.count * scale);
        }
        i += share.step;
    }
}
