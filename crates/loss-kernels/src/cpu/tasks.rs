//! Work in tasks of a fixed size, whose results are put together in their order.

use std::ops::Range;
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;

/// Runs `task` on parts of `0..len` of `step` each, the last of what is left; the results are in the order of the parts.
///
/// One part alone runs where it is called: waking a thread takes longer than most of them.
#[inline] // For `Arch::run`'s reason.
pub(crate) fn map<T: Send + Sync>(
    len: usize,
    step: usize,
    task: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let part = |index: usize| index * step..len.min((index + 1) * step);
    match len.div_ceil(step) {
        0 => Vec::new(),
        1 => vec![task(part(0))],
        parts => {
            let results: Vec<_> = (0..parts).map(|_| OnceLock::new()).collect();
            share(parts, &|index| _ = results[index].set(task(part(index))));
            let results = results.into_iter().map(OnceLock::into_inner);
            results.map(|result| result.expect("ran")).collect()
        }
    }
}

/// Runs `task` on each part; one part alone where it is called. The results are in the order of the parts.
#[inline]
pub(crate) fn each<T: Send, R: Send + Sync>(parts: Vec<T>, task: impl Fn(T) -> R + Sync) -> Vec<R> {
    let parts: Vec<_> = parts
        .into_iter()
        .map(|part| Mutex::new(Some(part)))
        .collect();
    map(parts.len(), 1, |index| {
        let mut part = parts[index.start].lock().expect("no task takes it twice");
        task(part.take().expect("no task takes it twice"))
    })
}

/// Shares the numbers below `parts` between the threads. In one place for all tasks: what a thread pool adds to the code of
/// each kernel is a quarter of it.
fn share(parts: usize, task: &(dyn Fn(usize) + Sync)) {
    (0..parts).into_par_iter().for_each(task);
}
