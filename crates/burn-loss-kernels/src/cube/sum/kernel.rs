//! The kernels of sums and of the product with one number.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::cube::shared::crew::{Crew, sum_of_crew};
use crate::cube::shared::lanes::horizontal_sum;
use crate::cube::shared::matrix::Position;
use crate::cube::shared::shares::{BLOCK, SharesArg, UNROLL};

/// What a sum is divided by.
#[derive(CubeType, CubeLaunch)]
pub struct DivisorArg {
    known: f32,
    /// A sum that only the device knows; it comes instead of what is known.
    counted: ComptimeOption<Array<f32>>,
    /// Whether a sum of 0 stands for 1.
    #[cube(comptime)]
    or_one: bool,
}

#[cube]
impl DivisorArg {
    pub fn get(&self) -> f32 {
        #[comptime]
        match &self.counted {
            ComptimeOption::Some(counted) => {
                let counted = counted[0];
                if comptime!(self.or_one) {
                    select(counted == 0.0, f32::new(1.0), counted)
                } else {
                    counted
                }
            }
            ComptimeOption::None => self.known,
        }
    }
}

/// The sum of each cube's numbers, divided.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn sum_kernel<F: Float, O: Float, N: Size>(
    numbers: &Tensor<Vector<F, N>>,
    sums: &mut Array<O>,
    divisor: &DivisorArg,
    shares: &SharesArg,
    #[comptime] crew: Crew,
    #[comptime] pitched: bool,
    #[define(F, O)] _dtypes: [StorageType; 2],
) {
    // The one cube of no numbers has work, too: it writes 0.
    if shares.are_done() && CUBE_POS > 0 {
        terminate!();
    }
    let share = shares.mine(numbers.len());
    let step = share.step;
    let mut total = Vector::<f32, N>::new(f32::new(0.0));
    let mut i = share.first;
    while i < share.end {
        let end = min(i + BLOCK * step, share.end);
        let mut block = Vector::<f32, N>::new(f32::new(0.0));
        while i + (UNROLL - 1) * step < end {
            let a = read(numbers, i, pitched);
            let b = read(numbers, i + step, pitched);
            let c = read(numbers, i + 2 * step, pitched);
            let d = read(numbers, i + 3 * step, pitched);
            // In pairs: that rounds less away.
            block += (a + b) + (c + d);
            i += UNROLL * step;
        }
        while i < end {
            block += read(numbers, i, pitched);
            i += step;
        }
        total += block;
    }
    let sum = sum_of_crew(horizontal_sum(total), crew);
    if UNIT_POS == 0 {
        sums[CUBE_POS] = O::cast_from(sum / divisor.get());
    }
}

#[cube]
fn read<F: Float, N: Size>(
    numbers: &Tensor<Vector<F, N>>,
    i: usize,
    #[comptime] pitched: bool,
) -> Vector<f32, N> {
    let at = Position::new(i, numbers.shape(1) / N::value(), pitched);
    Vector::cast_from(numbers[at.of(numbers, pitched)])
}

/// The product of a gradient and a number.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn scale_kernel<F: Float, G: Float, N: Size>(
    gradient: &Tensor<Vector<F, N>>,
    by: &Array<G>,
    product: &mut Tensor<Vector<F, N>>,
    shares: &SharesArg,
    #[comptime] in_place: bool,
    #[comptime] pitched: bool,
    #[define(F, G)] _dtypes: [StorageType; 2],
) {
    let by = f32::cast_from(by[0]);
    if shares.are_done() {
        terminate!();
    }
    if comptime!(in_place) {
        if by == 1.0 {
            terminate!();
        }
    }
    let share = shares.mine(gradient.len());
    let mut i = share.first;
    while i < share.end {
        let value = read(gradient, i, pitched) * Vector::new(by);
        let at = Position::new(i, gradient.shape(1) / N::value(), pitched);
        let place = at.of(product, pitched);
        product[place] = Vector::cast_from(value);
        i += share.step;
    }
}
