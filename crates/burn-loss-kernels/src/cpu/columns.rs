//! Loops across many rows, one a lane: rows too short for vectors of their own, and rows whose logits lie `S` apart.
//!
//! Some classes of a panel of rows are copied to a tile `[classes, lanes]` on the stack, and all passes run over that:
//! memory is read once whatever the stride, and a stride that is a power of two does not fight for one cache set.

use std::ops::Range;

use crate::SmoothWeights;

use super::arch::Isa;
use super::cells::{Logits, Rows, Run, Shared};
use super::float::{Float, MAX_LANES, PerLane};
use super::math;
use super::panel::{Panel, Slopes, Statistics};
use super::problem::{ClassIndex, Problem};

/// Classes a tile: also how many numbers are added up before their sum joins the others', for long sums lose digits.
const CLASSES: usize = 128;

/// Numbers a tile.
const TILE: usize = CLASSES * MAX_LANES;

/// Some classes of a panel of rows, `[classes, lanes]`.
#[repr(C, align(64))]
struct Tile<F>([F; TILE]);

/// The tiles of a task: logits and weights.
pub struct Tiles<F> {
    logits: Tile<F>,
    weights: Tile<F>,
}

impl<F: Float> Tiles<F> {
    /// New tiles.
    #[inline(always)]
    pub fn new() -> Self {
        Self {
            logits: Tile([F::ZERO; TILE]),
            weights: Tile([F::ZERO; TILE]),
        }
    }
}

impl<F: Float> Tile<F> {
    /// Copies some classes of the rows. Lanes without a row keep what they had.
    #[inline(always)]
    fn read<S: Isa>(
        &mut self,
        source: &impl Logits<F>,
        shape: [usize; 3],
        panel: Panel,
        classes: Range<usize>,
    ) {
        let lanes = F::lanes::<S>();
        if shape[2] == 1 {
            for (i, row) in panel.rows().enumerate() {
                let row = source.row(row, classes.clone());
                for (x, column) in row.iter().zip(self.0.chunks_exact_mut(lanes)) {
                    column[i] = *x;
                }
            }
            return;
        }
        for (lane, run) in runs(shape, panel) {
            for (class, column) in classes.clone().zip(self.0.chunks_exact_mut(lanes)) {
                let run = source.run(run, class);
                if run.len() == lanes {
                    // A vector, where a copy of unknown length is a call.
                    F::set_first::<S>(column, F::first::<S>(run));
                } else {
                    column[lane..][..run.len()].copy_from_slice(run);
                }
            }
        }
    }

    /// Copies back what [`Self::read`] copied, for `S > 1`.
    #[inline(always)]
    fn write<S: Isa>(
        &self,
        target: &mut Rows<F>,
        shape: [usize; 3],
        panel: Panel,
        classes: Range<usize>,
    ) {
        let lanes = F::lanes::<S>();
        for (lane, run) in runs(shape, panel) {
            for (class, column) in classes.clone().zip(self.0.chunks_exact(lanes)) {
                target.write_run(run, class, &column[lane..][..run.len()]);
            }
        }
    }

    /// The vectors of the first classes.
    #[inline(always)]
    fn vectors<S: Isa>(&self, classes: usize) -> &[F::Vector<S>] {
        &F::vectors::<S>(&self.0).0[..classes]
    }
}

/// The panel's rows, side by side, each run with its first lane.
#[inline(always)]
fn runs(shape: [usize; 3], panel: Panel) -> impl Iterator<Item = (usize, Run)> {
    let end = panel.first + panel.len;
    let mut row = panel.first;
    std::iter::from_fn(move || {
        (row < end).then(|| {
            let run = Run::new(shape, row, end);
            let lane = row - panel.first;
            row += run.len();
            (lane, run)
        })
    })
}

/// The classes in steps of as many as a tile takes.
#[inline(always)]
fn steps(classes: usize) -> impl Iterator<Item = Range<usize>> {
    (0..classes)
        .step_by(CLASSES)
        .map(move |start| start..classes.min(start + CLASSES))
}

/// The weights of a panel of rows.
struct Weights<'a, F> {
    smooth: &'a SmoothWeights<&'a [F]>,
    tile: &'a mut Tile<F>,
    classes: Range<usize>,
}

