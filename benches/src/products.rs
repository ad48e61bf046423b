//! What no classifier head can be faster than: its three matrix products.

use gemm::Parallelism;

/// Hidden states `[M, H]`, a weight `[H, C]`, and where the products of a training step go.
pub struct Products {
    shape: [usize; 3],
    hidden: Vec<f32>,
    weight: Vec<f32>,
    logits: Vec<f32>,
    hidden_grad: Vec<f32>,
    weight_grad: Vec<f32>,
}

impl Products {
    /// The products of a shape `[M, H, C]`.
    ///
    /// # Panics
    ///
    /// If hidden states or weight are not of that shape.
    pub fn new(shape: [usize; 3], hidden: Vec<f32>, weight: Vec<f32>) -> Self {
        let [m, h, c] = shape;
        assert_eq!([hidden.len(), weight.len()], [m * h, h * c]);
        Self {
            shape,
            logits: vec![0.0; m * c],
            hidden_grad: vec![0.0; m * h],
            weight_grad: vec![0.0; h * c],
            hidden,
            weight,
        }
    }

    /// Logits of hidden states and weight, and the gradients of both, as if the logits were their own gradient.
    pub fn run(&mut self) {
        let [m, h, c] = self.shape;
        let hidden = View::new(&self.hidden, [m, h]);
        let weight = View::new(&self.weight, [h, c]);
        product(&mut self.logits, hidden, weight);
        let logits = View::new(&self.logits, [m, c]);
        product(&mut self.hidden_grad, logits, weight.transposed());
        product(&mut self.weight_grad, hidden.transposed(), logits);
    }
}

/// A matrix in memory that it does not own.
#[derive(Clone, Copy)]
struct View<'a> {
    numbers: &'a [f32],
    shape: [usize; 2],
    /// How far apart two rows lie, and two columns.
    strides: [usize; 2],
}

impl<'a> View<'a> {
    /// Row by row.
    fn new(numbers: &'a [f32], shape @ [rows, columns]: [usize; 2]) -> Self {
        assert_eq!(numbers.len(), rows * columns);
        Self {
            numbers,
            shape,
            strides: [columns, 1],
        }
    }

    fn transposed(self) -> Self {
        let ([rows, columns], [row, column]) = (self.shape, self.strides);
        Self {
            numbers: self.numbers,
            shape: [columns, rows],
            strides: [column, row],
        }
    }
}

/// Writes `left * right` row by row, on all threads.
fn product(to: &mut [f32], left: View, right: View) {
    let [[rows, inner], [right_rows, columns]] = [left.shape, right.shape];
    assert_eq!(inner, right_rows, "the inner dimensions agree");
    assert_eq!(to.len(), rows * columns);
    let [left_row, left_column] = left.strides.map(|stride| stride as isize);
    let [right_row, right_column] = right.strides.map(|stride| stride as isize);
    // SAFETY: the strides are those of matrices that lie within the two operands and the result, as the assertions above and
    // `View::new` make sure. What the result held is not read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            to.as_mut_ptr(),
            1,
            columns as isize,
            false,
            left.numbers.as_ptr(),
            left_column,
            left_row,
            right.numbers.as_ptr(),
            right_column,
            right_row,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_a_training_step() {
        let mut products = Products::new(
            [1, 2, 3],
            vec![1.0, 2.0],
            vec![1.0, 0.0, -1.0, 0.0, 1.0, 3.0],
        );
        products.run();
        assert_eq!(products.logits, [1.0, 2.0, 5.0]);
        assert_eq!(products.hidden_grad, [-4.0, 17.0]);
        assert_eq!(products.weight_grad, [1.0, 2.0, 5.0, 2.0, 4.0, 10.0]);
    }
}
