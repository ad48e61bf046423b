//! A panel: a few rows at a time, one per lane, so that what is computed once per row is computed for all of them at once.

use std::ops::Range;

use crate::{SMOOTH_LOSS, SmoothWeights, TARGET_LOSS};

use super::problem::{NO_CLASS, Problem, Row};
use crate::cpu::memory::{Logits, Run};
use crate::cpu::simd::Isa;
use crate::cpu::simd::math;
use crate::cpu::simd::{Float, MAX_LANES, PerLane};

/// Consecutive rows, at most as many as there are lanes.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// The first row.
    pub first: usize,
    /// The number of rows.
    pub len: usize,
}

impl Panel {
    /// The panels of consecutive rows; the last may have fewer rows.
    #[inline(always)]
    pub fn all(rows: Range<usize>, lanes: usize) -> impl Iterator<Item = Self> + Clone {
        rows.clone().step_by(lanes).map(move |first| Self {
            first,
            len: lanes.min(rows.end - first),
        })
    }

    /// The rows.
    #[inline(always)]
    pub fn rows(self) -> Range<usize> {
        self.first..self.first + self.len
    }

    /// The rows that lie side by side in logits of this shape, each run with its first lane.
    #[inline(always)]
    pub fn runs(self, shape: [usize; 3]) -> impl Iterator<Item = (usize, Run)> {
        let Range { start, end } = self.rows();
        let mut row = start;
        std::iter::from_fn(move || {
            (row < end).then(|| {
                let run = Run::new(shape, row, end);
                let lane = row - start;
                row += run.len();
                (lane, run)
            })
        })
    }

    /// The lanes that have a row. That they are no more than there are is for the compiler to see.
    #[inline(always)]
    pub fn lanes(self) -> Range<usize> {
        0..self.len.min(MAX_LANES)
    }
}

/// What a pass over the logits finds out about each row.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct RowSums<F> {
    /// The largest logit.
    pub max: PerLane<F>,
    /// The sum of `exp(x - max)` over the logits below the largest.
    pub below: PerLane<F>,
    /// How many logits are the largest.
    pub ties: PerLane<F>,
    /// The sum of `w (x - max)`.
    pub weighted: PerLane<F>,
    /// The sum of `w`.
    pub weight: PerLane<F>,
}

impl<F: Float> RowSums<F> {
    /// Before the first logit. The largest starts at the lowest finite number, not at minus infinity, so that the
    /// distance of minus infinity to it is infinite and not NaN.
    #[inline(always)]
    pub fn new() -> Self {
        let zero = [F::ZERO; MAX_LANES];
        Self {
            max: [-F::MAX; MAX_LANES],
            below: zero,
            ties: zero,
            weighted: zero,
            weight: zero,
        }
    }

    /// Back to before the first logit.
    #[inline(always)]
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// `ln(sum exp(x - max))` of each row; NaN for a row that holds NaN or plus infinity, or only minus infinity.
    ///
    /// The largest logits, which add exactly 1 each, are kept apart from the rest, so that a small rest keeps its digits.
    #[inline(always)]
    fn relative_lse<S: Isa>(&self, simd: S, panel: Panel) -> PerLane<F> {
        let mut result = [F::ZERO; MAX_LANES];
        let rest = F::first::<S>(&self.below);
        // One largest logit is common; the general formula has the same bits then, but takes three times as long.
        if panel
            .lanes()
            .fold(true, |one, i| one & (self.ties[i] == F::ONE))
        {
            F::set_first::<S>(&mut result, math::ln_1p::<F, S>(simd, rest));
        } else {
            let count = F::first::<S>(&self.ties);
            let rest = F::over(simd, rest, count);
            let several = F::minus(simd, count, F::splat(simd, F::ONE));
            let log = F::plus(
                simd,
                math::ln_1p::<F, S>(simd, several),
                math::ln_1p::<F, S>(simd, rest),
            );
            F::set_first::<S>(&mut result, log);
        }
        for ((result, max), count) in result.iter_mut().zip(self.max).zip(self.ties) {
            *result = if max == F::INFINITY || count == F::ZERO {
                F::NAN
            } else {
                *result
            };
        }
        result
    }

