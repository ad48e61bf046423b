//! The kernels on memory that a CPU backend owns: the part that its adapters share.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use crate::SmoothWeights;

use super::{Arch, ClassIndex, Float, Input, Problem, pages};

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

/// Which terms are computed, and how their columns lie in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// All three, one column after the other.
    Terms,
    /// The log-probability of the target alone.
    TargetLogProb,
}

impl Wanted {
    /// The number of columns.
    pub(crate) fn columns(self) -> usize {
        match self {
            Wanted::Terms => 3,
            Wanted::TargetLogProb => 1,
        }
    }
}

impl<F: Float> HostRows<'_, F> {
    /// The columns of the terms, and the two of the normalizer, each kind in one buffer.
    pub(crate) fn forward(&self, logits: &[F], wanted: Wanted) -> (Vec<F>, Vec<F>) {
        match &self.classes {
            Some(Classes::I32(classes)) => forward(&self.problem(Some(classes)), logits, wanted),
            Some(Classes::I64(classes)) => forward(&self.problem(Some(classes)), logits, wanted),
            None => forward(&self.problem::<i64>(None), logits, wanted),
        }
    }

    /// The gradient of shared logits; that of owned ones replaces them.
    pub(crate) fn backward(
        &self,
        logits: Logits<'_, F>,
        normalizer: &[F],
        gradient: &[F],
        wanted: Wanted,
    ) -> Option<Vec<F>> {
        let rows = self.shape[0] * self.shape[2];
        let part = |index: usize| index * rows..(index + 1) * rows;
        let input = Input {
            gradient: std::array::from_fn(|index| {
                (index < wanted.columns()).then(|| &gradient[part(index)])
            }),
            normalizer: std::array::from_fn(|index| &normalizer[part(index)]),
        };
        match &self.classes {
            Some(Classes::I32(classes)) => backward(&self.problem(Some(classes)), logits, input),
            Some(Classes::I64(classes)) => backward(&self.problem(Some(classes)), logits, input),
            None => backward(&self.problem::<i64>(None), logits, input),
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

fn forward<F: Float, I: ClassIndex>(
    problem: &Problem<F, I>,
    logits: &[F],
    wanted: Wanted,
) -> (Vec<F>, Vec<F>) {
    let rows = problem.rows();
    let mut terms = vec![F::ZERO; wanted.columns() * rows];
    let mut normalizer = vec![F::ZERO; 2 * rows];
    let mut rest = &mut terms[..];
    let columns = std::array::from_fn(|_| rest.split_off_mut(..rows));
    let (max, log_sum) = normalizer.split_at_mut(rows);
    super::forward(Arch::detect(), problem, logits, columns, [max, log_sum]);
    (terms, normalizer)
}

fn backward<F: Float, I: ClassIndex>(
    problem: &Problem<F, I>,
    logits: Logits<'_, F>,
    input: Input<F>,
) -> Option<Vec<F>> {
    match logits {
        Logits::Owned(logits) => {
            super::backward_in_place(Arch::detect(), problem, logits, input);
            None
        }
        Logits::Shared(logits) => {
            let mut output = Vec::with_capacity(logits.len());
            let cells: &mut [MaybeUninit<F>] = &mut output.spare_capacity_mut()[..logits.len()];
            pages::prefer_large(cells);
            super::backward(Arch::detect(), problem, logits, input, cells);
            // SAFETY: the backward pass writes every cell of its output; a test looks for cells it left out.
            unsafe { output.set_len(logits.len()) };
            Some(output)
        }
    }
}
