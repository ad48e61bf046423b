//! What the labels of rows are short of a margin of 1, against all classes that are no label of theirs: per row, with the gradient
//! over the scores.
//!
//! The scores of a row's other classes are put side by side once; each label then goes through them in one loop of vectors, which
//! adds up what is missing and how often each of them is too close.

use super::memory::pages;
use super::multi_margin::missing;
use super::simd::{Arch, Float, Isa, Kernel, Lanes};
use super::sum::{Sums, VECTORS};
use super::tasks;
use crate::MultiMargin;

/// Scores per task. Each is looked at once per label, which makes a task longer than its scores alone.
const TASK: usize = 1 << 13;

const LOSS: MultiMargin = MultiMargin {
    margin: 1.0,
    squared: false,
};

/// The loss of each row of scores `[N, C]`, and the gradient of their sum if it is wanted.
///
/// `labels` are those of each row from the left, ended by the first negative number, `[N, C]`. The loss of a row with one of `C` or
/// more is NaN, its gradient 0.
///
/// # Panics
///
/// If there are no classes, or the slices are not of the same length and whole rows.
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::multi_label_margin::losses;
/// use loss_kernels::cpu::simd::Arch;
///
/// // One label, of which half of the margin is missing, divided by two classes.
/// let (losses, gradient) = losses(Arch::detect(), &[1.0, 0.5], &[0, -1], 2, true);
/// assert_eq!(losses, [0.25]);
/// assert_eq!(gradient.unwrap(), [-0.5, 0.5]);
/// ```
pub fn losses<F: Float, I: Copy + Into<i64> + Sync>(
    arch: Arch,
    scores: &[F],
    labels: &[I],
    num_classes: usize,
    wanted: bool,
) -> (Vec<F>, Option<Vec<F>>) {
    assert!(num_classes > 0, "rows of scores have classes");
    assert_eq!(scores.len(), labels.len(), "a place for a label per score");
    assert_eq!(scores.len() % num_classes, 0, "whole rows");
    let mut losses = vec![F::ZERO; scores.len() / num_classes];
    let mut gradient = wanted.then(|| pages::zeroed(scores.len()));
    let rows = (TASK / num_classes).max(1);
    let mut gradients = gradient
        .as_deref_mut()
        .map(|gradient| gradient.chunks_mut(rows * num_classes));
    let parts = losses.chunks_mut(rows).enumerate();
    let parts = parts.map(|(index, losses)| {
        let gradient = gradients.as_mut().and_then(Iterator::next);
        (index * rows, losses, gradient)
    });
    tasks::each(parts.collect(), |(first, losses, mut gradient)| {
        let mut row = Row::new();
        for (at, loss) in losses.iter_mut().enumerate() {
            let place = (first + at) * num_classes..(first + at + 1) * num_classes;
            let scores = &scores[place.clone()];
            if !row.read(scores, &labels[place]) {
                *loss = F::from_f64(f64::NAN);
                continue;
            }
            let missing = arch.run(Against(&mut row));
            *loss = F::from_f64(missing / num_classes as f64);
            if let Some(gradient) = &mut gradient {
                row.write(&mut gradient[at * num_classes..][..num_classes]);
            }
        }
    });
    (losses, gradient)
}

/// A row, its labels and the other classes apart.
struct Row<F> {
    /// In ascending order; one that is named twice is there twice.
    labels: Vec<usize>,
    /// The score of each label.
    of_labels: Vec<F>,
    /// How many others are too close to each label.
    close: Vec<f64>,
    /// The scores of the other classes.
    others: Vec<F>,
    /// How many labels each of them is too close to.
    slopes: Vec<F>,
}

impl<F: Float> Row<F> {
    /// Room for one.
    fn new() -> Self {
        Self {
            labels: Vec::new(),
            of_labels: Vec::new(),
            close: Vec::new(),
            others: Vec::new(),
            slopes: Vec::new(),
        }
    }

