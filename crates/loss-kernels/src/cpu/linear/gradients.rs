//! What a chunk's gradient adds to those of hidden states, weight and bias.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut, Old, Order, product};
use super::{Linear, activation};
use crate::cpu::memory::pages;
use crate::cpu::simd::Float;
use crate::cpu::softmax_terms::{HostRows, Picked};

use super::chunks::Chunk;
use crate::cpu::memory::Cells;

/// The gradients that are wanted.
pub(super) struct Gradients<'a, 'b, F> {
    linear: &'a Linear<'b, F>,
    /// `[M, H]`, 0 for rows that do not count.
    hidden: Option<Vec<F>>,
    /// `[H, C]`, in the order of the weight; only room for it until the first rows' has been written.
    weight: Option<Vec<F>>,
    /// The classes of which nothing has been written to that room.
    unwritten: Range<usize>,
    /// `[C]`.
    bias: Option<Vec<f64>>,
}

impl<'a, 'b, F: Float> Gradients<'a, 'b, F> {
    /// Those of hidden states, weight and bias that are wanted, of nothing.
    pub fn new(linear: &'a Linear<'b, F>, [hidden, weight, bias]: [bool; 3]) -> Self {
        let num_classes = linear.num_classes();
        Self {
            linear,
            hidden: hidden.then(|| pages::zeroed(linear.hidden.len())),
            weight: weight.then(|| pages::reserved(linear.weight_len())),
            unwritten: 0..num_classes,
            bias: (bias && linear.bias.is_some()).then(|| vec![0.0; num_classes]),
        }
    }

    /// Whether any is wanted.
    pub fn any(&self) -> bool {
        self.hidden.is_some() || self.weight.is_some() || self.bias.is_some()
    }

    /// Adds those of a chunk, whose kernel writes the gradient of the logits.
    pub fn add<R>(
        &mut self,
        chunk: &mut Chunk<F>,
        kernel: impl FnOnce(&HostRows<F>, Cells<F>) -> R,
    ) -> R {
        let (hidden, picked, of_hidden) = (
            chunk.hidden,
            chunk.picked,
            std::mem::take(&mut chunk.hidden_gradient),
        );
        let (result, gradient) = chunk.gradient(kernel);
        let classes = 0..self.linear.num_classes();
        self.add_classes(
            hidden,
            picked,
            classes,
            gradient,
            (of_hidden, Old::Overwritten),
        );
        self.end_of_rows(picked, of_hidden);
        result
    }

    /// Adds what the gradient `[m, classes]` of the logits of some classes makes. `of_hidden` is what rows that are not
    /// consecutive have for the gradient of their hidden states, and whether other classes have been added to it.
    pub fn add_classes(
        &mut self,
        hidden: Matrix<F>,
        picked: &Picked,
        classes: Range<usize>,
        gradient: &[F],
        (of_hidden, old): (&mut [F], Old),
    ) {
        let linear = self.linear;
        let shape @ [_, width] = [hidden.rows(), hidden.columns()];
        let scale = linear.scale();
        if let Some(bias) = &mut self.bias {
            activation::add_rows(&mut bias[classes.clone()], gradient);
        }
        let gradient = Matrix::new(gradient, [shape[0], classes.len()], Order::Rows);
        if let Some(all) = &mut self.hidden {
            let back = linear.weight.of_columns(classes.clone()).transposed();
            let to = match picked {
                Picked::Range(rows) => &mut all[rows.start * width..rows.end * width],
                Picked::Each(_) => of_hidden,
            };
            let to = MatrixMut::new(to, shape, Order::Rows, old);
            product(to, gradient, back, scale);
        }
        if let Some(weight) = &mut self.weight {
            let (shape, order) = ([width, linear.num_classes()], linear.weight.order());
            let to = if self.unwritten.is_empty() {
                MatrixMut::new(weight, shape, order, Old::AddedTo)
            } else {
                let room = &mut weight.spare_capacity_mut()[..linear.weight_len()];
                MatrixMut::unwritten(room, shape, order)
            };
            product(
                to.of_columns(classes.clone()),
                hidden.transposed(),
                gradient,
                scale,
            );
            self.has_written(classes);
        }
    }

    /// Counts classes whose gradient has been written to the room for the weight's, from either end on.
    fn has_written(&mut self, classes: Range<usize>) {
        let Range { start, end } = self.unwritten;
        if start == end {
            return;
        }
        self.unwritten = if classes.start == start {
            classes.end..end
        } else {
            assert_eq!(classes.end, end, "classes side by side");
            start..classes.start
        };
        assert!(self.unwritten.start <= self.unwritten.end);
        if let (Some(weight), true) = (&mut self.weight, self.unwritten.is_empty()) {
            // SAFETY: the products of all classes, each of which is written to `H` of its numbers, fill it.
            unsafe { weight.set_len(self.linear.weight_len()) };
        }
    }

    /// Puts the gradient of hidden states in its place.
    pub fn end_of_rows(&mut self, picked: &Picked, of_hidden: &[F]) {
        let width = self.linear.hidden_size();
        if let (Some(all), Picked::Each(rows)) = (&mut self.hidden, picked) {
            for (at, row) in rows.iter().enumerate() {
                all[row * width..][..width].copy_from_slice(&of_hidden[at * width..][..width]);
            }
        }
    }

    /// Those of hidden states, weight and bias.
    pub fn finish(mut self) -> [Option<Vec<F>>; 3] {
        if let (Some(weight), false) = (&mut self.weight, self.unwritten.is_empty()) {
            // No row counts.
            weight.resize(self.linear.weight_len(), F::ZERO);
        }
        let scale = self.linear.options.logit_scale;
        let scaled = |sum: f64| F::from_f64(sum * scale);
        let bias = self.bias.map(|sums| sums.into_iter().map(scaled).collect());
        [self.hidden, self.weight, bias]
    }
}
