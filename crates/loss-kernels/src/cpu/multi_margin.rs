//! What the rows' classes are short of a margin, against all other classes: summed, with the gradient over the scores.
//!
//! A row is read once: the classes before its own, and those after it, each go through one loop of vectors.

use super::simd::{Arch, Float, Isa, Kernel, Lanes};
use super::softmax_terms::{HostRows, Logits};
use super::sum::{Sums, VECTORS};
use super::whole_rows::{self, OfRow};
use crate::{MultiMargin, Number};

/// The sum of the losses of rows `[N, C]`, each times what its row and its class count, and the gradient of `scale` times it if it
/// is wanted: of shared scores in new memory; that of owned ones replaces them.
pub fn reduced<F: Float>(
    arch: Arch,
    loss: MultiMargin,
    rows: &HostRows<'_, F>,
    class_weights: Option<&[F]>,
    scale: f64,
    scores: Logits<'_, F>,
    wanted: bool,
) -> (f64, Option<Vec<F>>) {
    let margins = Margins { arch, loss };
    whole_rows::reduced(&margins, rows, class_weights, scale, scores, wanted)
}

struct Margins {
    arch: Arch,
    loss: MultiMargin,
}

impl Margins {
    fn row<R>(&self, class: usize, row: R) -> Row<R> {
        let loss = self.loss;
        Row { loss, class, row }
    }
}

impl<F: Float> OfRow<F> for Margins {
    fn loss(&self, _row: usize, class: usize, scores: &[F]) -> f64 {
        self.arch.run(self.row(class, Read(scores)))[0]
    }

    fn replace(&self, _row: usize, class: usize, scores: &mut [F], scale: f64) -> f64 {
        let write = Replace(&mut *scores, F::from_f64(scale));
        let [missing, slopes] = self.arch.run(self.row(class, write));
        scores[class] = F::from_f64(-slopes * scale);
        missing
    }
}

/// A row that is only read.
struct Read<'a, F>(&'a [F]);

/// A row that becomes its gradient: the slopes times a number.
struct Replace<'a, F>(&'a mut [F], F);

/// One row.
struct Row<R> {
    loss: MultiMargin,
    class: usize,
    row: R,
}

/// What one score adds: what is missing of the margin, and the slope of its power.
#[inline(always)]
pub(super) fn missing<F: Float, S: Isa>(
    loss: MultiMargin,
    of_class: Lanes<F, S>,
    x: Lanes<F, S>,
) -> [Lanes<F, S>; 2] {
    let missing = (x - of_class + loss.margin).at_least(0.0);
    if loss.squared {
        return [missing * missing, missing * 2.0];
    }
    let slope = Number::select(missing.is(0.0), missing, missing.constant(1.0));
    [missing, slope]
}

impl<F: Float> Kernel for Row<Read<'_, F>> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> [f64; 2] {
        let (loss, row, mut totals) = (self.loss, self.row.0, [0.0; 2]);
        let of_class = Lanes::<F, S>::new(simd, F::splat(simd, row[self.class]));
        for others in [&row[..self.class], &row[self.class + 1..]] {
            for block in others.chunks(VECTORS * F::lanes::<S>()) {
                let mut sums = Sums::new(simd);
                let (vectors, rest) = F::vectors::<S>(block);
                for x in vectors {
                    sums.add(simd, missing(loss, of_class, Lanes::new(simd, *x)));
                }
                if !rest.is_empty() {
                    let x = Lanes::new(simd, F::part(simd, rest, F::ZERO));
                    sums.add_first(simd, rest.len(), missing(loss, of_class, x));
                }
                sums.add_to(&mut totals);
            }
        }
        totals
    }
}

