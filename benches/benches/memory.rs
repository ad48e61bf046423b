//! Peak memory above the logits during forward and backward, ours and burn-nn's: `cargo bench -p benches --bench memory`.

use benches::WORKS;
use burn::backend::{Autodiff, Flex, NdArray};
use burn::nn::loss as nn;
use burn::tensor::Tensor;
use burn_loss::{CrossEntropyLossConfig, LossBackend};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    println!("Peak above the logits, logits let go, in percent of the logits:\n");
    println!("| work | backend | burn-nn | ours |");
    println!("| --- | --- | ---: | ---: |");
    for work in WORKS.iter().filter(|work| work.side == 1) {
        backend::<NdArray>("NdArray", work);
        backend::<Flex>("Flex", work);
    }
}

fn backend<B: LossBackend>(name: &str, work: &benches::Work) {
    let device = B::Device::default();
    let (logits, targets) = work.inputs::<B>(&device);
    let data = logits.to_data();
    drop(logits);
    let peak = |loss: &dyn Fn(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 1>| {
        // Computed, as logits are: in a buffer of the backend's own.
        let logits = Tensor::<B, 2>::from_data(data.clone(), &device) * 1.0;
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let grads = loss(Tensor::from_inner(logits).require_grad()).backward();
        let peak = MEMORY.peak_usage() - before;
        drop(grads);
        100.0 * peak as f64 / (work.logits() * size_of::<f32>()) as f64
    };
    let rows = Tensor::from_inner(targets);
    let burns = nn::CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let ours = CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let burns = peak(&|logits| burns.forward(logits, rows.clone()));
    let ours = peak(&|logits| ours.forward(logits, rows.clone()));
    println!("| {} | {name} | {burns:.1}% | {ours:.1}% |", work.name());
}
