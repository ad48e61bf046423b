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
    /// `[H, C]`, in the order of the weight.
    weight: Option<Vec<F>>,
    /// `[C]`.
    bias: Option<Vec<f64>>,
    /// Whether the weight's holds anything yet.
    old: Old,
}

impl<'a, 'b, F: Float> Gradients<'a, 'b, F> {
    /// Those of hidden states, weight and bias that are wanted, of nothing.
    pub fn new(linear: &'a Linear<'b, F>, [hidden, weight, bias]: [bool; 3]) -> Self {
        let (width, num_classes) = (linear.hidden_size(), linear.num_classes());
        Self {
            linear,
            hidden: hidden.then(|| pages::zeroed(linear.hidden.len())),
            weight: weight.then(|| pages::zeroed(width * num_classes)),
            bias: (bias && linear.bias.is_some()).then(|| vec![0.0; num_classes]),
            old: Old::Overwritten,
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
            product(
                MatrixMut::new(to, shape, Order::Rows),
                old,
                gradient,
                back,
                scale,
            );
        }
        if let Some(weight) = &mut self.weight {
            let shape = [width, linear.num_classes()];
            let to = MatrixMut::new(weight, shape, linear.weight.order()).of_columns(classes);
            product(to, self.old, hidden.transposed(), gradient, scale);
        }
    }

    /// Puts the gradient of hidden states in its place, and lets what comes next be added to that of the weight.
    pub fn end_of_rows(&mut self, picked: &Picked, of_hidden: &[F]) {
        let width = self.linear.hidden_size();
        if let (Some(all), Picked::Each(rows)) = (&mut self.hidden, picked) {
            for (at, row) in rows.iter().enumerate() {
                all[row * width..][..width].copy_from_slice(&of_hidden[at * width..][..width]);
            }
        }
        self.old = Old::AddedTo;
    }

    /// Those of hidden states, weight and bias.
    pub fn finish(self) -> [Option<Vec<F>>; 3] {
        let scale = self.linear.options.logit_scale;
        let scaled = |sum: f64| F::from_f64(sum * scale);
        let bias = self.bias.map(|sums| sums.into_iter().map(scaled).collect());
        [self.hidden, self.weight, bias]
    }
}
