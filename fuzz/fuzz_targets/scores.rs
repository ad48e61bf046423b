//! Scores of class rows: those of the rows' classes, margins of one class or of several labels, a student's beside a teacher's, and CTC over the steps of an input.
//!
//! Held against the same row by row, and CTC against the plain forward and backward recursions in `f64`.

#![no_main]

use std::borrow::Cow;

use burn_loss_fuzz::formulas::Typed;
use burn_loss_fuzz::interval::Interval;
use burn_loss_fuzz::rows::{self, Kind, Labels, Rows};
use burn_loss_fuzz::source::{Domain, Source};
use burn_loss_fuzz::{bits, epsilon};
use libfuzzer_sys::fuzz_target;
use loss_kernels::cpu::ctc::Ctc;
use loss_kernels::cpu::simd::Arch;
use loss_kernels::cpu::softmax_terms::{HostRows, Logits};
use loss_kernels::cpu::{distillation, multi_label_margin, multi_margin, target_scores};
use loss_kernels::formulas::LARGEST_LOG_PROB;
use loss_kernels::{Distillation, MultiMargin, Number, SmoothWeights};

fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    match source.flag() {
        true => check::<f32>(&mut source),
        false => check::<f64>(&mut source),
    }
});

fn check<F: Typed>(source: &mut Source) {
    match source.size(0, 4) {
        0 => Scores::<F>::draw(source, false).check_target_scores(),
        1 => {
            let loss = MultiMargin {
                margin: source.between(-1.0, 4.0),
                squared: source.flag(),
            };
            Scores::<F>::draw(source, true).check_margins(loss);
        }
        2 => Steps::<F>::draw(source).check(),
        3 => Scores::<F>::draw(source, true).check_labels(source),
        _ => {
            let loss = Distillation {
                temperature: source.between(0.25, 8.0),
                alpha: source.choice(&[0.0, 0.25, 0.5, 1.0]),
            };
            let mut scores = Scores::<F>::draw(source, true);
            scores.class_weights = None;
            let wild = source.one_in(8);
            let count = scores.rows.scores.len();
            let teacher = source.repeated(count, Domain::Between(-30.0, 30.0), wild);
            scores.check_distillation(loss, &teacher);
        }
    }
}

struct Scores<F> {
    rows: Rows<F>,
    class_weights: Option<Vec<F>>,
    scale: f64,
}

impl<F: Typed> Scores<F> {
    fn draw(source: &mut Source, side_by_side: bool) -> Self {
        let mut shape = rows::shape(source);
        if side_by_side {
            shape[2] = 1;
        }
        let rows = Rows::of_shape(source, shape, Labels::Any);
        Self {
            class_weights: source.flag().then(|| source.weights(shape[1])),
            scale: source.choice(&[1.0, 0.25, 1e-3]),
            rows,
        }
    }

    fn host(&self) -> HostRows<'_, F> {
        self.rows.host(SmoothWeights::<Cow<'_, [F]>>::Zero)
    }

    /// The rows that count, with the class of each and what it counts.
    fn counted(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        (0..self.rows.count()).filter_map(|row| match self.rows.kind(row) {
            Kind::Labelled(class) => {
                let at = |weights: &Option<Vec<F>>, at: usize| {
                    weights.as_ref().map_or(1.0, |weights| weights[at].to_f64())
                };
                let of_row = at(&self.rows.row_weights, row);
                Some((row, class, of_row * at(&self.class_weights, class)))
            }
            _ => None,
        })
    }

    fn check_target_scores(&self) {
        let (host, scores) = (self.host(), &self.rows.scores);
        let run = |scores, wanted| {
            let weights = self.class_weights.as_deref();
            target_scores::reduced(&host, weights, self.scale, scores, wanted)
        };
        let [mut sum, mut size, mut violation] = [0.0, 0.0, f64::NAN];
        let mut expected = vec![F::ZERO; scores.len()];
        let mut first = None;
        for (row, class, weight) in self.counted() {
            let at = self.rows.at(row, class);
            let score = scores[at].to_f64();
            sum -= weight * score;
            size += (weight * score).abs();
            expected[at] = F::from_f64(-weight * self.scale);
            if score > LARGEST_LOG_PROB && weight != 0.0 && first.is_none() {
                (first, violation) = (Some(at), score);
            }
        }
        let beside = run(Logits::Shared(scores), true);
        let mut in_place = scores.clone();
        let found = run(Logits::Owned(&mut in_place), true);
        let alone = run(Logits::Shared(scores), false);
        for found in [&beside, &found, &alone] {
            assert_sum(found.sum, sum, 1e-12 * size);
            assert_eq!(found.violation.map(|found| found.index), first);
            if let Some(found) = found.violation {
                assert_eq!(found.value, violation);
            }
        }
        assert_eq!(bits(&in_place), bits(&expected), "in place");
        assert_eq!(beside.gradient.as_deref().map(bits), Some(bits(&expected)));
    }

