//! Rows of class scores: the terms, their gradient, the reduced loss with its gradient, and what the rows count.
//!
//! Held against the softmax of each row in `f64`: terms, losses and gradients on every instruction set, whatever the classes.
//! Held against itself: in place and beside, once more, and with other scores in the rows that do not count.

#![no_main]

use std::borrow::Cow;
use std::mem::MaybeUninit;

use burn_loss_fuzz::formulas::{self, AnyFormula, Typed};
use burn_loss_fuzz::interval::Interval;
use burn_loss_fuzz::rows::{Kind, Rows};
use burn_loss_fuzz::source::Source;
use burn_loss_fuzz::{bits, epsilon, sum};
use libfuzzer_sys::fuzz_target;
use loss_kernels::cpu::memory::Cells;
use loss_kernels::cpu::simd::Arch;
use loss_kernels::cpu::softmax_terms::{
    Counted, Input, Problem, RowLoss, backward, backward_in_place, forward,
};
use loss_kernels::{Adjustment, SMOOTH_LOSS, SmoothWeights, TARGET_LOSS};

fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    match source.flag() {
        true => Case::<f32>::draw(&mut source).check(),
        false => Case::<f64>::draw(&mut source).check(),
    }
});

struct Case<F> {
    formula: Box<dyn AnyFormula>,
    rows: Rows<F>,
    smooth: SmoothWeights<Vec<F>>,
    class_weights: Option<Vec<F>>,
    scale: f64,
    /// The gradients of the terms, `[M]` each.
    gradient: [Vec<F>; 3],
}

/// What the forward pass writes: the terms and the normalizer.
type Columns<F> = [Vec<F>; 5];

/// What is known of a row.
struct Known<F> {
    kind: Kind,
    /// Target loss, smooth loss, log-sum-exp.
    terms: [Interval; 3],
    softmax: Softmax<F>,
}

/// The probabilities of a row, each with what it is short of 1.
struct Softmax<F> {
    probabilities: Vec<[Interval; 2]>,
    weights: Vec<F>,
    total_weight: f64,
}

impl<F: Typed> Case<F> {
    fn draw(source: &mut Source) -> Self {
        let (formula, _) = formulas::of_terms(source);
        let rows = Rows::draw(source);
        let [_, classes, _] = rows.shape;
        let count = rows.count();
        Self {
            formula,
            smooth: match source.size(0, 3) {
                0 => SmoothWeights::Zero,
                1 => SmoothWeights::Uniform(source.between(0.0, 0.5)),
                2 => SmoothWeights::PerClass(source.weights(classes)),
                _ => SmoothWeights::PerLogit(source.weights(rows.scores.len())),
            },
            class_weights: source.flag().then(|| source.weights(classes)),
            scale: source.choice(&[1.0, 0.25, 1e-3]),
            gradient: std::array::from_fn(|_| source.weights(count)),
            rows,
        }
    }

