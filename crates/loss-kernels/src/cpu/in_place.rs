//! Passes that change each number a little: a gradient times one number, or one per class, and scores and what is added to each
//! class. In place where the memory is the caller's to write.

use std::mem::MaybeUninit;

use super::memory::pages;
use super::simd::Float;
use super::softmax_terms::Logits;
use super::tasks;

/// Numbers per task.
const TASK: usize = 1 << 16;

/// `by` times each number: of shared numbers in new memory; the product of owned ones replaces them.
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::in_place::scale;
/// use loss_kernels::cpu::softmax_terms::Logits;
///
/// let mut numbers = [1.0, 2.0];
/// assert!(scale(Logits::Owned(&mut numbers), 0.5).is_none());
/// assert_eq!(numbers, [0.5, 1.0]);
/// assert_eq!(scale(Logits::Shared(&numbers), 2.0), Some(vec![1.0, 2.0]));
/// ```
pub fn scale<F: Float>(numbers: Logits<'_, F>, by: F) -> Option<Vec<F>> {
    change(numbers, TASK, |_| move |_, x| x * by)
}

/// Scores `[N, C, S]` and the offset of each one's class, `[C]`: of shared scores in new memory; the sum of owned ones replaces
/// them.
///
/// # Panics
///
/// If there are not as many scores as the shape says, or not one offset per class.
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::in_place::add_per_class;
/// use loss_kernels::cpu::softmax_terms::Logits;
///
/// let mut scores = [1.0, 2.0, 3.0, 4.0];
/// add_per_class(Logits::Owned(&mut scores), [2, 2, 1], &[10.0, 20.0]);
/// assert_eq!(scores, [11.0, 22.0, 13.0, 24.0]);
/// ```
pub fn add_per_class<F: Float>(
    scores: Logits<'_, F>,
    shape: [usize; 3],
    offsets: &[F],
) -> Option<Vec<F>> {
    per_class(scores, shape, offsets, |x, offset| x + offset)
}

/// Numbers `[N, C, S]` times the factor of each one's class, `[C]`, and 0 where that is 0, whatever the number: of shared numbers in
/// new memory; the product of owned ones replaces them.
///
/// # Panics
///
/// As [`add_per_class`].
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::in_place::scale_per_class;
/// use loss_kernels::cpu::softmax_terms::Logits;
///
/// let mut numbers = [1.0, f32::NAN, 3.0, 4.0];
/// assert_eq!(scale_per_class(Logits::Owned(&mut numbers), [2, 2, 1], &[10.0, 0.0]), None);
/// assert_eq!(numbers, [10.0, 0.0, 30.0, 0.0]);
/// ```
pub fn scale_per_class<F: Float>(
    numbers: Logits<'_, F>,
    shape: [usize; 3],
    factors: &[F],
) -> Option<Vec<F>> {
    let times = |x, by| if by == F::ZERO { by } else { x * by };
    per_class(numbers, shape, factors, times)
}

/// Applies `f` to each number of `[N, C, S]` and the one of its class.
fn per_class<F: Float>(
    numbers: Logits<'_, F>,
    shape: [usize; 3],
    of_classes: &[F],
    f: impl Fn(F, F) -> F + Copy + Sync,
) -> Option<Vec<F>> {
    let [_, classes, inner] = shape;
    let len = match &numbers {
        Logits::Owned(numbers) => numbers.len(),
        Logits::Shared(numbers) => numbers.len(),
    };
    assert_eq!(len, shape.iter().product(), "numbers are [N, C, S]");
    assert_eq!(of_classes.len(), classes, "one number per class");
    if inner == 1 {
        return change(numbers, classes, |_| {
            move |class, x| f(x, of_classes[class])
        });
    }
    change(numbers, inner, |run| {
        let of_class = of_classes[run % classes];
        move |_, x| f(x, of_class)
    })
}

