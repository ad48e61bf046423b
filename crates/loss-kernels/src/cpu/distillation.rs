//! Distillation of a teacher's logits into a student's: summed, with the gradient over the student's.
//!
//! A row is read three times, from the caches but for the first: for the largest logits, for the sums, and for the gradient.

use super::simd::{Arch, Float, Isa, Kernel, Lanes};
use super::softmax_terms::{HostRows, Logits, largest};
use super::sum::{Sums, VECTORS};
use super::whole_rows::{self, OfRow};
use crate::{Distillation, Number};

/// The sum of the losses of rows `[N, C]`, each times what its row counts, and the gradient of `scale` times it if it is wanted: of
/// shared logits in new memory; that of owned ones replaces them.
pub fn reduced<F: Float>(
    arch: Arch,
    loss: Distillation,
    rows: &HostRows<'_, F>,
    teacher: &[F],
    scale: f64,
    student: Logits<'_, F>,
    wanted: bool,
) -> (f64, Option<Vec<F>>) {
    let len: usize = rows.shape.iter().product();
    assert_eq!(teacher.len(), len, "a teacher's logit for each");
    let loss = OfTeacher {
        arch,
        loss,
        teacher,
    };
    whole_rows::reduced(&loss, rows, None, scale, student, wanted)
}

struct OfTeacher<'a, F> {
    arch: Arch,
    loss: Distillation,
    teacher: &'a [F],
}

impl<F: Float> OfTeacher<'_, F> {
    /// The teacher's row, of so many classes.
    fn teacher(&self, row: usize, classes: usize) -> &[F] {
        &self.teacher[row * classes..][..classes]
    }

    fn sums(&self, row: usize, class: usize, student: &[F]) -> RowSums<F> {
        self.arch.run(Read {
            loss: self.loss,
            class,
            student,
            teacher: self.teacher(row, student.len()),
        })
    }
}

impl<F: Float> OfRow<F> for OfTeacher<'_, F> {
    fn loss(&self, row: usize, class: usize, student: &[F]) -> f64 {
        self.sums(row, class, student).loss(self.loss)
    }

    fn replace(&self, row: usize, class: usize, student: &mut [F], scale: f64) -> f64 {
        let sums = self.sums(row, class, student);
        let of_class = sums.slope_of_class(self.loss) * scale;
        self.arch.run(Replace {
            loss: self.loss,
            sums: &sums,
            scale,
            teacher: self.teacher(row, student.len()),
            student,
        });
        student[class] = F::from_f64(of_class);
        sums.loss(self.loss)
    }
}

/// The exponentials of one of the classes, or the sums of those of all others.
#[derive(Clone, Copy, Debug, Default)]
struct Exponentials {
    /// `exp(x - max x)`.
    hard: f64,
    /// `exp((x - max x) / T)`.
    student: f64,
    /// `exp((z - max z) / T)`.
    teacher: f64,
    /// The latter times half of `(z - max z) - (x - max x)`.
    distance: f64,
}

/// The sums of a row.
#[derive(Clone, Copy, Debug)]
struct RowSums<F> {
    max: [F; 2],
    /// `x_t - max x`.
    of_target: f64,
    class: Exponentials,
    others: Exponentials,
}

impl<F: Float> RowSums<F> {
    fn all(&self, of: impl Fn(&Exponentials) -> f64) -> f64 {
        of(&self.class) + of(&self.others)
    }

    /// `KL(softmax(z / T) || softmax(x / T))`.
    fn divergence(&self, temperature: f64) -> f64 {
        let [student, teacher] = [self.all(|e| e.student), self.all(|e| e.teacher)];
        let distance = self.all(|e| e.distance) * (2.0 / temperature);
        distance / teacher + (student / teacher).ln()
    }

    /// `lse(x) - x_t`.
    fn cross_entropy(&self) -> f64 {
        if self.class.hard > self.others.hard {
            // A loss next to 0 keeps its digits.
            return (self.others.hard / self.class.hard).ln_1p();
        }
        self.all(|e| e.hard).ln() - self.of_target
    }

