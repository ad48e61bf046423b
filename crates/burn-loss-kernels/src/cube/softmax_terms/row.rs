//! The sums over a row from which its terms follow: kept while its logits stream by, then merged between units.
//!
//! The largest logits are counted and only the others are summed, so that what the others add to 1 is not rounded away.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::cube::shared::lanes::{horizontal_sum, lane};
use crate::cube::shared::math::{exp_of_negative, exp_of_negatives, is_nan};

/// The lowest finite `f32`, from which maxima start: with `-inf` an empty lane would hold `-inf - -inf`.
const LOWEST: f32 = f32::MIN;

/// Distances are scaled down before they meet their weights, so that they do not overflow. Compilers reorder sums and
/// products: `a x - a max` becomes `a (x - max)`, against which `max` is subtracted in halves, and `w x + w y` becomes
/// `w (x + y)`, for which there is room.
const SCALE: f32 = 1.0 / 16.0;
const HALF_SCALE: f32 = SCALE / 2.0;
const UNSCALE: f32 = 1.0 / SCALE;

/// The sums over some of the logits of one row.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
pub struct RowSums {
    /// The largest logit, or [`LOWEST`] if none is above it.
    pub max: f32,
    /// How many logits are equal to `max`.
    pub ties: f32,
    /// The sum of `exp(x - max)` over the other logits.
    pub below: f32,
    /// The sum of `w (x - max)`.
    pub smooth: f32,
    /// The sum of `w`.
    pub weight: f32,
    /// More than 0 if a logit is NaN.
    pub nan: f32,
}

/// How many numbers [`RowSums`] holds.
pub const ROW_SUMS: usize = 6;

#[cube]
impl RowSums {
    /// The sums over no logits.
    pub fn empty() -> RowSums {
        let zero = f32::new(0.0);
        RowSums {
            max: f32::new(LOWEST),
            ties: zero,
            below: zero,
            smooth: zero,
            weight: zero,
            nan: zero,
        }
    }

    /// The same sums relative to a maximum that is at least their own.
    pub fn relative_to(&self, max: f32) -> RowSums {
        let scale = exp_of_negative(self.max - max);
        let grown = self.max < max;
        RowSums {
            max,
            ties: select(grown, f32::new(0.0), self.ties),
            below: select(grown, (self.below + self.ties) * scale, self.below),
            smooth: self.smooth + weighted_distance(self.weight, self.max, max),
            weight: self.weight,
            nan: self.nan,
        }
    }

    /// The sums over the logits of both.
    pub fn merge(&self, other: &RowSums) -> RowSums {
        let max = max(self.max, other.max);
        let a = self.relative_to(max);
        let b = other.relative_to(max);
        RowSums {
            max,
            ties: a.ties + b.ties,
            below: a.below + b.below,
            smooth: a.smooth + b.smooth,
            weight: a.weight + b.weight,
            nan: a.nan + b.nan,
        }
    }
}

/// `weight * (x - max)`, finite whenever the product is, though the distance of two finite logits need not be.
#[cube]
fn weighted_distance(weight: f32, x: f32, max: f32) -> f32 {
    weight * scaled_distance(x, max) * UNSCALE
}

/// `(x - max) * SCALE`.
#[cube]
fn scaled_distance(x: f32, max: f32) -> f32 {
    let half = max * HALF_SCALE;
    x * SCALE - half - half
}

/// The sums of one unit, a vector wide.
#[derive(CubeType)]
pub struct RowLanes<N: Size> {
    max: f32,
    ties: Vector<f32, N>,
    below: Vector<f32, N>,
    smooth: Vector<f32, N>,
    weight: Vector<f32, N>,
    /// The largest bit pattern without its sign: NaN is above infinity.
    magnitude: Vector<u32, N>,
}

#[cube]
impl<N: Size> RowLanes<N> {
    pub fn new() -> RowLanes<N> {
        let zero = Vector::new(f32::new(0.0));
        RowLanes::<N> {
            max: f32::new(LOWEST),
            ties: zero,
            below: zero,
            smooth: zero,
            weight: zero,
            magnitude: Vector::new(0u32),
        }
    }

    /// Takes in some vectors of logits, and of their weights if there are any.
    pub fn absorb(
        &mut self,
        logits: &Sequence<Vector<f32, N>>,
        weights: &Sequence<Vector<f32, N>>,
    ) {
        self.raise_max(logits, comptime!(weights.len() > 0));
        let zero = Vector::new(f32::new(0.0));
        let one = Vector::new(f32::new(1.0));
        let max_of_row = Vector::new(self.max);

        // These few are summed first: the fewer numbers a long row adds to a large sum, the less is rounded away.
        let mut ties = zero;
        let mut below = zero;
        #[unroll]
        for k in 0..logits.len() {
            let x = logits[k];
            let at_max = x.equal(max_of_row);
            ties += select_many(at_max, one, zero);
            below += select_many(at_max, zero, exp_of_negatives(x - max_of_row));
            self.magnitude = max(
                self.magnitude,
                Vector::<u32, N>::reinterpret(x) << Vector::new(1u32),
            );
        }
        self.ties += ties;
        self.below += below;

        if comptime!(weights.len() > 0) {
            let scale = Vector::new(f32::new(SCALE));
            let half_max = Vector::new(self.max * HALF_SCALE);
            let mut smooth = zero;
            let mut weight = zero;
            #[unroll]
            for k in 0..weights.len() {
                smooth += weights[k] * (logits[k] * scale - half_max - half_max);
                weight += weights[k];
            }
            self.smooth += smooth * Vector::new(f32::new(UNSCALE));
            self.weight += weight;
        }
    }

    /// Makes the sums relative to the largest of the logits, if it is larger than what was seen before.
    fn raise_max(&mut self, logits: &Sequence<Vector<f32, N>>, #[comptime] weighted: bool) {
        let mut largest = logits[0];
        #[unroll]
        for k in 1..logits.len() {
            largest = max(largest, logits[k]);
        }
        let mut new_max = self.max;
        #[unroll]
        for i in 0..N::value() {
            new_max = max(new_max, lane(largest, i));
        }

        let scale = Vector::new(exp_of_negative(self.max - new_max));
        let grown = self.max < new_max;
        let zero = Vector::new(f32::new(0.0));
        self.below = select(grown, (self.below + self.ties) * scale, self.below);
        self.ties = select(grown, zero, self.ties);
        if comptime!(weighted) {
            let distance = Vector::new(scaled_distance(self.max, new_max));
            self.smooth += self.weight * distance * Vector::new(f32::new(UNSCALE));
        }
        self.max = new_max;
    }

    /// The sums over all lanes.
    pub fn sums(&self) -> RowSums {
        let mut nan = f32::new(0.0);
        #[unroll]
        for i in 0..N::value() {
            nan += select(
                is_nan(lane(self.magnitude, i)),
                f32::new(1.0),
                f32::new(0.0),
            );
        }
        RowSums {
            max: self.max,
            ties: horizontal_sum(self.ties),
            below: horizontal_sum(self.below),
            smooth: horizontal_sum(self.smooth),
            weight: horizontal_sum(self.weight),
            nan,
        }
    }
}
