//! Loops across many rows, one per lane: rows too short for vectors of their own, and rows whose logits lie `S` apart.
//!
//! Some classes of a panel of rows are copied to a tile `[classes, lanes]` on the stack, and all passes run over that:
//! memory is read once whatever the stride, and a stride that is a power of two does not fight for one cache set.

use std::ops::Range;

use crate::SmoothWeights;

use super::panel::{Panel, RowGradient, RowSums};
use super::problem::Problem;
use crate::cpu::memory::{Logits, Rows, Shared};
use crate::cpu::simd::Isa;
use crate::cpu::simd::math;
use crate::cpu::simd::{Float, MAX_LANES, PerLane};

/// Classes a tile: also how many numbers are added up before their sum joins the others', for long sums lose digits.
const CLASSES: usize = 128;

/// Numbers a tile.
const TILE: usize = CLASSES * MAX_LANES;

/// Panels whose tiles fit into the memory of one if their rows are short.
pub const GROUP: usize = 4;

#[repr(C, align(64))]
struct Memory<F>([F; TILE]);

/// The memory of the tiles of a task.
pub struct TileMemory<F> {
    logits: Memory<F>,
    weights: Memory<F>,
}

impl<F: Float> TileMemory<F> {
    /// Memory for new tiles.
    #[inline(always)]
    pub fn new() -> Self {
        Self {
            logits: Memory([F::ZERO; TILE]),
            weights: Memory([F::ZERO; TILE]),
        }
    }

    /// The tiles of one of so many panels.
    #[inline(always)]
    pub fn tiles(&mut self, panel: usize, panels: usize) -> Tiles<'_, F> {
        let len = TILE / panels;
        let part = panel * len..(panel + 1) * len;
        Tiles {
            logits: Tile(&mut self.logits.0[part.clone()]),
            weights: Tile(&mut self.weights.0[part]),
        }
    }
}

/// How many panels to compute together: their chains of dependent operations, from the largest logit to the gradient, then
/// run beside each other.
#[inline(always)]
pub fn panels_together<F: Float, S: Isa>(problem: &Problem<F>) -> usize {
    let lanes = F::lanes::<S>();
    let tile = problem.num_classes().next_multiple_of(lanes) * lanes;
    if tile * GROUP <= TILE { GROUP } else { 1 }
}

/// Some classes of a panel of rows, `[classes, lanes]`.
struct Tile<'a, F>(&'a mut [F]);

/// The tiles of a panel: logits and weights.
pub struct Tiles<'a, F> {
    logits: Tile<'a, F>,
    weights: Tile<'a, F>,
}

/// What the tile of a panel holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    /// Nothing of use.
    Nothing,
    /// The logits, if all classes fit.
    Logits,
    /// `exp(x - max)`, from which the gradient is a product.
    Exponentials,
}

impl Held {
    /// What is best kept for the gradient: exponentials where all are of one step, relative to one largest logit, and no weights
    /// need the logits.
    #[inline(always)]
    pub fn for_gradient<F: Float>(problem: &Problem<F>) -> Self {
        if problem.num_classes() <= CLASSES && !problem.is_smooth() {
            Held::Exponentials
        } else {
            Held::Logits
        }
    }
}

