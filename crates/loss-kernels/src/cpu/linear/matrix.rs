//! Matrices where they lie, and their product.

use gemm::Parallelism;

use crate::cpu::simd::Float;

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
    numbers: &'a [F],
    shape: [usize; 2],
    order: Order,
}

impl<'a, F: Float> Matrix<'a, F> {
    /// A matrix of these numbers.
    ///
    /// # Panics
    ///
    /// If there are not as many as the shape has.
    pub fn new(numbers: &'a [F], shape: [usize; 2], order: Order) -> Self {
        assert_eq!(Some(numbers.len()), shape[0].checked_mul(shape[1]));
        Self {
            numbers,
            shape,
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
        Self {
            numbers: self.numbers,
            shape: [self.shape[1], self.shape[0]],
            order: match self.order {
                Order::Rows => Order::Columns,
                Order::Columns => Order::Rows,
            },
        }
    }
}

/// Rows or columns of the result per call, along the slower axis: the copy of an operand that the product works on is as long,
/// and stays at a few MiB.
const STRIPE: usize = 2048;

/// What becomes of the numbers that already are where a product goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    /// They are overwritten, and need not be numbers.
    Overwritten,
    /// The product is added to them.
    AddedTo,
}

/// Writes `scale * left * right` to numbers of the given order, or adds it to them.
pub(super) fn product<F: Float>(
    to: &mut [F],
    order: Order,
    old: Old,
    left: Matrix<F>,
    right: Matrix<F>,
    scale: F,
) {
    let shape @ [rows, columns] = [left.rows(), right.columns()];
    assert_eq!(left.columns(), right.rows(), "the inner dimensions agree");
    assert_eq!(Some(to.len()), rows.checked_mul(columns));
    let ([to_row, to_column], inner) = (order.strides(shape), left.columns());
    let [left_row, left_column] = left.order.strides(left.shape);
    let [right_row, right_column] = right.order.strides(right.shape);
    let (slow, fast) = match order {
        Order::Rows => (rows, columns),
        Order::Columns => (columns, rows),
    };
    if fast == 0 {
        return;
    }
    for start in (0..slow).step_by(STRIPE) {
        let len = STRIPE.min(slow - start);
        let stripe = &mut to[start * fast..][..len * fast];
        // Where the operand that the stripe is cut from begins.
        let skip = |stride: isize| start as isize * stride;
        let (m, n, left_skip, right_skip) = match order {
            Order::Rows => (len, columns, skip(left_row), 0),
            Order::Columns => (rows, len, 0, skip(right_column)),
        };
        // SAFETY: the strides are those of matrices of `m * inner`, `inner * n` and `m * n` numbers, which lie within the two
        // operands and the stripe, as the assertions above and `Matrix::new` make sure; with `read_dst` unset what the stripe
        // held is not read. `F` is `f32` or `f64`, which the crate has products of.
        unsafe {
            gemm::gemm(
                m,
                n,
                inner,
                stripe.as_mut_ptr(),
                to_column,
                to_row,
                old == Old::AddedTo,
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
