//! The loss of a classifier head in chunks: any shape, budget, order, bias, cap, and any of the gradients.
//!
//! Held against a plain product and softmax in `f64`; gradients of which not all are wanted have the same bits.

#![no_main]

use std::borrow::Cow;

use burn_loss_fuzz::formulas::{self, AnyFormula, Typed};
use burn_loss_fuzz::rows::{Kind, Labels, Rows};
use burn_loss_fuzz::source::{Domain, Source};
use burn_loss_fuzz::{bits, epsilon};
use libfuzzer_sys::fuzz_target;
use loss_kernels::cpu::linear::{Linear, Matrix, Order, RowsFound, backward, forward, reduced};
use loss_kernels::cpu::softmax_terms::{HostRows, RowLoss};
use loss_kernels::{
    Columns, HeadOptions, Input, LOG_SUM_EXP, SMOOTH_LOSS, SmoothWeights, TARGET_LOSS,
};

fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    match source.flag() {
        true => Case::<f32>::draw(&mut source).check(),
        false => Case::<f64>::draw(&mut source).check(),
    }
});

struct Case<F> {
    formula: Box<dyn AnyFormula>,
    /// `[M, C, 1]`, without the scores.
    rows: Rows<F>,
    width: usize,
    hidden: Vec<F>,
    weight: Vec<F>,
    bias: Option<Vec<F>>,
    order: Order,
    options: HeadOptions,
    smooth: SmoothWeights<Vec<F>>,
    class_weights: Option<Vec<F>>,
    scale: f64,
    /// Which of the gradients are wanted in a second run.
    wanted: [bool; 3],
    /// The gradients of the terms, `[M]` each.
    of_terms: Vec<F>,
}

/// A row of logits in `f64`.
struct Row {
    logits: Vec<f64>,
    /// The slope of each by its product.
    slopes: Vec<f64>,
    lse: f64,
}

impl<F: Typed> Case<F> {
    fn draw(source: &mut Source) -> Self {
        let [count, width, classes] = [source.size(0, 40), source.size(0, 40), source.size(1, 40)];
        let unit = Domain::Between(-1.0, 1.0);
        let row_bytes = classes * size_of::<F>();
        let any = source.size(0, 1 << 16);
        let options = HeadOptions {
            logit_scale: source.choice(&[1.0, 0.5, 2.0]),
            softcap: source.choice(&[None, Some(1.5), Some(30.0)]),
            memory_budget: source.choice(&[0, 16 * row_bytes, 1 << 20, any]),
        };
        let rows = Rows::of_shape(source, [count, classes, 1], Labels::Right);
        let mut hidden: Vec<F> = source.repeated(count * width, unit, false);
        for row in (0..count).filter(|row| rows.kind(*row) == Kind::Ignored) {
            hidden[row * width..][..width].fill(F::NAN);
        }
        Self {
            formula: formulas::of_terms_without_steep(source),
            width,
            hidden,
            weight: source.repeated(width * classes, unit, false),
            bias: source.flag().then(|| source.repeated(classes, unit, false)),
            order: source.choice(&[Order::Rows, Order::Columns]),
            options,
            smooth: match source.size(0, 3) {
                0 => SmoothWeights::Zero,
                1 => SmoothWeights::Uniform(source.between(0.0, 0.5)),
                2 => SmoothWeights::PerClass(source.weights(classes)),
                _ => SmoothWeights::PerLogit(source.weights(count * classes)),
            },
            class_weights: source.flag().then(|| source.weights(classes)),
            scale: source.choice(&[1.0, 0.25]),
            wanted: std::array::from_fn(|_| source.flag()),
            of_terms: source.weights(3 * count),
            rows,
        }
    }

