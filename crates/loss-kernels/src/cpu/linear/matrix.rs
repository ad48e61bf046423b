//! Matrices where they lie, and their product.

use std::mem::MaybeUninit;
use std::ops::Range;

use gemm::Parallelism;

use crate::cpu::simd::Float;
use crate::cpu::tasks;

/// In which order the numbers of a matrix lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Row by row.
    Rows,
    /// Column by column: the transposed view of a matrix that lies row by row.
    Columns,
}

impl Order {
    /// How far apart two rows lie, and two columns.
    fn strides(self, [rows, columns]: [usize; 2]) -> [isize; 2] {
        match self {
            Order::Rows => [columns as isize, 1],
            Order::Columns => [1, rows as isize],
        }
    }
}

/// A matrix in memory that it does not own.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, F> {
    /// From its first number on.
    numbers: &'a [F],
    shape: [usize; 2],
    strides: [isize; 2],
    order: Order,
}

impl<'a, F: Float> Matrix<'a, F> {
    /// A matrix of these numbers.
    ///
    /// # Panics
    ///
    /// If there are not as many as the shape has.
    pub fn new(numbers: &'a [F], shape: [usize; 2], order: Order) -> Self {
        let count = shape[0].checked_mul(shape[1]);
        assert_eq!(Some(numbers.len()), count, "a matrix is [rows, columns]");
        Self {
            numbers,
            shape,
            strides: order.strides(shape),
            order,
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.shape[0]
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.shape[1]
    }

    /// In which order it lies.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The same numbers with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        let ([rows, columns], [down, right]) = (self.shape, self.strides);
        Self {
            numbers: self.numbers,
            shape: [columns, rows],
            strides: [right, down],
            order: match self.order {
                Order::Rows => Order::Columns,
                Order::Columns => Order::Rows,
            },
        }
    }

    /// Some of the columns, where they lie.
    pub(super) fn of_columns(self, columns: Range<usize>) -> Self {
        let start = first_of(self.shape, self.strides, &columns);
        Self {
            numbers: &self.numbers[start..],
            shape: [self.shape[0], columns.len()],
            ..self
        }
    }

    /// Panics unless all its numbers are there.
    fn check(&self) {
        assert!(span(self.shape, self.strides) <= self.numbers.len());
    }
}

/// A matrix that a product is written to.
#[derive(Debug)]
pub(super) struct MatrixMut<'a, F> {
    /// From its first number on; a product writes numbers, and nothing else, to them.
    numbers: &'a mut [MaybeUninit<F>],
    shape: [usize; 2],
    strides: [isize; 2],
    order: Order,
    /// That they are overwritten if they are not numbers yet.
    old: Old,
}

impl<'a, F: Float> MatrixMut<'a, F> {
    /// A matrix of these numbers.
    ///
    /// # Panics
    ///
    /// If there are not as many as the shape has.
    pub fn new(numbers: &'a mut [F], shape: [usize; 2], order: Order, old: Old) -> Self {
        let (start, len) = (numbers.as_mut_ptr().cast(), numbers.len());
        // SAFETY: of the same layout, borrowed for as long; only numbers are written to it.
        let cells = unsafe { std::slice::from_raw_parts_mut(start, len) };
        let to = Self::unwritten(cells, shape, order);
        Self { old, ..to }
    }

    /// A matrix in memory that holds nothing yet.
    ///
    /// # Panics
    ///
    /// If there is not as much of it as the shape has.
    pub fn unwritten(numbers: &'a mut [MaybeUninit<F>], shape: [usize; 2], order: Order) -> Self {
        let count = shape[0].checked_mul(shape[1]);
        assert_eq!(Some(numbers.len()), count, "a product is [rows, columns]");
        Self {
            numbers,
            shape,
            strides: order.strides(shape),
            order,
            old: Old::Overwritten,
        }
    }

    /// Some of the columns, where they lie.
    pub fn of_columns(self, columns: Range<usize>) -> Self {
        let start = first_of(self.shape, self.strides, &columns);
        Self {
            numbers: &mut self.numbers[start..],
            shape: [self.shape[0], columns.len()],
            ..self
        }
    }
}

