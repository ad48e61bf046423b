//! `CrossEntropyLoss` against burn-nn's, in turns in one process: `cargo bench -p benches --bench cross_entropy`.
//!
//! Arguments after `--` select: backends (`ndarray`, `flex`, `wgpu`, with the feature of its name `cuda`), contenders
//! (`burn-nn`, `burn-loss`), shapes (`8192x1000`), and `json` for lines that `peers/run.sh` reads.

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

/// Whose loss is timed.
const CONTENDERS: [&str; 2] = ["burn-nn", "burn-loss"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    // Those of a kind that are named, or all of them.
    let selected = |name: &str, all: &[&str]| given(name) || !all.iter().any(|name| given(name));
    let backends = |name| selected(name, &["ndarray", "flex", "wgpu", "cuda"]);
    let contenders = CONTENDERS.map(|name| selected(name, &CONTENDERS));
    let shapes = WORKS.map(|work| work.argument());
    let shapes = shapes.each_ref().map(String::as_str);
    let works = WORKS.into_iter().zip(shapes);
    let works = works.filter(|(_, shape)| selected(shape, &shapes));
    let works: Vec<Work> = works.map(|(work, _)| work).collect();
    let json = given("json");
    if backends("ndarray") {
        backend::<NdArray>("NdArray", &works, contenders, json);
    }
    if backends("flex") {
        backend::<Flex>("Flex", &works, contenders, json);
    }
    if backends("wgpu") {
        backend::<Wgpu>("Wgpu", &works, contenders, json);
    }
    #[cfg(feature = "cuda")]
    if backends("cuda") {
        backend::<burn::backend::Cuda>("Cuda", &works, contenders, json);
    }
}

fn backend<B: LossBackend>(name: &str, works: &[Work], contenders: [bool; 2], json: bool) {
    if !json {
        println!("\n## {name}\n");
        println!("| work | what | burn-nn, ms | ours, ms | times faster | ours, GB/s |");
        println!("| --- | --- | ---: | ---: | ---: | ---: |");
    }
    for &work in works {
        for mode in [Mode::Forward, Mode::LetGo, Mode::Kept] {
            let times = compare::<B>(work, mode, contenders);
            let (shape, what) = (work.name(), mode.name());
            if json {
                for (who, time) in CONTENDERS.iter().zip(times) {
                    let Some(time) = time else { continue };
                    let ms = time.as_secs_f64() * 1e3;
                    println!(
                        r#"{{"who": "{who}, {name}", "work": "{shape}", "what": "{what}", "ms": {ms}}}"#
                    );
                }
                continue;
            }
            let ratio = match times {
                [Some(burns), Some(ours)] => burns.as_secs_f64() / ours.as_secs_f64(),
                _ => f64::NAN,
            };
            let speed = times[1].map_or(f64::NAN, |ours| {
                mode.traffic(work) / ours.as_secs_f64() / 1e9
            });
            let [burns, ours] = times.map(|time| time.map_or("-".into(), milliseconds));
            println!("| {shape} | {what} | {burns} | {ours} | {ratio:.1} | {speed:.1} |");
        }
    }
}

/// The medians of burn-nn's and of our loss, of those that are selected.
fn compare<B: LossBackend>(work: Work, mode: Mode, contenders: [bool; 2]) -> [Option<Duration>; 2] {
    let device = B::Device::default();
    let ours = CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let burns = nn::CrossEntropyLossConfig::new().init::<Autodiff<B>>(&device);
    let (logits, targets) = work.inputs::<B>(&device);
    if work.side == 1 {
        let burns = |logits, targets| burns.forward(logits, targets);
        let ours = |logits, targets| ours.forward(logits, targets);
        return take_turns(mode, logits, targets, [&burns, &ours], contenders);
    }
    let (of_logits, of_targets) = work.dense();
    let (logits, targets) = (logits.reshape(of_logits), targets.reshape(of_targets));
    let burns = |logits, targets| {
        let (logits, targets) = as_rows(logits, targets);
        burns.forward(logits, targets)
    };
    let ours = |logits, targets| ours.forward_nd(logits, targets);
    take_turns(mode, logits, targets, [&burns, &ours], contenders)
}

/// A loss of logits and targets.
type Loss<'a, B, const D: usize, const T: usize> =
    &'a dyn Fn(Tensor<Autodiff<B>, D>, Tensor<Autodiff<B>, T, Int>) -> Tensor<Autodiff<B>, 1>;

fn take_turns<B: LossBackend, const D: usize, const T: usize>(
    mode: Mode,
    logits: Tensor<B, D>,
    targets: Tensor<B, T, Int>,
    losses: [Loss<B, D, T>; 2],
    selected: [bool; 2],
) -> [Option<Duration>; 2] {
    let device = logits.device();
    let wait = || B::sync(&device).expect("the device answers");
    let prepare = || match mode {
        // Held here, and the same in every run, as PyTorch's and JAX's are.
        Mode::Forward | Mode::Kept => logits.clone(),
        // Computed, as logits are, so that each run has a buffer of the backend's own that nothing else holds.
        Mode::LetGo => {
            let fresh = logits.clone() * 1.0;
            wait();
            fresh
        }
    };
    let step = &|logits: Tensor<B, D>, loss: Loss<B, D, T>| {
        let logits = Tensor::<Autodiff<B>, D>::from_inner(logits);
        let targets = Tensor::from_inner(targets.clone());
        let loss = match mode {
            Mode::Forward => loss(logits, targets),
            Mode::LetGo | Mode::Kept => loss(logits.require_grad(), targets),
        };
        let grads = (mode != Mode::Forward).then(|| loss.backward());
        wait();
        // Let go of after the clock stops: freeing is not a contender's work.
        (loss, grads)
    };
    let mut steps = losses.map(|loss| move |logits| step(logits, loss));
    let mut taking_turns: Vec<&mut dyn FnMut(Tensor<B, D>) -> _> = Vec::new();
    for (step, _) in steps
        .iter_mut()
        .zip(selected)
        .filter(|(_, selected)| *selected)
    {
        taking_turns.push(step);
    }
    let mut times = medians(Duration::from_secs(4), prepare, &mut taking_turns)
        .into_iter()
        .peekable();
    selected.map(|selected| times.next_if(|_| selected))
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
