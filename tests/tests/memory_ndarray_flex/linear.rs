//! What a loss straight from hidden states allocates beside its gradients.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Int, Tensor};
use burn_loss::{CrossEntropyLossConfig, LinearHead, LossBackend};

use crate::MEMORY;

/// `[M, H, C]`: the logits would be 64 MiB.
const SHAPE: [usize; 3] = [2048, 16, 8192];
pub const MIB: usize = 1 << 20;

/// What is in use before the first of these losses: what they keep for the next one counts as theirs.
pub struct Memory {
    before: usize,
}

impl Memory {
    /// Before the first loss.
    pub fn now() -> Self {
        Self {
            before: MEMORY.current_usage(),
        }
    }

    /// The peak during forward and backward beyond inputs and gradients, in bytes.
    fn peak<B: LossBackend>(
        &self,
        memory_budget: usize,
        softcap: Option<f64>,
        ignore_index: Option<i64>,
        unreduced: bool,
    ) -> usize {
        type A<B> = Autodiff<B>;
        let [m, h, c] = SHAPE;
        let device = B::Device::default();
        let random = |shape: [usize; 2]| {
            Tensor::<A<B>, 2>::random(shape, Distribution::Default, &device).require_grad()
        };
        let (hidden, weight) = (random([m, h]), random([h, c]));
        let head = LinearHead::new(weight, None)
            .with_memory_budget(memory_budget)
            .with_softcap(softcap);
        let targets = Tensor::<A<B>, 1, Int>::arange(0..m as i64, &device);
        let loss = CrossEntropyLossConfig::new()
            .with_ignore_index(ignore_index)
            .with_label_smoothing(0.1)
            .init(&device);
        MEMORY.reset_peak_usage();
        let loss = if unreduced {
            loss.forward_linear_no_reduction(hidden, &head, targets)
                .sum()
        } else {
            loss.forward_linear(hidden, &head, targets)
        };
        let gradients = loss.backward();
        let peak = MEMORY.peak_usage() - self.before;
        drop(gradients);
        let inputs_and_gradients = 2 * (m * h + h * c) * size_of::<f32>();
        peak - inputs_and_gradients
    }

    /// The budget holds, whatever the options. To be called with small budgets first, since a buffer stays as large as it was.
    pub fn check<B: LossBackend>(&self, name: &str, memory_budget: usize) {
        for unreduced in [false, true] {
            for (softcap, ignore_index) in [(None, None), (Some(20.0), None), (None, Some(0))] {
                let peak = self.peak::<B>(memory_budget, softcap, ignore_index, unreduced);
                assert!(
                    peak <= memory_budget + 8 * MIB,
                    "{name}: {peak} bytes with a budget of {memory_budget}, cap {softcap:?}, \
                     ignored {ignore_index:?}, unreduced {unreduced}"
                );
            }
        }
    }

    /// What the other test would see if more logits were held.
    pub fn a_large_budget_is_seen<B: LossBackend>(&self) {
        let held = self.peak::<B>(128 * MIB, None, None, false);
        assert!(held > 28 * MIB, "{held}");
    }
}
