//! Loops along one long row, `S = 1`.

use std::ops::Range;

use crate::SmoothWeights;

use super::panel::{Panel, RowGradient, RowSums};
use super::problem::{NO_CLASS, Problem, Row};
use crate::cpu::memory::{Logits, Rows};
use crate::cpu::simd::Isa;
use crate::cpu::simd::math;
use crate::cpu::simd::{Float, MAX_LANES, PerLane};

/// Logits a block: they stay in the first-level cache between finding the largest and summing exponentials.
const BLOCK: usize = 2048;

/// Vectors in flight: enough to hide the latency of an addition.
const UNROLL: usize = 4;

/// The weights of a row.
#[derive(Clone, Copy)]
enum Weights<'a, F> {
    Uniform(F),
    Each(&'a [F]),
}

impl<'a, F: Float> Weights<'a, F> {
    #[inline(always)]
    fn of(problem: &Problem<'a, F>, row: usize) -> Self {
        match &problem.smooth {
            SmoothWeights::Zero => Weights::Uniform(F::ZERO),
            SmoothWeights::Uniform(w) => Weights::Uniform(F::from_f64(*w)),
            SmoothWeights::PerClass(w) => Weights::Each(w),
            SmoothWeights::PerLogit(w) => {
                let classes = problem.num_classes();
                Weights::Each(&w[row * classes..][..classes])
            }
        }
    }

    /// The weights of the classes from `class` on, 0 beyond the last.
    #[inline(always)]
    fn load<S: Isa>(self, simd: S, class: usize) -> F::Vector<S> {
        match self {
            Weights::Uniform(w) => F::splat(simd, w),
            Weights::Each(w) => {
                let w = &w[class..];
                match F::vectors::<S>(w).0.first() {
                    Some(w) => *w,
                    None => F::part(simd, w, F::ZERO),
                }
            }
        }
    }
}

/// Writes the adjusted logits of some rows in the place of their gradient, all of them as one line of numbers: stores of a part of a
/// vector would hold up the load of the next row. The offsets are those of the classes, and again those of the first ones, so that
/// a vector of them can start at any class.
#[inline(always)]
pub(super) fn adjust<F: Float, S: Isa>(
    simd: S,
    cells: &mut Rows<F>,
    rows: Range<usize>,
    factor: F,
    offsets: Option<&[F]>,
) {
    let factor = F::splat(simd, factor);
    let Some(offsets) = offsets else {
        cells.map_rows(
            simd,
            rows,
            #[inline(always)]
            |x| F::times(simd, x, factor),
        );
        return;
    };
    let (classes, lanes) = (offsets.len() - MAX_LANES, F::lanes::<S>());
    let mut class = 0;
    cells.map_rows(
        simd,
        rows,
        #[inline(always)]
        |x| {
            let offset = F::first::<S>(&offsets[class..]);
            class += lanes;
            if class >= classes {
                class %= classes;
            }
            F::plus(simd, F::times(simd, x, factor), offset)
        },
    );
}

/// Adds one vector each to `N` sums.
#[inline(always)]
fn accumulate<F: Float, S: Isa, const N: usize>(
    simd: S,
    sums: &mut [F::Vector<S>; N],
    terms: [F::Vector<S>; N],
) {
    for i in 0..N {
        sums[i] = F::plus(simd, sums[i], terms[i]);
    }
}

/// Adds up the results of `f` of every vector of the slice, `fill` standing in beyond its end.
#[inline(always)]
fn sum_of<F: Float, S: Isa, const N: usize>(
    simd: S,
    slice: &[F],
    fill: F,
    f: impl Fn(F::Vector<S>) -> [F::Vector<S>; N],
) -> [F; N] {
    let (vectors, rest) = F::vectors::<S>(slice);
    let (groups, singles) = vectors.as_chunks::<UNROLL>();
    let mut sums = [[F::splat(simd, F::ZERO); N]; UNROLL];
    for group in groups {
        for i in 0..UNROLL {
            // The next block, or the next row's first: the numbers of this one are near, and adding them up leaves the
            // memory idle.
            simd.prefetch((&raw const group[i]).wrapping_byte_add(size_of_val(slice)));
            accumulate::<F, S, N>(simd, &mut sums[i], f(group[i]));
        }
    }
    for x in singles {
        accumulate::<F, S, N>(simd, &mut sums[0], f(*x));
    }
    if !rest.is_empty() {
        accumulate::<F, S, N>(simd, &mut sums[1], f(F::part(simd, rest, fill)));
    }
    let [a, b, c, d] = sums;
    let mut result = [F::ZERO; N];
    for i in 0..N {
        let pairs = (F::plus(simd, a[i], b[i]), F::plus(simd, c[i], d[i]));
        result[i] = F::sum(simd, F::plus(simd, pairs.0, pairs.1));
    }
    result
}

