//! The sum of two losses of the same prediction, each with its weight.

use burn::backend::{Autodiff, NdArray};
use burn::tensor::{Int, Tensor};
use burn_loss::{CrossEntropyLossConfig, GeneralizedCrossEntropyLossConfig};

type B = Autodiff<NdArray>;

fn main() {
    let device = Default::default();
    let cross_entropy = CrossEntropyLossConfig::new().init::<B>(&device);
    let robust = GeneralizedCrossEntropyLossConfig::new().init::<B>(&device);

    let logits = Tensor::<B, 2>::from_floats([[2.0, 0.0], [0.0, 1.0]], &device).require_grad();
    let targets = Tensor::<B, 1, Int>::from_ints([0, 0], &device);
    let first = cross_entropy.forward(logits.clone(), targets.clone());
    let second = robust.forward(logits.clone(), targets);
    println!(
        "{:.4} and {:.4}",
        first.clone().into_scalar(),
        second.clone().into_scalar()
    );

    let gradients = (first * 0.7 + second * 0.3).backward();
    let gradient = logits.grad(&gradients).expect("the logits are tracked");
    println!("{gradient}");
}