    fn problem(&self) -> Problem<'_, F> {
        Problem {
            shape: self.rows.shape,
            classes: self.rows.classes.as_slice(),
            ignore_index: self.rows.ignore_index,
            unlabelled: None,
            smooth: self.smooth.as_ref().map(|weights| &**weights),
            row_weights: self.rows.row_weights.as_deref(),
        }
    }

    fn loss(&self) -> RowLoss<'_, F> {
        RowLoss {
            formula: F::class_rows(&*self.formula),
            class_weights: self.class_weights.as_deref(),
            scale: self.scale,
        }
    }

    fn check(&self) {
        let known: Vec<_> = (0..self.rows.count()).map(|row| self.known(row)).collect();
        let elsewhere = self.rows.with_other_ignored();
        for arch in Arch::available() {
            let columns = self.forward(arch, &self.rows.scores);
            self.check_terms(arch, &known, &columns);
            assert_eq!(columns.each_ref().map(|c| bits(c)), {
                let columns = self.forward(arch, &elsewhere);
                columns.each_ref().map(|c| bits(c))
            });
            self.check_backward(arch, &known, &columns);
            self.check_reduced(arch, &known, &elsewhere);
        }
        self.check_count();
    }

    /// The weights of the smooth loss of a row.
    fn weights(&self, row: usize) -> Vec<F> {
        let classes = 0..self.rows.shape[1];
        match &self.smooth {
            SmoothWeights::Zero => vec![F::ZERO; classes.len()],
            SmoothWeights::Uniform(weight) => vec![F::from_f64(*weight); classes.len()],
            SmoothWeights::PerClass(weights) => weights.clone(),
            SmoothWeights::PerLogit(weights) => classes
                .map(|class| weights[self.rows.at(row, class)])
                .collect(),
        }
    }

    fn is_smooth(&self) -> bool {
        !matches!(self.smooth, SmoothWeights::Zero)
    }

    /// What is known of a row: its softmax in `f64`, and how far the type's may be off.
    fn known(&self, row: usize) -> Known<F> {
        let kind = self.rows.kind(row);
        let scores: Vec<f64> = self.rows.row(row).map(F::to_f64).collect();
        let weights = self.weights(row);
        let row = Numbers::new::<F>(&scores);
        let class = match kind {
            Kind::Labelled(class) => Some(class),
            _ => None,
        };
        let mut terms = [
            class.map_or(0.0, |class| row.relative_lse - row.below(scores[class])),
            match self.is_smooth() {
                true => {
                    let pairs = scores.iter().zip(&weights);
                    sum(pairs.map(|(x, w)| row.weighted(*x, *w)))
                }
                false => 0.0,
            },
            row.max + row.relative_lse,
        ]
        .map(|term: f64| row.about::<F>(term));
        terms[2] = terms[2].wider(8.0 * epsilon::<F>() * (row.max.abs() + row.relative_lse));
        let probability = |x: &f64| {
            let log = row.below(*x) - row.relative_lse;
            let units = 40.0 - 2.0 * log.max(-1000.0) + row.units * row.relative_lse.min(1.0);
            [
                row.share::<F>(log.exp(), units),
                // What a logarithm of almost 0 is off by is a part of it, and so is what is left to 1.
                row.share::<F>(-log.exp_m1(), units + row.units),
            ]
        };
        Known {
            kind,
            terms,
            softmax: Softmax {
                probabilities: scores.iter().map(probability).collect(),
                total_weight: weights.iter().map(|weight| weight.to_f64()).sum(),
                weights,
            },
        }
    }

    fn forward(&self, arch: Arch, scores: &[F]) -> Columns<F> {
        let mut columns: Columns<F> = std::array::from_fn(|_| vec![F::NAN; self.rows.count()]);
        let [target, smooth, total, max, relative_lse] = &mut columns;
        let terms = [target, smooth, total].map(|column| Some(&mut column[..]));
        forward(arch, &self.problem(), scores, terms, [max, relative_lse]);
        columns
    }

    fn check_terms(&self, arch: Arch, known: &[Known<F>], columns: &Columns<F>) {
        for (row, known) in known.iter().enumerate() {
            for (column, (numbers, term)) in columns.iter().zip(&known.terms).enumerate() {
                let found = numbers[row].to_f64();
                let fits = match known.kind {
                    Kind::Ignored => found == 0.0,
                    Kind::Invalid if column == SMOOTH_LOSS && !self.is_smooth() => true,
                    Kind::Invalid => found.is_nan(),
                    Kind::Unlabelled if column == TARGET_LOSS => found == 0.0 || found.is_nan(),
                    _ => term.allows(found),
                };
                assert!(
                    fits,
                    "{arch:?}, {:?}, row {row} ({:?}), term {column}: {found}, not {:?}",
                    self.rows.shape, known.kind, term
                );
            }
        }
    }

    /// What the gradient of a row may be, given those of its terms.
    fn slopes(&self, known: &Known<F>, of_terms: [Interval; 3]) -> Vec<Interval> {
        let [target, smooth, total] = of_terms;
        let Softmax {
            probabilities,
            weights,
            total_weight,
        } = &known.softmax;
        let slope = |(class, ([p, rest], weight)): (usize, (&[Interval; 2], &F))| {
            let own = known.kind == Kind::Labelled(class);
            let weight = Interval::exact(*weight);
            let of_target = if own { -(target * *rest) } else { target * *p };
            let of_weights = smooth * (*p * *total_weight);
            let terms = [of_target, total * *p, of_weights, -(smooth * weight)];
            let size: f64 = terms.iter().map(|term| term.size()).sum();
            let sum = terms[0] + terms[1] + terms[2] + terms[3];
            sum.wider(32.0 * epsilon::<F>() * size + F::MIN_POSITIVE.to_f64())
        };
        let classes = probabilities.iter().zip(weights).enumerate();
        classes.map(slope).collect()
    }

    fn check_gradient(
        &self,
        arch: Arch,
        known: &[Known<F>],
        gradient: &[F],
        of_terms: impl Fn(usize) -> Option<[Interval; 3]>,
    ) {
        for (row, known) in known.iter().enumerate() {
            let of_terms = of_terms(row).filter(|_| known.kind != Kind::Ignored);
            let slopes = of_terms.map(|of_terms| self.slopes(known, of_terms));
            for class in 0..self.rows.shape[1] {
                let found = gradient[self.rows.at(row, class)].to_f64();
                let fits = match (&slopes, known.kind) {
                    (None, _) => found == 0.0,
                    (Some(_), Kind::Invalid) => found.is_nan(),
                    // Of a row without a class or a weight nothing is asked; 0 is as good as 0 times NaN.
                    (Some(_), Kind::Unlabelled) if !self.is_smooth() && found == 0.0 => true,
                    (Some(slopes), _) => slopes[class].allows(found),
                };
                assert!(
                    fits,
                    "{arch:?}, {:?}, {:?}, row {row} ({:?}), class {class}: {found}, not {:?}",
                    self.rows.shape,
                    self.formula,
                    known.kind,
                    slopes.map(|slopes| slopes[class]),
                );
            }
        }
    }

    fn check_backward(&self, arch: Arch, known: &[Known<F>], columns: &Columns<F>) {
        let problem = self.problem();
        let input = Input {
            gradient: self.gradient.each_ref().map(|column| Some(&column[..])),
            normalizer: [&columns[3], &columns[4]],
        };
        let mut gradient = self.rows.scores.clone();
        backward_in_place(arch, &problem, &mut gradient, input);
        let mut cells = vec![MaybeUninit::new(F::NAN); gradient.len()];
        backward(arch, &problem, &self.rows.scores, input, &mut cells);
        assert_eq!(
            bits(&gradient),
            bits(&written(&cells)),
            "in place and beside"
        );
        self.check_gradient(arch, known, &gradient, |row| {
            let numbers = self.gradient.each_ref().map(|column| column[row]);
            let [target, smooth, total] = numbers.map(Interval::exact);
            let zero = Interval::exact(F::ZERO);
            let is_labelled = known[row].kind != Kind::Unlabelled;
            let of_terms = [
                if is_labelled { target } else { zero },
                if self.is_smooth() { smooth } else { zero },
                total,
            ];
            (numbers != [F::ZERO; 3]).then_some(of_terms)
        });
    }

    /// What a row counts, alone and with its class.
    fn counts(&self, row: usize) -> [F; 2] {
        let weights = self.rows.row_weights.as_deref();
        let of_row = weights.map_or(F::ONE, |weights| weights[row]);
        match (self.rows.kind(row), &self.class_weights) {
            (Kind::Labelled(class), Some(weights)) => [of_row, of_row * weights[class]],
            _ => [of_row; 2],
        }
    }

    fn inputs(&self, known: &Known<F>) -> [Interval; 3] {
        let [target, _, total] = known.terms;
        [target, total, total]
    }

    fn check_reduced(&self, arch: Arch, known: &[Known<F>], elsewhere: &[F]) {
        self.check_adjusted(arch);
        let (problem, loss) = (self.problem(), self.loss());
        let in_place = |scores: &[F]| {
            let mut gradient = scores.to_vec();
            let cells = Cells::in_place(&mut gradient, problem.shape);
            (
                F::with_gradient(arch, &problem, &loss, None, cells),
                gradient,
            )
        };
        let (sum, gradient) = in_place(&self.rows.scores);
        let mut cells = vec![MaybeUninit::new(F::NAN); gradient.len()];
        let beside = Cells::between(&self.rows.scores, &mut cells, problem.shape);
        let beside = F::with_gradient(arch, &problem, &loss, None, beside);
        assert_eq!(
            bits(&gradient),
            bits(&written(&cells)),
            "in place and beside"
        );
        assert_eq!(sum.to_bits(), beside.to_bits(), "in place and beside");
        let (again, same) = in_place(elsewhere);
        assert_eq!(bits(&gradient), bits(&same), "ignored rows do not matter");
        assert_eq!(sum.to_bits(), again.to_bits(), "ignored rows do not matter");
        self.check_sum(arch, known, sum);
        let alone = F::sum_of_losses(arch, &problem, &loss, &self.rows.scores);
        self.check_sum(arch, known, alone);
        self.check_gradient(arch, known, &gradient, |row| {
            let [of_row, of_class] = self.counts(row).map(|c| Interval::exact(c) * self.scale);
            let inputs = self.inputs(&known[row]);
            let slope = |of| of_class * self.formula.slope_of(of, inputs);
            let zero = Interval::exact(F::ZERO);
            let mut of_terms = [
                slope(loss_kernels::Input::Prediction),
                if self.is_smooth() { of_row } else { zero },
                slope(loss_kernels::Input::Target),
            ];
            let all_zero = of_terms.iter().all(|term| term.range() == Some([0.0; 2]));
            if known[row].kind == Kind::Unlabelled {
                of_terms[0] = zero;
            }
            (known[row].kind == Kind::Invalid || !all_zero).then_some(of_terms)
        });
    }

    /// What is adjusted in the cache is what was adjusted before.
    fn check_adjusted(&self, arch: Arch) {
        let problem = self.problem();
        let [_, classes, inner] = problem.shape;
        if inner != 1 {
            return;
        }
        let per_class = self.class_weights.as_deref();
        let adjusted = |(place, score): (usize, &F)| {
            let product = *score * F::from_f64(self.scale);
            per_class.map_or(product, |offsets| product + offsets[place % classes])
        };
        let mut before: Vec<F> = self.rows.scores.iter().enumerate().map(adjusted).collect();
        let loss = RowLoss {
            scale: self.scale * self.scale,
            ..self.loss()
        };
        let cells = Cells::in_place(&mut before, problem.shape);
        let sum = F::with_gradient(arch, &problem, &loss, None, cells);
        let by = Adjustment {
            factor: self.scale,
            per_class,
        };
        let mut cached = self.rows.scores.clone();
        let cells = Cells::in_place(&mut cached, problem.shape);
        let found = F::with_gradient(arch, &problem, &self.loss(), Some(by), cells);
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(
            same(found, sum),
            "{arch:?}: {found} of adjusted rows, not {sum}"
        );
        for (found, before) in cached.iter().zip(&before) {
            assert!(
                same(found.to_f64(), before.to_f64()),
                "{arch:?}, {:?}: {found:?} of adjusted rows, not {before:?}",
                problem.shape
            );
        }
    }

    /// The sum of the losses of all rows.
    fn check_sum(&self, arch: Arch, known: &[Known<F>], sum: f64) {
        let ([mut low, mut high], mut size) = ([0.0; 2], 0.0);
        for (row, known) in known.iter().enumerate() {
            let [of_row, of_class] = self.counts(row).map(Interval::exact);
            let loss = match known.kind {
                Kind::Ignored => continue,
                Kind::Invalid => Interval::about::<F>(f64::NAN, 0.0),
                _ => of_class * self.formula.loss_of(self.inputs(known)) + of_row * known.terms[1],
            };
            let Some(range) = loss.range() else { return };
            low += range[0];
            high += range[1];
            size += loss.size();
        }
        let slack = (40.0 * epsilon::<F>() + known.len() as f64 * f64::EPSILON) * size;
        let fits = match low.is_finite() && high.is_finite() {
            true => low - slack <= sum && sum <= high + slack,
            false => !sum.is_finite(),
        };
        assert!(
            fits || size > F::MAX.to_f64() / 8.0,
            "{arch:?}, {:?}, {:?}: {sum}, not {low} to {high}",
            self.formula,
            self.rows.shape,
        );
    }

    fn check_count(&self) {
        let rows = self
            .rows
            .host(self.smooth.as_ref().map(|w| Cow::Borrowed(&w[..])));
        let Counted {
            weight, invalid, ..
        } = rows.count(self.class_weights.as_deref());
        let kinds: Vec<_> = (0..self.rows.count())
            .map(|row| self.rows.kind(row))
            .collect();
        assert_eq!(
            invalid,
            kinds.iter().position(|kind| *kind == Kind::Invalid)
        );
        let counts = |(row, kind): (usize, &Kind)| match kind {
            Kind::Ignored | Kind::Invalid => 0.0,
            _ => self.weight(row),
        };
        let expected: f64 = kinds.iter().enumerate().map(counts).sum();
        assert!(
            (weight - expected).abs() <= 1e-12 * expected,
            "{weight}, {expected}"
        );
    }

    /// What a row counts, in `f64`.
    fn weight(&self, row: usize) -> f64 {
        let weights = self.rows.row_weights.as_deref();
        let of_row = weights.map_or(1.0, |weights| weights[row].to_f64());
        match (self.rows.kind(row), &self.class_weights) {
            (Kind::Labelled(class), Some(weights)) => of_row * weights[class].to_f64(),
            _ => of_row,
        }
    }
}