    fn check_margins(&self, loss: MultiMargin) {
        let (host, scores) = (self.host(), &self.rows.scores);
        let (sum, expected) = self.margins(loss);
        for arch in Arch::available() {
            let run = |scores, wanted| {
                let weights = self.class_weights.as_deref();
                multi_margin::reduced(arch, loss, &host, weights, self.scale, scores, wanted)
            };
            let (beside, gradient) = run(Logits::Shared(scores), true);
            let mut in_place = scores.clone();
            let (found, _) = run(Logits::Owned(&mut in_place), true);
            let (alone, _) = run(Logits::Shared(scores), false);
            assert_eq!(gradient.as_deref().map(bits), Some(bits(&in_place)));
            for found in [beside, found, alone] {
                let range = sum.range();
                let is_finite =
                    range.is_some_and(|[low, high]| low.is_finite() && high.is_finite());
                let fits = sum.allows(found) || !is_finite && !found.is_finite();
                assert!(fits, "{arch:?}, {loss:?}: {found}, not {sum:?}");
            }
            for (at, (found, expected)) in in_place.iter().zip(&expected).enumerate() {
                assert!(
                    expected.allows(found.to_f64()),
                    "{arch:?}, {loss:?}, {:?}, score {at}: {found:?}, not {expected:?}",
                    self.rows.shape
                );
            }
        }
    }

    /// Labels from the left of each row, ended by a negative number; some are no classes.
    fn check_labels(&self, source: &mut Source) {
        let [_, classes, _] = self.rows.shape;
        let scores = &self.rows.scores;
        let rows = scores.len() / classes;
        let labels: Vec<i64> = (0..rows)
            .flat_map(|_| {
                let (named, wrong) = (source.size(0, classes), source.one_in(16));
                let (first, step) = (source.size(0, classes - 1), source.size(1, 9));
                let row = (0..classes).map(move |place| match place {
                    _ if place >= named => -1,
                    0 if wrong => classes as i64,
                    // Some are named twice.
                    _ => ((first + place * step) % classes) as i64,
                });
                row.collect::<Vec<_>>()
            })
            .collect();
        let rows: Vec<_> = labels
            .chunks(classes)
            .map(|row| {
                let named = row.iter().take_while(|label| **label >= 0);
                named.map(|label| *label as usize).collect::<Vec<_>>()
            })
            .collect();
        let expected: Vec<_> = scores
            .chunks(classes)
            .zip(&rows)
            .map(|(scores, named)| {
                let is_known = named.iter().all(|label| *label < classes);
                is_known.then(|| of_labels(scores, named))
            })
            .collect();
        for arch in Arch::available() {
            let run = |wanted| multi_label_margin::losses(arch, scores, &labels, classes, wanted);
            let (losses, gradient) = run(true);
            let (alone, none) = run(false);
            assert_eq!((bits(&losses), none), (bits(&alone), None));
            let gradient = gradient.expect("it is wanted");
            for (row, expected) in expected.iter().enumerate() {
                let place = row * classes..(row + 1) * classes;
                let (found, slopes) = (losses[row].to_f64(), &gradient[place]);
                let Some((sum, expected)) = expected else {
                    assert!(found.is_nan() && slopes.iter().all(|slope| *slope == F::ZERO));
                    continue;
                };
                let fits = sum.allows(found)
                    || !found.is_finite() && !sum.range().is_some_and(|ends| ends[1].is_finite());
                assert!(fits, "{arch:?}, row {row}: {found}, not {sum:?}");
                for (class, (slope, expected)) in slopes.iter().zip(expected).enumerate() {
                    assert!(
                        expected.allows(slope.to_f64()),
                        "{arch:?}, row {row}, class {class}: {slope:?}, not {expected:?}"
                    );
                }
            }
        }
    }