    /// The terms and the normalizer of the rows, and their classes.
    #[inline(always)]
    pub fn finish<S: Isa>(
        &self,
        simd: S,
        problem: &Problem<F>,
        source: &impl Logits<F>,
        panel: Panel,
    ) -> ([PerLane<F>; 5], Labels<F>) {
        let labels = Labels::read(problem, panel, source);
        let mut numbers = [[F::ZERO; MAX_LANES]; 5];
        self.numbers(simd, problem, panel, &labels, &mut numbers);
        (numbers, labels)
    }

    /// Writes the terms and the normalizer of the rows.
    #[inline(always)]
    pub fn numbers<S: Isa>(
        &self,
        simd: S,
        problem: &Problem<F>,
        panel: Panel,
        labels: &Labels<F>,
        numbers: &mut [PerLane<F>; 5],
    ) {
        let relative_lse = self.relative_lse(simd, panel);
        let (max, log) = (F::first::<S>(&self.max), F::first::<S>(&relative_lse));
        let weight = F::first::<S>(&self.weight);
        let logit = F::first::<S>(&labels.logit);
        let target = F::minus(simd, log, F::minus(simd, logit, max));
        let smooth = F::minus(
            simd,
            F::times(simd, log, weight),
            F::first::<S>(&self.weighted),
        );
        let smooth = if problem.is_smooth() {
            smooth
        } else {
            F::splat(simd, F::ZERO)
        };
        let columns = [target, smooth, F::plus(simd, max, log), max, log];
        for (numbers, column) in numbers.iter_mut().zip(columns) {
            F::set_first::<S>(numbers, column);
        }
        if !labels.all_labelled {
            for i in panel.lanes() {
                match problem.row(panel.first + i) {
                    Row::Labelled(_) => {}
                    Row::Unlabelled => numbers[TARGET_LOSS][i] = F::ZERO,
                    Row::Ignored => numbers.iter_mut().for_each(|numbers| numbers[i] = F::ZERO),
                    Row::Invalid => {
                        for (column, numbers) in numbers.iter_mut().enumerate() {
                            let absent = column == SMOOTH_LOSS && !problem.is_smooth();
                            numbers[i] = if absent { F::ZERO } else { F::NAN };
                        }
                    }
                }
            }
        }
    }
}

/// Where the numbers of consecutive rows go, one slice a number: the terms that are wanted, and the normalizer.
pub struct Output<'a, F> {
    /// The first row.
    pub first: usize,
    /// The columns of the terms.
    pub terms: [Option<&'a mut [F]>; 3],
    /// The columns of the normalizer.
    pub normalizer: [&'a mut [F]; 2],
}

impl<'a, F: Float> Output<'a, F> {
    /// The rows.
    pub fn rows(&self) -> Range<usize> {
        self.first..self.first + self.normalizer[0].len()
    }

    /// Parts of `step` rows, the last of what is left.
    pub fn split(self, step: usize) -> Vec<Self> {
        let (mut rest, mut parts) = (self, Vec::new());
        while !rest.normalizer[0].is_empty() {
            let len = step.min(rest.normalizer[0].len());
            let (terms, later_terms) = split_each(rest.terms, |column| match column {
                Some(column) => {
                    let (now, later) = column.split_at_mut(len);
                    (Some(now), Some(later))
                }
                None => (None, None),
            });
            let (normalizer, later_normalizer) =
                split_each(rest.normalizer, |column| column.split_at_mut(len));
            parts.push(Self {
                first: rest.first,
                terms,
                normalizer,
            });
            rest = Self {
                first: rest.first + len,
                terms: later_terms,
                normalizer: later_normalizer,
            };
        }
        parts
    }

    /// Writes the numbers of a panel of these rows.
    #[inline(always)]
    pub fn put<S: Isa>(&mut self, panel: Panel, numbers: &[PerLane<F>; 5]) {
        let at = panel.first - self.first;
        let terms = self.terms.iter_mut().map(Option::as_deref_mut);
        let normalizer = self.normalizer.iter_mut().map(|column| Some(&mut **column));
        for (column, numbers) in terms.chain(normalizer).zip(numbers) {
            let Some(column) = column else { continue };
            let column = &mut column[at..][..panel.len];
            if panel.len == F::lanes::<S>() {
                // A vector, where a copy of unknown length is a call.
                F::set_first::<S>(column, F::first::<S>(numbers));
            } else {
                column.copy_from_slice(&numbers[..panel.len]);
            }
        }
    }
}

/// Splits every element of an array in two.
fn split_each<T, const N: usize>(array: [T; N], split: impl Fn(T) -> (T, T)) -> ([T; N], [T; N]) {
    let mut later = Vec::with_capacity(N);
    let now = array.map(|element| {
        let (now, rest) = split(element);
        later.push(rest);
        now
    });
    let Ok(later) = later.try_into() else {
        unreachable!("one for each")
    };
    (now, later)
}

/// The classes of a panel of rows.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Labels<F> {
    /// The logit of the class; 0 without one.
    logit: PerLane<F>,
    /// The class, or [`NO_CLASS`].
    pub class: [usize; MAX_LANES],
    /// Whether every row has one.
    pub all_labelled: bool,
}