impl<F: Float> Kernel for Row<Replace<'_, F>> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> [f64; 2] {
        let (loss, Replace(row, scale), mut totals) = (self.loss, self.row, [0.0; 2]);
        let of_class = Lanes::<F, S>::new(simd, F::splat(simd, row[self.class]));
        let scale = Lanes::<F, S>::new(simd, F::splat(simd, scale));
        let (before, from) = row.split_at_mut(self.class);
        for others in [before, &mut from[1..]] {
            for block in others.chunks_mut(VECTORS * F::lanes::<S>()) {
                let mut sums = Sums::new(simd);
                let (vectors, rest) = F::vectors_mut::<S>(block);
                for x in vectors {
                    let terms = missing(loss, of_class, Lanes::new(simd, *x));
                    *x = (terms[1] * scale).vector();
                    sums.add(simd, terms);
                }
                if !rest.is_empty() {
                    let x = Lanes::new(simd, F::part(simd, rest, F::ZERO));
                    let terms = missing(loss, of_class, x);
                    let slopes = (terms[1] * scale).vector();
                    let slopes: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&slopes));
                    rest.copy_from_slice(&slopes[..rest.len()]);
                    sums.add_first(simd, rest.len(), terms);
                }
                sums.add_to(&mut totals);
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SmoothWeights;
    use crate::cpu::softmax_terms::Classes;
    use crate::cpu::testing::{Near, assert_near, refuses};
    use crate::formulas::Rounded;

    /// The loss and the gradient of one row, one class after the other, with what rounding may make of them: a score that is
    /// about a margin away from the class's is short of it by a difference that is almost 0.
    fn expected(
        loss: MultiMargin,
        row: &[Rounded],
        class: usize,
        weight: Rounded,
    ) -> (Rounded, Vec<Rounded>) {
        let (mut losses, mut gradient) = (Vec::new(), vec![Rounded::exact(0.0); row.len()]);
        let mut of_class = Vec::new();
        for (c, x) in row.iter().enumerate() {
            let missing = *x - row[class] + loss.margin;
            if c == class || missing.value() <= 0.0 {
                continue;
            }
            let [power, slope] = match loss.squared {
                true => [missing * missing, missing * 2.0],
                false => [missing, Rounded::exact(1.0)],
            };
            losses.push(weight * power);
            gradient[c] = weight * slope;
            of_class.push(-gradient[c]);
        }
        gradient[class] = of_class.into_iter().sum();
        (losses.into_iter().sum(), gradient)
    }

    const SHAPES: [[usize; 2]; 13] = [
        [0, 3],
        [1, 1],
        [5, 2],
        [4, 3],
        [4, 4],
        [4, 5],
        [4, 8],
        [4, 9],
        [4, 16],
        [7, 17],
        [3, 41],
        [2, 1029],
        [70, 2000],
    ];

    fn check<F: Float>() {
        for (arch, squared) in Arch::available().flat_map(|arch| [(arch, false), (arch, true)]) {
            let loss = MultiMargin {
                margin: 0.75,
                squared,
            };
            for shape in SHAPES {
                if !cfg!(miri) || shape[1] <= 100 {
                    check_shape::<F>(arch, loss, shape);
                }
            }
        }
    }

    fn check_shape<F: Float>(arch: Arch, loss: MultiMargin, [count, classes]: [usize; 2]) {
        let number = |i: usize| F::from_f64((i as f64 * 0.618_033_988_749_894_9).fract() * 4.0);
        let scores: Vec<F> = (0..count * classes).map(number).collect();
        let targets: Vec<i64> = (0..count).map(|i| (i * 5 % classes) as i64).collect();
        // The third of three rows does not count.
        let weights: Vec<F> = (0..count)
            .map(|i| F::from_f64([1.5, 0.5, 0.0][i % 3]))
            .collect();
        let class_weights: Vec<F> = (0..classes)
            .map(|c| F::from_f64(1.0 + (c % 2) as f64))
            .collect();
        let rows = HostRows {
            shape: [count, classes, 1],
            classes: Some(Classes::I64((&targets[..]).into())),
            ignore_index: None,
            smooth: SmoothWeights::Zero,
            row_weights: Some((&weights[..]).into()),
        };
        let (mut losses, mut gradient) = (Vec::new(), Vec::new());
        for (i, row) in scores.chunks(classes).enumerate() {
            let row: Vec<Rounded> = row.iter().map(|x| Rounded::exact(x.to_f64())).collect();
            let class = targets[i] as usize;
            let weight = Rounded::exact(weights[i].to_f64() * class_weights[class].to_f64());
            let (of_row, slopes) = expected(loss, &row, class, weight);
            losses.push(of_row);
            gradient.extend(slopes.into_iter().map(|slope| slope * 0.25));
        }
        let what = format!("{loss:?}, {arch:?}, {count} x {classes}");
        let expected = Near::rounded::<F>(losses.into_iter().sum());
        let check_sum = |sum: f64| {
            let near = expected.allows::<F>(sum);
            assert!(near, "{what}: {sum} instead of {expected:?}");
        };
        let run = |scores, wanted| {
            let weights = Some(&class_weights[..]);
            reduced(arch, loss, &rows, weights, 0.25, scores, wanted)
        };
        check_sum(run(Logits::Shared(&scores), false).0);
        let (found, beside) = run(Logits::Shared(&scores), true);
        check_sum(found);
        let mut owned = scores.clone();
        check_sum(run(Logits::Owned(&mut owned), true).0);
        assert_eq!(Some(&owned), beside.as_ref(), "{what}");
        let expected = gradient.iter().map(|slope| Near::rounded::<F>(*slope));
        assert_near(&what, &owned, expected);
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
    fn what_is_no_number_stays() {
        let rows = |classes: &'static [i64]| HostRows {
            shape: [classes.len(), 3, 1],
            classes: Some(Classes::I64(classes.into())),
            ignore_index: Some(-1),
            smooth: SmoothWeights::Zero,
            row_weights: None,
        };
        let loss = MultiMargin {
            margin: 1.0,
            squared: false,
        };
        for arch in Arch::available() {
            let run = |rows: &HostRows<f32>, scores: &mut [f32]| {
                reduced(arch, loss, rows, None, 1.0, Logits::Owned(scores), true).0
            };
            let mut scores = [0.0, f32::NAN, 2.0, f32::NAN, 1.0, 1.0];
            assert!(run(&rows(&[0, -1]), &mut scores).is_nan());
            assert_eq!(scores[3..], [0.0; 3]);
            // Infinitely far from the margin, on either side.
            let mut scores = [f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY];
            assert_eq!(run(&rows(&[1]), &mut scores), 0.0);
            assert_eq!(scores, [0.0; 3]);
            let mut scores = [f32::NEG_INFINITY, 0.0, 1.0];
            assert_eq!(run(&rows(&[0]), &mut scores), f64::INFINITY);
            assert_eq!(scores, [-2.0, 1.0, 1.0]);
        }
    }

    #[test]
    fn rows_that_interleave_are_refused() {
        let rows = HostRows {
            shape: [1, 3, 2],
            classes: None,
            ignore_index: None,
            smooth: SmoothWeights::Zero,
            row_weights: None,
        };
        let loss = MultiMargin {
            margin: 1.0,
            squared: false,
        };
        refuses("one class per row of scores", || {
            let scores = Logits::Shared(&[0f32; 6]);
            reduced(Arch::Scalar, loss, &rows, None, 1.0, scores, true)
        });
    }
}
