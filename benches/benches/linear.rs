//! The linear form, a classifier head and cross entropy in one step: forward + backward with hidden states and weight tracked, and
//! the three matrix products of the same shape, which no head can do without.
//!
//! Prints one JSON line per shape `MxHxC`, rows that count and contender; `peers/linear.sh` runs each in a process of its own,
//! PyTorch beside it, and makes a table of the lines. Arguments after `--` select: shapes (`1024x512x32000`), rows (`all`, or
//! `tenth`: nine tenths are ignored), contenders (`products`, `ndarray-128`, `ndarray-32`, `flex-128`, `flex-32`, and with the
//! feature `wgpu` also `wgpu-128`, the numbers being memory budgets in MiB, and `wgpu-logits`, Burn's product and cross entropy).
//!
//! Gradients are new tensors in each step, as they are in PyTorch's; the products go into buffers that stay. Memory is the peak
//! above inputs and gradients in the first step, which also makes the buffers that are kept.

use benches::{Products, budget, median};
#[cfg(feature = "wgpu")]
use burn::backend::Wgpu;
use burn::backend::{Autodiff, Flex, NdArray};
use burn::tensor::{ElementConversion, Int, Tensor, TensorData};
use burn_loss::{CrossEntropyLoss, CrossEntropyLossConfig, LinearHead, LossBackend};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SHAPES: [[usize; 3]; 4] = [
    [1024, 512, 32000],
    [2048, 768, 50257],
    [512, 1024, 128256],
    // For a GPU that is a program.
    [512, 256, 32000],
];
const ROWS: [&str; 2] = ["all", "tenth"];
/// Who is measured, by the name that selects it.
type Contender = (&'static str, fn(&Work));
const CONTENDERS: &[Contender] = &[
    ("products", products),
    ("ndarray-128", |work| ours::<NdArray>(work, "NdArray", 128)),
    ("ndarray-32", |work| ours::<NdArray>(work, "NdArray", 32)),
    ("flex-128", |work| ours::<Flex>(work, "Flex", 128)),
    ("flex-32", |work| ours::<Flex>(work, "Flex", 32)),
    #[cfg(feature = "wgpu")]
    ("wgpu-128", |work| ours::<Wgpu>(work, "Wgpu", 128)),
    #[cfg(feature = "wgpu")]
    ("wgpu-logits", |work| with_logits::<Wgpu>(work, "Wgpu")),
];
const IGNORED: i64 = -100;

/// What is computed; the same inputs as in peers/linear.py.
struct Work {
    /// M rows, H hidden units, C classes.
    shape: [usize; 3],
    rows: &'static str,
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        // Cargo adds an option of its own.
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let shapes = SHAPES.map(|shape| shape.map(|size| size.to_string()).join("x"));
    let shapes = shapes.each_ref().map(String::as_str);
    let contenders: Vec<_> = CONTENDERS.iter().map(|(name, _)| *name).collect();
    let kinds: [&[&str]; 3] = [&shapes, &ROWS, &contenders];
    for word in &words {
        if !kinds.concat().contains(&word.as_str()) {
            eprintln!("{word} is none of {}", kinds.concat().join(", "));
            std::process::exit(2);
        }
    }
    // Whether this one of a kind is named, or none of them is.
    let has = |name: &str, kind: &[&str]| {
        let named = |name: &str| words.iter().any(|word| word == name);
        named(name) || !kind.iter().any(|other| named(other))
    };
    for (shape, name) in SHAPES.into_iter().zip(shapes) {
        for rows in ROWS {
            for &(contender, measure) in CONTENDERS {
                if has(name, &shapes) && has(rows, &ROWS) && has(contender, &contenders) {
                    measure(&Work { shape, rows });
                }
            }
        }
    }
}

impl Work {
    fn hidden(&self) -> Vec<f32> {
        let [m, h, _] = self.shape;
        (0..(m * h) as u32).map(|index| noise(2 * index)).collect()
    }

    fn weight(&self) -> Vec<f32> {
        let [_, h, c] = self.shape;
        let scale = (h as f32).sqrt().recip();
        let number = |index: u32| noise(2 * index + 1) * scale;
        (0..(h * c) as u32).map(number).collect()
    }

    fn targets(&self) -> Vec<i64> {
        let [m, _, c] = self.shape;
        let class = |row: usize| match self.counts(row) {
            true => (row * 7919 % c) as i64,
            false => IGNORED,
        };
        (0..m).map(class).collect()
    }

    fn counts(&self, row: usize) -> bool {
        self.rows == "all" || row.is_multiple_of(10)
    }

    /// A line for the table.
    fn print(&self, who: &str, ms: f64, found: Option<(f64, f64)>) {
        let (shape, rows) = (self.shape.map(|size| size.to_string()).join("x"), self.rows);
        let found = found.map_or(String::new(), |(mib, loss)| {
            format!(r#", "mib": {mib:.1}, "loss": {loss}"#)
        });
        println!(
            r#"{{"shape": "{shape}", "rows": "{rows}", "who": "{who}", "setting": "", "ms": {ms}{found}}}"#
        );
    }
}

/// A number between -1 and 1 that looks random.
fn noise(index: u32) -> f32 {
    let mixed = index.wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x045D_9F3B);
    let mixed = mixed ^ (mixed >> 16);
    (mixed >> 8) as f32 / (1 << 23) as f32 - 1.0
}

fn products(work: &Work) {
    let [m, h, c] = work.shape;
    // Rows that do not count need no product.
    let counted = (0..m).filter(|&row| work.counts(row)).count();
    let hidden = work.hidden()[..counted * h].to_vec();
    let mut products = Products::new([counted, h, c], hidden, work.weight());
    products.run();
    let time = median(budget(1), || products.run());
    work.print("three products", time.as_secs_f64() * 1e3, None);
}

fn ours<B: LossBackend>(work: &Work, backend: &str, memory_budget: usize) {
    let who = format!("burn-loss, {backend}, {memory_budget} MiB");
    measure::<B>(work, &who, |loss, hidden, weight, targets| {
        let head = LinearHead::new(weight, None).with_memory_budget(memory_budget << 20);
        loss.forward_linear(hidden, &head, targets)
    });
}

#[cfg(feature = "wgpu")]
fn with_logits<B: LossBackend>(work: &Work, backend: &str) {
    let who = format!("Burn's product and cross entropy, {backend}");
    measure::<B>(work, &who, |loss, hidden, weight, targets| {
        loss.forward(hidden.matmul(weight), targets)
    });
}

fn measure<B: LossBackend>(
    work: &Work,
    who: &str,
    forward: impl Fn(
        &CrossEntropyLoss<Autodiff<B>>,
        Tensor<Autodiff<B>, 2>,
        Tensor<Autodiff<B>, 2>,
        Tensor<Autodiff<B>, 1, Int>,
    ) -> Tensor<Autodiff<B>, 1>,
) {
    let device = B::Device::default();
    let [m, h, c] = work.shape;
    let tensor = |numbers: Vec<f32>, shape: [usize; 2]| {
        Tensor::<B, 2>::from_data(TensorData::new(numbers, shape), &device)
    };
    let (hidden, weight) = (tensor(work.hidden(), [m, h]), tensor(work.weight(), [h, c]));
    let targets = TensorData::new(work.targets(), [m]);
    let targets = Tensor::<Autodiff<B>, 1, Int>::from_data(targets, &device);
    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(IGNORED))
        .init::<Autodiff<B>>(&device);
    let tracked = |tensor: &Tensor<B, 2>| {
        let tensor = Tensor::<Autodiff<B>, 2>::from_inner(tensor.clone());
        tensor.require_grad()
    };
    let step = || {
        let (hidden, weight) = (tracked(&hidden), tracked(&weight));
        let loss = forward(&loss, hidden, weight, targets.clone());
        let grads = loss.backward();
        B::sync(&device).expect("the device answers");
        (loss, grads)
    };
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let (value, grads) = step();
    let gradients = (m * h + h * c) * size_of::<f32>();
    let peak = MEMORY.peak_usage().saturating_sub(before + gradients);
    drop(grads);
    let value: f64 = value.into_scalar().elem();
    let time = median(budget(1), step);
    work.print(
        who,
        time.as_secs_f64() * 1e3,
        Some((peak as f64 / f64::from(1 << 20), value)),
    );
}