    /// Whether all labels are classes.
    fn read<I: Copy + Into<i64>>(&mut self, scores: &[F], labels: &[I]) -> bool {
        let named = labels.iter().map(|&label| label.into());
        let named = named.take_while(|label: &i64| *label >= 0);
        self.labels.clear();
        // No class is as large as what does not fit.
        self.labels
            .extend(named.map(|label| usize::try_from(label).unwrap_or(usize::MAX)));
        self.labels.sort_unstable();
        if self.labels.last().is_some_and(|&last| last >= scores.len()) {
            return false;
        }
        self.of_labels.clear();
        self.of_labels
            .extend(self.labels.iter().map(|&label| scores[label]));
        self.close.clear();
        self.close.resize(self.labels.len(), 0.0);
        self.others.clear();
        let mut from = 0;
        for &label in &self.labels {
            // What is named again has no others before it.
            self.others
                .extend_from_slice(&scores[from.min(label)..label]);
            from = label + 1;
        }
        self.others.extend_from_slice(&scores[from..]);
        self.slopes.clear();
        self.slopes.resize(self.others.len(), F::ZERO);
        true
    }

    /// Writes the gradient of the row's loss over zeros.
    fn write(&self, gradient: &mut [F]) {
        let num_classes = gradient.len() as f64;
        let (mut from, mut slopes) = (0, &self.slopes[..]);
        let mut fill = |others: &mut [F]| {
            let these = slopes.split_off(..others.len()).expect("one each");
            for (slope, count) in others.iter_mut().zip(these) {
                *slope = F::from_f64(count.to_f64() / num_classes);
            }
        };
        let mut total = 0.0;
        for (at, &label) in self.labels.iter().enumerate() {
            fill(&mut gradient[from.min(label)..label]);
            from = label + 1;
            total += self.close[at];
            if self.labels.get(at + 1) != Some(&label) {
                gradient[label] = F::from_f64(-total / num_classes);
                total = 0.0;
            }
        }
        fill(&mut gradient[from..]);
    }
}

/// Finds what is missing in all.
struct Against<'a, F>(&'a mut Row<F>);