/// Where the first of some columns begins.
fn first_of(shape: [usize; 2], [_, right]: [isize; 2], columns: &Range<usize>) -> usize {
    assert!(columns.start <= columns.end && columns.end <= shape[1]);
    // A matrix without rows has no numbers to begin with.
    if shape[0] == 0 {
        0
    } else {
        columns.start * right as usize
    }
}

/// How many numbers lie from the first to the last.
fn span([rows, columns]: [usize; 2], [down, right]: [isize; 2]) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    (rows - 1) * down as usize + (columns - 1) * right as usize + 1
}

/// Rows or columns of the result per call, along the slower axis: the copy of an operand that the product works on is as long,
/// and stays at a few MiB.
const STRIPE: usize = 2048;

/// What becomes of the numbers that already are where a product goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    /// They are overwritten.
    Overwritten,
    /// The product is added to them.
    AddedTo,
}

/// Writes `scale * left * right`, or adds it to what is there.
pub(super) fn product<F: Float>(to: MatrixMut<F>, left: Matrix<F>, right: Matrix<F>, scale: F) {
    let ([rows, columns], inner) = (to.shape, left.columns());
    assert_eq!(
        [left.rows(), right.columns()],
        to.shape,
        "the outer dimensions agree"
    );
    assert_eq!(inner, right.rows(), "the inner dimensions agree");
    assert!(span(to.shape, to.strides) <= to.numbers.len());
    left.check();
    right.check();
    if to.order == Order::Rows
        && right.order == Order::Columns
        && is_better_by_columns(to.shape, inner)
    {
        return by_columns(to, left, right, scale);
    }
    let [to_row, to_column] = to.strides;
    let ([left_row, left_column], [right_row, right_column]) = (left.strides, right.strides);
    let (slow, fast) = match to.order {
        Order::Rows => (rows, columns),
        Order::Columns => (columns, rows),
    };
    if fast == 0 {
        return;
    }
    for start in (0..slow).step_by(STRIPE) {
        let len = STRIPE.min(slow - start);
        // Where the stripe begins, and the operand that it is cut from.
        let skip = |stride: isize| start as isize * stride;
        let (m, n, to_skip, left_skip, right_skip) = match to.order {
            Order::Rows => (len, columns, skip(to_row), skip(left_row), 0),
            Order::Columns => (rows, len, skip(to_column), 0, skip(right_column)),
        };
        // SAFETY: the strides are those of matrices of `m * inner`, `inner * n` and `m * n` numbers, all of which lie within the
        // two operands and the target, as the assertions above make sure; what the target held is read only if `read_dst` is
        // set, for which `MatrixMut` asks for numbers. `F` is `f32` or `f64`, which the crate has products of.
        unsafe {
            gemm::gemm(
                m,
                n,
                inner,
                to.numbers.as_mut_ptr().cast::<F>().wrapping_offset(to_skip),
                to_column,
                to_row,
                to.old == Old::AddedTo,
                left.numbers.as_ptr().wrapping_offset(left_skip),
                left_column,
                left_row,
                right.numbers.as_ptr().wrapping_offset(right_skip),
                right_column,
                right_row,
                F::ONE,
                scale,
                false,
                false,
                false,
                // As many threads as there are; each result is summed by one of them, in an order that they do not change.
                Parallelism::Rayon(0),
            );
        }
    }
}

/// Whether a result is better written column by column, and put in rows afterwards, if its right factor lies column by column.
///
/// Row by row, the product works on a copy of the right factor, and making that takes as long as multiplying it by hundreds of
/// rows; column by column it copies the left one. Measured, 52 rows: a gradient of 1024 hidden units from 128,256 logits takes 46
/// ms instead of 86, such logits of a weight that lies class by class 53 instead of 145. As many rows as columns gain nothing, and
/// where each number is the sum of few products, bringing it to its place takes too long.
fn is_better_by_columns([rows, columns]: [usize; 2], inner: usize) -> bool {
    rows <= columns && 4 * rows <= inner
}

/// Numbers that are put in rows at a time: beside the budget of the logits, 2 MiB in `f32`.
const BESIDE: usize = 1 << 19;

/// Rows and columns that are exchanged at a time, which a cache holds.
const BLOCK: usize = 16;