/// The largest of the numbers; any number if one of them is NaN.
#[inline(always)]
pub(crate) fn largest<F: Float, S: Isa>(simd: S, slice: &[F]) -> F {
    let (vectors, rest) = F::vectors::<S>(slice);
    let (groups, singles) = vectors.as_chunks::<UNROLL>();
    let mut largest = [F::splat(simd, -F::MAX); UNROLL];
    for group in groups {
        for (largest, x) in largest.iter_mut().zip(group) {
            *largest = F::greater(simd, *x, *largest);
        }
    }
    for x in singles {
        largest[0] = F::greater(simd, *x, largest[0]);
    }
    if !rest.is_empty() {
        largest[1] = F::greater(simd, F::part(simd, rest, -F::MAX), largest[1]);
    }
    let [a, b, c, d] = largest;
    F::largest(
        simd,
        F::greater(simd, F::greater(simd, a, b), F::greater(simd, c, d)),
    )
}

/// Adds up `exp(x - max)` of a block of logits below `max`, and finds the largest of the next block, of the same length.
///
/// Together, because the second waits for memory and the first does not.
#[inline(always)]
fn sum_and_look_ahead<F: Float, S: Isa>(simd: S, block: &[F], next: &[F], max: F) -> (F, F) {
    let m = F::splat(simd, max);
    let mut sums = [F::splat(simd, F::ZERO); UNROLL];
    let mut largest = [F::splat(simd, -F::MAX); UNROLL];
    let block = F::vectors::<S>(block).0.as_chunks::<UNROLL>().0;
    let next = F::vectors::<S>(next).0.as_chunks::<UNROLL>().0;
    for (group, next) in block.iter().zip(next) {
        for i in 0..UNROLL {
            largest[i] = F::greater(simd, next[i], largest[i]);
            let e = math::exp::<F, S>(simd, F::minus(simd, group[i], m));
            sums[i] = F::plus(simd, sums[i], e);
        }
    }
    let [a, b, c, d] = sums;
    let sum = F::sum(
        simd,
        F::plus(simd, F::plus(simd, a, b), F::plus(simd, c, d)),
    );
    let [a, b, c, d] = largest;
    let largest = F::greater(simd, F::greater(simd, a, b), F::greater(simd, c, d));
    (sum, F::largest(simd, largest))
}

/// The largest logit of a row, and the sum and the count of [`RowSums`].
///
/// Only the blocks that hold the largest logit pay for counting. NaN and plus infinity, which the largest does not
/// show, make the sum NaN.
#[inline(always)]
fn softmax<F: Float, S: Isa>(simd: S, row: &[F]) -> (F, F, F) {
    let mut of_row = RowSum::new();
    let mut blocks = row.chunks(BLOCK).peekable();
    let mut found = None;
    while let Some(block) = blocks.next() {
        let block_max = match found.take() {
            Some(found) => found,
            None => largest::<F, S>(simd, block),
        };
        of_row.raise(simd, block_max);
        let m = F::splat(simd, of_row.max);
        if block_max == of_row.max {
            let zero = F::splat(simd, F::ZERO);
            let one = F::splat(simd, F::ONE);
            let [rest, equal] = sum_of(
                simd,
                block,
                -F::INFINITY,
                #[inline(always)]
                |x| {
                    let e = math::exp::<F, S>(simd, F::minus(simd, x, m));
                    let is_max = F::equal(simd, x, m);
                    [
                        F::select(simd, is_max, zero, e),
                        F::select(simd, is_max, one, zero),
                    ]
                },
            );
            (of_row.below, of_row.ties) = (of_row.below + rest, of_row.ties + equal);
        } else if let Some(next) = blocks.peek()
            && next.len() == block.len()
        {
            let (rest, next) = sum_and_look_ahead::<F, S>(simd, block, next, of_row.max);
            (of_row.below, found) = (of_row.below + rest, Some(next));
        } else {
            let [rest] = sum_of(
                simd,
                block,
                -F::INFINITY,
                #[inline(always)]
                |x| [math::exp::<F, S>(simd, F::minus(simd, x, m))],
            );
            of_row.below = of_row.below + rest;
        }
    }
    (of_row.max, of_row.below, of_row.ties)
}