    fn loss(&self, loss: Distillation) -> f64 {
        let mut sum = 0.0;
        if loss.soft_weight() != 0.0 {
            sum += loss.soft_weight() * self.divergence(loss.temperature);
        }
        if loss.hard_weight() != 0.0 {
            sum += loss.hard_weight() * self.cross_entropy();
        }
        sum
    }

    /// The slope with respect to the logit of the class.
    fn slope_of_class(&self, loss: Distillation) -> f64 {
        let mut sum = 0.0;
        if loss.soft_weight() != 0.0 {
            let share = |of: fn(&Exponentials) -> f64| of(&self.class) / self.all(of);
            let distance = share(|e| e.student) - share(|e| e.teacher);
            sum += loss.soft_weight() / loss.temperature * distance;
        }
        if loss.hard_weight() != 0.0 {
            sum -= loss.hard_weight() * (self.others.hard / self.all(|e| e.hard));
        }
        sum
    }
}

/// A row that is only read.
struct Read<'a, F> {
    loss: Distillation,
    class: usize,
    student: &'a [F],
    teacher: &'a [F],
}

impl<F: Float> Kernel for Read<'_, F> {
    type Output = RowSums<F>;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> RowSums<F> {
        let Self {
            loss,
            class,
            student,
            teacher,
        } = self;
        let max = [largest(simd, student), largest(simd, teacher)];
        let half = |x: F, max: F| 0.5 * x.to_f64() - 0.5 * max.to_f64();
        let [x, z] = [half(student[class], max[0]), half(teacher[class], max[1])];
        let [of_student, of_teacher] = [x, z].map(|half| (half * (2.0 / loss.temperature)).exp());
        let of_class = Exponentials {
            hard: (2.0 * x).exp(),
            student: of_student,
            teacher: of_teacher,
            distance: of_teacher * (z - x),
        };
        let mut totals = [0.0; 4];
        let block = VECTORS * F::lanes::<S>();
        for others in [0..class, class + 1..student.len()] {
            let blocks = student[others.clone()].chunks(block);
            for (student, teacher) in blocks.zip(teacher[others].chunks(block)) {
                let mut sums = Sums::<F, S, 4>::new(simd);
                let (xs, x_rest) = F::vectors::<S>(student);
                let (zs, z_rest) = F::vectors::<S>(teacher);
                for (x, z) in xs.iter().zip(zs) {
                    sums.add(simd, exponentials(simd, loss, max, *x, *z));
                }
                if !x_rest.is_empty() {
                    let x = F::part(simd, x_rest, max[0]);
                    let z = F::part(simd, z_rest, max[1]);
                    let of_rest = exponentials(simd, loss, max, x, z);
                    sums.add_first(simd, x_rest.len(), of_rest);
                }
                sums.add_to(&mut totals);
            }
        }
        let [hard, student, teacher, distance] = totals;
        RowSums {
            max,
            of_target: 2.0 * x,
            class: of_class,
            others: Exponentials {
                hard,
                student,
                teacher,
                distance,
            },
        }
    }
}

/// Half of how far logits are below the largest of their row: the distance of two finite logits may overflow.
#[inline(always)]
fn half_below<F: Float, S: Isa>(
    simd: S,
    max: [F; 2],
    x: F::Vector<S>,
    z: F::Vector<S>,
) -> [Lanes<F, S>; 2] {
    let half = F::from_f64(0.5);
    let by = F::splat(simd, half);
    let [of_x, of_z] = [F::splat(simd, max[0] * half), F::splat(simd, max[1] * half)];
    [
        Lanes::new(simd, F::minus(simd, F::times(simd, x, by), of_x)),
        Lanes::new(simd, F::minus(simd, F::times(simd, z, by), of_z)),
    ]
}

/// Those of some classes, in the order of [`Exponentials`].
#[inline(always)]
fn exponentials<F: Float, S: Isa>(
    simd: S,
    loss: Distillation,
    max: [F; 2],
    x: F::Vector<S>,
    z: F::Vector<S>,
) -> [Lanes<F, S>; 4] {
    let [x, z] = half_below(simd, max, x, z);
    let by = 2.0 / loss.temperature;
    let teacher = (z * by).exp();
    [(x * 2.0).exp(), (x * by).exp(), teacher, teacher * (z - x)]
}

