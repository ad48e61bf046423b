//! The kernels on memory that a CPU backend owns: the part that its adapters share.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Adjustment, Columns, SmoothWeights};

use super::problem::Row;
use super::reduced::{self, Counted, RowLoss};
use super::{ClassSlice, Input, Problem, RowFormula};
use crate::cpu::memory::{Cells, pages};
use crate::cpu::simd::{Arch, Float};

/// The classes of the rows, in the integer type that the backend has them in.
pub enum Classes<'a> {
    /// 64 bits each.
    I64(Cow<'a, [i64]>),
    /// 32 bits each.
    I32(Cow<'a, [i32]>),
}

/// What the kernels compute, before the integer type is known.
pub struct HostRows<'a, F: Clone> {
    /// `[N, C, S]`.
    pub shape: [usize; 3],
    /// The class of each row.
    pub classes: Option<Classes<'a>>,
    /// Rows of this class do not count.
    pub ignore_index: Option<i64>,
    /// The weights of the sum of all classes' losses.
    pub smooth: SmoothWeights<Cow<'a, [F]>>,
    /// What each row counts.
    pub row_weights: Option<Cow<'a, [F]>>,
}

/// Logits whose gradient is wanted: in memory that becomes the gradient's, or in memory that something else still reads.
pub enum Logits<'a, F> {
    /// The gradient takes their place.
    Owned(&'a mut [F]),
    /// The gradient needs memory of its own.
    Shared(&'a [F]),
}

impl<F: Float> HostRows<'_, F> {
    /// The columns of the terms, and the two of the normalizer, each kind in one buffer.
    pub fn forward(&self, logits: &[F], wanted: Columns) -> (Vec<F>, Vec<F>) {
        forward(&self.problem(), logits, wanted)
    }

    /// The gradient of shared logits; that of owned ones replaces them.
    pub fn backward(
        &self,
        logits: Logits<'_, F>,
        normalizer: &[F],
        gradient: &[F],
        wanted: Columns,
    ) -> Option<Vec<F>> {
        let rows = self.shape[0] * self.shape[2];
        let part = |index: usize| index * rows..(index + 1) * rows;
        let input = Input {
            gradient: std::array::from_fn(|index| {
                (index < wanted.count()).then(|| &gradient[part(index)])
            }),
            normalizer: std::array::from_fn(|index| &normalizer[part(index)]),
        };
        backward(&self.problem(), logits, input)
    }

    /// What the rows count in a mean, and the first that has no class.
    pub fn count(&self, class_weights: Option<&[F]>) -> Counted {
        reduced::count(&self.problem(), class_weights)
    }

    /// Calls `f` with the place of the class of each of these rows that counts among the scores, and with what it counts.
    pub fn each_counted(
        &self,
        class_weights: Option<&[F]>,
        rows: Range<usize>,
        f: impl FnMut(usize, f64),
    ) {
        reduced::each_counted(&self.problem(), class_weights, rows, f);
    }

    /// The sum of the losses.
    pub fn sum_of_losses(
        &self,
        formula: &dyn RowFormula<F>,
        class_weights: Option<&[F]>,
        logits: &[F],
    ) -> f64 {
        let loss = RowLoss {
            formula,
            class_weights,
            scale: 1.0,
        };
        F::sum_of_losses(Arch::detect(), &self.problem(), &loss, logits)
    }

    /// The sum of the losses, and the gradient of `scale` times it: of shared logits; that of owned ones replaces them. With an
    /// adjustment the losses are of adjusted logits, and the gradient is that of the logits before it.
    pub fn with_gradient(
        &self,
        formula: &dyn RowFormula<F>,
        class_weights: Option<&[F]>,
        scale: f64,
        adjustment: Option<Adjustment<&[F]>>,
        logits: Logits<'_, F>,
    ) -> (f64, Option<Vec<F>>) {
        let loss = RowLoss {
            formula,
            class_weights,
            scale,
        };
        let problem = &self.problem();
        write_gradient(logits, problem.shape, |cells| {
            F::with_gradient(Arch::detect(), problem, &loss, adjustment, cells)
        })
    }

    /// What is to be done with each row.
    pub(crate) fn labels(&self) -> Vec<Row> {
        let problem = self.problem();
        (0..problem.rows()).map(|row| problem.row(row)).collect()
    }

    pub(crate) fn problem(&self) -> Problem<'_, F> {
        Problem {
            shape: self.shape,
            classes: self.classes.as_ref().map(|classes| match classes {
                Classes::I32(classes) => ClassSlice::I32(classes),
                Classes::I64(classes) => ClassSlice::I64(classes),
            }),
            ignore_index: self.ignore_index,
            unlabelled: None,
            smooth: self.smooth.as_ref().map(|weights| &**weights),
            row_weights: self.row_weights.as_deref(),
        }
    }
}

fn forward<F: Float>(problem: &Problem<F>, logits: &[F], wanted: Columns) -> (Vec<F>, Vec<F>) {
    let rows = problem.rows();
    let mut terms = vec![F::ZERO; wanted.count() * rows];
    let mut normalizer = vec![F::ZERO; 2 * rows];
    let mut rest = &mut terms[..];
    let columns = std::array::from_fn(|_| rest.split_off_mut(..rows));
    let (max, relative_lse) = normalizer.split_at_mut(rows);
    F::forward_rows(
        Arch::detect(),
        problem,
        logits,
        columns,
        [max, relative_lse],
    );
    (terms, normalizer)
}

fn backward<F: Float>(
    problem: &Problem<F>,
    logits: Logits<'_, F>,
    input: Input<F>,
) -> Option<Vec<F>> {
    write_gradient(logits, problem.shape, |cells| {
        F::backward_rows(Arch::detect(), problem, cells, input)
    })
    .1
}

/// Runs what writes the gradient: over owned logits, or to memory of its own beside shared ones.
fn write_gradient<F: Float, R>(
    logits: Logits<'_, F>,
    shape: [usize; 3],
    write: impl FnOnce(Cells<'_, F>) -> R,
) -> (R, Option<Vec<F>>) {
    match logits {
        Logits::Owned(logits) => (write(Cells::in_place(logits, shape)), None),
        Logits::Shared(logits) => {
            // SAFETY: every cell of the gradient is written; a test looks for cells that are left out.
            let (result, gradient) = unsafe {
                pages::new_memory(logits.len(), |cells| {
                    write(Cells::between(logits, cells, shape))
                })
            };
            (result, Some(gradient))
        }
    }
}
