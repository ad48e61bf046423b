//! Both passes over a sample.

use super::Ctc;
use super::states::{NOTHING, States, is_nothing, log_sum, log_sum_of_two};
use crate::Number;
use crate::cpu::simd::{Float, Isa, Kernel, Lanes};

/// What was found of a sample.
pub(super) struct Found<F> {
    pub(super) loss: f64,
    /// `[T_n, C]`, empty if it is not wanted.
    pub(super) gradient: Vec<F>,
}

/// One sample, to be computed with any instruction set.
pub(super) struct Sample<'a, F> {
    ctc: &'a Ctc<'a, F>,
    index: usize,
    wanted: bool,
}

/// Rows of states: the log-probabilities, and the alphas that are found from them.
struct Rows<F> {
    /// `[T_n, width]`.
    log_probs: Vec<F>,
    /// `[T_n, width + 2]`: two states of nothing before the first.
    alpha: Vec<F>,
    /// What has been taken out of each row of alphas, in all.
    taken: Vec<f64>,
}

impl<'a, F: Float> Sample<'a, F> {
    pub(super) fn new(ctc: &'a Ctc<'a, F>, index: usize, wanted: bool) -> Self {
        Self { ctc, index, wanted }
    }

    /// The log-probabilities of the states at each step; nothing if one of them is NaN.
    fn log_probs(&self, steps: usize, states: &States<F>) -> Option<Vec<F>> {
        let [_, samples, num_classes] = self.ctc.shape;
        let nothing = F::from_f64(NOTHING);
        let mut rows = vec![nothing; steps * states.width];
        let mut is_nan = false;
        for (t, row) in rows.chunks_mut(states.width).enumerate() {
            let from =
                &self.ctc.log_probs[(t * samples + self.index) * num_classes..][..num_classes];
            for (log_prob, &class) in row.iter_mut().zip(&states.classes) {
                let given = from[class];
                is_nan |= given.to_f64().is_nan();
                *log_prob = if given > nothing { given } else { nothing };
            }
        }
        (!is_nan).then_some(rows)
    }

    /// A loss that is no finite number has no gradient either.
    fn without_gradient(&self, loss: f64, steps: usize) -> Found<F> {
        let numbers = if self.wanted {
            steps * self.ctc.shape[2]
        } else {
            0
        };
        Found {
            loss,
            gradient: vec![F::NAN; numbers],
        }
    }
}

impl<F: Float> Kernel for Sample<'_, F> {
    type Output = Found<F>;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> Found<F> {
        let (steps, target) = self.ctc.sample(self.index);
        if steps == 0 {
            let loss = if target.is_empty() {
                0.0
            } else {
                f64::INFINITY
            };
            return self.without_gradient(loss, 0);
        }
        let (blank, num_classes) = (self.ctc.blank, self.ctc.shape[2]);
        let states = States::new(target, blank, num_classes, F::lanes::<S>());
        let Some(log_probs) = self.log_probs(steps, &states) else {
            return self.without_gradient(f64::NAN, steps);
        };
        let Some(rows) = forward::<F, S>(simd, &states, log_probs) else {
            return self.without_gradient(f64::INFINITY, steps);
        };
        let loss = -rows.log_likelihood(&states);
        if !loss.is_finite() {
            return self.without_gradient(loss, steps);
        }
        let gradient = match self.wanted {
            true => backward::<F, S>(simd, &states, &rows, num_classes, loss),
            false => Vec::new(),
        };
        Found { loss, gradient }
    }
}

impl<F: Float> Rows<F> {
    /// Minus infinity where no way leads to the end.
    fn log_likelihood(&self, states: &States<F>) -> f64 {
        let last = &self.alpha[self.alpha.len() - states.width - 2..];
        let end = states.count() + 2;
        // The state before the only one is nothing.
        let log = log_sum_of_two(last[end - 1].to_f64(), last[end - 2].to_f64());
        if is_nothing(log) {
            return f64::NEG_INFINITY;
        }
        log + self.taken[self.taken.len() - 1]
    }
}

/// The alphas of every step; `None` where at some step there is no state that a way leads to.
#[inline(always)]
fn forward<F: Float, S: Isa>(simd: S, states: &States<F>, log_probs: Vec<F>) -> Option<Rows<F>> {
    let (width, nothing) = (states.width, F::from_f64(NOTHING));
    let steps = log_probs.len() / width;
    let mut alpha = vec![nothing; steps * (width + 2)];
    let mut taken = vec![0.0; steps];
    let first = states.count().min(2);
    alpha[2..2 + first].copy_from_slice(&log_probs[..first]);
    let mut most = alpha[2..2 + first]
        .iter()
        .fold(nothing, |most, &a| if a > most { a } else { most });
    for t in 1..steps {
        if is_nothing(most.to_f64()) {
            return None;
        }
        taken[t] = taken[t - 1] + most.to_f64();
        let (before, after) = alpha[(t - 1) * (width + 2)..].split_at_mut(width + 2);
        let log_probs = &log_probs[t * width..][..width];
        most = step_forward::<F, S>(simd, &states.skip, most, log_probs, before, after);
    }
    Some(Rows {
        log_probs,
        alpha,
        taken,
    })
}

