//! What a loss straight from hidden states reserves on a GPU. Alone in its process: the memory of a device is counted as a whole.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Int, Tensor};
use burn_loss::{CrossEntropyLossConfig, LinearHead};
use burn_loss_tests::backend::{TestBackend, WgpuPlain};
use burn_loss_tests::wgpu::reserved;

type B = Autodiff<WgpuPlain>;

/// `[M, H, C]`: the logits are 64 MiB, hidden states, weight and their gradients 1.25 MiB.
const SHAPE: [usize; 3] = [2048, 16, 8192];
const MIB: u64 = 1 << 20;

/// Forward and backward with this budget, or through the logits.
fn step(memory_budget: Option<usize>) {
    let [m, h, c] = SHAPE;
    let device = WgpuPlain::device();
    let random = |shape: [usize; 2]| {
        Tensor::<B, 2>::random(shape, Distribution::Default, &device).require_grad()
    };
    let (hidden, weight) = (random([m, h]), random([h, c]));
    let targets = Tensor::<B, 1, Int>::arange(0..m as i64, &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let found = match memory_budget {
        Some(bytes) => {
            let head = LinearHead::new(weight.clone(), None).with_memory_budget(bytes);
            loss.forward_linear(hidden, &head, targets)
        }
        None => loss.forward(hidden.matmul(weight.clone()), targets),
    };
    let gradients = found.backward();
    let gradient = weight.grad(&gradients).expect("it is tracked");
    assert!(gradient.sum().into_scalar().is_finite());
}

#[test]
fn a_head_never_holds_its_logits() {
    let before = reserved();
    // Of 4 MiB each, the pool would take pages of 32.
    step(Some(2 << 20));
    let of_chunks = reserved() - before;
    println!("in chunks {} MiB", of_chunks / MIB);
    // Two chunks, whose gradient takes the place of their logits: beside them it would be 64 MiB.
    step(Some(32 << 20));
    let of_halves = reserved() - before;
    println!("in halves {} MiB", of_halves / MIB);
    step(None);
    let of_logits = reserved() - before;
    println!("with logits {} MiB", of_logits / MIB);
    assert!(of_chunks < 24 * MIB, "{of_chunks}");
    assert!(of_halves < 64 * MIB, "{of_halves}");
    // What the assertion above would see if the logits were held.
    assert!(of_logits >= 64 * MIB, "{of_logits}");
}
