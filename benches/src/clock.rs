//! The clock, our own and not a benchmark framework's, because contenders take turns on inputs that are made outside the
//! measured time: a loss may write its gradient into the prediction.

use std::time::{Duration, Instant};

/// How long a contender's turn lasts, and how many runs it has at least.
const TURN: (Duration, usize) = (Duration::from_millis(50), 2);

/// How long all contenders of a row are measured: BUDGET in seconds, or else two each.
///
/// # Panics
///
/// If BUDGET is no number of seconds.
pub fn budget(contenders: usize) -> Duration {
    let seconds = std::env::var("BUDGET").map_or(2.0, |budget| {
        budget.parse().expect("BUDGET is a number of seconds")
    });
    Duration::from_secs_f64(seconds) * contenders as u32
}

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
    times.iter_mut().map(|times| middle(times)).collect()
}

/// The median time of a contender that is alone in its process, takes seconds and has run once: for about `budget`, and three runs at
/// least. Letting go of what it returns is not measured.
pub fn median<U>(budget: Duration, mut run: impl FnMut() -> U) -> Duration {
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < 3 || begin.elapsed() < budget {
        let start = Instant::now();
        let output = run();
        times.push(start.elapsed());
        drop(output);
    }
    middle(&mut times)
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
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