/// A row that becomes its gradient, that of its class excepted.
struct Replace<'a, F> {
    loss: Distillation,
    sums: &'a RowSums<F>,
    scale: f64,
    student: &'a mut [F],
    teacher: &'a [F],
}

impl<F: Float> Kernel for Replace<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self {
            loss,
            sums,
            scale,
            student,
            teacher,
        } = self;
        let soft = scale * loss.soft_weight() / loss.temperature;
        let factors = [
            scale * loss.hard_weight() / sums.all(|e| e.hard),
            soft / sums.all(|e| e.student),
            soft / sums.all(|e| e.teacher),
        ];
        let slopes = Slopes {
            loss,
            max: sums.max,
            factors,
        };
        let (xs, x_rest) = F::vectors_mut::<S>(student);
        let (zs, z_rest) = F::vectors::<S>(teacher);
        for (x, z) in xs.iter_mut().zip(zs) {
            *x = slopes.of(simd, *x, *z);
        }
        if !x_rest.is_empty() {
            let [max_x, max_z] = sums.max;
            let [x, z] = [F::part(simd, x_rest, max_x), F::part(simd, z_rest, max_z)];
            let slopes = slopes.of(simd, x, z);
            let slopes: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&slopes));
            x_rest.copy_from_slice(&slopes[..x_rest.len()]);
        }
    }
}

/// What makes slopes of logits.
#[derive(Clone, Copy)]
struct Slopes<F> {
    loss: Distillation,
    max: [F; 2],
    /// What the three exponentials are multiplied by.
    factors: [f64; 3],
}

