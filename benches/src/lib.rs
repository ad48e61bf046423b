//! What the benchmarks share: the work, the clock and the table.
//!
//! The clock is our own, and not a benchmark framework's, because two contenders take turns on inputs that are made outside
//! the measured time: a backward pass may consume its logits.

use std::time::{Duration, Instant};

use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Int, Tensor};

/// Logits `[N, C]`, or `[N, C, H, W]` with more than one element a class.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// `N`.
    pub rows: usize,
    /// `C`.
    pub classes: usize,
    /// `H = W`; 1 for plain rows.
    pub side: usize,
}

/// The shapes of language models, classifiers of images and of digits, and a segmentation.
pub const WORKS: [Work; 5] = [
    Work::rows(1024, 32000),
    Work::rows(512, 128256),
    Work::rows(8192, 1000),
    Work::rows(65536, 10),
    Work {
        rows: 4,
        classes: 21,
        side: 128,
    },
];

impl Work {
    const fn rows(rows: usize, classes: usize) -> Self {
        Self {
            rows,
            classes,
            side: 1,
        }
    }

    /// The shape in words.
    pub fn name(&self) -> String {
        let Self {
            rows,
            classes,
            side,
        } = self;
        match side {
            1 => format!("[{rows}, {classes}]"),
            _ => format!("[{rows}, {classes}, {side}, {side}]"),
        }
    }

    /// The shape as an argument selects it.
    pub fn argument(&self) -> String {
        self.name().replace(", ", "x").replace(['[', ']'], "")
    }

    /// The number of logits.
    pub fn logits(&self) -> usize {
        self.rows * self.classes * self.side * self.side
    }

    /// Random logits `[N, C]` and classes `[N]` of a fixed seed, of all positions of plain and of dense work.
    pub fn inputs<B: Backend>(&self, device: &B::Device) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
        B::seed(device, 7);
        let rows = self.rows * self.side * self.side;
        let normal = Distribution::Normal(0.0, 2.0);
        let logits = Tensor::random([rows, self.classes], normal, device);
        let classes = Distribution::Uniform(0.0, self.classes as f64);
        let targets = Tensor::<B, 1>::random([rows], classes, device);
        (logits, targets.int().clamp(0, self.classes as i64 - 1))
    }

    /// `[N, C, H, W]` and `[N, H, W]`, the shapes of dense work.
    pub fn dense(&self) -> ([usize; 4], [usize; 3]) {
        let Self {
            rows,
            classes,
            side,
        } = *self;
        ([rows, classes, side, side], [rows, side, side])
    }
}

/// How long a contender's turn lasts, and how many runs it has at least.
const TURN: (Duration, usize) = (Duration::from_millis(50), 3);

/// Median times of contenders that take turns: neither `prepare` nor letting go of what they return is measured.
///
/// A turn is several runs, and the first of them is not counted: it finds the caches full of what the contender before left
/// there, which no training loop does. Repeats for about `budget`, at least three turns each.
pub fn medians<T, U>(
    budget: Duration,
    mut prepare: impl FnMut() -> T,
    contenders: &mut [&mut dyn FnMut(T) -> U],
) -> Vec<Duration> {
    let mut times = vec![Vec::new(); contenders.len()];
    let start = Instant::now();
    let mut turns = 0;
    while turns < 3 || start.elapsed() < budget {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let (turn, mut runs) = (Instant::now(), 0);
            while runs < TURN.1 || turn.elapsed() < TURN.0 {
                let input = prepare();
                let start = Instant::now();
                let output = contender(input);
                let time = start.elapsed();
                drop(output);
                if runs > 0 {
                    times.push(time);
                }
                runs += 1;
            }
        }
        turns += 1;
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    times.iter_mut().map(median).collect()
}

/// Milliseconds with three digits.
pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    let places = if ms < 10.0 {
        2
    } else if ms < 100.0 {
        1
    } else {
        0
    };
    format!("{ms:.places$}")
}
