//! The gradient's memory, shared between threads.
//!
//! The rows of `[N, C, S]` interleave for `S > 1`, so that no slice holds the rows of one task. [`Cells`] lends them out
//! row by row instead, and one body serves both a gradient that replaces the logits and one that goes to a new buffer.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use crate::cpu::simd::Float;
use crate::cpu::simd::Isa;

/// Where logits `[N, C, S]` are read and where their gradient is written: the same memory or another.
pub struct Cells<'a, F> {
    logits: *const F,
    gradient: *mut F,
    shape: [usize; 3],
    memory: PhantomData<&'a mut [F]>,
}

// SAFETY: it stands for a `&mut [F]`, and hands its elements out by `rows` alone, whose contract keeps threads apart.
unsafe impl<F: Float> Send for Cells<'_, F> {}
// SAFETY: as above.
unsafe impl<F: Float> Sync for Cells<'_, F> {}

impl<'a, F: Float> Cells<'a, F> {
    /// The gradient replaces the logits.
    pub fn in_place(logits: &'a mut [F], shape: [usize; 3]) -> Self {
        assert_eq!(logits.len(), shape.iter().product::<usize>());
        let gradient = logits.as_mut_ptr();
        Self {
            logits: gradient,
            gradient,
            shape,
            memory: PhantomData,
        }
    }

    /// The gradient goes to memory of its own, which need not be initialized.
    pub fn between(logits: &'a [F], gradient: &'a mut [MaybeUninit<F>], shape: [usize; 3]) -> Self {
        assert_eq!(logits.len(), shape.iter().product::<usize>());
        assert_eq!(gradient.len(), logits.len());
        let gradient = gradient.as_mut_ptr().cast();
        Self {
            logits: logits.as_ptr(),
            gradient,
            shape,
            memory: PhantomData,
        }
    }

    /// Lends some rows out.
    ///
    /// # Safety
    ///
    /// No two `Rows` that live at the same time share a row.
    pub unsafe fn rows(&self, rows: Range<usize>) -> Rows<'_, F> {
        assert!(rows.end <= self.shape[0] * self.shape[2]);
        Rows { cells: self, rows }
    }
}

/// Some of the rows: nobody else reads or writes them.
pub struct Rows<'a, F> {
    cells: &'a Cells<'a, F>,
    rows: Range<usize>,
}

/// Rows that lie side by side: one `n`, consecutive `s`.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    row: usize,
    len: usize,
    base: usize,
}

impl Run {
    /// The run that starts at `row` and ends at `end`, or at the last `s` if that comes first.
    #[inline(always)]
    pub fn new([_, classes, inner]: [usize; 3], row: usize, end: usize) -> Self {
        // Plain rows are common, and a division takes as long as a vector of exponentials.
        let (n, s) = if inner == 1 {
            (row, 0)
        } else {
            (row / inner, row % inner)
        };
        Self {
            row,
            len: (end - row).min(inner - s),
            base: n * classes * inner + s,
        }
    }

    /// The number of rows.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where the logits of a class lie.
    #[inline(always)]
    pub fn at(&self, inner: usize, class: usize) -> Range<usize> {
        let start = self.base + class * inner;
        start..start + self.len
    }
}

/// Logits to read: a slice, or rows that will be overwritten.
pub trait Logits<F> {
    /// The logits of consecutive rows, for `S = 1`.
    fn rows(&self, rows: Range<usize>) -> &[F];
    /// The logits of one class, for consecutive rows.
    fn run(&self, run: Run, class: usize) -> &[F];
}

/// Logits that nobody writes.
pub struct Shared<'a, F> {
    /// `[N, C, S]`.
    pub logits: &'a [F],
    /// `[N, C, S]`.
    pub shape: [usize; 3],
}

impl<F: Float> Logits<F> for Shared<'_, F> {
    #[inline(always)]
    fn rows(&self, rows: Range<usize>) -> &[F] {
        &self.logits[rows.start * self.shape[1]..rows.end * self.shape[1]]
    }

    #[inline(always)]
    fn run(&self, run: Run, class: usize) -> &[F] {
        &self.logits[run.at(self.shape[2], class)]
    }
}

impl<F: Float> Logits<F> for Rows<'_, F> {
    #[inline(always)]
    fn rows(&self, rows: Range<usize>) -> &[F] {
        let (at, len) = self.in_rows(rows);
        // SAFETY: `in_rows` keeps it within these rows, which lie one after the other, are initialized, and which nobody
        // writes while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.cells.logits.add(at), len) }
    }

    #[inline(always)]
    fn run(&self, run: Run, class: usize) -> &[F] {
        let at = self.in_run(run, class);
        // SAFETY: as above, by `in_run`.
        unsafe { std::slice::from_raw_parts(self.cells.logits.add(at), run.len) }
    }
}

