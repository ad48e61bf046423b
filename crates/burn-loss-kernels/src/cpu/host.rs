//! The kernels on memory that a CPU backend owns: the part that its adapters share.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use crate::SmoothWeights;

use super::{Arch, ClassIndex, Float, Problem, pages};

/// The classes of the rows, in the integer type that the backend has them in.
pub(crate) enum Classes<'a> {
    I64(Cow<'a, [i64]>),
    I32(Cow<'a, [i32]>),
}

/// What the kernels compute, before the integer type is known.
pub(crate) struct HostRows<'a, F: Clone> {
    pub(crate) shape: [usize; 3],
    pub(crate) classes: Option<Classes<'a>>,
    pub(crate) ignore_index: Option<i64>,
    pub(crate) smooth: SmoothWeights<Cow<'a, [F]>>,
}

/// The logits of a backward pass: in memory that becomes the gradient's, or in memory that something else still reads.
pub(crate) enum Logits<'a, F> {
    Owned(&'a mut [F]),
    Shared(&'a [F]),
}

impl<F: Float> HostRows<'_, F> {
    /// The terms `[M, 3]` and the normalizer `[M, 2]`.
    pub(crate) fn forward(&self, logits: &[F]) -> (Vec<F>, Vec<F>) {
        match &self.classes {
            Some(Classes::I32(classes)) => forward(&self.problem(Some(classes)), logits),
            Some(Classes::I64(classes)) => forward(&self.problem(Some(classes)), logits),
            None => forward(&self.problem::<i64>(None), logits),
        }
    }

    /// The gradient of shared logits; that of owned ones replaces them.
    pub(crate) fn backward(
        &self,
        logits: Logits<'_, F>,
        normalizer: &[F],
        gradient: &[F],
    ) -> Option<Vec<F>> {
        match &self.classes {
            Some(Classes::I32(classes)) => {
                backward(&self.problem(Some(classes)), logits, normalizer, gradient)
            }
            Some(Classes::I64(classes)) => {
                backward(&self.problem(Some(classes)), logits, normalizer, gradient)
            }
            None => backward(&self.problem::<i64>(None), logits, normalizer, gradient),
        }
    }

    fn problem<'a, I>(&'a self, classes: Option<&'a [I]>) -> Problem<'a, F, I> {
        Problem {
            shape: self.shape,
            classes,
            ignore_index: self.ignore_index,
            smooth: self.smooth.as_ref().map(|weights| &**weights),
        }
    }
}

fn forward<F: Float, I: ClassIndex>(problem: &Problem<F, I>, logits: &[F]) -> (Vec<F>, Vec<F>) {
    let rows = problem.rows();
    let mut terms = vec![F::ZERO; 3 * rows];
    let mut normalizer = vec![F::ZERO; 2 * rows];
    super::forward(Arch::detect(), problem, logits, &mut terms, &mut normalizer);
    (terms, normalizer)
}

fn backward<F: Float, I: ClassIndex>(
    problem: &Problem<F, I>,
    logits: Logits<'_, F>,
    normalizer: &[F],
    gradient: &[F],
) -> Option<Vec<F>> {
    match logits {
        Logits::Owned(logits) => {
            super::backward_in_place(Arch::detect(), problem, logits, normalizer, gradient);
            None
        }
        Logits::Shared(logits) => {
            let mut output = Vec::with_capacity(logits.len());
            let cells: &mut [MaybeUninit<F>] = &mut output.spare_capacity_mut()[..logits.len()];
            pages::prefer_large(cells);
            super::backward(Arch::detect(), problem, logits, normalizer, gradient, cells);
            // SAFETY: the backward pass writes every cell of its output; a test looks for cells it left out.
            unsafe { output.set_len(logits.len()) };
            Some(output)
        }
    }
}

/// The elements in row-major order of a matrix that lies in memory column by column: the gradient of the terms comes like
/// that from the gradients of its columns, and the libraries' own way through it is slow.
pub(crate) fn rows_of_columns<F: Copy>(columns: &[F], rows: usize) -> Vec<F> {
    let mut elements = Vec::with_capacity(columns.len());
    for row in 0..rows {
        elements.extend(columns[row..].iter().step_by(rows));
    }
    elements
}
