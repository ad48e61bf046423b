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
///
/// What is left beyond whole vectors is staged, and goes through the same loop: more copies of a formula take long to compile.
#[inline]
pub(crate) fn run<F: Float, L: Formula>(formula: &L, pass: &Pass<F>, loss: bool) -> Found {
    let whole = pass.len - pass.len % MAX_LANES;
    let mut found = run_whole(
        formula,
        &Pass {
            len: whole,
            ..*pass
        },
        loss,
    );
    if whole < pass.len && found.violation.is_none() {
        let mut stage = Stage::new(pass, whole);
        let rest = run_whole(formula, &stage.pass(pass), loss);
        stage.empty(pass, whole);
        found.sum += rest.sum;
        found.violation = rest.violation.map(|violation| Violation {
            index: whole + violation.index,
            ..violation
        });
    }
    found
}

#[inline]
fn run_whole<F: Float, L: Formula>(formula: &L, pass: &Pass<F>, loss: bool) -> Found {
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

    #[inline]
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

/// Blocks whose numbers are compared with their bounds at a time. Few: comparing waits for memory, computing does not, and the
/// memory is to be busy while the processor computes.
const COMPARED: usize = 2;

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
    /// The losses of a block of whole vectors, added up; its gradients, written.
    #[inline(always)]
    fn block<S: Isa>(&self, simd: S, block: Range<usize>) -> f64 {
        // One running total: other work hides the latency of its additions.
        let mut sum = F::splat(simd, F::ZERO);
        let from = self.pass.slots.map(|slot| slot.of_block(block.start));
        for at in (0..block.len()).step_by(F::lanes::<S>()) {
            // SAFETY: the block is of whole vectors.
            let loss = unsafe { self.vector::<S>(simd, block.start, at, from) };
            sum = F::plus(simd, sum, loss);
        }
        if LOSS { in_f64::<F, S>(sum) } else { 0.0 }
    }

    /// The losses of one vector, each times its weight.
    ///
    /// # Safety
    ///
    /// The elements from `start + at` on, a vector of them, are this task's.
    #[inline(always)]
    unsafe fn vector<S: Isa>(
        &self,
        simd: S,
        start: usize,
        at: usize,
        from: [*const F; 3],
    ) -> F::Vector<S> {
        let pass = self.pass;
        let zero = F::splat(simd, F::ZERO);
        let [x, y, z] = from;
        // SAFETY: the caller's promise.
        let numbers = unsafe { [read(simd, x, at), read(simd, y, at), read(simd, z, at)] };
        let weighted = !pass.factors.is_null();
        // SAFETY: as above; without weights there is nothing to read.
        let factor = unsafe { read(simd, pass.factors, start + at).vector };
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
            if !pass.losses.is_null() {
                // SAFETY: as above; nothing else reads or writes there.
                unsafe { write::<F, S>(pass.losses, start + at, loss) };
            }
            if weighted {
                loss = F::select(simd, dropped, zero, F::times(simd, loss, factor));
            }
        }
        if SLOPES != NO_SLOPES {
            let factor = F::times(simd, factor, F::splat(simd, pass.scale));
            let last = if SLOPES == OF_PREDICTION { 1 } else { 3 };
            for of in &Input::ALL[..last] {
                let to = pass.slots[*of as usize].write;
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
                unsafe { write::<F, S>(to, start + at, slope) };
            }
        }
        loss
    }
}

/// The last elements of a pass, filled up to whole vectors by elements of weight 0.
struct Stage<F> {
    read: [PerLane<F>; 3],
    factors: PerLane<F>,
    losses: PerLane<F>,
    write: [PerLane<F>; 3],
}

impl<F: Float> Stage<F> {
    /// The elements from `start` on.
    fn new(pass: &Pass<F>, start: usize) -> Self {
        let rest = pass.len - start;
        // Copies of the last element are as good as it is.
        let copies = |from: *const F| {
            if from.is_null() {
                return [F::ONE; MAX_LANES];
            }
            // SAFETY: the numbers of the last elements; a tile has them in one piece.
            let numbers = unsafe { std::slice::from_raw_parts(from, rest) };
            std::array::from_fn(|i| numbers[i.min(rest - 1)])
        };
        let of_slots = pass.slots.map(|slot| copies(slot.of_block(start)));
        let mut factors = copies(pass.factors_from(start));
        factors[rest..].fill(F::ZERO);
        Self {
            read: of_slots,
            factors,
            losses: [F::ZERO; MAX_LANES],
            write: [[F::ZERO; MAX_LANES]; 3],
        }
    }

    /// The pass over them that does what `pass` does.
    fn pass(&mut self, pass: &Pass<F>) -> Pass<F> {
        let mut slots = pass.slots;
        for ((slot, read), write) in slots.iter_mut().zip(&self.read).zip(&mut self.write) {
            *slot = slot.moved(read, write);
        }
        Pass {
            slots,
            len: MAX_LANES,
            losses: match pass.losses.is_null() {
                true => pass.losses,
                false => self.losses.as_mut_ptr(),
            },
            factors: self.factors.as_ptr(),
            ..*pass
        }
    }

    /// Copies what has been written to where it belongs.
    fn empty(&self, pass: &Pass<F>, start: usize) {
        let copy = |from: &PerLane<F>, to: *mut F| {
            if !to.is_null() {
                // SAFETY: the places of the last elements, which no task touches any more.
                unsafe {
                    to.add(start)
                        .copy_from_nonoverlapping(from.as_ptr(), pass.len - start)
                };
            }
        };
        copy(&self.losses, pass.losses);
        for (from, slot) in self.write.iter().zip(pass.slots) {
            copy(from, slot.write);
        }
    }
}

impl<F: Float> Pass<F> {
    /// What the elements from `start` on count; null if each counts 1.
    fn factors_from(&self, start: usize) -> *const F {
        if self.factors.is_null() {
            return self.factors;
        }
        self.factors.wrapping_add(start)
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
        // Of all inputs, so that it does not depend on how many elements a block has which is the first.
        let mut first: Option<Violation> = None;
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
            let Some((index, value)) = numbers.iter().enumerate().find(outside) else {
                continue;
            };
            let index = block.start + index;
            if first.is_none_or(|first| index < first.index) {
                first = Some(Violation {
                    input: Input::ALL[input],
                    index,
                    value: value.to_f64(),
                });
            }
        }
        first
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
