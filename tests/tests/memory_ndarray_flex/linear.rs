//! What a loss straight from hidden states allocates beside its gradients.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Int, Tensor};
use burn_loss::*;

use crate::MEMORY;

/// `[M, H, C]`: the logits would be 64 MiB.
const SHAPE: [usize; 3] = [2048, 16, 8192];
/// One whose weight is 16 MiB, as much as its logits.
const WIDE: [usize; 3] = [512, 512, 8192];
pub const MIB: usize = 1 << 20;

type A<B> = Autodiff<B>;

/// One loss from hidden states.
#[derive(Clone, Copy, Debug)]
struct Run {
    shape: [usize; 3],
    memory_budget: usize,
    softcap: Option<f64>,
    /// The weight is a transposed view, as an embedding's table is.
    tied: bool,
    /// The weight is not tracked.
    frozen: bool,
}

impl Run {
    fn new(memory_budget: usize) -> Self {
        Self {
            shape: SHAPE,
            memory_budget,
            softcap: None,
            tied: false,
            frozen: false,
        }
    }
}

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
        run: Run,
        loss: impl Fn(Tensor<A<B>, 2>, &LinearHead<A<B>>, Tensor<A<B>, 1, Int>) -> Tensor<A<B>, 1>,
    ) -> usize {
        let [m, h, c] = run.shape;
        let device = B::Device::default();
        let random =
            |shape: [usize; 2]| Tensor::<A<B>, 2>::random(shape, Distribution::Default, &device);
        let hidden = random([m, h]).require_grad();
        let weight = match run.tied {
            true => random([c, h]),
            false => random([h, c]),
        };
        let weight = if run.frozen {
            weight
        } else {
            weight.require_grad()
        };
        let seen = if run.tied {
            weight.clone().transpose()
        } else {
            weight.clone()
        };
        let head = LinearHead::new(seen, None)
            .with_memory_budget(run.memory_budget)
            .with_softcap(run.softcap);
        let targets = Tensor::<A<B>, 1, Int>::arange(0..m as i64, &device);
        MEMORY.reset_peak_usage();
        let gradients = loss(hidden, &head, targets).backward();
        let peak = MEMORY.peak_usage() - self.before;
        drop(gradients);
        let tracked = if run.frozen { 1 } else { 2 };
        peak - (2 * m * h + tracked * h * c) * size_of::<f32>()
    }

    /// The budget holds, whatever the options. To be called with small budgets first, since a buffer stays as large as it was.
    pub fn check<B: LossBackend>(&self, name: &str, memory_budget: usize) {
        let device = B::Device::default();
        let hold = |what: &str, run: Run, peak: usize| {
            assert!(
                peak <= memory_budget + 8 * MIB,
                "{name}, {what}: {peak} bytes, {run:?}"
            );
        };
        for (softcap, ignore_index) in [(None, None), (Some(20.0), None), (None, Some(0))] {
            let run = Run {
                softcap,
                ..Run::new(memory_budget)
            };
            let loss = CrossEntropyLossConfig::new()
                .with_ignore_index(ignore_index)
                .with_label_smoothing(0.1)
                .init::<A<B>>(&device);
            let of = |x, head: &_, t| loss.forward_linear(x, head, t);
            hold("reduced", run, self.peak::<B>(run, of));
            let of = |x, head: &_, t| loss.forward_linear_no_reduction(x, head, t).sum();
            hold("unreduced", run, self.peak::<B>(run, of));
        }
        let run = Run::new(memory_budget);
        macro_rules! holds {
            ($config:expr) => {
                let loss = $config.init::<A<B>>(&device);
                let of = |x, head: &_, t| loss.forward_linear(x, head, t);
                hold(stringify!($config), run, self.peak::<B>(run, of));
            };
        }
        holds!(FocalLossConfig::new());
        holds!(PolyLossConfig::new());
        holds!(GeneralizedCrossEntropyLossConfig::new());
        holds!(LogitAdjustedLossConfig::new(vec![0.5; SHAPE[2]]));
        holds!(CosFaceLossConfig::new());
        holds!(ArcFaceLossConfig::new());
        // Neither a copy of a weight that lies transposed, nor the gradient of one that is not tracked.
        let loss = CrossEntropyLossConfig::new().init::<A<B>>(&device);
        for (tied, frozen) in [(false, false), (true, false), (false, true), (true, true)] {
            let run = Run {
                shape: WIDE,
                tied,
                frozen,
                ..run
            };
            let of = |x, head: &_, t| loss.forward_linear(x, head, t);
            hold("a wide head", run, self.peak::<B>(run, of));
        }
    }

    /// What the other test would see if more logits were held.
    pub fn a_large_budget_is_seen<B: LossBackend>(&self) {
        let loss = CrossEntropyLossConfig::new().init::<A<B>>(&B::Device::default());
        let of = |x, head: &_, t| loss.forward_linear(x, head, t);
        let held = self.peak::<B>(Run::new(128 * MIB), of);
        assert!(held > 28 * MIB, "{held}");
    }
}