impl<F: Float> Labels<F> {
    /// Before the first panel.
    #[inline(always)]
    pub fn none() -> Self {
        Self {
            logit: [F::ZERO; MAX_LANES],
            class: [NO_CLASS; MAX_LANES],
            all_labelled: false,
        }
    }

    #[inline(always)]
    pub fn read(problem: &Problem<F>, panel: Panel, source: &impl Logits<F>) -> Self {
        let mut labels = Self::none();
        labels.set(problem, panel, source);
        labels
    }

    /// Those of another panel, without their logits.
    #[inline(always)]
    pub fn set_classes(&mut self, problem: &Problem<F>, panel: Panel) {
        read_classes(problem, panel, &mut self.class, &mut self.all_labelled);
    }

    /// Those of another panel, in place, for they are too many to be moved for every panel.
    #[inline(always)]
    pub fn set(&mut self, problem: &Problem<F>, panel: Panel, source: &impl Logits<F>) {
        let Self {
            logit,
            class,
            all_labelled,
        } = self;
        *logit = [F::ZERO; MAX_LANES];
        read_classes(problem, panel, class, all_labelled);
        let [_, num_classes, inner] = problem.shape;
        if inner == 1 && *all_labelled {
            // Common, and asking for each row takes longer than reading its logit.
            let rows = source.rows(panel.rows());
            for i in panel.lanes() {
                logit[i] = rows[i * num_classes + class[i]];
            }
        } else {
            // Run by run: where a row lies takes two divisions.
            for (lane, run) in panel.runs(problem.shape) {
                let places = (0..run.len()).zip(lane..MAX_LANES);
                for (place, i) in places.filter(|(_, i)| class[*i] != NO_CLASS) {
                    logit[i] = source.run(run, class[i])[place];
                }
            }
        }
    }
}

/// The classes of a panel, and whether every row has one.
#[inline(always)]
fn read_classes<F: Float>(
    problem: &Problem<F>,
    panel: Panel,
    class: &mut [usize; MAX_LANES],
    all_labelled: &mut bool,
) {
    problem.set_labels(panel.rows(), class);
    *all_labelled = panel
        .lanes()
        .fold(true, |all, i| all & (class[i] != NO_CLASS));
}

/// What the gradient of each row is made of: `softmax * p + smooth * w`, and another number at the row's class.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct RowGradient<F> {
    /// The largest logit.
    pub max: PerLane<F>,
    /// `ln(sum exp(x - max))`.
    pub relative_lse: PerLane<F>,
    /// The factor of the probability.
    pub softmax: PerLane<F>,
    /// The factor of the weight.
    pub smooth: PerLane<F>,
    /// The gradient at the row's class.
    pub target: PerLane<F>,
    /// The row's class, or [`NO_CLASS`].
    pub class: [usize; MAX_LANES],
    /// Whether the row has a gradient at all.
    pub live: [bool; MAX_LANES],
    /// Whether all rows have one.
    pub all_live: bool,
    /// Whether the weights count in any row.
    pub is_smooth: bool,
    /// The factor of the probability that does not come from the weights.
    plain: PerLane<F>,
    /// The sum of the row's weights.
    weight: PerLane<F>,
}

