//! Some of the rows, as rows of their own.

use std::borrow::Cow;
use std::ops::Range;

use crate::SmoothWeights;

use super::problem::Row;
use super::{Classes, HostRows};
use crate::cpu::simd::Float;

/// Which rows, of logits `[M, C]`.
#[derive(Clone, Debug)]
pub enum Picked<'a> {
    /// Consecutive ones: nothing is copied.
    Range(Range<usize>),
    /// These, in this order.
    Each(&'a [usize]),
}

impl<'a> Picked<'a> {
    /// So many at a time of the rows that are counted, or of all of them.
    pub fn parts(
        counted: Option<&'a [usize]>,
        rows: usize,
        step: usize,
    ) -> impl Iterator<Item = Self> {
        let total = counted.map_or(rows, <[usize]>::len);
        (0..total).step_by(step).map(move |start| {
            let end = total.min(start + step);
            match counted {
                Some(counted) => Picked::Each(&counted[start..end]),
                None => Picked::Range(start..end),
            }
        })
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Picked::Range(rows) => rows.len(),
            Picked::Each(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    ///
    /// # Example
    ///
    /// ```
    /// use loss_kernels::cpu::softmax_terms::Picked;
    ///
    /// assert!(Picked::Each(&[]).is_empty() && !Picked::Range(3..5).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `f` with the place of each among those picked, and with its row.
    pub fn for_each(&self, mut f: impl FnMut(usize, usize)) {
        match self {
            Picked::Range(rows) => rows.clone().enumerate().for_each(|(at, row)| f(at, row)),
            Picked::Each(rows) => rows.iter().enumerate().for_each(|(at, row)| f(at, *row)),
        }
    }

    /// The numbers of these rows, `width` each.
    pub fn of<'n, T: Copy>(&self, numbers: &'n [T], width: usize) -> Cow<'n, [T]> {
        match self {
            Picked::Range(rows) => Cow::Borrowed(&numbers[rows.start * width..rows.end * width]),
            Picked::Each(rows) => {
                let mut picked = Vec::with_capacity(rows.len() * width);
                for row in *rows {
                    picked.extend_from_slice(&numbers[row * width..][..width]);
                }
                Cow::Owned(picked)
            }
        }
    }
}

impl<F: Float> HostRows<'_, F> {
    /// The rows that count, if not all do.
    pub fn counted_rows(&self) -> Option<Vec<usize>> {
        let problem = self.problem();
        let counts = |row: &usize| problem.row(*row) != Row::Ignored;
        let rows = problem.rows();
        if (self.ignore_index.is_none() && self.row_weights.is_none())
            || (0..rows).all(|row| counts(&row))
        {
            return None;
        }
        Some((0..rows).filter(counts).collect())
    }

    /// Some of the rows, for `S = 1`.
    pub fn pick(&self, picked: &Picked) -> HostRows<'_, F> {
        let [_, num_classes, inner] = self.shape;
        assert_eq!(inner, 1, "rows lie one after the other");
        HostRows {
            shape: [picked.len(), num_classes, 1],
            classes: self.classes.as_ref().map(|classes| match classes {
                Classes::I64(classes) => Classes::I64(picked.of(classes, 1)),
                Classes::I32(classes) => Classes::I32(picked.of(classes, 1)),
            }),
            ignore_index: self.ignore_index,
            smooth: match &self.smooth {
                SmoothWeights::Zero => SmoothWeights::Zero,
                SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(*weight),
                SmoothWeights::PerClass(weights) => SmoothWeights::PerClass(Cow::Borrowed(weights)),
                SmoothWeights::PerLogit(weights) => {
                    SmoothWeights::PerLogit(picked.of(weights, num_classes))
                }
            },
            row_weights: self
                .row_weights
                .as_ref()
                .map(|weights| picked.of(weights, 1)),
        }
    }
}
