//! `CrossEntropyLoss` against burn-nn's, in turns in one process: `cargo bench -p benches --bench cross_entropy`.
//!
//! Arguments after `--` select: a backend (`ndarray`, `flex`, `wgpu`, with the feature of its name `cuda`), and `json` for lines that `peers/run.sh` reads.

use std::time::Duration;

use benches::{WORKS, Work, medians, milliseconds};
use burn::backend::{Autodiff, Flex, NdArray, Wgpu};
use burn::nn::loss as nn;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss::{CrossEntropyLossConfig, LossBackend};

/// What is timed.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Forward,
    /// Forward and backward, with nothing else holding the logits: what training does.
    LetGo,
    /// Forward and backward, with the logits held.
    Kept,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Forward => "forward",
            Mode::LetGo => "forward + backward",
            Mode::Kept => "forward + backward, logits kept",
        }
    }

    /// The fewest bytes: read the logits; then read them again and write the gradient.
    fn traffic(self, work: Work) -> f64 {
        let passes = if self == Mode::Forward { 1 } else { 3 };
        (work.logits() * size_of::<f32>() * passes) as f64
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let selected = |name: &str| {
        let backends = ["ndarray", "flex", "wgpu", "cuda"];
        arguments.iter().any(|argument| argument == name)
            || !arguments.iter().any(|a| backends.contains(&a.as_str()))
    };
    let json = arguments.iter().any(|argument| argument == "json");
    if selected("ndarray") {
        backend::<NdArray>("NdArray", json);
    }
    if selected("flex") {
        backend::<Flex>("Flex", json);
    }
    if selected("wgpu") {
        backend::<Wgpu>("Wgpu", json);
    }
    #[cfg(feature = "cuda")]
    if selected("cuda") {
        backend::<burn::backend::Cuda>("Cuda", json);
    }
}

fn backend<B: LossBackend>(name: &str, json: bool) {
    if !json {
        println!("\n## {name}\n");
        println!("| work | what | burn-nn, ms | ours, ms | times faster | ours, GB/s |");
        println!("| --- | --- | ---: | ---: | ---: | ---: |");
    }
    for work in WORKS {
        for mode in [Mode::Forward, Mode::LetGo, Mode::Kept] {
            let [burns, ours] = compare::<B>(work, mode);
            let (shape, what) = (work.name(), mode.name());
            let ratio = burns.as_secs_f64() / ours.as_secs_f64();
            let speed = mode.traffic(work) / ours.as_secs_f64() / 1e9;
            if json {
                let line = |who: &str, time: Duration| {
                    let ms = time.as_secs_f64() * 1e3;
                    println!(
                        r#"{{"who": "{who}, {name}", "work": "{shape}", "what": "{what}", "ms": {ms}}}"#
                    );
                };
                line("burn-nn", burns);
                line("burn-loss", ours);
            } else {
                let [burns, ours] = [burns, ours].map(milliseconds);
                println!("| {shape} | {what} | {burns} | {ours} | {ratio:.1} | {speed:.1} |");
            }
        }
    }
}

/// The medians of burn-nn's and of our loss.
fn compare<B: LossBackend>(work: Work, mode: Mode) -> [Duration; 2] {
    let device = B::Device::default();
    let ours = CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let burns = nn::CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let (logits, targets) = work.inputs::<B>(&device);
    if work.side == 1 {
        let burns = |logits, targets| burns.forward(logits, targets);
        let ours = |logits, targets| ours.forward(logits, targets);
        return take_turns(mode, logits, targets, &burns, &ours);
    }
    let (of_logits, of_targets) = work.dense();
    let (logits, targets) = (logits.reshape(of_logits), targets.reshape(of_targets));
    let burns = |logits, targets| {
        let (logits, targets) = as_rows(logits, targets);
        burns.forward(logits, targets)
    };
    let ours = |logits, targets| ours.forward_nd(logits, targets);
    take_turns(mode, logits, targets, &burns, &ours)
}

/// A loss of logits and targets.
type Loss<'a, B, const D: usize, const T: usize> =
    &'a dyn Fn(Tensor<Autodiff<B>, D>, Tensor<Autodiff<B>, T, Int>) -> Tensor<Autodiff<B>, 1>;

fn take_turns<B: LossBackend, const D: usize, const T: usize>(
    mode: Mode,
    logits: Tensor<B, D>,
    targets: Tensor<B, T, Int>,
    burns: Loss<B, D, T>,
    ours: Loss<B, D, T>,
) -> [Duration; 2] {
    let device = logits.device();
    let wait = || B::sync(&device).expect("the device answers");
    let prepare = || {
        // Computed, as logits are, so that each turn has a buffer of the backend's own that nothing else holds.
        let fresh = logits.clone() * 1.0;
        wait();
        fresh
    };
    let step = |logits: Tensor<B, D>, loss: Loss<B, D, T>| {
        // What a contender returns is let go of after the clock stops: freeing is not its work.
        let kept = (mode != Mode::LetGo).then(|| logits.clone());
        let logits = Tensor::<Autodiff<B>, D>::from_inner(logits);
        let targets = Tensor::from_inner(targets.clone());
        let loss = match mode {
            Mode::Forward => loss(logits, targets),
            Mode::LetGo | Mode::Kept => loss(logits.require_grad(), targets),
        };
        let grads = (mode != Mode::Forward).then(|| loss.backward());
        wait();
        (loss, grads, kept)
    };
    let mut by_burn = |logits| step(logits, burns);
    let mut by_us = |logits| step(logits, ours);
    let times = medians(
        Duration::from_secs(4),
        prepare,
        &mut [&mut by_burn, &mut by_us],
    );
    [times[0], times[1]]
}

/// `[N, C, H, W]` as the `[N * H * W, C]` that burn-nn takes.
fn as_rows<B: Backend>(
    logits: Tensor<B, 4>,
    targets: Tensor<B, 3, Int>,
) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
    let [n, classes, height, width] = logits.dims();
    let rows = n * height * width;
    let logits = logits.permute([0, 2, 3, 1]).reshape([rows, classes]);
    (logits, targets.reshape([rows]))
}