/// What the forward pass found out about the rows and the gradient of its terms, one slice a number.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a, F> {
    /// The columns of the gradient of the terms; those without are 0.
    pub gradient: [Option<&'a [F]>; 3],
    /// The columns of the normalizer.
    pub normalizer: [&'a [F]; 2],
}

impl<F: Float> Input<'_, F> {
    /// The numbers of a panel.
    #[inline(always)]
    pub fn read<S: Isa>(&self, panel: Panel) -> [PerLane<F>; 5] {
        let mut numbers = [[F::ZERO; MAX_LANES]; 5];
        let normalizer = self.normalizer.map(Some);
        for (numbers, column) in numbers
            .iter_mut()
            .zip(self.gradient.iter().chain(&normalizer))
        {
            let Some(column) = column else { continue };
            let column = &column[panel.rows()];
            if panel.len == F::lanes::<S>() {
                F::set_first::<S>(numbers, F::first::<S>(column));
            } else {
                numbers[..panel.len].copy_from_slice(column);
            }
        }
        numbers
    }
}

impl<F: Float> RowGradient<F> {
    /// Before the first panel.
    #[inline(always)]
    pub fn new() -> Self {
        let zero = [F::ZERO; MAX_LANES];
        Self {
            max: zero,
            relative_lse: zero,
            softmax: zero,
            smooth: zero,
            target: zero,
            class: [NO_CLASS; MAX_LANES],
            live: [false; MAX_LANES],
            all_live: false,
            is_smooth: false,
            plain: zero,
            weight: zero,
        }
    }

    /// From the gradient of the three terms and the two numbers of the normalizer: all of it anew, in place, for it is too
    /// large to be moved for every panel.
    ///
    /// `weight` gives the sum of a row's weights.
    #[inline(always)]
    pub fn set<S: Isa>(
        &mut self,
        simd: S,
        problem: &Problem<F>,
        labels: &Labels<F>,
        panel: Panel,
        numbers: &[PerLane<F>; 5],
        weight: &PerLane<F>,
    ) {
        let (mut of_target, mut of_smooth, mut of_total) = (numbers[0], numbers[1], numbers[2]);
        let (mut max, mut relative_lse) = (numbers[3], numbers[4]);
        // From here on of `log p_t` and of the sum of `w log p`: the terms are their negatives.
        for negated in [&mut of_target, &mut of_smooth] {
            let vector = F::negated(simd, F::first::<S>(negated));
            F::set_first::<S>(negated, vector);
        }
        let mut live = [true; MAX_LANES];
        let mut all_live = true;
        for i in panel.lanes() {
            live[i] =
                (of_target[i] != F::ZERO) | (of_smooth[i] != F::ZERO) | (of_total[i] != F::ZERO);
            all_live &= live[i];
        }
        if !problem.is_smooth() {
            // The column is the constant 0.
            of_smooth = [F::ZERO; MAX_LANES];
        }
        if !labels.all_labelled {
            for i in panel.lanes() {
                match problem.row(panel.first + i) {
                    Row::Labelled(_) => {}
                    // The column is the constant 0.
                    Row::Unlabelled => of_target[i] = F::ZERO,
                    Row::Ignored => (live[i], all_live) = (false, false),
                    Row::Invalid => of_total[i] = F::NAN,
                }
            }
        }
        if !all_live {
            // Neither their logits nor what the forward pass made of them must matter.
            for i in panel.lanes().filter(|i| !live[*i]) {
                (of_target[i], of_smooth[i], of_total[i]) = (F::ZERO, F::ZERO, F::ZERO);
                (max[i], relative_lse[i]) = (F::ZERO, F::ZERO);
            }
        }
        let is_smooth = of_smooth.iter().any(|smooth| *smooth != F::ZERO);
        let [target, smooth, total] =
            [&of_target, &of_smooth, &of_total].map(|column| F::first::<S>(column));
        let plain = F::minus(simd, total, target);
        let weights = F::first::<S>(weight);
        let softmax = if is_smooth {
            let none = F::equal(simd, smooth, F::splat(simd, F::ZERO));
            let with = F::minus(simd, plain, F::times(simd, smooth, weights));
            F::select(simd, none, plain, with)
        } else {
            plain
        };
        let log_prob = F::minus(
            simd,
            F::minus(simd, F::first::<S>(&labels.logit), F::first::<S>(&max)),
            F::first::<S>(&relative_lse),
        );
        // At the row's class `1 - p` comes from exp - 1, where subtracting would lose a confident row's digits; and not
        // from `plain`, in which `target` may have swallowed the digits of `total`.
        let prob_m1 = math::exp_m1::<F, S>(simd, log_prob);
        let prob = math::exp::<F, S>(simd, log_prob);
        let at_target = F::minus(
            simd,
            F::times(simd, total, prob),
            F::times(simd, target, prob_m1),
        );
        (self.max, self.relative_lse, self.smooth) = (max, relative_lse, of_smooth);
        (self.class, self.live, self.all_live) = (labels.class, live, all_live);
        (self.is_smooth, self.weight) = (is_smooth, *weight);
        F::set_first::<S>(&mut self.softmax, softmax);
        F::set_first::<S>(&mut self.plain, plain);
        F::set_first::<S>(&mut self.target, at_target);
        if is_smooth {
            self.add_weights_at_targets(simd, problem, panel, prob, prob_m1);
        }
    }