impl<F: Float> Rows<'_, F> {
    /// Where part of a row of `S = 1` starts, if it is one of these rows.
    #[inline(always)]
    fn in_row(&self, row: usize, classes: &Range<usize>) -> usize {
        let [_, num_classes, inner] = self.cells.shape;
        assert!(inner == 1 && self.rows.contains(&row));
        assert!(classes.start <= classes.end && classes.end <= num_classes);
        row * num_classes + classes.start
    }

    /// Where consecutive rows of `S = 1` start, if they are of these rows, and how many logits they have.
    #[inline(always)]
    fn in_rows(&self, rows: Range<usize>) -> (usize, usize) {
        let [_, num_classes, inner] = self.cells.shape;
        assert!(inner == 1 && self.rows.start <= rows.start);
        assert!(rows.start <= rows.end && rows.end <= self.rows.end);
        (rows.start * num_classes, rows.len() * num_classes)
    }

    /// Where a class of a run of rows starts, if they are of these rows.
    #[inline(always)]
    fn in_run(&self, run: Run, class: usize) -> usize {
        let [_, num_classes, inner] = self.cells.shape;
        assert!(self.rows.start <= run.row && run.row + run.len <= self.rows.end);
        assert!(class < num_classes);
        run.at(inner, class).start
    }

    /// Writes one element of the gradient.
    #[inline(always)]
    pub fn set(&mut self, row: usize, class: usize, value: F) {
        self.write_run(Run::new(self.cells.shape, row, row + 1), class, &[value]);
    }

    /// Writes part of a row of the gradient, for `S = 1`.
    #[inline(always)]
    pub fn write_row(
        &mut self,
        row: usize,
        classes: Range<usize>,
        values: impl Iterator<Item = F>,
    ) {
        let at = self.in_row(row, &classes);
        // SAFETY: `in_row` keeps it within these rows, which nobody else touches while `self` is borrowed mutably;
        // `MaybeUninit` because a new buffer is not initialized, and only initialized values are written.
        let target = unsafe {
            std::slice::from_raw_parts_mut(
                self.cells.gradient.add(at).cast::<MaybeUninit<F>>(),
                classes.len(),
            )
        };
        let mut written = 0;
        for (target, value) in target.iter_mut().zip(values) {
            target.write(value);
            written += 1;
        }
        // The buffer counts as initialized once all rows are written.
        assert_eq!(written, classes.len(), "one value a class");
    }

    /// Writes the gradient of one class for consecutive rows.
    #[inline(always)]
    pub fn write_run(&mut self, run: Run, class: usize, values: &[F]) {
        let at = self.in_run(run, class);
        assert_eq!(values.len(), run.len);
        // SAFETY: `in_run` keeps it within these rows, which nobody else touches while `self` is borrowed mutably, and
        // `values`, which is borrowed too, is not part of them.
        unsafe {
            self.cells
                .gradient
                .add(at)
                .copy_from_nonoverlapping(values.as_ptr(), run.len)
        };
    }

    /// Writes at most a vector of each of consecutive rows of the gradient, for `S = 1`.
    #[inline(always)]
    pub fn write_parts<S: Isa>(
        &mut self,
        simd: S,
        rows: Range<usize>,
        classes: Range<usize>,
        parts: &[F::Vector<S>],
    ) {
        let num_classes = self.cells.shape[1];
        let (at, _) = self.in_rows(rows.clone());
        assert!(classes.start <= classes.end && classes.end <= num_classes);
        assert!(classes.len() <= F::lanes::<S>() && parts.len() == rows.len());
        for (i, part) in parts.iter().enumerate() {
            // SAFETY: `at` and the two assertions keep it within these rows, which nobody else touches while `self` is
            // borrowed mutably.
            unsafe {
                let to = self
                    .cells
                    .gradient
                    .add(at + i * num_classes + classes.start);
                F::store_first(simd, classes.len(), to, *part);
            }
        }
    }

    /// Writes what `f` makes of each vector of a row and of its place, for `S = 1`.
    ///
    /// The logits come from `copy` if there is one, from the row itself if not.
    #[inline(always)]
    pub fn map_row<S: Isa>(
        &mut self,
        simd: S,
        row: usize,
        copy: Option<&[F]>,
        f: impl FnMut(F::Vector<S>, usize) -> F::Vector<S>,
    ) {
        let len = self.cells.shape[1];
        let at = self.in_row(row, &(0..len));
        // SAFETY: `in_row` keeps it within the logits.
        let own = unsafe { self.cells.logits.add(at) };
        let logits = copy.map_or(own, |copy| {
            assert_eq!(copy.len(), len);
            copy.as_ptr()
        });
        // SAFETY: the gradient is as long as the logits.
        let gradient = unsafe { self.cells.gradient.add(at) };
        // SAFETY: both are `len` numbers of this row, or a copy of it.
        unsafe { map_numbers(simd, logits, gradient, len, F::ZERO, f) };
    }

    /// Writes what `f` makes of each vector of some classes of a row, for `S = 1`.
    ///
    /// `f` takes the vector's place in its group of `GROUP`, the vector (`fill` beyond the classes), and the one that lies as
    /// many classes further on if there is to be one `ahead`: fetching it keeps the memory busy while numbers are computed.
    #[inline(always)]
    pub fn map_part<S: Isa, const GROUP: usize>(
        &mut self,
        simd: S,
        row: usize,
        classes: Range<usize>,
        fill: F,
        ahead: bool,
        mut f: impl FnMut(usize, F::Vector<S>, F::Vector<S>) -> F::Vector<S>,
    ) {
        let (len, lanes) = (classes.len(), F::lanes::<S>());
        let at = self.in_row(row, &classes);
        // Without one ahead the vector is its own.
        let further = if ahead { len } else { 0 };
        self.in_row(row, &(classes.start + further..classes.end + further));
        // SAFETY: `in_row` keeps both within the row.
        let (logits, gradient) =
            unsafe { (self.cells.logits.add(at), self.cells.gradient.add(at)) };
        let group = GROUP * lanes;
        let grouped = len - len % group;
        for start in (0..grouped).step_by(group) {
            for i in 0..GROUP {
                let at = start + i * lanes;
                simd.prefetch(logits.wrapping_add(at + len));
                // SAFETY: `at + lanes <= len`: that, and as much so many classes further on, lies in the row; in place, both
                // are read before this is written. Vectors are plain numbers (`Pod`).
                unsafe {
                    let x = logits.add(at).cast::<F::Vector<S>>().read_unaligned();
                    let next = logits
                        .add(at + further)
                        .cast::<F::Vector<S>>()
                        .read_unaligned();
                    gradient
                        .add(at)
                        .cast::<F::Vector<S>>()
                        .write_unaligned(f(i, x, next));
                }
            }
        }
        assert!(!ahead || grouped == len, "whole groups");
        // SAFETY: both are numbers of this row, from there to the end of the classes.
        unsafe {
            map_numbers(
                simd,
                logits.add(grouped),
                gradient.add(grouped),
                len - grouped,
                fill,
                #[inline(always)]
                |x, _| f(0, x, x),
            );
        }
    }

    /// Replaces each vector of some classes of a row of the gradient by what `f` makes of it and of its first class, for
    /// `S = 1`.
    ///
    /// # Safety
    ///
    /// That part of the gradient has been written.
    #[inline(always)]
    pub unsafe fn remap_part<S: Isa>(
        &mut self,
        simd: S,
        row: usize,
        classes: Range<usize>,
        mut f: impl FnMut(F::Vector<S>, usize) -> F::Vector<S>,
    ) {
        let at = self.in_row(row, &classes);
        // SAFETY: `in_row` keeps it within the row.
        let gradient = unsafe { self.cells.gradient.add(at) };
        // SAFETY: `classes.len()` numbers of this row, which have been written.
        unsafe {
            map_numbers(
                simd,
                gradient,
                gradient,
                classes.len(),
                F::ZERO,
                #[inline(always)]
                |x, i| f(x, classes.start + i),
            );
        }
    }

    /// A row of the gradient, for `S = 1`.
    ///
    /// # Safety
    ///
    /// It has been written.
    #[inline(always)]
    pub unsafe fn written(&self, row: usize) -> &[F] {
        let (at, len) = self.in_rows(row..row + 1);
        // SAFETY: `in_rows` keeps it within these rows, which nobody else writes while `self` is borrowed, and it has been
        // written.
        unsafe { std::slice::from_raw_parts(self.cells.gradient.add(at), len) }
    }
}

