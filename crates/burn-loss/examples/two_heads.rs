//! A model with two heads, a number and a class, whose losses weigh themselves. `cargo run -p burn-loss --example two_heads`

use burn::backend::{Autodiff, NdArray};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Distribution, Tensor};
use burn_loss::{
    AutodiffLossBackend, CrossEntropyLossConfig, Likelihood, LossBackend, LossParts, MseLossConfig,
    UncertaintyWeighting, UncertaintyWeightingConfig,
};

/// The heads, and the weights of their losses: one module, one optimizer.
#[derive(Module, Debug)]
struct Model<B: LossBackend> {
    number: Linear<B>,
    class: Linear<B>,
    weighting: UncertaintyWeighting<B>,
}

fn train<B: AutodiffLossBackend>(device: &B::Device) -> Vec<(String, f64)> {
    let likelihoods = vec![Likelihood::Gaussian, Likelihood::Categorical];
    let mut model = Model::<B> {
        number: LinearConfig::new(2, 1).init(device),
        class: LinearConfig::new(2, 2).init(device),
        weighting: UncertaintyWeightingConfig::new(likelihoods).init(device),
    };
    let (mse, cross_entropy) = (
        MseLossConfig::new().init(),
        CrossEntropyLossConfig::new().init::<B>(device),
    );
    let mut optimizer = AdamConfig::new().init();
    let mut values = Vec::new();
    for _ in 0..300 {
        let x = Tensor::<B, 2>::random([64, 2], Distribution::Default, device);
        let y = x.clone().sum_dim(1) * 3.0 - 1.0;
        let class = x
            .clone()
            .narrow(1, 0, 1)
            .greater_elem(0.5)
            .int()
            .reshape([64]);
        let of_number = mse.forward(model.number.forward(x.clone()), y);
        let of_class = cross_entropy.forward(model.class.forward(x), class);
        let total = model
            .weighting
            .forward([of_number.clone(), of_class.clone()]);
        let parts = LossParts::new()
            .with("number", of_number, 1.0)
            .with("class", of_class, 1.0);
        values = parts.values();
        let gradients = GradientsParams::from_grads(total.backward(), &model);
        model = optimizer.step(0.05, model, gradients);
    }
    println!("{}", model.weighting.log_variances.val());
    values
}

fn main() {
    let values = train::<Autodiff<NdArray>>(&Default::default());
    println!("after 300 steps: {values:?}");
    let [(_, number), (_, class)] = &values[..] else {
        unreachable!("there are two heads");
    };
    assert!(*number < 0.1, "the number is not learned");
    assert!(*class < 0.4, "the class is not learned");
}