    fn linear(&self) -> Linear<'_, F> {
        let shape = [self.width, self.rows.shape[1]];
        Linear {
            hidden: &self.hidden,
            weight: Matrix::new(&self.weight, shape, self.order),
            bias: self.bias.as_deref(),
            options: self.options,
        }
    }

    fn host(&self) -> HostRows<'_, F> {
        let smooth = self.smooth.as_ref();
        self.rows
            .host(smooth.map(|weights| Cow::Borrowed(&weights[..])))
    }

    fn check(&self) {
        let rows: Vec<_> = (0..self.rows.count()).map(|row| self.row(row)).collect();
        self.check_reduced(&rows);
        self.check_terms(&rows);
    }

    fn weight_at(&self, hidden: usize, class: usize) -> usize {
        match self.order {
            Order::Rows => hidden * self.rows.shape[1] + class,
            Order::Columns => class * self.width + hidden,
        }
    }

    fn row(&self, row: usize) -> Row {
        let hidden = &self.hidden[row * self.width..][..self.width];
        let (mut logits, mut slopes) = (Vec::new(), Vec::new());
        for class in 0..self.rows.shape[1] {
            let bias = self.bias.as_ref().map_or(0.0, |bias| bias[class].to_f64());
            let terms = hidden.iter().enumerate();
            let terms =
                terms.map(|(h, x)| x.to_f64() * self.weight[self.weight_at(h, class)].to_f64());
            let scale = self.options.logit_scale;
            let plain = (terms.sum::<f64>() + bias) * scale;
            let (logit, slope) = match self.options.softcap {
                Some(cap) => {
                    let tanh = (plain / cap).tanh();
                    (cap * tanh, scale * (1.0 - tanh * tanh))
                }
                None => (plain, scale),
            };
            logits.push(logit);
            slopes.push(slope);
        }
        let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|x| (x - max).exp()).sum();
        Row {
            logits,
            slopes,
            lse: max + sum.ln(),
        }
    }

    /// The weight of the smooth loss.
    fn smooth_at(&self, row: usize, class: usize) -> f64 {
        match &self.smooth {
            SmoothWeights::Zero => 0.0,
            SmoothWeights::Uniform(weight) => *weight,
            SmoothWeights::PerClass(weights) => weights[class].to_f64(),
            SmoothWeights::PerLogit(weights) => weights[self.rows.at(row, class)].to_f64(),
        }
    }

    /// The terms of a row that counts, and its class.
    fn terms(&self, at: usize, row: &Row) -> Option<(usize, [f64; 3])> {
        let Kind::Labelled(class) = self.rows.kind(at) else {
            return None;
        };
        let losses = row.logits.iter().enumerate();
        let smooth = losses
            .map(|(class, x)| self.smooth_at(at, class) * (row.lse - x))
            .sum();
        Some((class, [row.lse - row.logits[class], smooth, row.lse]))
    }

    /// The gradients of hidden states, weight and bias, given those of the terms of the rows.
    fn gradients(&self, rows: &[Row], of_terms: impl Fn(usize) -> [f64; 3]) -> [Vec<f64>; 3] {
        let mut found = [self.hidden.len(), self.weight.len(), self.rows.shape[1]]
            .map(|count| vec![0.0; count]);
        for (at, row) in rows.iter().enumerate() {
            let Some((own, _)) = self.terms(at, row) else {
                continue;
            };
            let of_terms = of_terms(at);
            let weights = (0..row.logits.len()).map(|class| self.smooth_at(at, class));
            let total: f64 = weights.sum();
            for class in 0..row.logits.len() {
                let p = (row.logits[class] - row.lse).exp();
                let is_own = if class == own { 1.0 } else { 0.0 };
                let gradient = of_terms[TARGET_LOSS] * (p - is_own)
                    + of_terms[SMOOTH_LOSS] * (p * total - self.smooth_at(at, class))
                    + of_terms[LOG_SUM_EXP] * p;
                let gradient = gradient * row.slopes[class];
                found[2][class] += gradient;
                for h in 0..self.width {
                    let (x, w) = (at * self.width + h, self.weight_at(h, class));
                    found[0][x] += gradient * self.weight[w].to_f64();
                    found[1][w] += gradient * self.hidden[x].to_f64();
                }
            }
        }
        found
    }

    /// Products of numbers of at most 1 are off by a rounding each, and what follows is at most a few hundred times as steep.
    fn check_near(&self, what: &str, found: &[F], expected: &[f64]) {
        let found: Vec<f64> = found.iter().map(|number| number.to_f64()).collect();
        assert_eq!(found.len(), expected.len(), "{what}");
        let largest = expected.iter().fold(1.0f64, |a, b| a.max(b.abs()));
        let tolerance = 1000.0 * epsilon::<F>() * (1 + self.width) as f64 * largest;
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(
                (found - expected).abs() <= tolerance,
                "{what} of {:?} at {at}: {found} instead of {expected}",
                self.formula
            );
        }
    }

    /// What a row counts, alone and with its class.
    fn counts(&self, row: usize, class: usize) -> [f64; 2] {
        let at = |weights: &Option<Vec<F>>, at: usize| {
            weights.as_ref().map_or(1.0, |weights| weights[at].to_f64())
        };
        let of_row = at(&self.rows.row_weights, row);
        [of_row, of_row * at(&self.class_weights, class)]
    }

    fn check_reduced(&self, rows: &[Row]) {
        let (linear, host) = (self.linear(), self.host());
        let loss = RowLoss {
            formula: F::class_rows(&*self.formula),
            class_weights: self.class_weights.as_deref(),
            scale: self.scale,
        };
        let counted = rows.iter().enumerate();
        let counted = counted.filter_map(|(at, row)| Some((at, self.terms(at, row)?)));
        let sum: f64 = counted
            .map(|(at, (class, [target, smooth, lse]))| {
                let [of_row, of_class] = self.counts(at, class);
                of_class * self.formula.loss_in_f64([target, lse, lse]) + of_row * smooth
            })
            .sum();
        let expected = self.gradients(rows, |at| {
            let (class, [target, _, lse]) = self.terms(at, &rows[at]).expect("it counts");
            let slope = |of| self.formula.slope_in_f64(of, [target, lse, lse]);
            let [of_row, of_class] = self.counts(at, class).map(|count| count * self.scale);
            [
                of_class * slope(Input::Prediction),
                of_row,
                of_class * slope(Input::Target),
            ]
        });
        let all = reduced(&linear, &host, &loss, [true; 3], true);
        self.check_near("sum", &[F::from_f64(all.sum)], &[sum]);
        self.check_gradients(&all.gradients, &expected);
        self.check_rows(rows, &all.rows.expect("asked for"));
        let found = reduced(&linear, &host, &loss, self.wanted, false);
        self.check_near("sum", &[F::from_f64(found.sum)], &[sum]);
        for (at, wanted) in self.wanted.into_iter().enumerate() {
            let expected = all.gradients[at].as_deref().filter(|_| wanted);
            assert_eq!(found.gradients[at].as_deref().map(bits), expected.map(bits));
        }
    }

    fn check_gradients(&self, found: &[Option<Vec<F>>; 3], expected: &[Vec<f64>; 3]) {
        const OF: [&str; 3] = ["hidden", "weight", "bias"];
        for ((what, found), expected) in OF.into_iter().zip(found).zip(expected) {
            match found {
                Some(found) => self.check_near(what, found, expected),
                None => assert!(what == "bias" && self.bias.is_none()),
            }
        }
    }

    fn check_rows(&self, rows: &[Row], found: &RowsFound<F>) {
        for (at, row) in rows.iter().enumerate() {
            let (log_prob, predicted) = (found.log_probs[at], found.predicted[at]);
            let Some((_, [target, ..])) = self.terms(at, row) else {
                assert_eq!(
                    (log_prob, predicted),
                    (F::ZERO, -1),
                    "row {at} does not count"
                );
                continue;
            };
            self.check_near("log-probability", &[log_prob], &[-target]);
            let largest = row.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let predicted = F::from_f64(row.logits[predicted as usize]);
            self.check_near("largest logit", &[predicted], &[largest]);
        }
    }

    fn check_terms(&self, rows: &[Row]) {
        let (linear, host, count) = (self.linear(), self.host(), rows.len());
        let found = forward(&linear, &host, Columns::All);
        for (at, row) in rows.iter().enumerate() {
            let terms = self.terms(at, row).map_or([0.0; 3], |(_, terms)| terms);
            let found: [F; 3] = std::array::from_fn(|column| found.terms[column * count + at]);
            self.check_near("terms", &found, &terms);
        }
        let normalizer = &found.normalizer;
        let run = |wanted| {
            backward(
                &linear,
                &host,
                normalizer,
                &self.of_terms,
                Columns::All,
                wanted,
            )
        };
        let expected = self.gradients(rows, |at| {
            let column = |column: usize| self.of_terms[column * count + at].to_f64();
            let smooth = match self.smooth {
                SmoothWeights::Zero => 0.0,
                _ => column(SMOOTH_LOSS),
            };
            [column(TARGET_LOSS), smooth, column(LOG_SUM_EXP)]
        });
        self.check_gradients(&run([true; 3]), &expected);
    }
}