impl<'a, F: Float> Weights<'a, F> {
    #[inline(always)]
    fn read<S: Isa, I: ClassIndex>(
        problem: &'a Problem<'a, F, I>,
        panel: Panel,
        classes: Range<usize>,
        tile: &'a mut Tile<F>,
    ) -> Self {
        if let SmoothWeights::PerLogit(weights) = problem.smooth {
            let source = Shared {
                logits: weights,
                shape: problem.shape,
            };
            tile.read::<S>(&source, problem.shape, panel, classes.clone());
        }
        Self {
            smooth: &problem.smooth,
            tile,
            classes,
        }
    }

    /// The weights of the class at a place in the step.
    #[inline(always)]
    fn load<S: Isa>(&self, simd: S, place: usize) -> F::Vector<S> {
        match self.smooth {
            SmoothWeights::Zero => F::splat(simd, F::ZERO),
            SmoothWeights::Uniform(w) => F::splat(simd, F::from_f64(*w)),
            SmoothWeights::PerClass(w) => F::splat(simd, w[self.classes.start + place]),
            SmoothWeights::PerLogit(_) => self.tile.vectors::<S>(self.classes.len())[place],
        }
    }
}

/// The sum of each row's weights.
#[inline(always)]
pub fn total_weights<F: Float, S: Isa, I: ClassIndex>(
    simd: S,
    problem: &Problem<F, I>,
    panel: Panel,
    tiles: &mut Tiles<F>,
    weights: &mut PerLane<F>,
) {
    let mut total = F::splat(simd, F::ZERO);
    for classes in steps(problem.num_classes()) {
        let weights = Weights::read::<S, I>(problem, panel, classes.clone(), &mut tiles.weights);
        let mut step = F::splat(simd, F::ZERO);
        for place in 0..classes.len() {
            step = F::plus(simd, step, weights.load(simd, place));
        }
        total = F::plus(simd, total, step);
    }
    F::set_first::<S>(weights, total);
}

/// Reads the rows.
#[inline(always)]
pub fn statistics<F: Float, S: Isa, I: ClassIndex>(
    simd: S,
    problem: &Problem<F, I>,
    logits: &[F],
    panel: Panel,
    tiles: &mut Tiles<F>,
    statistics: &mut Statistics<F>,
) {
    let source = Shared {
        logits,
        shape: problem.shape,
    };
    let mut max = F::splat(simd, -F::MAX);
    let mut sum = F::splat(simd, F::ZERO);
    let mut count = sum;
    for classes in steps(problem.num_classes()) {
        tiles
            .logits
            .read::<S>(&source, problem.shape, panel, classes.clone());
        let logits = tiles.logits.vectors::<S>(classes.len());
        (max, sum, count) = softmax::<F, S>(simd, logits, (max, sum, count));
    }
    F::set_first::<S>(&mut statistics.max, max);
    F::set_first::<S>(&mut statistics.sum, sum);
    F::set_first::<S>(&mut statistics.count, count);
    if problem.is_smooth() {
        let weighted = weighted(simd, problem, &source, panel, tiles, max);
        F::set_first::<S>(&mut statistics.weighted, weighted);
    }
}

/// Adds some classes to the largest logit, the sum and the count of [`Statistics`].
#[inline(always)]
fn softmax<F: Float, S: Isa>(
    simd: S,
    logits: &[F::Vector<S>],
    (before, mut sum, mut count): (F::Vector<S>, F::Vector<S>, F::Vector<S>),
) -> (F::Vector<S>, F::Vector<S>, F::Vector<S>) {
    let zero = F::splat(simd, F::ZERO);
    let one = F::splat(simd, F::ONE);
    let mut max = before;
    for x in logits {
        max = F::greater(simd, *x, max);
    }
    let same = F::equal(simd, before, max);
    let shrink = math::exp::<F, S>(simd, F::minus(simd, before, max));
    let moved = F::times(simd, F::plus(simd, sum, count), shrink);
    sum = F::select(simd, same, sum, moved);
    count = F::select(simd, same, count, zero);
    let mut step = zero;
    for x in logits {
        let e = math::exp::<F, S>(simd, F::minus(simd, *x, max));
        let is_max = F::equal(simd, *x, max);
        step = F::plus(simd, step, F::select(simd, is_max, zero, e));
        count = F::plus(simd, count, F::select(simd, is_max, one, zero));
    }
    (max, F::plus(simd, sum, step), count)
}

