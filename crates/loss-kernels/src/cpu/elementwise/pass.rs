//! The loop over the elements, one for all formulas: read, compute, add up, write.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::operand::{Operand, Slot};
use crate::cpu::simd::{Arch, Float, Isa, Kernel, Lanes};
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

/// Writes one loss per element to memory that need not be initialized; all of it is written unless a number is out of
/// bounds.
pub fn losses<F: Float, L: Formula>(
    arch: Arch,
    formula: &L,
    operands: [Operand<'_, F>; 3],
    output: &mut [MaybeUninit<F>],
) -> Option<Violation> {
    let len = output.len();
    let mut pass = Pass::new(arch, operands, len);
    pass.losses = output.as_mut_ptr().cast();
    F::run_pass(formula, &pass, true).violation
}

/// Writes the gradient of each input that has a place for it, given the gradient of each loss. Where that is 0 the gradient
/// is 0, whatever the inputs.
pub fn backward<F: Float, L: Formula>(
    arch: Arch,
    formula: &L,
    operands: [Operand<'_, F>; 3],
    gradient: &[F],
) {
    let mut pass = Pass::new(arch, operands, gradient.len());
    pass.factors = gradient.as_ptr();
    F::run_pass(formula, &pass, false);
}

/// Sums the losses, each times its weight if there are weights, and writes the gradient of `scale` times that sum of each
/// input that has a place for it.
///
/// An element of weight 0 has the loss and the gradient 0, whatever its inputs, and they may be out of bounds.
pub fn reduced<F: Float, L: Formula>(
    arch: Arch,
    formula: &L,
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
    let found = F::run_pass(formula, &pass, true);
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
        (true, _) => pass.run::<L, true, OF_ANY>(formula),
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

impl<F: Float, L: Formula, const LOSS: bool, const SLOPES: u8> Kernel
    for Task<'_, F, L, LOSS, SLOPES>
{
    type Output = Found;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> Found {
        let block = VECTORS * F::lanes::<S>();
        let mut found = Found::default();
        for start in self.range.clone().step_by(block) {
            let block = start..self.range.end.min(start + block);
            if LOSS {
                found.violation = self.violation(simd, block.clone());
                if found.violation.is_some() {
                    break;
                }
            }
            found.sum += self.block(simd, block);
        }
        found
    }
}

impl<F: Float, L: Formula, const LOSS: bool, const SLOPES: u8> Task<'_, F, L, LOSS, SLOPES> {
    /// The block's losses, added up; its gradients, written.
    #[inline(always)]
    fn block<S: Isa>(&self, simd: S, block: Range<usize>) -> f64 {
        let lanes = F::lanes::<S>();
        let from = self.pass.slots.map(|slot| slot.of_block(block.start));
        // One running total: other work hides the latency of its additions, and more copies of a formula take long to compile.
        let mut sum = F::splat(simd, F::ZERO);
        let whole = block.len() - block.len() % lanes;
        for at in (0..whole).step_by(lanes) {
            // SAFETY: `at + lanes <= block.len()`: all of it are elements of this block.
            let loss = unsafe { self.vector::<S>(simd, block.start, at, from, None) };
            sum = F::plus(simd, sum, loss);
        }
        if whole < block.len() {
            let inside = Some(block.len() - whole);
            // SAFETY: as many lanes as are left are elements of this block.
            let loss = unsafe { self.vector::<S>(simd, block.start, whole, from, inside) };
            sum = F::plus(simd, sum, loss);
        }
        if LOSS { in_f64::<F, S>(sum) } else { 0.0 }
    }

    /// The losses of one vector, each times its weight; all of it, or its first lanes.
    ///
    /// # Safety
    ///
    /// The elements from `start + at` on, a vector or as many as are `inside`, are this task's.
    #[inline(always)]
    unsafe fn vector<S: Isa>(
        &self,
        simd: S,
        start: usize,
        at: usize,
        from: [*const F; 3],
        inside: Option<usize>,
    ) -> F::Vector<S> {
        let pass = self.pass;
        let zero = F::splat(simd, F::ZERO);
        let part = Part::<F, S> {
            simd,
            inside: inside.map(
                #[inline(always)]
                |inside| F::leading(simd, inside),
            ),
        };
        let [x, y, z] = from;
        // SAFETY: the caller's promise.
        let numbers = unsafe { [part.number(x, at), part.number(y, at), part.number(z, at)] };
        let weighted = !pass.factors.is_null();
        // SAFETY: as above; without weights there is nothing to read.
        let factor = unsafe { part.number(pass.factors, start + at).vector };
        let dropped = F::equal(simd, factor, zero);

        let mut loss = zero;
        if LOSS {
            loss = self.formula.loss(numbers).vector;
            if !pass.losses.is_null() {
                // SAFETY: as above; nothing else reads or writes there.
                unsafe { part.store(pass.losses.wrapping_add(start + at), loss) };
            }
            if weighted {
                loss = F::select(simd, dropped, zero, F::times(simd, loss, factor));
            }
            if let Some(inside) = part.inside {
                loss = F::select(simd, inside, loss, zero);
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
                let slope = self.formula.slope(*of, numbers).vector;
                let slope = F::times(simd, slope, factor);
                let slope = if weighted {
                    F::select(simd, dropped, zero, slope)
                } else {
                    slope
                };
                // SAFETY: as above; in place, the number has been read.
                unsafe { part.store(to.wrapping_add(start + at), slope) };
            }
        }
        loss
    }

    /// The first number of the block that is out of bounds. Before anything is written: in place, it would be gone.
    #[inline(always)]
    fn violation<S: Isa>(&self, simd: S, block: Range<usize>) -> Option<Violation> {
        for (input, bounds) in self.formula.bounds().into_iter().enumerate() {
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

/// A vector of elements, or its first lanes. (No closures: they would be compiled for the oldest processor.)
struct Part<F: Float, S: Isa> {
    simd: S,
    inside: Option<F::Mask<S>>,
}

impl<F: Float, S: Isa> Part<F, S> {
    /// The numbers from there on, or 1 if there are none.
    ///
    /// # Safety
    ///
    /// They can be read.
    #[inline(always)]
    unsafe fn number(&self, from: *const F, at: usize) -> Lanes<F, S> {
        if from.is_null() {
            return Lanes::new(self.simd, F::splat(self.simd, F::ONE));
        }
        let from = from.wrapping_add(at);
        // SAFETY: the caller's promise; vectors are plain numbers (`Pod`).
        let vector = unsafe {
            match self.inside {
                None => from.cast::<F::Vector<S>>().read_unaligned(),
                Some(inside) => F::load_masked(self.simd, inside, from),
            }
        };
        Lanes::new(self.simd, vector)
    }

    /// Writes the numbers from there on.
    ///
    /// # Safety
    ///
    /// They can be written.
    #[inline(always)]
    unsafe fn store(&self, to: *mut F, vector: F::Vector<S>) {
        // SAFETY: as above.
        unsafe {
            match self.inside {
                None => to.cast::<F::Vector<S>>().write_unaligned(vector),
                Some(inside) => F::store_masked(self.simd, inside, to, vector),
            }
        }
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