/// The sum of `w (x - max)` over the classes of a row from `start` on.
///
/// Halves are subtracted and the weight doubled: the distance of two finite logits may overflow where its weighted
/// part does not.
#[inline(always)]
fn weighted<F: Float, S: Isa>(simd: S, row: &[F], weights: Weights<F>, start: usize, max: F) -> F {
    let half = F::splat(simd, F::from_f64(0.5));
    let half_max = F::splat(simd, max * F::from_f64(0.5));
    let zero = F::splat(simd, F::ZERO);
    let lanes = F::lanes::<S>();
    let mut total = zero;
    for (block, row) in row.chunks(BLOCK).enumerate() {
        let (vectors, rest) = F::vectors::<S>(row);
        let mut sums = [zero; UNROLL];
        for i in 0..vectors.len() {
            let w = weights.load(simd, start + block * BLOCK + i * lanes);
            let x = F::minus(simd, F::times(simd, vectors[i], half), half_max);
            sums[i % UNROLL] = F::mul_add(simd, F::plus(simd, w, w), x, sums[i % UNROLL]);
        }
        if !rest.is_empty() {
            let w = weights.load(simd, start + block * BLOCK + row.len() - rest.len());
            let x = F::minus(
                simd,
                F::times(simd, F::part(simd, rest, F::ZERO), half),
                half_max,
            );
            let product = F::times(simd, F::plus(simd, w, w), x);
            // A uniform weight does not end with the row.
            let inside = F::leading(simd, rest.len());
            total = F::plus(simd, total, F::select(simd, inside, product, zero));
        }
        let [a, b, c, d] = sums;
        total = F::plus(
            simd,
            total,
            F::plus(simd, F::plus(simd, a, b), F::plus(simd, c, d)),
        );
    }
    F::sum(simd, total)
}

/// The sum of the weights of a row of weights.
#[inline(always)]
fn total<F: Float, S: Isa>(simd: S, weights: &[F]) -> F {
    let mut total = F::ZERO;
    for block in weights.chunks(BLOCK) {
        let [sum] = sum_of(
            simd,
            block,
            F::ZERO,
            #[inline(always)]
            |w| [w],
        );
        total = total + sum;
    }
    total
}

/// The sum of each row's weights.
#[inline(always)]
pub fn total_weights<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    panel: Panel,
    weights: &mut PerLane<F>,
) {
    for (i, row) in panel.rows().enumerate() {
        if let Weights::Each(w) = Weights::of(problem, row) {
            weights[i] = total(simd, w);
        }
    }
}

/// Reads the rows that are not ignored.
#[inline(always)]
pub fn statistics<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    source: &impl Logits<F>,
    panel: Panel,
    statistics: &mut RowSums<F>,
) {
    for (i, row) in panel.rows().enumerate() {
        if matches!(problem.row(row), Row::Ignored | Row::Invalid) {
            continue;
        }
        let logits = source.rows(row..row + 1);
        let (max, sum, count) = softmax(simd, logits);
        (statistics.max[i], statistics.below[i], statistics.ties[i]) = (max, sum, count);
        if problem.is_smooth() {
            statistics.weighted[i] = weighted(simd, logits, Weights::of(problem, row), 0, max);
        }
    }
}

/// The largest logit that the exponentials of each block of the rows of a panel are relative to.
pub struct Maxima<F> {
    of_block: [F; BLOCKS],
    /// Classes per block.
    block: usize,
}