/// One step's alphas from those of the step before, less the largest of them; gives the new largest one.
#[inline(always)]
fn step_forward<F: Float, S: Isa>(
    simd: S,
    skip: &[F],
    most: F,
    log_probs: &[F],
    before: &[F],
    after: &mut [F],
) -> F {
    let width = log_probs.len();
    let vectors = |numbers| F::vectors::<S>(numbers).0;
    let (stay, next) = (vectors(&before[2..]), vectors(&before[1..1 + width]));
    let (jump, skip) = (vectors(&before[..width]), vectors(&skip[..width]));
    let log_probs = vectors(log_probs);
    let after = F::vectors_mut::<S>(&mut after[2..2 + width]).0;
    let taken = F::splat(simd, most);
    let mut most = F::splat(simd, F::from_f64(NOTHING));
    for i in 0..after.len() {
        let jump = F::plus(simd, jump[i], skip[i]);
        let sum = log_sum::<F, S>(simd, [stay[i], next[i], jump]);
        let alpha = F::plus(simd, F::minus(simd, log_probs[i], taken), sum);
        after[i] = alpha;
        most = F::greater(simd, alpha, most);
    }
    F::largest(simd, most)
}

/// The gradient, `[T_n, C]`, from the last step to the first.
#[inline(always)]
fn backward<F: Float, S: Isa>(
    simd: S,
    states: &States<F>,
    rows: &Rows<F>,
    num_classes: usize,
    loss: f64,
) -> Vec<F> {
    let (width, nothing) = (states.width, F::from_f64(NOTHING));
    let steps = rows.taken.len();
    let mut gradient = vec![F::ZERO; steps * num_classes];
    let mut beta = vec![nothing; width];
    let last = states.count().saturating_sub(2)..states.count();
    beta[last].fill(F::ZERO);
    // Two states of nothing after the last.
    let mut v = vec![nothing; width + 2];
    let mut shares = vec![F::ZERO; width];
    let mut taken = 0.0;
    for t in (0..steps).rev() {
        let step = Step {
            log_probs: &rows.log_probs[t * width..][..width],
            alpha: &rows.alpha[t * (width + 2) + 2..][..width],
            // What was taken out of both, and the loss: about what is left of either, negated.
            offset: F::from_f64(rows.taken[t] + taken + loss),
        };
        let [most, all] = step.shares::<S>(simd, &beta, &mut v[..width], &mut shares);
        // They sum to 1 but for what the steps' roundings have added up to.
        let part = F::from_f64(1.0 / all.to_f64());
        let row = &mut gradient[t * num_classes..][..num_classes];
        for (&class, &share) in states.classes.iter().zip(&shares) {
            row[class] = row[class] - share * part;
        }
        taken += most.to_f64();
        step_backward::<F, S>(simd, &states.skip[2..], most, &v, &mut beta);
    }
    gradient
}

/// What is known of one step.
struct Step<'a, F> {
    log_probs: &'a [F],
    alpha: &'a [F],
    offset: F,
}

impl<F: Float> Step<'_, F> {
    /// The share of all ways that goes through each state, and `v`; gives the largest `v` and the sum of the shares.
    #[inline(always)]
    fn shares<S: Isa>(&self, simd: S, beta: &[F], v: &mut [F], shares: &mut [F]) -> [F; 2] {
        let vectors = |numbers| F::vectors::<S>(numbers).0;
        let (log_probs, alpha, beta) =
            (vectors(self.log_probs), vectors(self.alpha), vectors(beta));
        let v = F::vectors_mut::<S>(v).0;
        let shares = F::vectors_mut::<S>(shares).0;
        let offset = F::splat(simd, self.offset);
        let mut most = F::splat(simd, F::from_f64(NOTHING));
        let mut all = F::splat(simd, F::ZERO);
        for i in 0..v.len() {
            let log = F::plus(simd, F::plus(simd, alpha[i], beta[i]), offset);
            shares[i] = Lanes::<F, S>::new(simd, log).at_most(0.0).exp().vector();
            all = F::plus(simd, all, shares[i]);
            v[i] = F::plus(simd, log_probs[i], beta[i]);
            most = F::greater(simd, v[i], most);
        }
        [F::largest(simd, most), F::sum(simd, all)]
    }
}

/// The betas of the step before, less the largest `v`.
#[inline(always)]
fn step_backward<F: Float, S: Isa>(simd: S, skip: &[F], most: F, v: &[F], beta: &mut [F]) {
    let width = beta.len();
    let vectors = |numbers| F::vectors::<S>(numbers).0;
    let (stay, next) = (vectors(&v[..width]), vectors(&v[1..1 + width]));
    let (jump, skip) = (vectors(&v[2..2 + width]), vectors(&skip[..width]));
    let beta = F::vectors_mut::<S>(beta).0;
    let taken = F::splat(simd, most);
    for i in 0..beta.len() {
        let jump = F::plus(simd, jump[i], skip[i]);
        let sum = log_sum::<F, S>(simd, [stay[i], next[i], jump]);
        beta[i] = F::minus(simd, sum, taken);
    }
}