    fn check_distillation(&self, loss: Distillation, teacher: &[F]) {
        let (host, scores) = (self.host(), &self.rows.scores);
        for arch in Arch::available() {
            let run = |scores, wanted| {
                distillation::reduced(arch, loss, &host, teacher, self.scale, scores, wanted)
            };
            let (beside, gradient) = run(Logits::Shared(scores), true);
            let mut in_place = scores.clone();
            let (found, _) = run(Logits::Owned(&mut in_place), true);
            let (alone, _) = run(Logits::Shared(scores), false);
            assert_eq!(gradient.as_deref().map(bits), Some(bits(&in_place)));
            let sums = [beside, found, alone];
            assert!(sums.map(f64::to_bits) == [beside.to_bits(); 3] || beside.is_nan());
            self.check_student(arch, loss, teacher, beside, &in_place);
        }
    }

    /// Each row against the formula in `f64`, if its numbers are finite and not so far apart that it overflows.
    fn check_student(
        &self,
        arch: Arch,
        loss: Distillation,
        teacher: &[F],
        found: f64,
        gradient: &[F],
    ) {
        let [_, classes, _] = self.rows.shape;
        let (mut sum, mut size, mut is_known) = (0.0, 0.0, true);
        let mut counts = vec![false; self.rows.count()];
        for (row, class, weight) in self.counted() {
            counts[row] = weight != 0.0;
            let of_row = |scores: &[F]| -> Vec<f64> {
                let row = &scores[row * classes..][..classes];
                row.iter().map(|x| x.to_f64()).collect()
            };
            let [x, z] = [of_row(&self.rows.scores), of_row(teacher)];
            if weight == 0.0 {
                continue;
            }
            if x.iter().chain(&z).any(|x| x.is_nan() || x.abs() > 1e4) {
                is_known = false;
                continue;
            }
            let hard = log_softmax(&x, 1.0);
            let [x, z] = [x, z].map(|row| log_softmax(&row, loss.temperature));
            let [of_soft, of_hard] = [loss.soft_weight(), loss.hard_weight()];
            size -= weight.abs() * of_hard * hard[class];
            let mut divergence = 0.0;
            for c in 0..classes {
                let distance = z[c].exp() * (z[c] - x[c]);
                divergence += distance;
                size += weight.abs() * of_soft * (distance.abs() + z[c].exp());
                let soft = of_soft / loss.temperature * (x[c].exp() - z[c].exp());
                let is_class = f64::from(c == class);
                let slope = weight * self.scale * (soft + of_hard * (hard[c].exp() - is_class));
                // Each of its parts is at most this.
                let most = weight * self.scale * (of_soft / loss.temperature + of_hard);
                let off = (gradient[row * classes + c].to_f64() - slope).abs();
                assert!(
                    off <= 256.0 * epsilon::<F>() * most.abs() + F::MIN_POSITIVE.to_f64(),
                    "{arch:?}, {loss:?}, row {row}, class {c}: off by {off:e} of {slope:e}"
                );
            }
            // Row by row: one running total of all classes of all rows would be off by more than the kernel.
            sum += weight * (of_soft * divergence - of_hard * hard[class]);
        }
        for (row, counts) in counts.into_iter().enumerate() {
            let row = &gradient[row * classes..][..classes];
            assert!(
                counts || row.iter().all(|x| *x == F::ZERO),
                "it does not count"
            );
        }
        if is_known {
            // The sums here take one class after the other, and of equal ones each rounds the same way.
            let units = (256 + 4 * classes) as f64;
            assert_sum(found, sum, units * epsilon::<F>() * size.max(1.0));
        }
    }

    /// The sum of the losses, and the gradient of each score.
    fn margins(&self, loss: MultiMargin) -> (Interval, Vec<Interval>) {
        let zero = Interval::exact(F::ZERO);
        let mut gradient = vec![zero; self.rows.scores.len()];
        let (mut sum, units) = (Interval::exact(0.0f64), 24.0 * epsilon::<F>());
        for (row, class, weight) in self.counted() {
            let of_class = Interval::exact(self.rows.scores[self.rows.at(row, class)]);
            let scale = zero.constant(weight * self.scale);
            let [mut losses, mut slopes] = [Interval::exact(0.0f64); 2];
            for other in (0..self.rows.shape[1]).filter(|other| *other != class) {
                let at = self.rows.at(row, other);
                let score = Interval::exact(self.rows.scores[at]);
                let [power, slope] = short_of(loss, score, of_class);
                gradient[at] = slope * scale;
                losses = losses + power.wider(units * power.size());
                slopes = slopes + slope.wider(units * slope.size());
            }
            let lost = F::MIN_POSITIVE.to_f64();
            let of_class = zero.constant(0.0) - slopes.as_type::<F>() * scale;
            gradient[self.rows.at(row, class)] = of_class.wider(lost);
            sum = sum + losses * weight;
        }
        (sum, gradient)
    }
}

