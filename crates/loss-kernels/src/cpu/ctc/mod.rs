//! Connectionist temporal classification: the loss of all ways to spread a target over the steps of an input.
//!
//! The target `l` of a sample becomes `2 S + 1` states, a blank between all its classes and around them. With the log-probability
//! `y_t(s)` of the class of state `s` at step `t`, and `skip(s)` where a state's class is neither blank nor that of two states
//! before:
//!
//! ```text
//! forward:   alpha_0(s) = y_0(s) for the first two states, else nothing
//!            alpha_t(s) = y_t(s) + log(exp alpha_{t-1}(s) + exp alpha_{t-1}(s - 1) + [skip(s)] exp alpha_{t-1}(s - 2))
//!            loss       = -log(exp alpha_{T-1}(last) + exp alpha_{T-1}(last but one))
//!
//! backward:  beta_{T-1}(s) = 0 for the last two states, else nothing
//!            v_t(s)        = y_t(s) + beta_t(s)
//!            beta_{t-1}(s) = log(exp v_t(s) + exp v_t(s + 1) + [skip(s + 2)] exp v_t(s + 2))
//!            gradient_t(c) = -sum over the states s of class c of exp(alpha_t(s) + beta_t(s) + loss)
//! ```
//!
//! Each step's largest alpha is taken out of it and added up in `f64`, and so is that of `v`: what is left is small, and keeps
//! its digits at any length. The gradient is that of the loss with respect to the log-probabilities as they are; PyTorch's adds
//! `exp` of them, which a `log_softmax` before it takes away again.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `states` | the states of a sample, and what a state adds to its neighbours |
//! | `sample` | both passes over a sample |

mod sample;
mod states;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::memory::pages;
use super::simd::{Arch, Float};
use super::tasks;
use sample::Sample;

/// Samples, each with a target that is shorter than its input.
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::ctc::Ctc;
///
/// // Two steps, one sample, a blank and one class, each with the probability 1/2.
/// let log_probs = [0.5f64.ln(); 4];
/// let ctc = Ctc {
///     log_probs: &log_probs,
///     shape: [2, 1, 2],
///     targets: &[1],
///     input_lengths: &[2],
///     target_lengths: &[1],
///     blank: 0,
/// };
/// let (losses, gradient) = ctc.run(true);
/// // Of four ways three give the class once.
/// assert!((losses[0] + 0.75f64.ln()).abs() < 1e-12);
/// // The class is there in two of three ways at each step, the blank in one.
/// assert!((gradient.unwrap()[1] + 2.0 / 3.0).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ctc<'a, F> {
    /// The log-probabilities, `[T, N, C]`.
    pub log_probs: &'a [F],
    /// `[T, N, C]`.
    pub shape: [usize; 3],
    /// The classes of each sample's target, `[N, S]`; what is beyond its length is not looked at.
    pub targets: &'a [i64],
    /// The steps of each sample, `[N]`, at most `T`.
    pub input_lengths: &'a [i64],
    /// The classes of each sample's target, `[N]`, at most `S`.
    pub target_lengths: &'a [i64],
    /// The class that stands for nothing.
    pub blank: usize,
}

impl<F: Float> Ctc<'_, F> {
    /// One loss per sample, `[N]`, infinite where its target does not fit into its input, and their gradient if it is wanted,
    /// `[T, N, C]`: NaN where the loss is no finite number, 0 beyond the input's length.
    ///
    /// # Panics
    ///
    /// If a slice does not have the length of its shape, a length is larger than its axis, or a class is not in `[0, C)`.
    pub fn run(&self, wanted: bool) -> (Vec<F>, Option<Vec<F>>) {
        let [_, samples, _] = self.shape;
        let numbers = self.shape.iter().product::<usize>();
        assert_eq!(
            self.log_probs.len(),
            numbers,
            "log-probabilities are [T, N, C]"
        );
        for lengths in [self.input_lengths, self.target_lengths] {
            assert_eq!(lengths.len(), samples, "lengths are [N]");
        }
        let arch = Arch::detect();
        let found = tasks::map(samples, 1, |range| {
            arch.run(Sample::new(self, range.start, wanted))
        });
        let gradient = wanted.then(|| self.side_by_side(&found));
        let loss = |found: &sample::Found<F>| F::from_f64(found.loss);
        (found.iter().map(loss).collect(), gradient)
    }

    /// The samples' gradients, each `[T_n, C]`, as `[T, N, C]`.
    fn side_by_side(&self, found: &[sample::Found<F>]) -> Vec<F> {
        let [_, samples, classes] = self.shape;
        let mut gradient = pages::zeroed(self.log_probs.len());
        let step = samples * classes;
        if step > 0 {
            let steps = gradient.par_chunks_mut(step).enumerate();
            steps.with_min_len(STEPS).for_each(|(t, rows)| {
                for (row, found) in rows.chunks_mut(classes).zip(found) {
                    let at = t * classes;
                    if let Some(part) = found.gradient.get(at..at + classes) {
                        row.copy_from_slice(part);
                    }
                }
            });
        }
        gradient
    }

    /// The steps and the target of a sample.
    fn sample(&self, n: usize) -> (usize, &[i64]) {
        let [steps, samples, _] = self.shape;
        let longest = self.targets.len() / samples;
        let [input, target] = [self.input_lengths, self.target_lengths].map(|l| l[n] as usize);
        assert!(
            input <= steps && target <= longest,
            "a length beyond its axis"
        );
        (input, &self.targets[n * longest..][..target])
    }
}

/// Steps that are worth a task of copying.
const STEPS: usize = 64;
