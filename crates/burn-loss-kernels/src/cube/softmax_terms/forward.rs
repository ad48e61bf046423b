//! The kernels of the forward pass: one scan over the logits, and a merge of the segments of rows that are cut.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use loss_kernels::{LOG_SUM_EXP, SMOOTH_LOSS};

use super::inputs::{Blueprint, Inputs, Part, Smooth};
use super::merge::merge_cube;
use super::row::{ROW_SUMS, RowLanes, RowSums};
use crate::cube::shared::crew::Crew;
use crate::cube::shared::math::{is_positive_infinity, ln_1p};
use crate::cube::shared::rows::{RowAddress, Target};

/// What the forward pass writes.
#[derive(CubeType, CubeLaunch)]
pub struct Outputs<F: Float> {
    /// `[N * S, columns]`.
    pub terms: Array<F>,
    /// `[N * S, 2]`.
    pub normalizer: Array<f32>,
}

/// Computes the terms of whole rows.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn terms_kernel<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    outputs: &mut Outputs<F>,
    #[comptime] blueprint: Blueprint,
    #[define(F, I, W)] _dtypes: [StorageType; 3],
) {
    let part = inputs.part(blueprint);
    if part.row >= inputs.rows() {
        terminate!();
    }
    let target = inputs.target(part.row, blueprint.ignores);
    let sums = scan(inputs, &part, &target, blueprint);
    if leads(blueprint) {
        finish(inputs, outputs, part.row, &target, &sums, blueprint);
    }
}

/// Computes the sums over segments of rows.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn segments_kernel<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    partials: &mut Array<f32>,
    #[comptime] blueprint: Blueprint,
    #[define(F, I, W)] _dtypes: [StorageType; 3],
) {
    let part = inputs.part(blueprint);
    if part.row >= inputs.rows() {
        terminate!();
    }
    let target = inputs.target(part.row, blueprint.ignores);
    let sums = scan(inputs, &part, &target, blueprint);
    if leads(blueprint) {
        let at = (part.row * inputs.segments + part.segment) * ROW_SUMS;
        partials[at] = sums.max;
        partials[at + 1] = sums.ties;
        partials[at + 2] = sums.below;
        partials[at + 3] = sums.smooth;
        partials[at + 4] = sums.weight;
        partials[at + 5] = sums.nan;
    }
}

/// Merges the segments of each row, a cube a row, and computes its terms.
#[cube(launch_unchecked, address_type = "dynamic")]
pub fn merge_kernel<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    partials: &Array<f32>,
    outputs: &mut Outputs<F>,
    #[comptime] blueprint: Blueprint,
    #[comptime] crew: Crew,
    #[define(F, I, W)] _dtypes: [StorageType; 3],
) {
    let row = CUBE_POS;
    if row >= inputs.rows() {
        terminate!();
    }
    let mut sums = RowSums::empty();
    let mut segment = UNIT_POS as usize;
    while segment < inputs.segments {
        let at = (row * inputs.segments + segment) * ROW_SUMS;
        sums = sums.merge(&RowSums {
            max: partials[at],
            ties: partials[at + 1],
            below: partials[at + 2],
            smooth: partials[at + 3],
            weight: partials[at + 4],
            nan: partials[at + 5],
        });
        segment += CUBE_DIM as usize;
    }
    let sums = merge_cube(&sums, crew);
    if UNIT_POS == 0 {
        let target = inputs.target(row, blueprint.ignores);
        finish(inputs, outputs, row, &target, &sums, blueprint);
    }
}

/// Whether this unit writes what its crew found.
#[cube]
fn leads(#[comptime] blueprint: Blueprint) -> bool {
    if comptime!(blueprint.crew.is_some()) {
        UNIT_POS == 0
    } else {
        true.runtime()
    }
}

/// The sums over the logits of a part, shared by its crew.
#[cube]
fn scan<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    part: &Part,
    target: &Target,
    #[comptime] blueprint: Blueprint,
) -> RowSums {
    let mut lanes = RowLanes::<N>::new();
    // An empty range instead of a branch: the merge below needs all units of the cube.
    let end = select(target.ignored || target.invalid, 0usize, part.end);
    let unroll = comptime!(blueprint.unroll);
    let logits = inputs.logits_of(part.row);
    let weights = inputs.weights_of(part.row);
    let mut i = part.first;
    while i + (unroll - 1) * part.step < end {
        absorb(
            inputs, &mut lanes, &logits, &weights, i, part.step, unroll, blueprint,
        );
        i += unroll * part.step;
    }
    while i < end {
        absorb(
            inputs, &mut lanes, &logits, &weights, i, part.step, 1usize, blueprint,
        );
        i += part.step;
    }

    let sums = lanes.sums();
    match comptime!(blueprint.crew) {
        Some(crew) => merge_cube(&sums, crew),
        None => sums,
    }
}

#[cube]
#[allow(clippy::too_many_arguments)]
fn absorb<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    lanes: &mut RowLanes<N>,
    logits_of_row: &RowAddress,
    weights_of_row: &RowAddress,
    first: usize,
    step: usize,
    #[comptime] count: usize,
    #[comptime] blueprint: Blueprint,
) {
    let mut logits = Sequence::<Vector<f32, N>>::new();
    let mut weights = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for k in 0..count {
        let i = first + k * step;
        logits.push(Vector::cast_from(inputs.logits[logits_of_row.at(i)]));
        if comptime!(blueprint.weighted()) {
            weights.push(inputs.weight(weights_of_row, i));
        }
    }
    lanes.absorb(&logits, &weights);
}

/// Writes the terms and the normalizer of a row.
#[cube]
fn finish<F: Float, I: Int, W: Float, N: Size>(
    inputs: &Inputs<F, I, W, N>,
    outputs: &mut Outputs<F>,
    row: usize,
    target: &Target,
    sums: &RowSums,
    #[comptime] blueprint: Blueprint,
) {
    let zero = f32::new(0.0);
    let max = sums.max;
    let relative_lse =
        select(sums.ties == 1.0, zero, sums.ties.ln()) + ln_1p(sums.below / sums.ties);

    // NaN, +inf, only -inf, or a class outside of the row.
    let undefined =
        sums.nan > 0.0 || is_positive_infinity(max) || sums.ties == 0.0 || target.invalid;
    let filled = undefined || target.ignored;
    let filler = select(target.ignored, zero, inputs.nan);

    // Of what there is no data for the loss is 0, also in a row that is undefined.
    let mut target_loss = zero;
    if comptime!(blueprint.classes) {
        target_loss = filler;
        if !filled {
            target_loss = relative_lse - (inputs.logit(row, target.class) - max);
        }
    }
    let columns = comptime!(blueprint.columns);
    let terms = &mut outputs.terms;
    terms[row * columns] = F::cast_from(target_loss);
    if comptime!(columns > 1) {
        let mut smooth_loss = zero;
        if comptime!(blueprint.weighted()) {
            let weight = if comptime!(blueprint.smooth == Smooth::Uniform) {
                inputs.uniform_weight * f32::cast_from(inputs.logits.shape(1))
            } else {
                sums.weight
            };
            smooth_loss = select(filled, filler, weight * relative_lse - sums.smooth);
        }
        terms[row * columns + SMOOTH_LOSS] = F::cast_from(smooth_loss);
        let lse = select(filled, filler, max + relative_lse);
        terms[row * columns + LOG_SUM_EXP] = F::cast_from(lse);
    }
    let normalizer = &mut outputs.normalizer;
    normalizer[row * 2] = select(filled, filler, max);
    normalizer[row * 2 + 1] = select(filled, filler, relative_lse);
}