impl<F: Float> Tile<'_, F> {
    /// Copies some classes of the rows. What lanes without a row have does not matter.
    #[inline(always)]
    fn read<S: Isa>(
        &mut self,
        simd: S,
        source: &impl Logits<F>,
        shape: [usize; 3],
        panel: Panel,
        classes: Range<usize>,
    ) {
        let lanes = F::lanes::<S>();
        if shape[2] == 1 {
            for start in classes.clone().step_by(lanes) {
                let part = start..classes.end.min(start + lanes);
                let vectors = &mut F::vectors_mut::<S>(self.0).0[start - classes.start..][..lanes];
                let rows = source.rows(panel.rows()).chunks_exact(shape[1]);
                for (vector, row) in vectors.iter_mut().zip(rows) {
                    *vector = F::part(simd, &row[part.clone()], F::ZERO);
                }
                F::transpose(simd, vectors);
            }
            return;
        }
        for (lane, run) in panel.runs(shape) {
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

    /// Copies back what [`Self::read`] copied, and keeps nothing.
    #[inline(always)]
    fn write<S: Isa>(
        &mut self,
        simd: S,
        target: &mut Rows<F>,
        shape: [usize; 3],
        panel: Panel,
        classes: Range<usize>,
    ) {
        let lanes = F::lanes::<S>();
        if shape[2] == 1 {
            for start in classes.clone().step_by(lanes) {
                let part = start..classes.end.min(start + lanes);
                let vectors = &mut F::vectors_mut::<S>(self.0).0[start - classes.start..][..lanes];
                F::transpose(simd, vectors);
                target.write_parts(simd, panel.rows(), part, &vectors[..panel.len]);
            }
            return;
        }
        for (lane, run) in panel.runs(shape) {
            for (class, column) in classes.clone().zip(self.0.chunks_exact(lanes)) {
                if run.len() == lanes {
                    // A vector, as above.
                    target.write_vector::<S>(run, class, F::first::<S>(column));
                } else {
                    target.write_run(run, class, &column[lane..][..run.len()]);
                }
            }
        }
    }

    /// Writes the gradient at each row's own class, and in all other places what `f` makes of the place and of what is there.
    #[inline(always)]
    fn map<S: Isa>(
        &mut self,
        simd: S,
        classes: Range<usize>,
        gradient: &RowGradient<F>,
        f: impl Fn(usize, F::Vector<S>) -> F::Vector<S>,
    ) {
        let target = F::first::<S>(&gradient.target);
        let places = F::first::<S>(&places(&gradient.class, &classes));
        // Compared with a count, for scattered numbers would hold up the vectors that are read next.
        let (mut place, one) = (F::splat(simd, F::ZERO), F::splat(simd, F::ONE));
        for (i, x) in self.vectors_mut::<S>(classes.len()).iter_mut().enumerate() {
            let here = F::equal(simd, places, place);
            *x = F::select(simd, here, target, f(i, *x));
            place = F::plus(simd, place, one);
        }
    }

    /// Where each confident row's largest logit is, for weights that may cancel it.
    #[inline(always)]
    fn confident_max<S: Isa>(
        &self,
        problem: &Problem<F>,
        panel: Panel,
        classes: Range<usize>,
        gradient: &RowGradient<F>,
    ) -> [Option<usize>; MAX_LANES] {
        let mut places = [None; MAX_LANES];
        for i in panel.lanes().filter(|i| gradient.is_confident(problem, *i)) {
            let mut column = self.0.chunks_exact(F::lanes::<S>()).take(classes.len());
            places[i] = column
                .position(|column| column[i] == gradient.max[i])
                // The gradient of the row's own class has more to it.
                .filter(|place| classes.start + place != gradient.class[i]);
        }
        places
    }

    /// Sets the gradient of rows without one.
    #[inline(always)]
    fn clear<S: Isa>(&mut self, panel: Panel, classes: usize, gradient: &RowGradient<F>) {
        let columns = self.0.chunks_exact_mut(F::lanes::<S>()).take(classes);
        for column in columns {
            for i in panel.lanes().filter(|i| !gradient.live[*i]) {
                column[i] = F::ZERO;
            }
        }
    }

    /// The vectors of the first classes.
    #[inline(always)]
    fn vectors<S: Isa>(&self, classes: usize) -> &[F::Vector<S>] {
        &F::vectors::<S>(self.0).0[..classes]
    }

    /// The vectors of the first classes.
    #[inline(always)]
    fn vectors_mut<S: Isa>(&mut self, classes: usize) -> &mut [F::Vector<S>] {
        &mut F::vectors_mut::<S>(self.0).0[..classes]
    }
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
    tile: &'a Tile<'a, F>,
    classes: Range<usize>,
}

impl<'a, F: Float> Weights<'a, F> {
    #[inline(always)]
    fn read<S: Isa>(
        simd: S,
        problem: &'a Problem<'a, F>,
        panel: Panel,
        classes: Range<usize>,
        tile: &'a mut Tile<'_, F>,
    ) -> Self {
        if let SmoothWeights::PerLogit(weights) = problem.smooth {
            let source = Shared {
                logits: weights,
                shape: problem.shape,
            };
            tile.read(simd, &source, problem.shape, panel, classes.clone());
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
pub fn total_weights<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    panel: Panel,
    tiles: &mut Tiles<'_, F>,
    weights: &mut PerLane<F>,
) {
    let mut total = F::splat(simd, F::ZERO);
    for classes in steps(problem.num_classes()) {
        let weights = Weights::read(simd, problem, panel, classes.clone(), &mut tiles.weights);
        let mut step = F::splat(simd, F::ZERO);
        for place in 0..classes.len() {
            step = F::plus(simd, step, weights.load(simd, place));
        }
        total = F::plus(simd, total, step);
    }
    F::set_first::<S>(weights, total);
}

/// Reads the rows, and leaves in the tile what is to be held.
#[inline(always)]
pub fn statistics<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    source: &impl Logits<F>,
    panel: Panel,
    tiles: &mut Tiles<'_, F>,
    held: Held,
    statistics: &mut RowSums<F>,
) {
    let mut found = None;
    for classes in steps(problem.num_classes()) {
        tiles
            .logits
            .read(simd, source, problem.shape, panel, classes.clone());
        let logits = tiles.logits.vectors_mut::<S>(classes.len());
        found = Some(if held == Held::Exponentials {
            softmax::<F, S, true>(simd, logits, found)
        } else {
            softmax::<F, S, false>(simd, logits, found)
        });
    }
    let Some([max, sum, count]) = found else {
        return;
    };
    F::set_first::<S>(&mut statistics.max, max);
    F::set_first::<S>(&mut statistics.below, sum);
    F::set_first::<S>(&mut statistics.ties, count);
    if problem.is_smooth() {
        let weighted = weighted(simd, problem, source, panel, tiles, max);
        F::set_first::<S>(&mut statistics.weighted, weighted);
    }
}

/// The largest logit, the sum and the count of [`RowSums`] of some classes, together with what was found before; with
/// `KEEP` the exponentials take the logits' place.
#[inline(always)]
fn softmax<F: Float, S: Isa, const KEEP: bool>(
    simd: S,
    logits: &mut [F::Vector<S>],
    found: Option<[F::Vector<S>; 3]>,
) -> [F::Vector<S>; 3] {
    let zero = F::splat(simd, F::ZERO);
    let one = F::splat(simd, F::ONE);
    // Not minus infinity, whose distance to itself is NaN.
    let mut max = found.map_or(F::splat(simd, -F::MAX), |[before, ..]| before);
    for x in logits.iter() {
        max = F::greater(simd, *x, max);
    }
    let (mut sum, mut count) = (zero, zero);
    for x in logits {
        let e = math::exp::<F, S>(simd, F::minus(simd, *x, max));
        let is_max = F::equal(simd, *x, max);
        sum = F::plus(simd, sum, F::select(simd, is_max, zero, e));
        count = F::plus(simd, count, F::select(simd, is_max, one, zero));
        if KEEP {
            *x = e;
        }
    }
    if let Some([before, sum_before, count_before]) = found {
        let same = F::equal(simd, before, max);
        let shrink = math::exp::<F, S>(simd, F::minus(simd, before, max));
        let moved = F::times(simd, F::plus(simd, sum_before, count_before), shrink);
        sum = F::plus(simd, sum, F::select(simd, same, sum_before, moved));
        count = F::plus(simd, count, F::select(simd, same, count_before, zero));
    }
    [max, sum, count]
}

/// The sum of `w (x - max)` of each row, by halves as for long rows.
#[inline(always)]
fn weighted<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    source: &impl Logits<F>,
    panel: Panel,
    tiles: &mut Tiles<'_, F>,
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
                .read(simd, source, problem.shape, panel, classes.clone());
        }
        let weights = Weights::read(simd, problem, panel, classes.clone(), &mut tiles.weights);
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

/// Writes the gradient of the rows from what the tile holds.
#[inline(always)]
pub fn backward<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    cells: &mut Rows<F>,
    panel: Panel,
    tiles: &mut Tiles<'_, F>,
    gradient: &RowGradient<F>,
    held: Held,
) {
    if gradient.none_live(panel) {
        // Not even read.
        for (_, run) in panel.runs(problem.shape) {
            let zeros = &[F::ZERO; MAX_LANES][..run.len()];
            (0..problem.num_classes()).for_each(|class| cells.write_run(run, class, zeros));
        }
        return;
    }
    for classes in steps(problem.num_classes()) {
        if held == Held::Nothing || classes.len() < problem.num_classes() {
            tiles
                .logits
                .read(simd, cells, problem.shape, panel, classes.clone());
        }
        let confident = if gradient.is_smooth {
            tiles
                .logits
                .confident_max::<S>(problem, panel, classes.clone(), gradient)
        } else {
            [None; MAX_LANES]
        };
        if held == Held::Exponentials {
            scale::<F, S>(simd, classes.clone(), tiles, gradient);
        } else {
            replace::<F, S>(simd, problem, panel, classes.clone(), tiles, gradient);
        }
        for i in panel.lanes() {
            if let Some(place) = confident[i] {
                let w = problem.weight(panel.first + i, classes.start + place);
                let value = gradient.at_confident_max(simd, i, w);
                tiles.logits.0[place * F::lanes::<S>() + i] = value;
            }
        }
        if !gradient.all_live {
            tiles.logits.clear::<S>(panel, classes.len(), gradient);
        }
        tiles
            .logits
            .write(simd, cells, problem.shape, panel, classes);
    }
}

