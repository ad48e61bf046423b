//! What is computed: the shape, the classes and the weights, and what that means for one row.

use std::ops::Range;

use crate::SmoothWeights;

use crate::cpu::simd::{Float, MAX_LANES};

/// The class of each row, in the integer type that there is.
#[derive(Clone, Copy, Debug)]
pub enum ClassSlice<'a> {
    /// 32 bits each.
    I32(&'a [i32]),
    /// 64 bits each.
    I64(&'a [i64]),
}

impl ClassSlice<'_> {
    /// The number of rows.
    fn len(self) -> usize {
        match self {
            ClassSlice::I32(classes) => classes.len(),
            ClassSlice::I64(classes) => classes.len(),
        }
    }

    /// The class of one row.
    #[inline(always)]
    pub(super) fn of(self, row: usize) -> i64 {
        match self {
            ClassSlice::I32(classes) => classes[row].into(),
            ClassSlice::I64(classes) => classes[row],
        }
    }
}

impl<'a> From<&'a [i32]> for ClassSlice<'a> {
    fn from(classes: &'a [i32]) -> Self {
        ClassSlice::I32(classes)
    }
}

impl<'a> From<&'a [i64]> for ClassSlice<'a> {
    fn from(classes: &'a [i64]) -> Self {
        ClassSlice::I64(classes)
    }
}

/// What the rows of logits are compared with.
///
/// The logits are `[N, C, S]`, contiguous; a row is a pair of `n` and `s`, and there are `M = N * S` of them in that
/// order.
#[derive(Clone, Debug)]
pub struct Problem<'a, F> {
    /// `[N, C, S]`.
    pub shape: [usize; 3],
    /// The class of each row, `[M]`.
    pub classes: Option<ClassSlice<'a>>,
    /// Rows of this class have terms and gradient 0, and what their logits are does not matter.
    pub ignore_index: Option<i64>,
    /// Rows of this class, which is none, have none: their target loss is 0.
    pub unlabelled: Option<i64>,
    /// The weights of the sum of all classes' losses.
    pub smooth: SmoothWeights<&'a [F]>,
    /// What each row counts, `[M]`; a row of weight 0 is ignored, whatever its class.
    pub row_weights: Option<&'a [F]>,
}

/// What stands for the class of a row without one.
pub(super) const NO_CLASS: usize = usize::MAX;

/// What is to be done with a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row {
    /// Its class is to be ignored.
    Ignored,
    /// Its class does not exist.
    Invalid,
    /// It has no class.
    Unlabelled,
    /// It has this class.
    Labelled(usize),
}