/// Blocks of a panel, at most.
const BLOCKS: usize = 128;

impl<F: Float> Maxima<F> {
    /// For rows of so many classes.
    #[inline(always)]
    pub fn new(classes: usize) -> Self {
        // Whole groups of vectors; the longest rows, which are alone in their panel, in larger blocks.
        let block = classes.div_ceil(BLOCKS).next_multiple_of(BLOCK);
        Self {
            of_block: [F::ZERO; BLOCKS],
            block,
        }
    }

    /// The blocks of a row: their places here, and their classes.
    #[inline(always)]
    fn blocks(
        &self,
        lane: usize,
        classes: usize,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + use<F> {
        let (block, per_row) = (self.block, classes.div_ceil(self.block));
        (0..per_row).map(move |i| {
            let start = i * block;
            (lane * per_row + i, start..classes.min(start + block))
        })
    }
}

/// Reads the rows that are not ignored, and leaves in place of their gradient the exponentials that it is made of: relative
/// to the largest logit up to there, which goes to `maxima`. So an exponential is computed once, where
/// [`statistics`] and [`backward`] compute it twice.
///
/// The logits may be gone then.
#[inline(always)]
pub fn exponentials<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    cells: &mut Rows<F>,
    panel: Panel,
    sums: &mut RowSums<F>,
    maxima: &mut Maxima<F>,
) {
    for (i, row) in panel.rows().enumerate() {
        if matches!(problem.row(row), Row::Ignored | Row::Invalid) {
            continue;
        }
        let weights = Weights::of(problem, row);
        let mut of_row = RowSum::new();
        let mut found = None;
        let classes = problem.num_classes();
        for (at, block) in maxima.blocks(i, classes) {
            let logits = &cells.rows(row..row + 1)[block.clone()];
            let block_max = match found.take() {
                Some(found) => found,
                None => largest::<F, S>(simd, logits),
            };
            of_row.raise(simd, block_max);
            maxima.of_block[at] = of_row.max;
            if problem.is_smooth() {
                of_row.weigh(simd, logits, weights, block.start);
            }
            let has_next = block.end + block.len() <= classes;
            let next = of_row.exponentiate(simd, cells, row, block, block_max, has_next);
            found = has_next.then_some(next);
        }
        (sums.max[i], sums.below[i], sums.ties[i]) = (of_row.max, of_row.below, of_row.ties);
        sums.weighted[i] = of_row.weighted;
    }
}

/// [`RowSums`] of one row, up to some block.
struct RowSum<F> {
    max: F,
    below: F,
    ties: F,
    weighted: F,
    /// The sum of the weights.
    weight: F,
}

impl<F: Float> RowSum<F> {
    #[inline(always)]
    fn new() -> Self {
        Self {
            max: -F::MAX,
            below: F::ZERO,
            ties: F::ZERO,
            weighted: F::ZERO,
            weight: F::ZERO,
        }
    }

    /// Makes all sums relative to a larger logit.
    #[inline(always)]
    fn raise<S: Isa>(&mut self, simd: S, max: F) {
        if max > self.max {
            if self.ties > F::ZERO {
                let shrink = math::exp::<F, S>(simd, F::splat(simd, self.max - max));
                self.below = (self.below + self.ties) * F::lane::<S>(shrink);
            }
            if self.weight != F::ZERO {
                // In halves, as in `weighted`.
                let half = F::from_f64(0.5);
                let distance = self.max * half - max * half;
                self.weighted = self.weighted + (self.weight + self.weight) * distance;
            }
            (self.max, self.ties) = (max, F::ZERO);
        }
    }

    /// Adds the weights of a block and what they weigh.
    #[inline(always)]
    fn weigh<S: Isa>(&mut self, simd: S, logits: &[F], weights: Weights<F>, start: usize) {
        self.weighted = self.weighted + weighted(simd, logits, weights, start, self.max);
        let weight = match weights {
            Weights::Uniform(w) => w * F::from_f64(logits.len() as f64),
            Weights::Each(w) => total(simd, &w[start..][..logits.len()]),
        };
        self.weight = self.weight + weight;
    }

