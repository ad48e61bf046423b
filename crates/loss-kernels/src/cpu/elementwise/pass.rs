//! The loop over the elements, one for all formulas: read, compute, add up, write.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::operand::{Operand, Slot};
use crate::cpu::simd::{Arch, Float, Isa, Kernel, Lanes, MAX_LANES, PerLane};
use crate::cpu::sum::{TASK, VECTORS, in_f64};
use crate::cpu::tasks;
use crate::formulas::Violation;
use crate::{Formula, Input};

/// What a pass over the elements finds.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// The sum of the losses, each times its weight.
    pub sum: f64,
    /// A number out of bounds, if there is one; what was written is then of no use.
    pub violation: Option<Violation>,
}

/// A formula as a caller sees it who does not know which it is: what is around the passes is compiled once for all of them.
pub trait Passes<F> {
    /// Runs a pass, with the losses or without.
    fn pass(&self, pass: &Pass<F>, loss: bool) -> Found;
}

impl<L: Formula> Passes<f32> for L {
    fn pass(&self, pass: &Pass<f32>, loss: bool) -> Found {
        self.pass_f32(pass, loss)
    }
}

impl<L: Formula> Passes<f64> for L {
    fn pass(&self, pass: &Pass<f64>, loss: bool) -> Found {
        self.pass_f64(pass, loss)
    }
}