/// The sum of `w (x - max)` of each row, by halves as for long rows.
#[inline(always)]
fn weighted<F: Float, S: Isa, I: ClassIndex>(
    simd: S,
    problem: &Problem<F, I>,
    source: &Shared<F>,
    panel: Panel,
    tiles: &mut Tiles<F>,
    max: F::Vector<S>,
) -> F::Vector<S> {
    let half = F::splat(simd, F::from_f64(0.5));
    let half_max = F::times(simd, max, half);
    let mut sum = F::splat(simd, F::ZERO);
    let num_classes = problem.num_classes();
    for classes in steps(num_classes) {
        if classes.len() < num_classes {
            tiles
                .logits
                .read::<S>(source, problem.shape, panel, classes.clone());
        }
        let weights = Weights::read::<S, I>(problem, panel, classes.clone(), &mut tiles.weights);
        let mut step = F::splat(simd, F::ZERO);
        for (place, x) in tiles.logits.vectors::<S>(classes.len()).iter().enumerate() {
            let w = weights.load(simd, place);
            let x = F::minus(simd, F::times(simd, *x, half), half_max);
            step = F::mul_add(simd, F::plus(simd, w, w), x, step);
        }
        sum = F::plus(simd, sum, step);
    }
    sum
}

/// Writes the gradient of the rows.
#[inline(always)]
pub fn backward<F: Float, S: Isa, I: ClassIndex>(
    simd: S,
    problem: &Problem<F, I>,
    cells: &mut Rows<F>,
    panel: Panel,
    tiles: &mut Tiles<F>,
    slopes: &Slopes<F>,
) {
    for classes in steps(problem.num_classes()) {
        tiles
            .logits
            .read::<S>(cells, problem.shape, panel, classes.clone());
        replace::<F, S, I>(simd, problem, panel, classes.clone(), tiles, slopes);
        set_exceptions::<F, S>(&mut tiles.logits, panel, classes.clone(), slopes);
        tiles
            .logits
            .write::<S>(cells, problem.shape, panel, classes);
    }
}

/// Replaces the logits of the tile by their gradient, but for rows without one and for the rows' own classes.
#[inline(always)]
fn replace<F: Float, S: Isa, I: ClassIndex>(
    simd: S,
    problem: &Problem<F, I>,
    panel: Panel,
    classes: Range<usize>,
    tiles: &mut Tiles<F>,
    slopes: &Slopes<F>,
) {
    let max = F::first::<S>(&slopes.max);
    let log_sum = F::first::<S>(&slopes.log_sum);
    let softmax = F::first::<S>(&slopes.softmax);
    let columns = &mut F::vectors_mut::<S>(&mut tiles.logits.0).0[..classes.len()];
    if !slopes.is_smooth {
        for x in columns {
            *x = F::times(
                simd,
                softmax,
                math::probability::<F, S>(simd, *x, max, log_sum),
            );
        }
        return;
    }
    let weights = Weights::read::<S, I>(problem, panel, classes, &mut tiles.weights);
    let smooth = F::first::<S>(&slopes.smooth);
    let zero = F::splat(simd, F::ZERO);
    let without = F::equal(simd, smooth, zero);
    for (place, x) in columns.iter_mut().enumerate() {
        let w = F::times(simd, smooth, weights.load(simd, place));
        let w = F::select(simd, without, zero, w);
        let p = math::probability::<F, S>(simd, *x, max, log_sum);
        *x = F::mul_add(simd, softmax, p, w);
    }
}

/// Sets what [`replace`] leaves out.
#[inline(always)]
fn set_exceptions<F: Float, S: Isa>(
    tile: &mut Tile<F>,
    panel: Panel,
    classes: Range<usize>,
    slopes: &Slopes<F>,
) {
    let lanes = F::lanes::<S>();
    for i in 0..panel.len {
        if !slopes.live[i] {
            for column in tile.0.chunks_exact_mut(lanes).take(classes.len()) {
                column[i] = F::ZERO;
            }
        } else if let Some(class) = slopes.class[i]
            && classes.contains(&class)
        {
            tile.0[(class - classes.start) * lanes + i] = slopes.target[i];
        }
    }
}