/// Applies `of_run(index)(place, x)` to each number `x`: `index` counts the runs of so many numbers, `place` the numbers of a run.
fn change<F: Float, G: Fn(usize, F) -> F>(
    numbers: Logits<'_, F>,
    run: usize,
    of_run: impl Fn(usize) -> G + Sync,
) -> Option<Vec<F>> {
    let run = run.max(1);
    let runs = (TASK / run).max(1);
    let step = runs * run;
    match numbers {
        Logits::Owned(numbers) => {
            let parts = numbers.chunks_mut(step).enumerate().collect();
            tasks::each(parts, |(part, numbers): (usize, &mut [F])| {
                for (index, numbers) in numbers.chunks_mut(run).enumerate() {
                    let f = of_run(part * runs + index);
                    for (place, x) in numbers.iter_mut().enumerate() {
                        *x = f(place, *x);
                    }
                }
            });
            None
        }
        Logits::Shared(numbers) => {
            let write = |cells: &mut [MaybeUninit<F>]| {
                let parts = cells.chunks_mut(step).zip(numbers.chunks(step));
                tasks::each(parts.enumerate().collect(), |(part, (cells, numbers))| {
                    let (cells, numbers): (&mut [MaybeUninit<F>], &[F]) = (cells, numbers);
                    let pairs = cells.chunks_mut(run).zip(numbers.chunks(run));
                    for (index, (cells, numbers)) in pairs.enumerate() {
                        let f = of_run(part * runs + index);
                        for (place, (cell, x)) in cells.iter_mut().zip(numbers).enumerate() {
                            cell.write(f(place, *x));
                        }
                    }
                });
            };
            // SAFETY: there are as many numbers as cells, and each is written.
            Some(unsafe { pages::new_memory(numbers.len(), write) }.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::refuses;

    fn both(numbers: &[f32], run: impl Fn(Logits<'_, f32>) -> Option<Vec<f32>>) -> Vec<f32> {
        let mut owned = numbers.to_vec();
        assert_eq!(run(Logits::Owned(&mut owned)), None);
        assert_eq!(run(Logits::Shared(numbers)).as_ref(), Some(&owned));
        owned
    }

    #[test]
    fn every_number_is_changed_once() {
        for len in [0, 1, 1000, TASK, TASK + 1, 3 * TASK - 1] {
            let numbers: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let twice: Vec<f32> = numbers.iter().map(|x| x * 2.0).collect();
            assert_eq!(both(&numbers, |numbers| scale(numbers, 2.0)), twice);
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let add = |words, scores: usize, offsets: usize| {
            let (scores, offsets) = (vec![0.0f32; scores], vec![0.0; offsets]);
            refuses(words, || {
                add_per_class(Logits::Shared(&scores), [2, 3, 1], &offsets)
            });
        };
        add("numbers are [N, C, S]", 5, 3);
        add("one number per class", 6, 2);
    }

    #[test]
    fn each_class_has_its_offset() {
        for shape @ [_, classes, inner] in [
            [0, 3, 1],
            [5, 1, 1],
            [7000, 10, 1],
            [3, 70_000, 1],
            [4, 3, 50],
            [2, 5, 40_000],
            [1, 300, 1000],
        ] {
            let scores: Vec<f32> = (0..shape.iter().product())
                .map(|i| (i % 97) as f32)
                .collect();
            let offsets: Vec<f32> = (0..classes).map(|class| class as f32 * 100.0).collect();
            let expected: Vec<f32> = scores
                .iter()
                .enumerate()
                .map(|(i, x)| x + offsets[i / inner % classes])
                .collect();
            let found = both(&scores, |scores| add_per_class(scores, shape, &offsets));
            assert_eq!(found, expected, "{shape:?}");
            let expected: Vec<f32> = scores
                .iter()
                .enumerate()
                .map(|(i, x)| x * offsets[i / inner % classes])
                .collect();
            let found = both(&scores, |scores| scale_per_class(scores, shape, &offsets));
            assert_eq!(found, expected, "{shape:?}");
        }
    }
}
