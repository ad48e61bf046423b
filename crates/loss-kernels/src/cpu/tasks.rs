//! Work in tasks of a fixed size, whose results are put together in their order.

use std::ops::Range;

use rayon::prelude::*;

/// Runs `task` on parts of `0..len` of `step` each, the last of what is left; the results are in the order of the parts.
///
/// One part alone runs where it is called: waking a thread takes longer than most of them.
pub(crate) fn map<T: Send>(
    len: usize,
    step: usize,
    task: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let part = |index: usize| index * step..len.min((index + 1) * step);
    match len.div_ceil(step) {
        0 => Vec::new(),
        1 => vec![task(part(0))],
        parts => (0..parts)
            .into_par_iter()
            .map(|index| task(part(index)))
            .collect(),
    }
}

/// Runs `task` on each part; one part alone where it is called.
pub(crate) fn each<T: Send>(mut parts: Vec<T>, task: impl Fn(T) + Sync + Send) {
    match parts.len() {
        0 => {}
        1 => parts.drain(..).for_each(task),
        _ => parts.into_par_iter().for_each(task),
    }
}
