//! A panel: a few rows at a time, one a lane, so that what is computed once a row is computed for all of them at once.

use super::arch::Isa;
use super::cells::Rows;
use super::float::{Float, MAX_LANES, PerLane};
use super::math;
use super::problem::{ClassIndex, Problem, Row};

/// Consecutive rows, at most as many as there are lanes.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// The first row.
    pub first: usize,
    /// The number of rows.
    pub len: usize,
}

impl Panel {
    /// The rows.
    #[inline(always)]
    pub fn rows(self) -> std::ops::Range<usize> {
        self.first..self.first + self.len
    }

    /// The lanes that have a row. That they are no more than there are is for the compiler to see.
    #[inline(always)]
    pub fn lanes(self) -> std::ops::Range<usize> {
        0..self.len.min(MAX_LANES)
    }
}

/// What a pass over the logits finds out about each row.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Statistics<F> {
    /// The largest logit.
    pub max: PerLane<F>,
    /// The sum of `exp(x - max)` over the logits below the largest.
    pub sum: PerLane<F>,
    /// How many logits are the largest.
    pub count: PerLane<F>,
    /// The sum of `w (x - max)`.
    pub weighted: PerLane<F>,
    /// The sum of `w`.
    pub weight: PerLane<F>,
}

impl<F: Float> Statistics<F> {
    /// Before the first logit. The largest starts at the lowest finite number, not at minus infinity, so that the
    /// distance of minus infinity to it is infinite and not NaN.
    #[inline(always)]
    pub fn new() -> Self {
        let zero = [F::ZERO; MAX_LANES];
        Self {
            max: [-F::MAX; MAX_LANES],
            sum: zero,
            count: zero,
            weighted: zero,
            weight: zero,
        }
    }

    /// `ln(sum exp(x - max))` of each row; NaN for a row that holds NaN or plus infinity, or only minus infinity.
    ///
    /// The largest logits, which add exactly 1 each, are kept apart from the rest, so that a small rest keeps its digits.
    #[inline(always)]
    fn log_sum<S: Isa>(&self, simd: S) -> PerLane<F> {
        let count = F::first::<S>(&self.count);
        let rest = F::over(simd, F::first::<S>(&self.sum), count);
        let several = F::minus(simd, count, F::splat(simd, F::ONE));
        let log = F::plus(
            simd,
            math::ln_1p::<F, S>(simd, several),
            math::ln_1p::<F, S>(simd, rest),
        );
        let mut result = [F::ZERO; MAX_LANES];
        F::set_first::<S>(&mut result, log);
        for ((result, max), count) in result.iter_mut().zip(self.max).zip(self.count) {
            if max == F::INFINITY || count == F::ZERO {
                *result = F::NAN;
            }
        }
        result
    }

    /// Writes the terms `[len, 3]` and the normalizer `[len, 2]` of the rows.
    #[inline(always)]
    pub fn finish<S: Isa, I: ClassIndex>(
        &self,
        simd: S,
        problem: &Problem<F, I>,
        logits: &[F],
        panel: Panel,
        (terms, normalizer): (&mut [F], &mut [F]),
    ) {
        let log_sum = self.log_sum(simd);
        let terms = terms.as_chunks_mut().0.iter_mut();
        let normalizer = normalizer.as_chunks_mut().0.iter_mut();
        for (i, (terms, normalizer)) in panel.lanes().zip(terms.zip(normalizer)) {
            let row = panel.first + i;
            let kind = problem.row(row);
            let (max, log_sum) = match kind {
                Row::Ignored => (F::ZERO, F::ZERO),
                Row::Invalid => (F::NAN, F::NAN),
                Row::Unlabelled | Row::Labelled(_) => (self.max[i], log_sum[i]),
            };
            *normalizer = [max, log_sum];
            let target = match kind {
                Row::Unlabelled | Row::Ignored => F::ZERO,
                Row::Invalid => F::NAN,
                Row::Labelled(class) => (logits[problem.index(row, class)] - max) - log_sum,
            };
            let smooth = if problem.is_smooth() && kind != Row::Ignored {
                self.weighted[i] - log_sum * self.weight[i]
            } else {
                F::ZERO
            };
            *terms = [target, smooth, max + log_sum];
        }
    }
}

/// What the gradient of each row is made of: `softmax * p + smooth * w`, and another number at the row's class.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Slopes<F> {
    /// The largest logit.
    pub max: PerLane<F>,
    /// `ln(sum exp(x - max))`.
    pub log_sum: PerLane<F>,
    /// The factor of the probability.
    pub softmax: PerLane<F>,
    /// The factor of the weight.
    pub smooth: PerLane<F>,
    /// The gradient at the row's class.
    pub target: PerLane<F>,
    /// The row's class.
    pub class: [Option<usize>; MAX_LANES],
    /// Whether the row has a gradient at all.
    pub live: [bool; MAX_LANES],
    /// Whether the weights count in any row.
    pub is_smooth: bool,
    /// The factor of the probability that does not come from the weights.
    plain: PerLane<F>,
    /// The sum of the row's weights.
    weight: PerLane<F>,
}

