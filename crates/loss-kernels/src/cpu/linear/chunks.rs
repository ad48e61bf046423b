//! Rows that count, a few at a time: their hidden states, their logits.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut, Old, Order, product};
use super::plan::{Need, Plan};
use super::{Linear, activation, buffer};
use crate::SmoothWeights;
use crate::cpu::memory::Cells;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::softmax_terms::{HostRows, Picked};

/// Some rows, with their logits.
pub(super) struct Chunk<'a, F: Float> {
    /// Which rows of the whole.
    pub picked: &'a Picked<'a>,
    /// Them alone.
    pub rows: HostRows<'a, F>,
    /// `[m, H]`.
    pub hidden: Matrix<'a, F>,
    /// `[m, C]`, capped; their gradient takes their place unless there is a cap.
    pub logits: &'a mut [F],
    /// `[m, C]` where there is a cap.
    capped_gradient: &'a mut [F],
    /// Room for the gradient of hidden states that are not consecutive, `[m, H]`.
    pub hidden_gradient: &'a mut [F],
    cap: Option<f64>,
}

impl<F: Float> Chunk<'_, F> {
    /// Runs a kernel that writes the gradient of the capped logits, and turns it into that of the product.
    pub fn gradient<R>(&mut self, kernel: impl FnOnce(&HostRows<F>, Cells<F>) -> R) -> (R, &[F]) {
        let shape = self.rows.shape;
        let Some(cap) = self.cap else {
            let result = kernel(&self.rows, Cells::in_place(self.logits, shape));
            return (result, self.logits);
        };
        self.capped_gradient.copy_from_slice(self.logits);
        let result = kernel(&self.rows, Cells::in_place(self.capped_gradient, shape));
        activation::slope_of_cap(Arch::detect(), self.capped_gradient, self.logits, cap);
        (result, self.capped_gradient)
    }
}

/// What a row needs room for.
pub(super) fn need<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    counted: Option<&[usize]>,
) -> Need {
    Need {
        rows: counted.map_or(rows.shape[0], <[usize]>::len),
        num_classes: linear.num_classes(),
        hidden_size: linear.hidden_size(),
        size: size_of::<F>(),
        gathers: counted.is_some(),
        weight_per_logit: matches!(rows.smooth, SmoothWeights::PerLogit(_)),
    }
}

/// Calls `f` with every chunk of the rows that are `counted` (all of them if that is absent), in order.
pub(super) fn for_each<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    counted: Option<&[usize]>,
    mut f: impl FnMut(Chunk<F>),
) {
    let plan = Plan::new(need(linear, rows, counted), &linear.options);
    buffer::with(plan.numbers(), |memory: &mut [F]| {
        for picked in Picked::parts(counted, rows.shape[0], plan.rows) {
            f(chunk(linear, rows, &picked, &mut *memory));
        }
    });
}

fn chunk<'a, F: Float>(
    linear: &'a Linear<F>,
    rows: &'a HostRows<F>,
    picked: &'a Picked,
    mut memory: &'a mut [F],
) -> Chunk<'a, F> {
    let (len, cap) = (picked.len(), linear.options.softcap);
    let (hidden, hidden_gradient) = gather(linear, picked, &mut memory);
    let mut cut = |numbers: usize| memory.split_off_mut(..numbers).expect("it is planned");
    let logits = cut(len * linear.num_classes());
    let capped_gradient = cut(if cap.is_some() { logits.len() } else { 0 });
    write_logits(linear, hidden, 0..linear.num_classes(), logits);
    Chunk {
        picked,
        rows: rows.pick(picked),
        hidden,
        logits,
        capped_gradient,
        hidden_gradient,
        cap,
    }
}

/// The hidden states of some rows, and room for their gradient: both from the memory if the rows are not consecutive.
pub(super) fn gather<'a, F: Float>(
    linear: &'a Linear<F>,
    picked: &Picked,
    memory: &mut &'a mut [F],
) -> (Matrix<'a, F>, &'a mut [F]) {
    let (len, width) = (picked.len(), linear.hidden_size());
    let mut cut = |numbers: usize| memory.split_off_mut(..numbers).expect("it is planned");
    let (hidden, gradient) = match picked {
        Picked::Range(rows) => {
            let range = rows.start * width..rows.end * width;
            (&linear.hidden[range], cut(0))
        }
        Picked::Each(rows) => {
            let gathered = cut(len * width);
            for (at, row) in rows.iter().enumerate() {
                gathered[at * width..][..width]
                    .copy_from_slice(&linear.hidden[row * width..][..width]);
            }
            (&*gathered, cut(len * width))
        }
    };
    (Matrix::new(hidden, [len, width], Order::Rows), gradient)
}

/// Writes the logits of some classes, `[m, classes]`.
pub(super) fn write_logits<F: Float>(
    linear: &Linear<F>,
    hidden: Matrix<F>,
    classes: Range<usize>,
    logits: &mut [F],
) {
    let scale = linear.scale();
    let old = match linear.bias {
        Some(bias) => {
            activation::fill_with_bias(logits, &bias[classes.clone()], scale);
            Old::AddedTo
        }
        None => Old::Overwritten,
    };
    let to = MatrixMut::new(logits, [hidden.rows(), classes.len()], Order::Rows, old);
    let weight = linear.weight.of_columns(classes);
    product(to, hidden, weight, scale);
    if let Some(cap) = linear.options.softcap {
        activation::cap(Arch::detect(), logits, cap);
    }
}