    /// Whether no row of the panel has a gradient.
    #[inline(always)]
    pub fn none_live(&self, panel: Panel) -> bool {
        !self.all_live && panel.lanes().all(|i| !self.live[i])
    }

    /// Adds to the gradient at the rows' classes what comes from the weights: `w (1 - p) - p (sum w - w)`, because
    /// `w - p sum w` loses a confident row's digits if its class has most of the weight.
    #[inline(always)]
    fn add_weights_at_targets<S: Isa>(
        &mut self,
        simd: S,
        problem: &Problem<F>,
        panel: Panel,
        prob: F::Vector<S>,
        prob_m1: F::Vector<S>,
    ) {
        let zero = F::splat(simd, F::ZERO);
        let mut own = [F::ZERO; MAX_LANES];
        for i in panel.lanes() {
            if self.class[i] != NO_CLASS {
                own[i] = problem.weight(panel.first + i, self.class[i]);
            }
        }
        let own = F::first::<S>(&own);
        let others = F::minus(simd, F::first::<S>(&self.weight), own);
        let of_weights = F::minus(
            simd,
            F::minus(simd, zero, F::times(simd, own, prob_m1)),
            F::times(simd, prob, others),
        );
        let smooth = F::first::<S>(&self.smooth);
        let target = F::first::<S>(&self.target);
        let with = F::plus(simd, target, F::times(simd, smooth, of_weights));
        let without = F::equal(simd, smooth, zero);
        F::set_first::<S>(&mut self.target, F::select(simd, without, target, with));
    }

    /// Whether the row is so confident that at its largest logit `w - p * sum w` may cancel. If all weights are the same,
    /// it does not.
    #[inline(always)]
    pub fn is_confident(&self, problem: &Problem<F>, lane: usize) -> bool {
        let differ = matches!(
            problem.smooth,
            SmoothWeights::PerClass(_) | SmoothWeights::PerLogit(_)
        );
        differ && self.smooth[lane] != F::ZERO && self.relative_lse[lane].to_f64() <= CONFIDENT
    }

    /// The gradient at a confident row's largest logit, whose weight is `w`: `w (1 - p) - p (sum w - w)`, with `1 - p` from
    /// exp - 1.
    #[inline(always)]
    pub fn at_confident_max<S: Isa>(&self, simd: S, lane: usize, w: F) -> F {
        let log_prob = F::splat(simd, F::ZERO - self.relative_lse[lane]);
        let mut scratch = [F::ZERO; MAX_LANES];
        F::set_first::<S>(&mut scratch, math::exp_m1::<F, S>(simd, log_prob));
        let prob_m1 = scratch[0];
        F::set_first::<S>(&mut scratch, math::exp::<F, S>(simd, log_prob));
        let prob = scratch[0];
        let of_weights = F::ZERO - w * prob_m1 - prob * (self.weight[lane] - w);
        self.smooth[lane] * of_weights + self.plain[lane] * prob
    }
}

/// The log-sum-exp relative to the largest logit below which subtracting that logit's probability from 1 loses digits.
const CONFIDENT: f64 = 0.1;