/// [`product`], a few columns at a time in memory of their own.
fn by_columns<F: Float>(mut to: MatrixMut<F>, left: Matrix<F>, right: Matrix<F>, scale: F) {
    let [rows, columns] = to.shape;
    let step = (BESIDE / rows.max(1)).clamp(1, columns.max(1));
    let mut beside = vec![F::ZERO; rows * step];
    for start in (0..columns).step_by(step) {
        let range = start..columns.min(start + step);
        let beside = &mut beside[..rows * range.len()];
        let shape = [rows, range.len()];
        let by_columns = MatrixMut::new(beside, shape, Order::Columns, Old::Overwritten);
        product(by_columns, left, right.of_columns(range.clone()), scale);
        to.take(range, beside);
    }
}

impl<F: Float> MatrixMut<'_, F> {
    /// Takes numbers that lie column by column for some of the columns of a matrix that lies row by row.
    fn take(&mut self, columns: Range<usize>, numbers: &[F]) {
        let ([rows, _], [down, _], old) = (self.shape, self.strides, self.old);
        let parts = self.numbers.chunks_mut(BLOCK * down as usize).enumerate();
        tasks::each(parts.collect(), |(part, cells)| {
            let first = part * BLOCK;
            let len = BLOCK.min(rows - first);
            for from in columns.clone().step_by(BLOCK) {
                let block = from..columns.end.min(from + BLOCK);
                for row in 0..len {
                    let cells = &mut cells[row * down as usize..][block.clone()];
                    for (column, cell) in block.clone().zip(cells) {
                        let number = numbers[(column - columns.start) * rows + first + row];
                        match old {
                            Old::Overwritten => cell.write(number),
                            // SAFETY: a matrix that is added to is one of numbers.
                            Old::AddedTo => cell.write(unsafe { cell.assume_init() } + number),
                        };
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Products whose left factor picks rows of the right one, into a part of a matrix: by rows and by columns, in one piece and in
    /// several, written and added.
    fn check<F: Float>() {
        for [rows, columns, inner] in [
            [1, 1, 4],
            [3, 5, 2],
            [5, 40, 20],
            [17, 33, 68],
            [100, 6000, 400],
            [40, 30, 400],
        ] {
            if cfg!(miri) && columns > 100 {
                continue;
            }
            let picked = |row: usize| row * 7 % inner;
            let mut left = vec![F::ZERO; rows * inner];
            for row in 0..rows {
                left[row * inner + picked(row)] = F::ONE;
            }
            let left = Matrix::new(&left, [rows, inner], Order::Rows);
            let of = |row: usize, column: usize| (row * 31 + column * 17) as f64 % 251.0;
            let number = |at: usize| F::from_f64(of(at % inner, at / inner));
            let by_columns: Vec<F> = (0..inner * columns).map(number).collect();
            let number = |at: usize| F::from_f64(of(at / columns, at % columns));
            let by_rows: Vec<F> = (0..inner * columns).map(number).collect();
            // Two columns more on the left, one on the right.
            let all = [rows, columns + 3];
            for (right, order) in [(&by_columns, Order::Columns), (&by_rows, Order::Rows)] {
                let right = Matrix::new(right, [inner, columns], order);
                for old in [Old::Overwritten, Old::AddedTo] {
                    let mut found = vec![F::from_f64(0.5); all[0] * all[1]];
                    let to = MatrixMut::new(&mut found, all, Order::Rows, old);
                    product(to.of_columns(2..columns + 2), left, right, F::from_f64(2.0));
                    let expected = (0..found.len()).map(|at| {
                        let (row, column) = (at / all[1], at % all[1]);
                        if !(2..columns + 2).contains(&column) {
                            return 0.5;
                        }
                        let before = if old == Old::AddedTo { 0.5 } else { 0.0 };
                        before + 2.0 * of(picked(row), column - 2)
                    });
                    let expected: Vec<F> = expected.map(F::from_f64).collect();
                    assert!(
                        found == expected,
                        "{rows} x {inner} x {columns}, {order:?}, {old:?}"
                    );
                }
            }
        }
        assert!(is_better_by_columns([100, 6000], 400));
    }

    #[test]
    fn products_are_where_they_belong() {
        check::<f32>();
        check::<f64>();
    }
}