/// Turns the exponentials of the tile into the gradient of their logits, but for rows without one.
#[inline(always)]
fn scale<F: Float, S: Isa>(
    simd: S,
    classes: Range<usize>,
    tiles: &mut Tiles<'_, F>,
    gradient: &RowGradient<F>,
) {
    let relative_lse = F::first::<S>(&gradient.relative_lse);
    let shrink = math::exp::<F, S>(simd, F::negated(simd, relative_lse));
    let factor = F::times(simd, F::first::<S>(&gradient.softmax), shrink);
    tiles.logits.map(
        simd,
        classes,
        gradient,
        #[inline(always)]
        |_, e| F::times(simd, e, factor),
    );
}

/// Replaces the logits of the tile by their gradient, but for rows without one.
#[inline(always)]
fn replace<F: Float, S: Isa>(
    simd: S,
    problem: &Problem<F>,
    panel: Panel,
    classes: Range<usize>,
    tiles: &mut Tiles<'_, F>,
    gradient: &RowGradient<F>,
) {
    let max = F::first::<S>(&gradient.max);
    let relative_lse = F::first::<S>(&gradient.relative_lse);
    let softmax = F::first::<S>(&gradient.softmax);
    if !gradient.is_smooth {
        tiles.logits.map(
            simd,
            classes,
            gradient,
            #[inline(always)]
            |_, x| {
                let p = math::probability::<F, S>(simd, x, max, relative_lse);
                F::times(simd, softmax, p)
            },
        );
        return;
    }
    let weights = Weights::read(simd, problem, panel, classes.clone(), &mut tiles.weights);
    let smooth = F::first::<S>(&gradient.smooth);
    let zero = F::splat(simd, F::ZERO);
    let without = F::equal(simd, smooth, zero);
    tiles.logits.map(
        simd,
        classes,
        gradient,
        #[inline(always)]
        |i, x| {
            let w = F::times(simd, smooth, weights.load(simd, i));
            let w = F::select(simd, without, zero, w);
            let p = math::probability::<F, S>(simd, x, max, relative_lse);
            F::mul_add(simd, softmax, p, w)
        },
    );
}

/// Which of these classes each row's own is; -1 if it is another.
#[inline(always)]
fn places<F: Float>(own: &[usize; MAX_LANES], classes: &Range<usize>) -> PerLane<F> {
    own.map(|class| {
        let place = class.wrapping_sub(classes.start);
        if place < classes.len() {
            F::from_f64(f64::from(place as u32))
        } else {
            -F::ONE
        }
    })
}
