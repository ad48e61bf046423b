//! What both kernels read: the logits, what their rows are compared with, and which part of them a unit has.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::cube::shared::crew::Crew;
use crate::cube::shared::lanes::lane;
use crate::cube::shared::rows::{RowAddress, Target, target_of};

/// Where the smooth weights come from, see [`SmoothWeights`](crate::SmoothWeights).
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Smooth {
    Zero,
    Uniform,
    Tensor,
}

/// How a kernel is specialised.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Blueprint {
    /// The units that share a row, or none if each unit has its own.
    pub crew: Option<Crew>,
    /// How many vectors a unit loads before it uses them.
    pub unroll: usize,
    /// How many columns the terms have.
    pub columns: usize,
    /// Where the smooth weights come from.
    pub smooth: Smooth,
    /// Whether the rows have classes.
    pub classes: bool,
    /// Whether there is a class to ignore.
    pub ignores: bool,
}

impl Blueprint {
    /// Whether there are smooth weights.
    pub fn weighted(&self) -> bool {
        self.smooth != Smooth::Zero
    }
}

/// The inputs of both kernels.
#[derive(CubeType, CubeLaunch)]
pub struct Inputs<F: Float, I: Int, W: Float, N: Size> {
    /// `[N, C, S]`.
    pub logits: Tensor<Vector<F, N>>,
    /// `[N * S]`.
    pub classes: ComptimeOption<Array<I>>,
    /// `[N, C, S]`; weights that are the same in every row have strides of 0.
    pub weights: ComptimeOption<Tensor<Vector<W, N>>>,
    /// The sum over the classes of weights that are the same in every row, if it is known.
    pub weights_total: ComptimeOption<Array<f32>>,
    pub uniform_weight: f32,
    pub ignore_index: InputScalar,
    /// NaN, which a shading language has no literal for.
    pub nan: f32,
    /// How many parts each row is cut into.
    pub segments: usize,
}

/// The vectors of logits of one unit: `first`, `first + step`, .. below `end`, counted from the row's first.
#[derive(CubeType, Clone, Copy)]
pub struct Part {
    pub row: usize,
    pub segment: usize,
    pub first: usize,
    pub end: usize,
    pub step: usize,
}

#[cube]
impl<F: Float, I: Int, W: Float, N: Size> Inputs<F, I, W, N> {
    pub fn rows(&self) -> usize {
        self.logits.shape(0) * self.logits.shape(2)
    }

    /// How many vectors a row has.
    pub fn vectors(&self) -> usize {
        self.logits.shape(1) / N::value()
    }

    /// The part of this unit. Its row may be past the last one.
    pub fn part(&self, #[comptime] blueprint: Blueprint) -> Part {
        let vectors = self.vectors();
        let length = vectors.div_ceil(self.segments);
        if comptime!(blueprint.crew.is_some()) {
            let segment = CUBE_POS % self.segments;
            Part {
                row: CUBE_POS / self.segments,
                segment,
                first: segment * length + UNIT_POS as usize,
                end: min((segment + 1) * length, vectors),
                step: CUBE_DIM as usize,
            }
        } else {
            // Neighbouring units have neighbouring rows: that is where their loads coalesce.
            let rows = self.rows();
            let segment = ABSOLUTE_POS / rows;
            let past = segment >= self.segments;
            Part {
                row: select(past, rows, ABSOLUTE_POS % rows),
                segment,
                first: segment * length,
                end: min((segment + 1) * length, vectors),
                step: 1usize.runtime(),
            }
        }
    }

    pub fn target(&self, row: usize, #[comptime] ignores: bool) -> Target {
        #[comptime]
        match &self.classes {
            ComptimeOption::Some(classes) => target_of::<I>(
                classes[row],
                self.logits.shape(1),
                &self.ignore_index,
                ignores,
            ),
            ComptimeOption::None => Target {
                class: 0usize.runtime(),
                ignored: false.runtime(),
                invalid: false.runtime(),
            },
        }
    }

    /// The logits of a row.
    pub fn logits_of(&self, row: usize) -> RowAddress {
        RowAddress::of(&self.logits, row, self.logits.shape(2))
    }

    /// One logit of a row.
    pub fn logit(&self, row: usize, class: usize) -> f32 {
        let size = N::value();
        let vector = self.logits[self.logits_of(row).at(class / size)];
        f32::cast_from(lane(vector, class % size))
    }

    /// The smooth weights of a row.
    pub fn weights_of(&self, row: usize) -> RowAddress {
        #[comptime]
        match &self.weights {
            ComptimeOption::Some(weights) => RowAddress::of(weights, row, self.logits.shape(2)),
            ComptimeOption::None => self.logits_of(row),
        }
    }

    /// A vector of smooth weights.
    pub fn weight(&self, row: &RowAddress, i: usize) -> Vector<f32, N> {
        #[comptime]
        match &self.weights {
            ComptimeOption::Some(weights) => Vector::cast_from(weights[row.at(i)]),
            ComptimeOption::None => Vector::new(self.uniform_weight),
        }
    }
}
