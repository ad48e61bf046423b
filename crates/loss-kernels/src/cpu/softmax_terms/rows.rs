//! Loops along one long row, `S = 1`.

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
fn largest<F: Float, S: Isa>(simd: S, slice: &[F]) -> F {
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
    let (mut max, mut sum, mut count) = (-F::MAX, F::ZERO, F::ZERO);
    let mut blocks = row.chunks(BLOCK).peekable();
    let mut found = None;
    while let Some(block) = blocks.next() {
        let block_max = match found.take() {
            Some(found) => found,
            None => largest::<F, S>(simd, block),
        };
        if block_max > max {
            if count > F::ZERO {
                let shrink = math::exp::<F, S>(simd, F::splat(simd, max - block_max));
                sum = (sum + count) * F::lane::<S>(shrink);
            }
            (max, count) = (block_max, F::ZERO);
        }
        let m = F::splat(simd, max);
        if block_max == max {
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
            (sum, count) = (sum + rest, count + equal);
        } else if let Some(next) = blocks.peek()
            && next.len() == block.len()
        {
            let (rest, next) = sum_and_look_ahead::<F, S>(simd, block, next, max);
            (sum, found) = (sum + rest, Some(next));
        } else {
            let [rest] = sum_of(
                simd,
                block,
                -F::INFINITY,
                #[inline(always)]
                |x| [math::exp::<F, S>(simd, F::minus(simd, x, m))],
            );
            sum = sum + rest;
        }
    }
    (max, sum, count)
}

/// The sum of `w (x - max)`.
///
/// Halves are subtracted and the weight doubled: the distance of two finite logits may overflow where its weighted
/// part does not.
#[inline(always)]
fn weighted<F: Float, S: Isa>(simd: S, row: &[F], weights: Weights<F>, max: F) -> F {
    let half = F::splat(simd, F::from_f64(0.5));
    let half_max = F::splat(simd, max * F::from_f64(0.5));
    let zero = F::splat(simd, F::ZERO);
    let lanes = F::lanes::<S>();
    let mut total = zero;
    for (block, row) in row.chunks(BLOCK).enumerate() {
        let (vectors, rest) = F::vectors::<S>(row);
        let mut sums = [zero; UNROLL];
        for i in 0..vectors.len() {
            let w = weights.load(simd, block * BLOCK + i * lanes);
            let x = F::minus(simd, F::times(simd, vectors[i], half), half_max);
            sums[i % UNROLL] = F::mul_add(simd, F::plus(simd, w, w), x, sums[i % UNROLL]);
        }
        if !rest.is_empty() {
            let w = weights.load(simd, block * BLOCK + row.len() - rest.len());
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
            statistics.weighted[i] = weighted(simd, logits, Weights::of(problem, row), max);
        }
    }
}

/// A copy of the short rows of a panel.
///
/// In place, one row's masked store would hold up the load of the next row, which begins in the same vector.
#[repr(C, align(64))]
pub struct Copied<F>([F; COPIED]);

/// Logits a copy.
const COPIED: usize = 64 * MAX_LANES;

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
