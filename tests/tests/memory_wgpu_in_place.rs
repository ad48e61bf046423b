//! What an element-wise loss reserves on a GPU, through fusion. Alone in its process, as `memory_wgpu` is.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, ElementConversion, Tensor};
use burn_loss::{LossBackend, MseLossConfig};
use burn_loss_tests::backend::{TestBackend, WgpuFusion};
use burn_loss_tests::wgpu::reserved;

const MIB: u64 = 1 << 20;
/// What each of the tensors below takes: most of a page of the device's memory, so that no two share one.
const TENSOR: u64 = 28 * MIB;

/// Forward and backward of an element-wise loss of a prediction that nothing else holds, or that is kept.
fn elementwise<B: LossBackend>(device: &B::Device, keep: bool) {
    let random = || {
        let count = TENSOR as usize / size_of::<f32>();
        Tensor::<Autodiff<B>, 1>::random([count], Distribution::Default, device)
    };
    let (x, target) = (random().require_grad(), random());
    let prediction = x.clone() + 1.0;
    let kept = keep.then(|| prediction.clone());
    let loss = MseLossConfig::new().init().forward(prediction, target);
    let gradients = loss.backward();
    let gradient = x.grad(&gradients).expect("it is tracked");
    assert!(gradient.sum().into_scalar().elem::<f32>().is_finite());
    drop(kept);
}

/// The input, the target, and the prediction, whose memory becomes the gradient's.
#[test]
fn a_prediction_that_is_let_go_becomes_its_gradient() {
    let device = WgpuFusion::device();
    let before = reserved();
    elementwise::<WgpuFusion>(&device, false);
    let let_go = reserved() - before;
    elementwise::<WgpuFusion>(&device, true);
    let kept = reserved() - before;
    println!("let go {} MiB, kept {} MiB", let_go / MIB, kept / MIB);
    assert!(let_go < 4 * TENSOR, "{let_go}");
    // What the assertion above would see if the gradient had memory of its own.
    assert!(kept >= 4 * TENSOR, "{kept}");
}