/// Writes one loss per element to memory that need not be initialized; all of it is written unless a number is out of
/// bounds.
pub fn losses<F: Float>(
    arch: Arch,
    formula: &dyn Passes<F>,
    operands: [Operand<'_, F>; 3],
    output: &mut [MaybeUninit<F>],
) -> Option<Violation> {
    let len = output.len();
    let mut pass = Pass::new(arch, operands, len);
    pass.losses = output.as_mut_ptr().cast();
    formula.pass(&pass, true).violation
}

/// Writes the gradient of each input that has a place for it, given the gradient of each loss. Where that is 0 the gradient
/// is 0, whatever the inputs.
pub fn backward<F: Float>(
    arch: Arch,
    formula: &dyn Passes<F>,
    operands: [Operand<'_, F>; 3],
    gradient: &[F],
) {
    let mut pass = Pass::new(arch, operands, gradient.len());
    pass.factors = gradient.as_ptr();
    formula.pass(&pass, false);
}

/// Sums the losses, each times its weight if there are weights, and writes the gradient of `scale` times that sum of each
/// input that has a place for it.
///
/// An element of weight 0 has the loss and the gradient 0, whatever its inputs, and they may be out of bounds.
pub fn reduced<F: Float>(
    arch: Arch,
    formula: &dyn Passes<F>,
    operands: [Operand<'_, F>; 3],
    weights: Option<&[F]>,
    scale: f64,
    len: usize,
) -> (f64, Option<Violation>) {
    let mut pass = Pass::new(arch, operands, len);
    pass.scale = F::from_f64(scale);
    if let Some(weights) = weights {
        assert_eq!(weights.len(), len, "one weight per element");
        pass.factors = weights.as_ptr();
    }
    let found = formula.pass(&pass, true);
    (found.sum, found.violation)
}

/// Which slopes a loop computes: none, that of the prediction, or those that have a place.
const NO_SLOPES: u8 = 0;
const OF_PREDICTION: u8 = 1;
const OF_ANY: u8 = 2;

/// A pass over the elements. Null stands for what there is not.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pass<F> {
    arch: Arch,
    slots: [Slot<F>; 3],
    len: usize,
    /// Where the losses go.
    losses: *mut F,
    /// What each loss counts, or its gradient.
    factors: *const F,
    /// What all gradients are multiplied by.
    scale: F,
}

// SAFETY: it stands for borrows that outlive the pass; `run` cuts the elements into ranges that do not overlap, and a task
// reads and writes the elements of its range alone.
unsafe impl<F: Float> Sync for Pass<F> {}

/// Runs a pass of a formula, with the losses or without: for each formula compiled once, where it is defined.
pub(crate) fn run<F: Float, L: Formula>(formula: &L, pass: &Pass<F>, loss: bool) -> Found {
    match (loss, pass.slopes()) {
        (true, NO_SLOPES) => pass.run::<L, true, NO_SLOPES>(formula),
        (true, OF_PREDICTION) => pass.run::<L, true, OF_PREDICTION>(formula),
        (true, _) => {
            // Rare enough for two passes: a third loop of each formula would take long to compile.
            let found = pass.run::<L, true, NO_SLOPES>(formula);
            if found.violation.is_none() {
                pass.run::<L, false, OF_ANY>(formula);
            }
            found
        }
        (false, NO_SLOPES) => Found::default(),
        (false, _) => pass.run::<L, false, OF_ANY>(formula),
    }
}

impl<F: Float> Pass<F> {
    fn new(arch: Arch, mut operands: [Operand<'_, F>; 3], len: usize) -> Self {
        Self {
            arch,
            slots: std::array::from_fn(|i| Slot::new(&mut operands[i], len)),
            len,
            losses: std::ptr::null_mut(),
            factors: std::ptr::null(),
            scale: F::ONE,
        }
    }

    fn slopes(&self) -> u8 {
        match self.slots.map(|slot| !slot.write.is_null()) {
            [false, false, false] => NO_SLOPES,
            [true, false, false] => OF_PREDICTION,
            _ => OF_ANY,
        }
    }

    fn run<L: Formula, const LOSS: bool, const SLOPES: u8>(&self, formula: &L) -> Found {
        let parts = tasks::map(self.len, TASK, |range| {
            self.arch.run(Task::<F, L, LOSS, SLOPES> {
                formula,
                pass: self,
                range,
            })
        });
        // In their order: the first number out of bounds, and the same bits every time.
        parts.into_iter().fold(Found::default(), |all, part| Found {
            sum: all.sum + part.sum,
            violation: all.violation.or(part.violation),
        })
    }
}

/// Some of the elements of a pass.
struct Task<'a, F, L, const LOSS: bool, const SLOPES: u8> {
    formula: &'a L,
    pass: &'a Pass<F>,
    range: Range<usize>,
}

/// Blocks whose numbers are compared with their bounds at a time: they are in a cache when they are computed with.
const COMPARED: usize = 16;

impl<F: Float, L: Formula, const LOSS: bool, const SLOPES: u8> Kernel
    for Task<'_, F, L, LOSS, SLOPES>
{
    type Output = Found;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> Found {
        let block = VECTORS * F::lanes::<S>();
        let bounds = self.formula.bounds();
        let mut found = Found::default();
        for start in self.range.clone().step_by(COMPARED * block) {
            let blocks = start..self.range.end.min(start + COMPARED * block);
            if LOSS && bounds.iter().any(Option::is_some) {
                // Before anything is written: in place, the numbers would be gone.
                found.violation = self.pass.violation(bounds, blocks.clone());
                if found.violation.is_some() {
                    break;
                }
            }
            for start in blocks.clone().step_by(block) {
                found.sum += self.block(simd, start..blocks.end.min(start + block));
            }
        }
        found
    }
}

impl<F: Float, L: Formula, const LOSS: bool, const SLOPES: u8> Task<'_, F, L, LOSS, SLOPES> {
    /// The places of a block that starts there; none to write to without slopes, also where a second pass will write.
    #[inline(always)]
    fn places(&self, start: usize) -> Places<F> {
        let mut places = self.pass.places(start);
        if SLOPES == NO_SLOPES {
            places.write = [std::ptr::null_mut(); 3];
        }
        places
    }

    /// The block's losses, added up; its gradients, written.
    #[inline(always)]
    fn block<S: Isa>(&self, simd: S, block: Range<usize>) -> f64 {
        let lanes = F::lanes::<S>();
        // One running total: other work hides the latency of its additions.
        let mut sum = F::splat(simd, F::ZERO);
        let rest = block.len() % lanes;
        let mut len = block.len() - rest;
        let mut kept = F::leading(simd, lanes);
        let mut places = self.places(block.start);
        let mut stage = Stage::new();
        let mut staged = false;
        // The last vector may not be whole. It is staged, and goes through the same loop: more copies of a formula would take
        // long to compile.
        loop {
            for at in (0..len).step_by(lanes) {
                // SAFETY: `at + lanes <= len`, as much as can be read and written at the places of this block.
                let loss = unsafe { self.vector::<S>(simd, &places, at, kept) };
                sum = F::plus(simd, sum, loss);
            }
            if rest == 0 || staged {
                break;
            }
            // SAFETY: `rest` elements from `len` on are those of this block.
            places = unsafe { stage.fill(&places, len, rest) };
            (len, kept, staged) = (lanes, F::leading(simd, rest), true);
        }
        if staged {
            let start = block.end - rest;
            // SAFETY: as above.
            unsafe { stage.empty(&self.places(start), rest) };
        }
        if LOSS { in_f64::<F, S>(sum) } else { 0.0 }
    }

    /// The losses of one vector, each times its weight; 0 in lanes that are not `kept`.
    ///
    /// # Safety
    ///
    /// A vector can be read and written at each place from `at` on.
    #[inline(always)]
    unsafe fn vector<S: Isa>(
        &self,
        simd: S,
        places: &Places<F>,
        at: usize,
        kept: F::Mask<S>,
    ) -> F::Vector<S> {
        let pass = self.pass;
        let zero = F::splat(simd, F::ZERO);
        let [x, y, z] = places.read;
        // SAFETY: the caller's promise.
        let numbers = unsafe { [read(simd, x, at), read(simd, y, at), read(simd, z, at)] };
        let weighted = !places.factors.is_null();
        // SAFETY: as above; without weights there is nothing to read.
        let factor = unsafe { read(simd, places.factors, at).vector };
        let dropped = F::equal(simd, factor, zero);

        let mut loss = zero;
        let mut of_prediction = zero;
        if LOSS && SLOPES == OF_PREDICTION {
            let both = self.formula.loss_and_slope(numbers);
            [loss, of_prediction] = [both[0].vector, both[1].vector];
        } else if LOSS {
            loss = self.formula.loss(numbers).vector;
        }
        if LOSS {
            if !places.losses.is_null() {
                // SAFETY: as above; nothing else reads or writes there.
                unsafe { write::<F, S>(places.losses, at, loss) };
            }
            if weighted {
                loss = F::select(simd, dropped, zero, F::times(simd, loss, factor));
            }
            loss = F::select(simd, kept, loss, zero);
        }
        if SLOPES != NO_SLOPES {
            let factor = F::times(simd, factor, F::splat(simd, pass.scale));
            let last = if SLOPES == OF_PREDICTION { 1 } else { 3 };
            for of in &Input::ALL[..last] {
                let to = places.write[*of as usize];
                if SLOPES != OF_PREDICTION && to.is_null() {
                    continue;
                }
                let slope = if LOSS && SLOPES == OF_PREDICTION {
                    of_prediction
                } else {
                    self.formula.slope(*of, numbers).vector
                };
                let slope = F::times(simd, slope, factor);
                let slope = if weighted {
                    F::select(simd, dropped, zero, slope)
                } else {
                    slope
                };
                // SAFETY: as above; in place, the number has been read.
                unsafe { write::<F, S>(to, at, slope) };
            }
        }
        loss
    }
}

/// Where the elements of a block are read and written. Null stands for what there is not.
#[derive(Clone, Copy)]
struct Places<F> {
    read: [*const F; 3],
    factors: *const F,
    losses: *mut F,
    write: [*mut F; 3],
}

impl<F: Float> Pass<F> {
    /// The places of a block that starts there.
    #[inline(always)]
    fn places(&self, start: usize) -> Places<F> {
        let at = |from: *const F| {
            if from.is_null() {
                from
            } else {
                from.wrapping_add(start)
            }
        };
        let to = |to: *mut F| at(to).cast_mut();
        Places {
            read: self.slots.map(|slot| slot.of_block(start)),
            factors: at(self.factors),
            losses: to(self.losses),
            write: self.slots.map(|slot| to(slot.write)),
        }
    }
}

/// Room for a vector at each place.
struct Stage<F> {
    read: [PerLane<F>; 3],
    factors: PerLane<F>,
    losses: PerLane<F>,
    write: [PerLane<F>; 3],
}

impl<F: Float> Stage<F> {
    #[inline(always)]
    fn new() -> Self {
        let zero = [F::ZERO; MAX_LANES];
        Self {
            read: [zero; 3],
            factors: zero,
            losses: zero,
            write: [zero; 3],
        }
    }

    /// Copies as many elements as are left, and gives their places here.
    ///
    /// # Safety
    ///
    /// They can be read at the places from `at` on.
    #[inline(never)]
    unsafe fn fill(&mut self, places: &Places<F>, at: usize, rest: usize) -> Places<F> {
        let copy = |from: *const F, to: &mut PerLane<F>| {
            if from.is_null() {
                return from;
            }
            // SAFETY: the caller's promise.
            let numbers = unsafe { std::slice::from_raw_parts(from.add(at), rest) };
            to[..rest].copy_from_slice(numbers);
            to.as_ptr()
        };
        let room = |place: *mut F, room: &mut PerLane<F>| {
            if place.is_null() {
                place
            } else {
                room.as_mut_ptr()
            }
        };
        let [x, y, z] = &mut self.read;
        let [of_x, of_y, of_z] = &mut self.write;
        Places {
            read: [
                copy(places.read[0], x),
                copy(places.read[1], y),
                copy(places.read[2], z),
            ],
            factors: copy(places.factors, &mut self.factors),
            losses: room(places.losses, &mut self.losses),
            write: [
                room(places.write[0], of_x),
                room(places.write[1], of_y),
                room(places.write[2], of_z),
            ],
        }
    }

    /// Copies what has been written here to its places.
    ///
    /// # Safety
    ///
    /// As many elements as are left can be written there.
    #[inline(never)]
    unsafe fn empty(&self, places: &Places<F>, rest: usize) {
        let copy = |from: &PerLane<F>, to: *mut F| {
            if !to.is_null() {
                // SAFETY: the caller's promise.
                unsafe { to.copy_from_nonoverlapping(from.as_ptr(), rest) };
            }
        };
        copy(&self.losses, places.losses);
        for (from, to) in self.write.iter().zip(places.write) {
            copy(from, to);
        }
    }
}

/// A vector of the numbers from there on, or 1 if there are none.
///
/// # Safety
///
/// It can be read.
#[inline(always)]
unsafe fn read<F: Float, S: Isa>(simd: S, from: *const F, at: usize) -> Lanes<F, S> {
    if from.is_null() {
        return Lanes::new(simd, F::splat(simd, F::ONE));
    }
    // SAFETY: the caller's promise; vectors are plain numbers (`Pod`).
    let vector = unsafe { from.add(at).cast::<F::Vector<S>>().read_unaligned() };
    Lanes::new(simd, vector)
}

/// Writes a vector from there on.
///
/// # Safety
///
/// It can be written.
#[inline(always)]
unsafe fn write<F: Float, S: Isa>(to: *mut F, at: usize, vector: F::Vector<S>) {
    // SAFETY: as above.
    unsafe { to.add(at).cast::<F::Vector<S>>().write_unaligned(vector) };
}

impl<F: Float> Pass<F> {
    /// The first number of these elements that is out of bounds. Compiled once for all formulas.
    #[inline(never)]
    fn violation(&self, bounds: [Option<[f64; 2]>; 3], range: Range<usize>) -> Option<Violation> {
        self.arch.run(Compare {
            pass: self,
            bounds,
            range,
        })
    }
}

/// Compares some of the elements with their bounds.
struct Compare<'a, F> {
    pass: &'a Pass<F>,
    bounds: [Option<[f64; 2]>; 3],
    range: Range<usize>,
}