impl<F: Float> Kernel for Against<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> f64 {
        let Row {
            of_labels,
            close,
            others,
            slopes,
            ..
        } = self.0;
        let mut total = 0.0;
        for (label, close) in of_labels.iter().zip(close) {
            let label = Lanes::<F, S>::new(simd, F::splat(simd, *label));
            let mut totals = [0.0; 2];
            let block = VECTORS * F::lanes::<S>();
            for (others, slopes) in others.chunks(block).zip(slopes.chunks_mut(block)) {
                let mut sums = Sums::new(simd);
                let (vectors, rest) = F::vectors::<S>(others);
                let (counts, rest_counts) = F::vectors_mut::<S>(slopes);
                for (x, count) in vectors.iter().zip(counts) {
                    let terms = missing(LOSS, label, Lanes::new(simd, *x));
                    *count = F::plus(simd, *count, terms[1].vector());
                    sums.add(simd, terms);
                }
                if !rest.is_empty() {
                    let x = Lanes::new(simd, F::part(simd, rest, F::ZERO));
                    let terms = missing(LOSS, label, x);
                    let found = terms[1].vector();
                    let found: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&found));
                    for (count, found) in rest_counts.iter_mut().zip(found) {
                        *count = *count + *found;
                    }
                    sums.add_first(simd, rest.len(), terms);
                }
                sums.add_to(&mut totals);
            }
            total += totals[0];
            *close = totals[1];
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{Near, assert_near, refuses};
    use crate::formulas::Rounded;

    /// The loss and the gradient of one row, one pair after the other, with what rounding may make of them.
    fn expected(row: &[Rounded], labels: &[i64]) -> (Rounded, Vec<f64>) {
        let labels: Vec<usize> = labels
            .iter()
            .map_while(|&label| usize::try_from(label).ok())
            .collect();
        let mut losses = Vec::new();
        let mut slopes = vec![0f64; row.len()];
        for &label in &labels {
            for (other, x) in row.iter().enumerate() {
                let missing = *x - row[label] + 1.0;
                if !labels.contains(&other) && missing.value() > 0.0 {
                    losses.push(missing);
                    slopes[other] += 1.0;
                    slopes[label] -= 1.0;
                }
            }
        }
        let num_classes = row.len() as f64;
        let total: Rounded = losses.into_iter().sum();
        slopes.iter_mut().for_each(|slope| *slope /= num_classes);
        (total / Rounded::exact(num_classes), slopes)
    }

    /// The labels of a row: from none to all classes, in no order, one of them twice if there is room, and more after the end.
    fn labels(row: usize, classes: usize) -> Vec<i64> {
        let count = [1, 0, 3, classes / 2, classes][row % 5].min(classes);
        let mut labels: Vec<i64> = (0..classes)
            .map(|place| ((place * 7919 + row) % classes) as i64)
            .collect();
        if count > 1 && row.is_multiple_of(2) {
            labels[count - 1] = labels[0];
        }
        if count < classes {
            labels[count] = -1 - (row as i64);
        }
        labels
    }

    fn check<F: Float>() {
        for arch in Arch::available() {
            for [count, classes] in [
                [0, 3],
                [5, 1],
                [5, 2],
                [10, 3],
                [10, 9],
                [5, 16],
                [10, 17],
                [5, 41],
                [700, 37],
                [6, 1029],
            ] {
                if !cfg!(miri) || count * classes <= 300 {
                    check_shape::<F>(arch, count, classes);
                }
            }
        }
    }

    fn check_shape<F: Float>(arch: Arch, count: usize, classes: usize) {
        let number = |i: usize| F::from_f64((i as f64 * 0.618_033_988_749_894_9).fract() * 4.0);
        let scores: Vec<F> = (0..count * classes).map(number).collect();
        let labels: Vec<i64> = (0..count).flat_map(|row| labels(row, classes)).collect();
        let what = format!("{arch:?}, {count} x {classes}");
        let (found, gradient) = losses(arch, &scores, &labels, classes, true);
        let rows = scores.chunks(classes).zip(labels.chunks(classes));
        let (sums, slopes): (Vec<_>, Vec<_>) = rows
            .map(|(scores, labels)| {
                let row: Vec<Rounded> = scores.iter().map(|x| Rounded::exact(x.to_f64())).collect();
                expected(&row, labels)
            })
            .unzip();
        assert_near(&what, &found, sums.into_iter().map(Near::rounded::<F>));
        let slopes: Vec<F> = slopes.into_iter().flatten().map(F::from_f64).collect();
        assert_eq!(gradient, Some(slopes), "{what}");
        let (alone, none) = losses(arch, &scores, &labels, classes, false);
        assert_eq!((alone, none), (found, None), "{what}");
        // What no 32 bits hold is in no row here.
        let narrow: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
        let of_narrow = losses(arch, &scores, &narrow, classes, false);
        assert_eq!(
            of_narrow,
            losses(arch, &scores, &labels, classes, false),
            "{what}"
        );
    }

    #[test]
    fn in_f32() {
        check::<f32>();
    }

    #[test]
    fn in_f64() {
        check::<f64>();
    }

    #[test]
    fn what_is_no_number_stays_in_its_row() {
        let (nan, infinite) = (f32::NAN, f32::INFINITY);
        for arch in Arch::available() {
            let run = |scores: &[f32], labels: &[i64]| losses(arch, scores, labels, 3, true);
            let scores = [0.0, nan, 2.0, 1.0, 0.0, 0.0];
            let (found, gradient) = run(&scores, &[0, -1, 0, 0, -1, 0]);
            assert!(found[0].is_nan());
            assert_eq!(found[1], 0.0);
            assert_eq!(gradient.expect("it is wanted")[3..], [0.0; 3]);
            // All are labels, whatever their scores.
            assert_eq!(run(&[nan, infinite, -infinite], &[2, 0, 1]).0, [0.0]);
            // Infinitely far from the margin, on either side.
            assert_eq!(run(&[-infinite, 0.0, -infinite], &[1, -1, 0]).0, [0.0]);
            assert_eq!(run(&[-infinite, 0.0, 1.0], &[0, -1, 0]).0, [infinite]);
            // A class that there is not.
            let (found, gradient) = run(&[0.0; 6], &[0, 3, -1, 1, -1, i64::MAX]);
            assert!(found[0].is_nan());
            assert_eq!(found[1], 2.0 / 3.0);
            assert_eq!(gradient.expect("it is wanted")[..3], [0.0; 3]);
        }
    }

    #[test]
    fn slices_that_do_not_fit_are_refused() {
        refuses("whole rows", || {
            losses(Arch::Scalar, &[0f32; 5], &[0i64; 5], 3, true)
        });
        refuses("a place for a label per score", || {
            losses(Arch::Scalar, &[0f32; 6], &[0i64; 3], 3, true)
        });
        refuses("rows of scores have classes", || {
            losses::<f32, i64>(Arch::Scalar, &[], &[], 0, true)
        });
    }
}