impl<F: Float> Problem<'_, F> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.shape[0] * self.shape[2]
    }

    /// The number of classes.
    #[inline(always)]
    pub fn num_classes(&self) -> usize {
        self.shape[1]
    }

    /// The number of logits.
    pub fn num_logits(&self) -> usize {
        self.shape.iter().product()
    }

    /// Panics unless all slices have the lengths that the shape asks for.
    pub(super) fn check(&self, logits: usize) {
        assert!(
            self.num_classes() > 0,
            "rows without classes have no softmax"
        );
        assert_eq!(logits, self.num_logits(), "logits are [N, C, S]");
        if let Some(classes) = self.classes {
            assert_eq!(classes.len(), self.rows(), "classes are [N * S]");
        }
        if let Some(weights) = self.row_weights {
            assert_eq!(weights.len(), self.rows(), "weights of rows are [N * S]");
        }
        match &self.smooth {
            SmoothWeights::PerClass(w) => {
                assert_eq!(w.len(), self.num_classes(), "weights are [C]")
            }
            SmoothWeights::PerLogit(w) => {
                assert_eq!(w.len(), self.num_logits(), "weights are [N, C, S]")
            }
            SmoothWeights::Zero | SmoothWeights::Uniform(_) => {}
        }
    }

    /// What is to be done with a row.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> Row {
        if self.is_dropped(row) {
            return Row::Ignored;
        }
        let Some(classes) = self.classes else {
            return Row::Unlabelled;
        };
        let class = classes.of(row);
        match self.label(class) {
            NO_CLASS if Some(class) == self.ignore_index => Row::Ignored,
            NO_CLASS if Some(class) == self.unlabelled => Row::Unlabelled,
            NO_CLASS => Row::Invalid,
            class => Row::Labelled(class),
        }
    }

    /// Whether the row has a weight of 0.
    #[inline(always)]
    pub(super) fn is_dropped(&self, row: usize) -> bool {
        self.row_weights
            .is_some_and(|weights| weights[row] == F::ZERO)
    }

    /// The class that a number names, or [`NO_CLASS`] if it is to be ignored or names none. Without branches, so that a loop
    /// of it becomes one of vectors.
    #[inline(always)]
    fn label(&self, class: i64) -> usize {
        // Minus one is no class.
        let ignored = self.ignore_index.unwrap_or(-1);
        let is_class = ((class as u64) < self.num_classes() as u64) & (class != ignored);
        if is_class { class as usize } else { NO_CLASS }
    }

    /// How many of the rows have a class, and how many have a wrong one; without looking at weights, and without branches.
    #[inline(always)]
    pub(super) fn labelled_and_invalid(&self, rows: Range<usize>) -> Option<[u32; 2]> {
        Some(match self.classes? {
            ClassSlice::I32(classes) => self.tally(&classes[rows]),
            ClassSlice::I64(classes) => self.tally(&classes[rows]),
        })
    }

    /// A loop that becomes one of vectors, in the instruction set of its caller.
    #[inline(always)]
    fn tally<T: Copy + Into<i64>>(&self, classes: &[T]) -> [u32; 2] {
        let num_classes = self.num_classes() as u64;
        let (ignored, ignores) = (self.ignore_index.unwrap_or(-1), self.ignore_index.is_some());
        let [mut labelled, mut invalid] = [0; 2];
        for class in classes {
            let class: i64 = (*class).into();
            let is_ignored = ignores & (class == ignored);
            let is_class = (class as u64) < num_classes;
            labelled += u32::from(is_class & !is_ignored);
            invalid += u32::from(!is_class & !is_ignored);
        }
        [labelled, invalid]
    }

    /// Writes the classes of at most a panel of rows; [`NO_CLASS`] for a row without one, and beyond the last.
    #[inline(always)]
    pub(super) fn set_labels(&self, rows: Range<usize>, labels: &mut [usize; MAX_LANES]) {
        *labels = [NO_CLASS; MAX_LANES];
        if let Some(classes) = self.classes {
            // One decision for all of them, so that each loop becomes one of vectors.
            match classes {
                ClassSlice::I32(classes) => {
                    for (label, class) in labels.iter_mut().zip(&classes[rows.clone()]) {
                        *label = self.label((*class).into());
                    }
                }
                ClassSlice::I64(classes) => {
                    for (label, class) in labels.iter_mut().zip(&classes[rows.clone()]) {
                        *label = self.label(*class);
                    }
                }
            }
        }
        if self.row_weights.is_some() {
            for (label, row) in labels.iter_mut().zip(rows) {
                if self.is_dropped(row) {
                    *label = NO_CLASS;
                }
            }
        }
    }

    /// Whether all of these rows are ignored.
    #[inline(always)]
    pub(super) fn ignores(&self, mut rows: Range<usize>) -> bool {
        (self.ignore_index.is_some() || self.row_weights.is_some())
            && rows.all(|row| self.row(row) == Row::Ignored)
    }

    /// Where a row's logit of a class lies.
    #[inline(always)]
    pub(super) fn index(&self, row: usize, class: usize) -> usize {
        let [_, classes, inner] = self.shape;
        if inner == 1 {
            row * classes + class
        } else {
            (row / inner * classes + class) * inner + row % inner
        }
    }

    /// The weight of one logit.
    #[inline(always)]
    pub(super) fn weight(&self, row: usize, class: usize) -> F {
        match &self.smooth {
            SmoothWeights::Zero => F::ZERO,
            SmoothWeights::Uniform(w) => F::from_f64(*w),
            SmoothWeights::PerClass(w) => w[class],
            SmoothWeights::PerLogit(w) => w[self.index(row, class)],
        }
    }

    /// The sum of a row's weights, where it is the same for all rows.
    pub(super) fn total_weight(&self) -> Option<F> {
        match &self.smooth {
            SmoothWeights::Zero => Some(F::ZERO),
            SmoothWeights::Uniform(w) => Some(F::from_f64(w * self.num_classes() as f64)),
            SmoothWeights::PerClass(w) => Some(F::from_f64(w.iter().map(|w| w.to_f64()).sum())),
            SmoothWeights::PerLogit(_) => None,
        }
    }

    /// Whether there are weights at all.
    #[inline(always)]
    pub(super) fn is_smooth(&self) -> bool {
        !matches!(self.smooth, SmoothWeights::Zero)
    }

    /// Rows per task: enough work to be worth handing to a thread, in whole panels unless the rows are long.
    pub(super) fn rows_per_task(&self) -> usize {
        let rows = (TASK / self.num_classes()).max(1);
        if self.has_long_rows() && rows < MAX_LANES {
            rows
        } else {
            rows.next_multiple_of(MAX_LANES)
        }
    }

    /// Whether the rows lie one after the other and are long enough to be worth vectors of their own.
    #[inline(always)]
    pub(super) fn has_long_rows(&self) -> bool {
        self.shape[2] == 1 && self.num_classes() > SHORT
    }
}

/// The longest row that is better computed beside others, one per lane.
pub const SHORT: usize = 24;

/// Logits per task, unless a row has more.
const TASK: usize = 32768;
