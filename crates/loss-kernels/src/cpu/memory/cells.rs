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
        check_len(logits.len(), shape);
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
        check_len(logits.len(), shape);
        assert_eq!(gradient.len(), logits.len(), "one slope per logit");
        let gradient = gradient.as_mut_ptr().cast();
        Self {
            logits: logits.as_ptr(),
            gradient,
            shape,
            memory: PhantomData,
        }
    }

    /// The same, but read where the gradient is written: what has been written there stands in for the logits.
    ///
    /// # Safety
    ///
    /// A row that is lent out from here has been written as a whole, and is not lent out from `self` meanwhile.
    pub unsafe fn rewritten(&self) -> Cells<'_, F> {
        Cells {
            logits: self.gradient,
            gradient: self.gradient,
            shape: self.shape,
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

/// Panics unless there are as many logits as the shape has; of a shape whose product wraps around there never are.
fn check_len(logits: usize, shape: [usize; 3]) {
    let product = shape
        .iter()
        .try_fold(1usize, |product, len| product.checked_mul(*len));
    assert_eq!(Some(logits), product, "logits are [N, C, S]");
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
        assert_eq!(values.len(), run.len, "one value a row");
        // SAFETY: `in_run` keeps it within these rows, which nobody else touches while `self` is borrowed mutably, and
        // `values`, which is borrowed too, is not part of them.
        unsafe {
            self.cells
                .gradient
                .add(at)
                .copy_from_nonoverlapping(values.as_ptr(), run.len)
        };
    }

    /// Writes the gradient of one class for as many consecutive rows as a vector has lanes.
    #[inline(always)]
    pub fn write_vector<S: Isa>(&mut self, run: Run, class: usize, vector: F::Vector<S>) {
        let at = self.in_run(run, class);
        assert_eq!(run.len, F::lanes::<S>(), "one lane a row");
        // SAFETY: `in_run` keeps it within these rows, which nobody else touches while `self` is borrowed mutably; vectors are
        // plain numbers (`Pod`).
        unsafe {
            let to = self.cells.gradient.add(at).cast::<F::Vector<S>>();
            to.write_unaligned(vector);
        }
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
            assert_eq!(copy.len(), len, "a copy of the row");
            copy.as_ptr()
        });
        // SAFETY: the gradient is as long as the logits.
        let gradient = unsafe { self.cells.gradient.add(at) };
        // SAFETY: both are `len` numbers of this row, or a copy of it.
        unsafe { map_numbers(simd, logits, gradient, len, F::ZERO, f) };
    }

    /// Writes what `f` makes of each vector of some rows, which lie one after the other, for `S = 1`.
    #[inline(always)]
    pub fn map_rows<S: Isa>(
        &mut self,
        simd: S,
        rows: Range<usize>,
        mut f: impl FnMut(F::Vector<S>) -> F::Vector<S>,
    ) {
        let (at, len) = self.in_rows(rows);
        // SAFETY: `in_rows` keeps it within these rows, in the logits and in the gradient, which is as long.
        unsafe {
            let (logits, gradient) = (self.cells.logits.add(at), self.cells.gradient.add(at));
            map_numbers(
                simd,
                logits,
                gradient,
                len,
                F::ZERO,
                #[inline(always)]
                |x, _| f(x),
            );
        }
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

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;
    use crate::cpu::testing::refuses;

    #[test]
    fn memory_of_another_length_is_refused() {
        let words = "logits are [N, C, S]";
        for shape in [[2, 2, 1], [2, 3, 2], [0, 3, 1]] {
            refuses(words, || Cells::in_place(&mut [0f32; 6], shape).shape);
            refuses(words, || {
                let mut gradient = [MaybeUninit::uninit(); 6];
                Cells::between(&[0f32; 6], &mut gradient, shape).shape
            });
        }
        // Without the checks of a debug build this product is 0.
        let shape = [usize::MAX / 2 + 1, 2, 1];
        refuses(words, || Cells::<f32>::in_place(&mut [], shape).shape);
        refuses("one slope per logit", || {
            let mut gradient = [MaybeUninit::uninit(); 5];
            Cells::between(&[0f32; 6], &mut gradient, [2, 3, 1]).shape
        });
        refuses("rows.end <= self.shape[0] * self.shape[2]", || {
            let mut logits = [0f32; 6];
            let cells = Cells::in_place(&mut logits, [2, 3, 1]);
            // SAFETY: no other rows are lent out.
            unsafe { cells.rows(0..3) }.rows.len()
        });
    }

    type Use<'a> = &'a dyn Fn(&mut Rows<'_, f32>);

    /// Uses the second row, which is lent out, of three examples of four classes and `inner` rows each.
    fn use_row(inner: usize, used: Use<'_>) {
        let mut logits = vec![0f32; 3 * 4 * inner];
        let cells = Cells::in_place(&mut logits, [3, 4, inner]);
        // SAFETY: no other rows are lent out.
        used(&mut unsafe { cells.rows(1..2) });
    }

    /// Only the rows that are lent out, only their classes, and only where rows lie one after the other if that is asked for.
    #[test]
    fn what_is_not_lent_out_is_refused() {
        let simd = Scalar::new();
        let (row, rows) = ("self.rows.contains(&row)", "self.rows.start <= rows.start");
        let (end, run) = ("rows.end <= self.rows.end", "self.rows.start <= run.row");
        let (no_class, classes) = ("class < num_classes", "classes.end <= num_classes");
        let parts = "classes.len() <= F::lanes::<S>() && parts.len() == rows.len()";
        let backwards = Range { start: 3, end: 2 };
        let cases: [(&str, usize, Use<'_>); 25] = [
            (row, 1, &|r| r.write_row(2, 0..4, [0.0; 4].into_iter())),
            (row, 2, &|r| r.write_row(1, 0..4, [0.0; 4].into_iter())),
            (classes, 1, &|r| r.write_row(1, 2..5, [0.0; 3].into_iter())),
            (classes, 1, &|r| {
                r.write_row(1, backwards.clone(), [].into_iter())
            }),
            ("one value a class", 1, &|r| {
                r.write_row(1, 0..4, [0.0; 3].into_iter())
            }),
            (row, 1, &|r| r.map_row(simd, 0, None, |x, _| x)),
            (rows, 1, &|r| r.map_rows(simd, 0..1, |x| x)),
            (end, 1, &|r| r.map_rows(simd, 1..3, |x| x)),
            (rows, 2, &|r| r.map_rows(simd, 1..2, |x| x)),
            ("a copy of the row", 1, &|r| {
                r.map_row(simd, 1, Some(&[0.0; 3]), |x, _| x)
            }),
            (classes, 1, &|r| {
                r.map_part::<_, 1>(simd, 1, 0..3, 0.0, true, |_, x, _| x)
            }),
            ("whole groups", 1, &|r| {
                r.map_part::<_, 3>(simd, 1, 0..2, 0.0, true, |_, x, _| x)
            }),
            // SAFETY: all of the gradient is where the logits are.
            (classes, 1, &|r| unsafe {
                r.remap_part(simd, 1, 2..5, |x, _| x)
            }),
            // SAFETY: as above.
            (rows, 1, &|r| _ = unsafe { r.written(0) }),
            (rows, 1, &|r| _ = Logits::rows(r, 0..1)),
            (end, 1, &|r| _ = Logits::rows(r, 1..3)),
            (rows, 2, &|r| _ = Logits::rows(r, 1..2)),
            (rows, 1, &|r| r.write_parts(simd, 0..1, 0..1, &[0.0])),
            (classes, 1, &|r| r.write_parts(simd, 1..2, 4..5, &[0.0])),
            (parts, 1, &|r| r.write_parts(simd, 1..2, 0..2, &[0.0])),
            (parts, 1, &|r| r.write_parts(simd, 1..2, 0..1, &[0.0; 2])),
            (run, 1, &|r| r.set(0, 0, 0.0)),
            (no_class, 1, &|r| r.set(1, 4, 0.0)),
            // Of the first example the second and the third row.
            (run, 4, &|r| _ = r.run(Run::new([3, 4, 4], 1, 3), 0)),
            ("one value a row", 4, &|r| {
                r.write_run(Run::new([3, 4, 4], 1, 2), 0, &[0.0; 2])
            }),
        ];
        for (words, inner, used) in cases {
            refuses(words, || use_row(inner, used));
        }
        // What is lent out is not.
        use_row(1, &|r| r.write_row(1, 0..4, [0.0; 4].into_iter()));
        use_row(1, &|r| r.write_parts(simd, 1..2, 3..4, &[0.0]));
        use_row(4, &|r| r.write_run(Run::new([3, 4, 4], 1, 2), 3, &[0.0]));
    }
}