impl<F: Float> Slopes<F> {
    /// Not a closure: it would be compiled without the instruction set.
    #[inline(always)]
    fn of<S: Isa>(&self, simd: S, x: F::Vector<S>, z: F::Vector<S>) -> F::Vector<S> {
        let [of_x, of_student, of_teacher] = self.factors;
        let [x, z] = half_below(simd, self.max, x, z);
        // A side that does not count must not bring its NaN in.
        let hard = if self.loss.hard_weight() == 0.0 {
            x.constant(0.0)
        } else {
            (x * 2.0).exp() * of_x
        };
        if self.loss.soft_weight() == 0.0 {
            return hard.vector();
        }
        let by = 2.0 / self.loss.temperature;
        let distance = (x * by).exp() * of_student - (z * by).exp() * of_teacher;
        (hard + distance).vector()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SmoothWeights;
    use crate::cpu::softmax_terms::Classes;
    use crate::cpu::testing::{Near, assert_near, refuses};

    /// A row's loss and gradient by the formula, each with the size of what it is a difference of.
    fn expected(
        loss: Distillation,
        student: &[f64],
        teacher: &[f64],
        class: usize,
    ) -> ([f64; 2], Vec<[f64; 2]>) {
        let log_softmax = |row: &[f64], temperature: f64| -> Vec<f64> {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let below: Vec<f64> = row.iter().map(|x| (x - max) / temperature).collect();
            let lse = below.iter().map(|x| x.exp()).sum::<f64>().ln();
            below.into_iter().map(|x| x - lse).collect()
        };
        let hard = log_softmax(student, 1.0);
        let [x, z] = [student, teacher].map(|row| log_softmax(row, loss.temperature));
        let mut value = -loss.hard_weight() * hard[class];
        let mut size = value;
        let mut gradient = Vec::new();
        for c in 0..student.len() {
            value += loss.soft_weight() * z[c].exp() * (z[c] - x[c]);
            size += loss.soft_weight() * z[c].exp() * (1.0 + (z[c] - x[c]).abs());
            let soft = loss.soft_weight() / loss.temperature;
            let of_hard = match c == class {
                true => hard[c].exp_m1(),
                false => hard[c].exp(),
            } * loss.hard_weight();
            let [p, q] = [x[c].exp(), z[c].exp()].map(|p| p * soft);
            gradient.push([of_hard + p - q, of_hard.abs().max(p).max(q)]);
        }
        ([value, size], gradient)
    }

    const SHAPES: [[usize; 2]; 11] = [
        [0, 3],
        [1, 1],
        [5, 2],
        [4, 3],
        [4, 5],
        [4, 8],
        [4, 16],
        [7, 17],
        [3, 41],
        [2, 1029],
        [70, 2000],
    ];

    fn rows_of<'a, F: Float>(
        shape: [usize; 2],
        classes: &'a [i64],
        weights: Option<&'a [F]>,
    ) -> HostRows<'a, F> {
        HostRows {
            shape: [shape[0], shape[1], 1],
            classes: Some(Classes::I64(classes.into())),
            ignore_index: Some(-1),
            smooth: SmoothWeights::Zero,
            row_weights: weights.map(Into::into),
        }
    }

    fn check_shape<F: Float>(
        arch: Arch,
        loss: Distillation,
        shape @ [count, classes]: [usize; 2],
        tolerance: f64,
    ) {
        let part = |i: usize| (i as f64 * 0.618_033_988_749_894_9).fract();
        let student: Vec<F> = (0..count * classes)
            .map(|i| F::from_f64(8.0 * part(i + 1)))
            .collect();
        let teacher: Vec<F> = (0..count * classes)
            .map(|i| F::from_f64(10.0 * part(3 * i)))
            .collect();
        let targets: Vec<i64> = (0..count).map(|i| (i * 5 % classes) as i64).collect();
        // The third of three rows does not count.
        let weights: Vec<F> = (0..count)
            .map(|i| F::from_f64([1.5, 0.5, 0.0][i % 3]))
            .collect();
        let rows = rows_of(shape, &targets, Some(&weights));
        let (mut sum, mut size, mut gradient) = (0.0, 0.0, Vec::new());
        let wide = |row: &[F]| -> Vec<f64> { row.iter().map(|x| x.to_f64()).collect() };
        let pairs = student.chunks(classes).zip(teacher.chunks(classes));
        for (i, (student, teacher)) in pairs.enumerate() {
            let class = targets[i] as usize;
            let (of_row, slopes) = expected(loss, &wide(student), &wide(teacher), class);
            let weight = weights[i].to_f64();
            sum += weight * of_row[0];
            size += weight * of_row[1];
            gradient.extend(
                slopes
                    .into_iter()
                    .map(|[slope, of]| Near::difference(slope, of, tolerance).times(weight * 0.25)),
            );
        }
        let what = format!("{loss:?}, {arch:?}, {count} x {classes}");
        let check_sum = |found: f64| {
            let near = (found - sum).abs() <= tolerance * size;
            assert!(near, "{what}: {found} instead of {sum}");
        };
        let run = |student, wanted| reduced(arch, loss, &rows, &teacher, 0.25, student, wanted);
        check_sum(run(Logits::Shared(&student), false).0);
        let (found, beside) = run(Logits::Shared(&student), true);
        check_sum(found);
        let mut owned = student.clone();
        check_sum(run(Logits::Owned(&mut owned), true).0);
        assert_eq!(Some(&owned), beside.as_ref(), "{what}");
        assert_near(&what, &owned, gradient.into_iter());
    }

    fn check<F: Float>(tolerance: f64) {
        for arch in Arch::available() {
            for (temperature, alpha) in [(1.0, 0.5), (2.0, 0.5), (4.0, 1.0), (0.5, 0.0)] {
                let loss = Distillation { temperature, alpha };
                for shape in SHAPES {
                    if !cfg!(miri) || shape[1] <= 100 {
                        check_shape::<F>(arch, loss, shape, tolerance);
                    }
                }
            }
        }
    }

    #[test]
    fn in_f32() {
        check::<f32>(2e-6);
    }

    #[test]
    fn in_f64() {
        check::<f64>(1e-14);
    }

    #[test]
    fn confident_rows_keep_their_digits() {
        let loss = Distillation {
            temperature: 2.0,
            alpha: 0.0,
        };
        let rows = rows_of::<f32>([2, 3], &[0, 2], None);
        for arch in Arch::available() {
            let mut student = [60.0f32, 0.0, -60.0, 60.0, 0.0, -60.0];
            let (sum, _) = reduced(
                arch,
                loss,
                &rows,
                &[0.0; 6],
                1.0,
                Logits::Owned(&mut student),
                true,
            );
            assert!((sum - 120.0).abs() < 1e-5);
            let tiny = (-60f64).exp();
            let expected = [-tiny, tiny, tiny * tiny, 1.0, tiny, -1.0];
            let near = expected.map(|slope| Near::itself(slope, 1e-6));
            assert_near(&format!("{arch:?}"), &student, near.into_iter());
        }
    }

    #[test]
    fn logits_far_apart() {
        for arch in Arch::available() {
            let run = |alpha, class, student: &mut [f32], teacher: &[f32]| {
                let loss = Distillation {
                    temperature: 2.0,
                    alpha,
                };
                let classes = [class];
                let rows = rows_of([1, student.len()], &classes, None);
                let student = Logits::Owned(student);
                reduced(arch, loss, &rows, teacher, 1.0, student, true).0
            };
            // Its exponential is next to nothing, and there are many others.
            let mut student = vec![0.0; 1001];
            student[0] = -705.0;
            let sum = run(0.0, 0, &mut student, &[0.0; 1001]);
            assert!((sum - (705.0 + 1000f64.ln())).abs() < 1e-3, "{sum}");
            assert!((student[0] + 1.0).abs() < 1e-6);
            // The distance of these overflows, and the teacher gives it no weight.
            for class in [0, 1] {
                let mut student = [-3e38, 3e38, 3e38];
                let sum = run(1.0, class, &mut student, &[0.0, 300.0, 300.0]);
                assert!(sum.abs() < 1e-6, "{sum}");
                assert!(student.iter().all(|slope| slope.abs() < 1e-6));
                // One half of it, which is half of the largest number.
                let sum = run(1.0, class, &mut [-3e38, 3e38, 3e38], &[0.0; 3]);
                assert!(sum.is_finite() && sum > 1e38, "{sum}");
            }
        }
    }

    #[test]
    fn what_is_not_asked_for_does_not_matter() {
        for arch in Arch::available() {
            let run = |alpha, classes: &[i64], student: &mut [f32], teacher: &[f32]| {
                let loss = Distillation {
                    temperature: 2.0,
                    alpha,
                };
                let rows = rows_of([classes.len(), 3], classes, None);
                let student = Logits::Owned(student);
                reduced(arch, loss, &rows, teacher, 1.0, student, true).0
            };
            // Of an ignored row nothing; of a teacher without a share nothing either.
            let mut student = [0.0, 0.0, 0.0, f32::NAN, 1.0, 1.0];
            let teacher = [f32::NAN, 0.0, 0.0, f32::NAN, 0.0, 0.0];
            let sum = run(0.0, &[1, -1], &mut student, &teacher);
            assert!((sum - 3f64.ln()).abs() < 1e-6);
            assert!(student[..3].iter().all(|slope| slope.is_finite()));
            assert_eq!(student[3..], [0.0; 3]);
            // A student that holds its class impossible is infinitely far from it, but not from its teacher.
            let mut student = [f32::NEG_INFINITY, 0.0, 0.0];
            let far = [-1e30, 0.0, 0.0];
            assert_eq!(run(0.0, &[0], &mut student.clone(), &far), f64::INFINITY);
            assert!(run(1.0, &[0], &mut student, &[0.0; 3]).is_infinite());
            // What is no number is the loss's, too.
            for bad in [f32::NAN, f32::INFINITY] {
                assert!(run(0.5, &[0], &mut [bad, 0.0, 0.0], &[0.0; 3]).is_nan());
                assert!(run(0.5, &[0], &mut [0.0; 3], &[bad, 0.0, 0.0]).is_nan());
            }
        }
    }

    #[test]
    fn a_teacher_of_another_size_is_refused() {
        let loss = Distillation {
            temperature: 2.0,
            alpha: 0.5,
        };
        let rows = rows_of([1, 3], &[0], None);
        refuses("a teacher's logit for each", || {
            let student = Logits::Shared(&[0f32; 3]);
            reduced(Arch::Scalar, loss, &rows, &[0.0; 2], 1.0, student, true)
        });
    }
}
