//! The pass over the elements, one for all formulas.
//!
//! Each unit loads some vectors of every input before it writes anything, so that gradients may take the place of the inputs.

use burn_cubecl::cubecl;
use cubecl::prelude::*;
use loss_kernels::Input;

use super::formulas::{CubeFormula, Numbers, Parameters};
use crate::cube::shared::crew::{Crew, sum_of_crew};
use crate::cube::shared::lanes::horizontal_sum;
use crate::cube::shared::matrix::Position;
use crate::cube::shared::number::{are_nan, constant};
use crate::cube::shared::shares::{BLOCK, SharesArg, UNROLL};
use crate::cube::sum::DivisorArg;

/// How the kernel is specialised.
///
/// It names every optional tensor that there is: CubeCL keeps compiled kernels by a hash in which an absent tensor leaves no
/// trace, so that without this the gradient of the target could be the kernel of that of the prediction.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Blueprint {
    /// The units of a cube.
    pub crew: Crew,
    /// Whether losses are written.
    pub losses: bool,
    /// Whether losses are added up.
    pub sums: bool,
    /// Which gradients are written.
    pub wanted: [bool; 3],
    /// Whether there is a third number.
    pub third: bool,
    /// Whether each loss counts a number of its own.
    pub counted: bool,
    /// Whether only the device knows the divisor.
    pub divided: bool,
    /// The bounds of each input.
    pub bounds: [Option<Bounds>; 3],
    /// Whether there is memory between the rows of a tensor.
    pub pitched: bool,
    /// Whether the third number is the same in every row.
    pub repeats: bool,
}

impl Blueprint {
    /// Whether it matters which row an element is of.
    pub fn by_row(&self) -> bool {
        self.pitched || self.repeats
    }
}

/// The least and the largest number that an input may be, as bits.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Bounds {
    least: u32,
    most: u32,
}

impl Bounds {
    pub fn new([least, most]: [f64; 2]) -> Self {
        Self {
            least: (least as f32).to_bits(),
            most: (most as f32).to_bits(),
        }
    }
}

/// What the pass reads.
#[derive(CubeType, CubeLaunch)]
pub struct Inputs<F: Float, N: Size> {
    /// `[rows, width]`, like all that follow.
    pub prediction: Tensor<Vector<F, N>>,
    pub target: Tensor<Vector<F, N>>,
    /// `[1, width]` if it repeats.
    pub third: ComptimeOption<Tensor<Vector<F, N>>>,
    /// What each loss counts: its weight, or its gradient.
    pub counts: ComptimeOption<Tensor<Vector<F, N>>>,
    pub divisor: DivisorArg,
    pub parameters: Parameters,
    /// NaN, which a shading language has no literal for.
    pub nan: f32,
}

/// What the pass writes.
#[derive(CubeType, CubeLaunch)]
pub struct Outputs<F: Float, N: Size> {
    pub losses: ComptimeOption<Tensor<Vector<F, N>>>,
    pub of_prediction: ComptimeOption<Tensor<Vector<F, N>>>,
    pub of_target: ComptimeOption<Tensor<Vector<F, N>>>,
    pub of_third: ComptimeOption<Tensor<Vector<F, N>>>,
    /// The sum of each cube.
    pub partials: ComptimeOption<Array<f32>>,
}

/// Computes losses, gradients and sums of losses, whichever are asked for.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn pass_kernel<L: CubeFormula, F: Float, N: Size>(
    inputs: &Inputs<F, N>,
    outputs: &mut Outputs<F, N>,
    shares: &SharesArg,
    #[comptime] blueprint: Blueprint,
    #[define(F)] _dtype: StorageType,
) {
    if shares.are_done() {
        terminate!();
    }
    let scale = 1.0 / inputs.divisor.get();
    let vectors = inputs.prediction.len();
    let share = shares.mine(vectors);
    let step = share.step;
    let mut total = Vector::<f32, N>::new(f32::new(0.0));
    let mut i = share.first;
    while i < share.end {
        let end = min(i + BLOCK * step, share.end);
        let mut block = Vector::<f32, N>::new(f32::new(0.0));
        while i + (UNROLL - 1) * step < end {
            block += some::<L, F, N>(inputs, outputs, i, step, scale, UNROLL, blueprint);
            i += UNROLL * step;
        }
        while i < end {
            block += some::<L, F, N>(inputs, outputs, i, step, scale, 1usize, blueprint);
            i += step;
        }
        total += block;
    }
    if comptime!(blueprint.sums) {
        let sum = sum_of_crew(horizontal_sum(total), blueprint.crew);
        if UNIT_POS == 0 {
            #[comptime]
            match &mut outputs.partials {
                ComptimeOption::Some(partials) => partials[CUBE_POS] = sum,
                ComptimeOption::None => {}
            }
        }
    }
}

/// A few vectors of a unit, and the sum of their losses.
#[cube]
fn some<L: CubeFormula, F: Float, N: Size>(
    inputs: &Inputs<F, N>,
    outputs: &mut Outputs<F, N>,
    first: usize,
    step: usize,
    scale: f32,
    #[comptime] count: usize,
    #[comptime] blueprint: Blueprint,
) -> Vector<f32, N> {
    let mut numbers = Sequence::<Numbers<N>>::new();
    let mut counts = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for k in 0..count {
        let at = position(inputs, first + k * step, blueprint);
        numbers.push(read(inputs, &at, blueprint));
        counts.push(read_count(inputs, &at, blueprint));
    }
    let mut losses = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for k in 0..count {
        let at = position(inputs, first + k * step, blueprint);
        let numbers = numbers[k];
        losses.push(one::<L, F, N>(
            inputs, outputs, &numbers, counts[k], &at, scale, blueprint,
        ));
    }
    if comptime!(count == UNROLL) {
        // In pairs: that rounds less away.
        (losses[0] + losses[1]) + (losses[2] + losses[3])
    } else {
        losses[0]
    }
}

