//! What a chunk's gradient adds to those of hidden states, weight and bias.

use super::matrix::{Matrix, Old, Order, product};
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
        let (linear, hidden, picked) = (self.linear, chunk.hidden, chunk.picked);
        let [len, width] = [hidden.rows(), hidden.columns()];
        let scale = linear.scale();
        let of_hidden = std::mem::take(&mut chunk.hidden_gradient);
        let (result, gradient) = chunk.gradient(kernel);
        if let Some(bias) = &mut self.bias {
            activation::add_rows(bias, gradient);
        }
        let gradient = Matrix::new(gradient, [len, linear.num_classes()], Order::Rows);
        if let Some(all) = &mut self.hidden {
            let back = linear.weight.transposed();
            let to = match picked {
                Picked::Range(rows) => &mut all[rows.start * width..rows.end * width],
                Picked::Each(_) => &mut *of_hidden,
            };
            product(to, Order::Rows, Old::Overwritten, gradient, back, scale);
            if let Picked::Each(rows) = picked {
                for (at, row) in rows.iter().enumerate() {
                    all[row * width..][..width].copy_from_slice(&of_hidden[at * width..][..width]);
                }
            }
        }
        if let Some(weight) = &mut self.weight {
            let order = linear.weight.order();
            product(
                weight,
                order,
                self.old,
                hidden.transposed(),
                gradient,
                scale,
            );
            self.old = Old::AddedTo;
        }
        result
    }

    /// Those of hidden states, weight and bias.
    pub fn finish(self) -> [Option<Vec<F>>; 3] {
        let scale = self.linear.options.logit_scale;
        let scaled = |sum: f64| F::from_f64(sum * scale);
        let bias = self.bias.map(|sums| sums.into_iter().map(scaled).collect());
        [self.hidden, self.weight, bias]
    }
}
