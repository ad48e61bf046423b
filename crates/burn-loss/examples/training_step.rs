//! A training step: a line learned with Huber's loss. `cargo run -p burn-loss --example training_step`

use burn::backend::{Autodiff, NdArray};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{Distribution, Tensor};
use burn_loss::{AutodiffLossBackend, HuberLossConfig};

/// Generic training code: where it said `AutodiffBackend` it says `AutodiffLossBackend`.
fn train<B: AutodiffLossBackend>(device: &B::Device) -> f32 {
    let mut model: Linear<B> = LinearConfig::new(2, 1).init(device);
    let mut optimizer = SgdConfig::new().init();
    let loss = HuberLossConfig::new().with_delta(0.5).init();
    let mut last = f32::INFINITY;
    for _ in 0..200 {
        let x = Tensor::<B, 2>::random([64, 2], Distribution::Default, device);
        let y = x.clone().sum_dim(1) * 3.0 - 1.0;
        let value = loss.forward(model.forward(x), y);
        last = value.clone().into_data().iter().next().expect("one number");
        let gradients = GradientsParams::from_grads(value.backward(), &model);
        model = optimizer.step(0.3, model, gradients);
    }
    last
}

fn main() {
    let last = train::<Autodiff<NdArray>>(&Default::default());
    println!("the loss after 200 steps: {last:.5}");
    assert!(last < 0.01, "it has not learned");
}