#[cube]
fn position<F: Float, N: Size>(
    inputs: &Inputs<F, N>,
    i: usize,
    #[comptime] blueprint: Blueprint,
) -> Position {
    let width = inputs.prediction.shape(1) / N::value();
    Position::new(i, width, comptime!(blueprint.by_row()))
}

#[cube]
fn read<F: Float, N: Size>(
    inputs: &Inputs<F, N>,
    at: &Position,
    #[comptime] blueprint: Blueprint,
) -> Numbers<N> {
    let x = inputs.prediction[at.of(&inputs.prediction, blueprint.pitched)];
    let y = inputs.target[at.of(&inputs.target, blueprint.pitched)];
    let w = #[comptime]
    match &inputs.third {
        ComptimeOption::Some(third) => {
            if comptime!(blueprint.repeats) {
                Vector::cast_from(third[at.column])
            } else {
                Vector::cast_from(third[at.of(third, blueprint.pitched)])
            }
        }
        ComptimeOption::None => constant(1.0),
    };
    Numbers::<N> {
        x: Vector::cast_from(x),
        y: Vector::cast_from(y),
        w,
    }
}

#[cube]
fn read_count<F: Float, N: Size>(
    inputs: &Inputs<F, N>,
    at: &Position,
    #[comptime] blueprint: Blueprint,
) -> Vector<f32, N> {
    #[comptime]
    match &inputs.counts {
        ComptimeOption::Some(counts) => Vector::cast_from(counts[at.of(counts, blueprint.pitched)]),
        ComptimeOption::None => constant(1.0),
    }
}

/// Writes what is asked for of one vector, and gives its losses, each times what it counts.
#[cube]
fn one<L: CubeFormula, F: Float, N: Size>(
    inputs: &Inputs<F, N>,
    outputs: &mut Outputs<F, N>,
    numbers: &Numbers<N>,
    count: Vector<f32, N>,
    at: &Position,
    scale: f32,
    #[comptime] blueprint: Blueprint,
) -> Vector<f32, N> {
    let zero = constant::<N>(0.0);
    let dropped = count.equal(zero);
    let nan = Vector::<f32, N>::new(inputs.nan);

    let mut loss = zero;
    if comptime!(blueprint.losses || blueprint.sums) {
        let undefined = undefined(numbers, blueprint);
        loss = select_many(undefined, nan, L::loss::<N>(numbers, &inputs.parameters));
        if comptime!(blueprint.counted) {
            loss = select_many(dropped, zero, loss * count);
        }
    }
    #[comptime]
    match &mut outputs.losses {
        ComptimeOption::Some(losses) => {
            let place = at.of(losses, blueprint.pitched);
            losses[place] = Vector::cast_from(loss);
        }
        ComptimeOption::None => {}
    }

    // Every slope depends on the prediction, but not every one on the other inputs.
    let unknown = are_nan(numbers.x);
    let mut factor = Vector::<f32, N>::new(scale);
    if comptime!(blueprint.counted) {
        factor = count * factor;
    }
    #[comptime]
    match &mut outputs.of_prediction {
        ComptimeOption::Some(gradient) => {
            let slope = L::slope::<N>(numbers, &inputs.parameters, Input::Prediction);
            let value = select_many(dropped, zero, select_many(unknown, nan, slope * factor));
            let place = at.of(gradient, blueprint.pitched);
            gradient[place] = Vector::cast_from(value);
        }
        ComptimeOption::None => {}
    }
    #[comptime]
    match &mut outputs.of_target {
        ComptimeOption::Some(gradient) => {
            let slope = L::slope::<N>(numbers, &inputs.parameters, Input::Target);
            let value = select_many(dropped, zero, select_many(unknown, nan, slope * factor));
            let place = at.of(gradient, blueprint.pitched);
            gradient[place] = Vector::cast_from(value);
        }
        ComptimeOption::None => {}
    }
    #[comptime]
    match &mut outputs.of_third {
        ComptimeOption::Some(gradient) => {
            let slope = L::slope::<N>(numbers, &inputs.parameters, Input::Third);
            let value = select_many(dropped, zero, select_many(unknown, nan, slope * factor));
            let place = at.of(gradient, blueprint.pitched);
            gradient[place] = Vector::cast_from(value);
        }
        ComptimeOption::None => {}
    }
    loss
}

/// Where an input is NaN or outside its bounds.
#[cube]
fn undefined<N: Size>(numbers: &Numbers<N>, #[comptime] blueprint: Blueprint) -> Vector<bool, N> {
    let [of_x, of_y, of_w] = comptime!(blueprint.bounds);
    let x = undefined_number(numbers.x, of_x);
    let y = undefined_number(numbers.y, of_y);
    let w = undefined_number(numbers.w, of_w);
    x.or(y).or(w)
}

#[cube]
fn undefined_number<N: Size>(
    x: Vector<f32, N>,
    #[comptime] bounds: Option<Bounds>,
) -> Vector<bool, N> {
    let nan = are_nan(x);
    match comptime!(bounds) {
        Some(bounds) => {
            let below = x.less_than(constant(comptime!(f32::from_bits(bounds.least))));
            let outside = nan.or(below);
            // WGSL has no infinite constant.
            if comptime!(f32::from_bits(bounds.most).is_finite()) {
                let above = x.greater_than(constant(comptime!(f32::from_bits(bounds.most))));
                outside.or(above)
            } else {
                outside
            }
        }
        None => nan,
    }
}
