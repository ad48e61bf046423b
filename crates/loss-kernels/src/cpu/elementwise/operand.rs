//! Where the numbers of an input are read, and where their gradient is written.

use std::mem::MaybeUninit;

use crate::cpu::simd::{Float, MAX_LANES};
use crate::cpu::sum::VECTORS;

/// An input of a formula.
#[derive(Debug)]
pub enum Operand<'a, F> {
    /// It is only read.
    Read(&'a [F]),
    /// Its gradient replaces it.
    Replace(&'a mut [F]),
    /// Its gradient goes to other memory, which need not be initialized; all of it is written, unless a number is out of bounds.
    Between(&'a [F], &'a mut [MaybeUninit<F>]),
    /// It is the same for every stretch of the elements, and only read.
    Repeated(&'a Repeated<F>),
    /// There is none: the number 1.
    One,
}

/// Numbers that repeat along the elements: weights of the last axis.
#[derive(Clone, Debug)]
pub struct Repeated<F> {
    /// The numbers again and again, so that a block of elements finds its own in one piece wherever it starts.
    tiled: Vec<F>,
    period: usize,
}

impl<F: Float> Repeated<F> {
    /// Numbers that repeat.
    pub fn new(numbers: &[F]) -> Self {
        let len = numbers.len() + VECTORS * MAX_LANES;
        Self {
            tiled: numbers.iter().copied().cycle().take(len).collect(),
            period: numbers.len(),
        }
    }
}

/// An [`Operand`] as addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<F> {
    /// Null if there is none.
    pub(super) read: *const F,
    /// Null if there is no gradient.
    pub(super) write: *mut F,
    /// After how many elements the numbers repeat.
    period: usize,
}

// SAFETY: a slot stands for the borrows it was made of, which outlive the pass; the tasks of a pass touch parts of it that
// do not overlap (`pass`).
unsafe impl<F: Float> Send for Slot<F> {}
// SAFETY: as above.
unsafe impl<F: Float> Sync for Slot<F> {}

impl<F: Float> Slot<F> {
    /// The addresses of `len` elements.
    pub(super) fn new(operand: &mut Operand<'_, F>, len: usize) -> Self {
        let slot = |read: &[F], write: *mut F| {
            assert_eq!(read.len(), len, "one number per element");
            Self {
                read: read.as_ptr(),
                write,
                period: usize::MAX,
            }
        };
        match operand {
            Operand::Read(numbers) => slot(numbers, std::ptr::null_mut()),
            Operand::Replace(numbers) => {
                assert_eq!(numbers.len(), len, "one number per element");
                let write = numbers.as_mut_ptr();
                Self {
                    read: write,
                    write,
                    period: usize::MAX,
                }
            }
            Operand::Between(numbers, gradient) => {
                assert_eq!(gradient.len(), len, "one gradient per element");
                slot(numbers, gradient.as_mut_ptr().cast())
            }
            Operand::Repeated(numbers) => {
                assert!(
                    numbers.period > 0 || len == 0,
                    "there is a number to repeat"
                );
                Self {
                    read: numbers.tiled.as_ptr(),
                    write: std::ptr::null_mut(),
                    period: numbers.period,
                }
            }
            Operand::One => Self {
                read: std::ptr::null(),
                write: std::ptr::null_mut(),
                period: usize::MAX,
            },
        }
    }

    /// The same input, its numbers and gradients elsewhere.
    pub(super) fn moved(&self, read: &[F], write: &mut [F]) -> Self {
        Self {
            read: if self.read.is_null() {
                self.read
            } else {
                read.as_ptr()
            },
            write: if self.write.is_null() {
                self.write
            } else {
                write.as_mut_ptr()
            },
            period: usize::MAX,
        }
    }

    /// Where the numbers of a block that starts at `start` begin; a block has no more than a tile repeats.
    #[inline(always)]
    pub(super) fn of_block(&self, start: usize) -> *const F {
        if self.read.is_null() {
            return self.read;
        }
        let at = if self.period == usize::MAX {
            start
        } else {
            start % self.period
        };
        // SAFETY: within the numbers, or within the first period of the tile.
        unsafe { self.read.add(at) }
    }
}