impl<F: Float> Kernel for Compare<'_, F> {
    type Output = Option<Violation>;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> Option<Violation> {
        let block = VECTORS * F::lanes::<S>();
        let starts = self.range.clone().step_by(block);
        for start in starts {
            let found = self.block(simd, start..self.range.end.min(start + block));
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl<F: Float> Compare<'_, F> {
    #[inline(always)]
    fn block<S: Isa>(&self, simd: S, block: Range<usize>) -> Option<Violation> {
        for (input, bounds) in self.bounds.into_iter().enumerate() {
            let Some([least, most]) = bounds else {
                continue;
            };
            let from = self.pass.slots[input].of_block(block.start);
            if from.is_null() {
                continue;
            }
            // SAFETY: the numbers of the block, which nobody else writes.
            let numbers = unsafe { std::slice::from_raw_parts(from, block.len()) };
            let [lowest, highest] = extremes::<F, S>(simd, numbers);
            if lowest.to_f64() >= least && highest.to_f64() <= most {
                continue;
            }
            let outside = |&(index, value): &(usize, &F)| {
                // SAFETY: the weights of the block.
                let dropped = !self.pass.factors.is_null()
                    && unsafe { *self.pass.factors.add(block.start + index) } == F::ZERO;
                let value = value.to_f64();
                (value < least || value > most) && !dropped
            };
            if let Some((index, value)) = numbers.iter().enumerate().find(outside) {
                return Some(Violation {
                    input: Input::ALL[input],
                    index: block.start + index,
                    value: value.to_f64(),
                });
            }
        }
        None
    }
}

/// The smallest and the largest of the numbers that are not NaN; of none, infinity and minus infinity.
#[inline(always)]
fn extremes<F: Float, S: Isa>(simd: S, numbers: &[F]) -> [F; 2] {
    let mut lowest = F::splat(simd, F::INFINITY);
    let mut highest = F::splat(simd, -F::INFINITY);
    let (vectors, rest) = F::vectors::<S>(numbers);
    for x in vectors {
        lowest = F::lesser(simd, *x, lowest);
        highest = F::greater(simd, *x, highest);
    }
    if !rest.is_empty() {
        let fill = F::NAN;
        let x = F::part(simd, rest, fill);
        lowest = F::lesser(simd, x, lowest);
        highest = F::greater(simd, x, highest);
    }
    let lowest = F::largest(simd, F::negated(simd, lowest));
    [-lowest, F::largest(simd, highest)]
}