/// What a score takes of a margin, and its slope.
fn short_of(loss: MultiMargin, score: Interval, of_class: Interval) -> [Interval; 2] {
    let missing = (score - of_class + loss.margin).at_least(0.0);
    let one = Number::select(missing.is(0.0), missing, missing.constant(1.0));
    match loss.squared {
        true => [missing * missing, missing * 2.0],
        false => [missing, one],
    }
}

/// The margins of a row's labels in all, over the number of classes, and the gradient of each score.
fn of_labels<F: Typed>(scores: &[F], labels: &[usize]) -> (Interval, Vec<Interval>) {
    let loss = MultiMargin {
        margin: 1.0,
        squared: false,
    };
    let (zero, units) = (Interval::exact(0.0f64), 24.0 * epsilon::<F>());
    let [mut sum, share] = [zero, zero.constant(1.0 / scores.len() as f64)];
    let mut slopes = vec![zero; scores.len()];
    for &label in labels {
        let of_label = Interval::exact(scores[label]);
        for (other, score) in scores.iter().enumerate() {
            if labels.contains(&other) {
                continue;
            }
            let [power, slope] = short_of(loss, Interval::exact(*score), of_label);
            sum = sum + power.wider(units * power.size());
            slopes[other] = slopes[other] + slope;
            slopes[label] = slopes[label] - slope;
        }
    }
    let slopes = slopes
        .into_iter()
        .map(|slope| (slope * share).as_type::<F>());
    ((sum * share).as_type::<F>(), slopes.collect())
}

#[track_caller]
fn assert_sum(found: f64, expected: f64, slack: f64) {
    let is_near = (found - expected).abs() <= slack;
    assert!(
        is_near || found == expected || !found.is_finite() && !expected.is_finite(),
        "{found} instead of {expected}"
    );
}

/// Samples for CTC.
struct Steps<F> {
    shape: [usize; 3],
    log_probs: Vec<F>,
    wild: bool,
    targets: Vec<i64>,
    longest: usize,
    input_lengths: Vec<i64>,
    target_lengths: Vec<i64>,
    blank: usize,
}

impl<F: Typed> Steps<F> {
    fn draw(source: &mut Source) -> Self {
        let shape = [source.size(0, 24), source.size(0, 4), source.size(1, 20)];
        let [steps, samples, classes] = shape;
        let longest = source.size(0, 30);
        let wild = source.one_in(8);
        let mut lengths = |most: usize| -> Vec<i64> {
            (0..samples).map(|_| source.size(0, most) as i64).collect()
        };
        let (input_lengths, target_lengths) = (lengths(steps), lengths(longest));
        let mut targets: Vec<i64> = (0..samples * longest)
            .map(|_| source.any() as i64)
            .collect();
        for (n, len) in target_lengths.iter().enumerate() {
            for class in &mut targets[n * longest..][..*len as usize] {
                *class = class.rem_euclid(classes as i64);
            }
        }
        let mut log_probs =
            source.repeated(steps * samples * classes, Domain::Between(-10.0, 0.0), wild);
        if source.one_in(4) {
            let every = source.size(1, 9);
            let impossible = F::ZERO - F::INFINITY;
            log_probs
                .iter_mut()
                .step_by(every)
                .for_each(|x| *x = impossible);
        }
        Self {
            shape,
            log_probs,
            wild,
            targets,
            longest,
            input_lengths,
            target_lengths,
            blank: source.size(0, classes - 1),
        }
    }

    fn check(&self) {
        let ctc = Ctc {
            log_probs: &self.log_probs,
            shape: self.shape,
            targets: &self.targets,
            input_lengths: &self.input_lengths,
            target_lengths: &self.target_lengths,
            blank: self.blank,
        };
        let (losses, gradient) = ctc.run(true);
        let (alone, none) = ctc.run(false);
        assert!(none.is_none());
        assert_eq!(bits(&losses), bits(&alone), "with a gradient and without");
        let gradient = gradient.expect("it is wanted");
        for (n, loss) in losses.iter().enumerate() {
            self.check_beyond(n, &gradient);
            if !self.wild {
                self.check_sample(n, loss.to_f64(), &gradient);
            }
        }
    }