    /// Replaces a block by its exponentials, adds them up, and finds the largest logit of the next block if there is one of
    /// the same length.
    #[inline(always)]
    fn exponentiate<S: Isa>(
        &mut self,
        simd: S,
        cells: &mut Rows<F>,
        row: usize,
        block: Range<usize>,
        block_max: F,
        has_next: bool,
    ) -> F {
        let zero = F::splat(simd, F::ZERO);
        let one = F::splat(simd, F::ONE);
        let m = F::splat(simd, self.max);
        let mut below = [zero; UNROLL];
        let mut ties = zero;
        // Without a next block it is this one's.
        let mut largest = F::splat(simd, -F::MAX);
        if block_max == self.max {
            cells.map_part::<S, UNROLL>(
                simd,
                row,
                block,
                -F::INFINITY,
                has_next,
                #[inline(always)]
                |i, x, next| {
                    largest = F::greater(simd, next, largest);
                    let e = math::exp::<F, S>(simd, F::minus(simd, x, m));
                    let is_max = F::equal(simd, x, m);
                    below[i] = F::plus(simd, below[i], F::select(simd, is_max, zero, e));
                    ties = F::plus(simd, ties, F::select(simd, is_max, one, zero));
                    e
                },
            );
        } else {
            cells.map_part::<S, UNROLL>(
                simd,
                row,
                block,
                -F::INFINITY,
                has_next,
                #[inline(always)]
                |i, x, next| {
                    largest = F::greater(simd, next, largest);
                    let e = math::exp::<F, S>(simd, F::minus(simd, x, m));
                    below[i] = F::plus(simd, below[i], e);
                    e
                },
            );
        }
        let [a, b, c, d] = below;
        let sum = F::plus(simd, F::plus(simd, a, b), F::plus(simd, c, d));
        self.below = self.below + F::sum(simd, sum);
        self.ties = self.ties + F::sum(simd, ties);
        F::largest(simd, largest)
    }
}

/// Turns what [`exponentials`] left into the gradient of the rows.
#[inline(always)]
pub fn scale<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    cells: &mut Rows<F>,
    panel: Panel,
    maxima: &Maxima<F>,
    gradient: &RowGradient<F>,
) {
    let classes = problem.num_classes();
    for (i, row) in panel.rows().enumerate() {
        if !gradient.live[i] {
            cells.write_row(row, 0..classes, std::iter::repeat_n(F::ZERO, classes));
            continue;
        }
        if problem.row(row) == Row::Invalid {
            cells.write_row(row, 0..classes, std::iter::repeat_n(F::NAN, classes));
            continue;
        }
        let weights = Weights::of(problem, row);
        let is_smooth = gradient.smooth[i] != F::ZERO;
        let smooth = F::splat(simd, gradient.smooth[i]);
        // SAFETY: a row that is neither ignored nor invalid has been written.
        let at_max = unsafe { confident_one(simd, problem, cells, row, i, maxima, gradient) };
        for (at, block) in maxima.blocks(i, classes) {
            let distance = maxima.of_block[at] - gradient.max[i] - gradient.relative_lse[i];
            let relative = math::exp::<F, S>(simd, F::splat(simd, distance));
            let factor = F::times(simd, F::splat(simd, gradient.softmax[i]), relative);
            // SAFETY: as above.
            unsafe {
                if is_smooth {
                    cells.remap_part(
                        simd,
                        row,
                        block,
                        #[inline(always)]
                        |e, class| {
                            let p = F::times(simd, e, factor);
                            F::mul_add(simd, smooth, weights.load(simd, class), p)
                        },
                    );
                } else {
                    cells.remap_part(
                        simd,
                        row,
                        block,
                        #[inline(always)]
                        |e, _| F::times(simd, e, factor),
                    );
                }
            }
        }
        if let Some((class, value)) = at_max {
            cells.set(row, class, value);
        }
        if gradient.class[i] != NO_CLASS {
            cells.set(row, gradient.class[i], gradient.target[i]);
        }
    }
}

