//! The states of a sample, and what a state adds to its neighbours.

use crate::Number;
use crate::cpu::simd::{Float, Isa, Lanes};

/// Stands for the logarithm of nothing: unlike minus infinity it can be subtracted from itself.
pub(super) const NOTHING: f64 = -1e30;

/// Whether this is the logarithm of nothing, whatever was added to it.
pub(super) fn is_nothing(log: f64) -> bool {
    log < NOTHING / 2.0
}

/// The states of a sample.
pub(super) struct States<F> {
    /// The class of each.
    pub(super) classes: Vec<usize>,
    /// How many numbers a row of them takes: whole vectors.
    pub(super) width: usize,
    /// 0 where a state may follow the one two before, else [`NOTHING`]; two more than `width`.
    pub(super) skip: Vec<F>,
}

impl<F: Float> States<F> {
    pub(super) fn new(target: &[i64], blank: usize, num_classes: usize, lanes: usize) -> Self {
        let class = |&class: &i64| {
            assert!(
                (0..num_classes as i64).contains(&class),
                "a target that is no class"
            );
            class as usize
        };
        let labels = target.iter().flat_map(|label| [class(label), blank]);
        let classes: Vec<usize> = std::iter::once(blank).chain(labels).collect();
        let width = classes.len().next_multiple_of(lanes);
        let mut skip = vec![F::from_f64(NOTHING); width + 2];
        for s in 2..classes.len() {
            if classes[s] != blank && classes[s] != classes[s - 2] {
                skip[s] = F::ZERO;
            }
        }
        Self {
            classes,
            width,
            skip,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.classes.len()
    }
}

/// `log(e^a + e^b + e^c)`.
#[inline(always)]
pub(super) fn log_sum<F: Float, S: Isa>(simd: S, [a, b, c]: [F::Vector<S>; 3]) -> F::Vector<S> {
    let (low, high) = (F::lesser(simd, a, b), F::greater(simd, a, b));
    let (middle, most) = (F::lesser(simd, high, c), F::greater(simd, high, c));
    let [low, middle, most] = [low, middle, most].map(|v| Lanes::<F, S>::new(simd, v));
    (most + ((low - most).exp() + (middle - most).exp()).ln_1p()).vector()
}

/// The largest of two numbers, and the logarithm of the sum of their exponentials.
pub(super) fn log_sum_of_two(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    most + (-(a - b).abs()).exp().ln_1p()
}
