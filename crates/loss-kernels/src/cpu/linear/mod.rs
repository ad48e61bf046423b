//! Losses of class rows whose logits are a product of hidden states and a weight, without ever holding all logits.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `matrix` | matrices where they lie, and their product |
//! | `plan` | how many rows at a time, and why |
//! | `buffer` | the memory of the logits, kept from call to call |
//! | `chunks` | rows that count, a few at a time: their hidden states, their logits |
//! | `activation` | the bias, the cap and their gradients |
//! | `gradients` | what a chunk's gradient adds to those of hidden states, weight and bias |
//! | `reduced` | the reduced loss with its gradients in one go |
//! | `tiles` | the same where the budget holds few whole rows: tiles of rows and classes |
//! | `terms` | the terms of the rows, and their backward pass, which computes the logits again |
//!
//! ```text
//! rows that do not count are taken out
//! for each chunk of rows:                  logits   = scale * (hidden W + bias), capped
//!                                          loss    += the row kernel, which leaves the gradient G in the logits' place
//!                                          d hidden = scale * G W^T          (the chunk's rows, written once)
//!                                          d W     += scale * hidden^T G,     d bias += scale * sum of G's rows
//! ```
//!
//! Every sum is in an order that the shapes and the plan give: the same input has the same bits whatever the number of
//! threads.

mod activation;
mod buffer;
mod chunks;
mod gradients;
mod matrix;
mod plan;
mod reduced;
mod terms;
#[cfg(test)]
mod tests;
mod tiles;

pub use matrix::{Matrix, Order};
pub use plan::Plan;
pub use reduced::{Found, RowsFound, reduced};
pub use terms::{Terms, backward, forward};

use crate::HeadOptions;
use crate::cpu::simd::Float;

/// Hidden states `[M, H]` and the head that makes logits `[M, C]` of them.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a, F> {
    /// `[M, H]`, row by row.
    pub hidden: &'a [F],
    /// `[H, C]`.
    pub weight: Matrix<'a, F>,
    /// `[C]`.
    pub bias: Option<&'a [F]>,
    /// Scale, cap and memory.
    pub options: HeadOptions,
}

impl<F: Float> Linear<'_, F> {
    fn hidden_size(&self) -> usize {
        self.weight.rows()
    }

    fn num_classes(&self) -> usize {
        self.weight.columns()
    }

    fn weight_len(&self) -> usize {
        self.hidden_size() * self.num_classes()
    }

    fn scale(&self) -> F {
        F::from_f64(self.options.logit_scale)
    }

    /// Panics unless all slices have the lengths that `M` rows ask for.
    fn check(&self, rows: usize) {
        assert!(
            self.num_classes() > 0,
            "rows without classes have no softmax"
        );
        assert_eq!(
            self.hidden.len(),
            rows * self.hidden_size(),
            "hidden states are [M, H]"
        );
        if let Some(bias) = self.bias {
            assert_eq!(bias.len(), self.num_classes(), "a bias is [C]");
        }
    }
}