/// The numbers of a row in `f64`.
struct Numbers {
    max: f64,
    relative_lse: f64,
    /// How many units of the last place a term may be off.
    units: f64,
    /// What the type may lose of each exponential.
    lost: f64,
}

impl Numbers {
    fn new<F: Typed>(scores: &[f64]) -> Self {
        let finite = || scores.iter().copied().filter(|x| x.is_finite());
        let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_broken = max.is_infinite() || scores.iter().any(|x| x.is_nan());
        let ties = scores.iter().filter(|x| **x == max).count() as f64;
        let below: f64 = scores
            .iter()
            .filter(|x| **x != max)
            .map(|x| (x - max).exp())
            .sum();
        let spread = max - finite().fold(max, f64::min);
        Self {
            max: if is_broken { f64::NAN } else { max },
            relative_lse: ties.ln() + (below / ties).ln_1p(),
            // Each addition to a running total may round away half a unit, all in one direction.
            units: 32.0 + 2.0 * spread + 0.5 * scores.len() as f64,
            lost: 4.0 * scores.len() as f64 * F::MIN_POSITIVE.to_f64(),
        }
    }

    /// How far a score lies below the largest, negated.
    fn below(&self, x: f64) -> f64 {
        x - self.max
    }

    fn weighted<F: Typed>(&self, x: f64, weight: F) -> f64 {
        // What lies further below than f64 can tell counts nothing, too.
        if weight == F::ZERO && x.is_finite() && self.max.is_finite() {
            return 0.0;
        }
        weight.to_f64() * (self.relative_lse - self.below(x))
    }

    /// A sum of numbers of at least 0.
    fn about<F: Typed>(&self, term: f64) -> Interval {
        Interval::about::<F>(term, self.units * epsilon::<F>() * term.abs() + self.lost)
    }

    /// A probability, or what it is short of 1, off by so many units of the last place.
    fn share<F: Typed>(&self, value: f64, units: f64) -> Interval {
        let relative = (units * epsilon::<F>()).exp_m1();
        Interval::about::<F>(value, relative * value.abs() + self.lost)
    }
}

fn written<F: Typed>(cells: &[MaybeUninit<F>]) -> Vec<F> {
    // SAFETY: all of them are made of a number before they are handed out.
    cells
        .iter()
        .map(|cell| unsafe { cell.assume_init() })
        .collect()
}