/// [`confident_max`] of what [`exponentials`] left: the largest logit's is 1, relative to itself.
///
/// # Safety
///
/// The row has been written.
#[inline(always)]
unsafe fn confident_one<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    cells: &Rows<F>,
    row: usize,
    lane: usize,
    maxima: &Maxima<F>,
    gradient: &RowGradient<F>,
) -> Option<(usize, F)> {
    if !gradient.is_confident(problem, lane) {
        return None;
    }
    // SAFETY: the caller's promise.
    let row_of_exponentials = unsafe { cells.written(row) };
    let class = maxima
        .blocks(lane, problem.num_classes())
        .filter(|(at, _)| maxima.of_block[*at] == gradient.max[lane])
        .find_map(|(_, block)| {
            let start = block.start;
            let at = row_of_exponentials[block].iter().position(|e| *e == F::ONE);
            at.map(|at| start + at)
        })?;
    let value = gradient.at_confident_max(simd, lane, problem.weight(row, class));
    Some((class, value))
}

/// A copy of the short rows of a panel.
///
/// In place, one row's masked store would hold up the load of the next row, which begins in the same vector.
#[repr(C, align(64))]
pub struct Copied<F>([F; COPIED]);

/// Logits a copy.
pub const COPIED: usize = 64 * MAX_LANES;

impl<F: Float> Copied<F> {
    /// Room for a copy.
    #[inline(always)]
    pub fn new() -> Self {
        Self([F::ZERO; COPIED])
    }

    /// Copies the panel's logits if they are few.
    #[inline(always)]
    fn read(&mut self, cells: &Rows<F>, panel: Panel) -> Option<&[F]> {
        let logits = cells.rows(panel.rows());
        let copy = self.0.get_mut(..logits.len())?;
        copy.copy_from_slice(logits);
        Some(copy)
    }
}

/// Writes the gradient of the rows.
#[inline(always)]
pub fn backward<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    cells: &mut Rows<F>,
    panel: Panel,
    copied: &mut Copied<F>,
    gradient: &RowGradient<F>,
) {
    let classes = problem.num_classes();
    let copied = copied.read(cells, panel);
    for (i, row) in panel.rows().enumerate() {
        if !gradient.live[i] {
            cells.write_row(row, 0..classes, std::iter::repeat_n(F::ZERO, classes));
            continue;
        }
        let copy = copied.map(|copied| &copied[i * classes..][..classes]);
        let max = F::splat(simd, gradient.max[i]);
        let relative_lse = F::splat(simd, gradient.relative_lse[i]);
        let softmax = F::splat(simd, gradient.softmax[i]);
        if gradient.smooth[i] == F::ZERO {
            cells.map_row(
                simd,
                row,
                copy,
                #[inline(always)]
                |x, _| {
                    F::times(
                        simd,
                        softmax,
                        math::probability::<F, S>(simd, x, max, relative_lse),
                    )
                },
            );
        } else {
            let weights = Weights::of(problem, row);
            let smooth = F::splat(simd, gradient.smooth[i]);
            let at_max = confident_max(simd, problem, cells, row, i, gradient);
            cells.map_row(
                simd,
                row,
                copy,
                #[inline(always)]
                |x, class| {
                    let w = F::times(simd, smooth, weights.load(simd, class));
                    F::mul_add(
                        simd,
                        softmax,
                        math::probability::<F, S>(simd, x, max, relative_lse),
                        w,
                    )
                },
            );
            if let Some((class, value)) = at_max {
                cells.set(row, class, value);
            }
        }
        if gradient.class[i] != NO_CLASS {
            cells.set(row, gradient.class[i], gradient.target[i]);
        }
    }
}

/// Where a confident row's largest logit is, and its gradient, where the weights may be so close to the row's probabilities
/// that their difference cancels: not if they are all the same.
#[inline(always)]
fn confident_max<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    cells: &Rows<F>,
    row: usize,
    lane: usize,
    gradient: &RowGradient<F>,
) -> Option<(usize, F)> {
    if !gradient.is_confident(problem, lane) {
        return None;
    }
    let logits = cells.rows(row..row + 1);
    let class = logits.iter().position(|x| *x == gradient.max[lane])?;
    let value = gradient.at_confident_max(simd, lane, problem.weight(row, class));
    Some((class, value))
}