/// Writes what `f` makes of each vector and of its place; in the last one lanes beyond the end are `fill`.
///
/// # Safety
///
/// `len` numbers can be read and written there, and nobody else reads or writes them meanwhile. `from` and `to` are the same
/// or do not overlap.
#[inline(always)]
unsafe fn map_numbers<F: Float, S: Isa>(
    simd: S,
    from: *const F,
    to: *mut F,
    len: usize,
    fill: F,
    mut f: impl FnMut(F::Vector<S>, usize) -> F::Vector<S>,
) {
    let lanes = F::lanes::<S>();
    let whole = len - len % lanes;
    for i in (0..whole).step_by(lanes) {
        // SAFETY: `i + lanes <= len`; vectors are plain numbers (`Pod`).
        unsafe {
            let x = from.add(i).cast::<F::Vector<S>>().read_unaligned();
            to.add(i).cast::<F::Vector<S>>().write_unaligned(f(x, i));
        }
    }
    if whole < len {
        let inside = F::leading(simd, len - whole);
        // SAFETY: the mask holds for as many lanes as are left.
        unsafe {
            let x = F::load_masked(simd, inside, from.add(whole));
            let x = F::select(simd, inside, x, F::splat(simd, fill));
            F::store_masked(simd, inside, to.add(whole), f(x, whole));
        }
    }
}