    /// The gradient of a class at a step of a sample.
    fn at(&self, n: usize, step: usize, class: usize) -> usize {
        let [_, samples, classes] = self.shape;
        (step * samples + n) * classes + class
    }

    /// Beyond the input there is no gradient.
    fn check_beyond(&self, n: usize, gradient: &[F]) {
        for step in self.input_lengths[n] as usize..self.shape[0] {
            for class in 0..self.shape[2] {
                assert_eq!(gradient[self.at(n, step, class)], F::ZERO);
            }
        }
    }

    /// The class of each state: blanks around all classes of the target.
    fn states(&self, n: usize) -> Vec<usize> {
        let target = &self.targets[n * self.longest..][..self.target_lengths[n] as usize];
        let labels = target
            .iter()
            .flat_map(|class| [*class as usize, self.blank]);
        std::iter::once(self.blank).chain(labels).collect()
    }

    fn check_sample(&self, n: usize, loss: f64, gradient: &[F]) {
        let (states, steps) = (self.states(n), self.input_lengths[n] as usize);
        let y = |t: usize, s: usize| self.log_probs[self.at(n, t, states[s])].to_f64();
        let skips = |s: usize| s > 1 && states[s] != self.blank && states[s] != states[s - 2];
        let count = states.len();
        let mut alpha = vec![vec![f64::NEG_INFINITY; count]; steps];
        let mut beta = alpha.clone();
        for t in 0..steps {
            for s in 0..count {
                let before = |back: usize| alpha[t - 1][s - back];
                alpha[t][s] = y(t, s)
                    + match t {
                        0 if s < 2 => 0.0,
                        0 => f64::NEG_INFINITY,
                        _ => log_sum([
                            before(0),
                            if s > 0 { before(1) } else { f64::NEG_INFINITY },
                            if skips(s) {
                                before(2)
                            } else {
                                f64::NEG_INFINITY
                            },
                        ]),
                    };
            }
        }
        for t in (0..steps).rev() {
            for s in 0..count {
                let after = |on: usize| beta[t + 1][s + on] + y(t + 1, s + on);
                beta[t][s] = match t + 1 == steps {
                    true if s + 2 >= count => 0.0,
                    true => f64::NEG_INFINITY,
                    false => log_sum([
                        after(0),
                        if s + 1 < count {
                            after(1)
                        } else {
                            f64::NEG_INFINITY
                        },
                        if s + 2 < count && skips(s + 2) {
                            after(2)
                        } else {
                            f64::NEG_INFINITY
                        },
                    ]),
                };
            }
        }
        let expected = match alpha.last() {
            Some(last) => {
                let before = if count > 1 {
                    last[count - 2]
                } else {
                    f64::NEG_INFINITY
                };
                -log_sum([last[count - 1], before, f64::NEG_INFINITY])
            }
            None if count == 1 => 0.0,
            None => f64::INFINITY,
        };
        // Each step rounds numbers of up to 10, and of what has been taken out before.
        let slack = 64.0 * epsilon::<F>() * (1 + steps) as f64 * 10.0;
        assert_sum(loss, expected, slack);
        for t in 0..steps {
            for class in 0..self.shape[2] {
                let found = gradient[self.at(n, t, class)].to_f64();
                if !expected.is_finite() {
                    assert!(found.is_nan(), "without a way there is no gradient");
                    continue;
                }
                let own = (0..count).filter(|s| states[*s] == class);
                let slope: f64 = own
                    .map(|s| -(alpha[t][s] + beta[t][s] + expected).exp())
                    .sum();
                assert!(
                    (found - slope).abs() <= slack,
                    "step {t}, class {class}: {found} instead of {slope}"
                );
            }
        }
    }
}

/// The logarithms of the probabilities of logits over a temperature.
fn log_softmax(row: &[f64], temperature: f64) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let below = row.iter().map(|x| (x - max) / temperature);
    let lse = below.clone().map(f64::exp).sum::<f64>().ln();
    below.map(|x| x - lse).collect()
}

fn log_sum(terms: [f64; 3]) -> f64 {
    let most = terms.into_iter().fold(f64::NEG_INFINITY, f64::max);
    match most.is_finite() {
        true => {
            most + terms
                .map(|term| (term - most).exp())
                .iter()
                .sum::<f64>()
                .ln()
        }
        false => most,
    }
}