impl<F: Float> Slopes<F> {
    /// From the gradient of the terms, `[len, 3]`, and the normalizer, `[len, 2]`, of the rows.
    ///
    /// `weight` gives the sum of a row's weights.
    #[inline(always)]
    pub fn new<S: Isa, I: ClassIndex>(
        simd: S,
        problem: &Problem<F, I>,
        logits: &Rows<F>,
        panel: Panel,
        (gradient, normalizer): (&[F], &[F]),
        weight: &PerLane<F>,
    ) -> Self {
        let zero = [F::ZERO; MAX_LANES];
        let mut slopes = Self {
            max: zero,
            log_sum: zero,
            softmax: zero,
            smooth: zero,
            target: zero,
            class: [None; MAX_LANES],
            live: [false; MAX_LANES],
            is_smooth: false,
            plain: zero,
            weight: *weight,
        };
        let mut log_prob = zero;
        let gradient = &gradient.as_chunks().0[..panel.len];
        let normalizer = &normalizer.as_chunks().0[..panel.len];
        for i in panel.lanes() {
            let row = panel.first + i;
            let [mut target, smooth, total] = gradient[i];
            let kind = problem.row(row);
            if kind == Row::Ignored || gradient[i] == [F::ZERO; 3] {
                continue;
            }
            if kind == Row::Unlabelled {
                // The column is the constant 0.
                target = F::ZERO;
            }
            slopes.live[i] = true;
            [slopes.max[i], slopes.log_sum[i]] = normalizer[i];
            slopes.plain[i] = total - target;
            slopes.softmax[i] = slopes.plain[i];
            if problem.is_smooth() && smooth != F::ZERO {
                slopes.is_smooth = true;
                slopes.smooth[i] = smooth;
                slopes.softmax[i] = slopes.softmax[i] - smooth * weight[i];
            }
            if let Row::Labelled(class) = kind {
                slopes.class[i] = Some(class);
                log_prob[i] = (logits.get(row, class) - slopes.max[i]) - slopes.log_sum[i];
            }
            if kind == Row::Invalid {
                slopes.softmax[i] = F::NAN;
            }
        }
        slopes.set_targets(simd, problem, panel, gradient, &log_prob);
        slopes
    }

    /// At the row's class `1 - p` comes from exp - 1, where subtracting would lose a confident row's digits.
    #[inline(always)]
    fn set_targets<S: Isa, I: ClassIndex>(
        &mut self,
        simd: S,
        problem: &Problem<F, I>,
        panel: Panel,
        gradient: &[[F; 3]],
        log_prob: &PerLane<F>,
    ) {
        let (mut prob_m1, mut prob) = (*log_prob, *log_prob);
        F::set_first::<S>(
            &mut prob_m1,
            math::exp_m1::<F, S>(simd, F::first::<S>(log_prob)),
        );
        F::set_first::<S>(&mut prob, math::exp::<F, S>(simd, F::first::<S>(log_prob)));
        for i in panel.lanes() {
            if let Some(class) = self.class[i] {
                let row = panel.first + i;
                let [target, _, total] = gradient[i];
                // Not from `softmax`, in which `target` may have swallowed the digits of `total`.
                self.target[i] = total * prob[i] - target * prob_m1[i];
                if self.smooth[i] != F::ZERO {
                    let of_weights = problem.weight(row, class) - self.weight[i] * prob[i];
                    self.target[i] = self.target[i] + self.smooth[i] * of_weights;
                }
            }
        }
    }

    /// The gradient at a row's largest logit, whose weight is `w`, if the row is so confident that there
    /// `w - p * sum w` cancels: from `w (1 - p) - p (sum w - w)` instead, with `1 - p` from exp - 1.
    #[inline(always)]
    pub fn at_confident_max<S: Isa>(
        &self,
        simd: S,
        lane: usize,
        w: impl FnOnce() -> F,
    ) -> Option<F> {
        if self.log_sum[lane].to_f64() > CONFIDENT {
            return None;
        }
        let log_prob = F::splat(simd, F::ZERO - self.log_sum[lane]);
        let mut scratch = [F::ZERO; MAX_LANES];
        F::set_first::<S>(&mut scratch, math::exp_m1::<F, S>(simd, log_prob));
        let prob_m1 = scratch[0];
        F::set_first::<S>(&mut scratch, math::exp::<F, S>(simd, log_prob));
        let (prob, w) = (scratch[0], w());
        let of_weights = F::ZERO - w * prob_m1 - prob * (self.weight[lane] - w);
        Some(self.smooth[lane] * of_weights + self.plain[lane] * prob)
    }
}

/// The log-sum-exp relative to the largest logit below which subtracting that logit's probability from 1 loses digits.
const CONFIDENT: f64 = 0.1;
