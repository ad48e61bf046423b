//! The linear form against its logits in `f64`, with what rounding may make of them.

use std::borrow::Cow;

use super::chunks;
use super::plan::Tiles;
use super::reduced::planned;
use super::{Found, Linear, Matrix, Order, Plan, RowsFound, backward, forward, reduced};
use crate::cpu::simd::{Arch, Float};
use crate::cpu::softmax_terms::{Classes, HostRows, RowFormula, RowLoss};
use crate::cpu::testing::{Near, assert_near, refuses};
use crate::formulas::{CrossEntropy, Focal, Rounded};
use crate::{Columns, Formula, HeadOptions, Input, Number, SmoothWeights};

/// Numbers that look random, between -1 and 1.
fn numbers<F: Float>(count: usize, seed: u64) -> Vec<F> {
    (0..count as u64)
        .map(|i| {
            let mixed = (i + 1 + seed * 7919).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            F::from_f64((mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
        })
        .collect()
}

/// One shape with its options.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// `[M, H, C]`.
    shape: [usize; 3],
    order: Order,
    has_bias: bool,
    options: HeadOptions,
    /// Whether some rows do not count.
    ignores: bool,
    /// Whether each logit has a smooth weight.
    per_logit: bool,
}

struct Inputs<F: Float> {
    case: Case,
    hidden: Vec<F>,
    weight: Vec<F>,
    bias: Vec<F>,
    classes: Vec<i64>,
    smooth: Vec<F>,
    row_weights: Vec<F>,
}

impl<F: Float> Inputs<F> {
    fn new(case: Case) -> Self {
        let [m, h, c] = case.shape;
        let mut inputs = Self {
            case,
            hidden: numbers(m * h, 1),
            weight: numbers(h * c, 2),
            bias: numbers(c, 3),
            classes: (0..m as i64).map(|row| row * 7 % c as i64).collect(),
            smooth: numbers::<F>(m * c, 4).into_iter().map(|w| w * w).collect(),
            row_weights: (0..m)
                .map(|row| F::from_f64(1.0 + (row % 2) as f64))
                .collect(),
        };
        if case.ignores {
            for row in (0..m).step_by(3) {
                inputs.classes[row] = -1;
                inputs.hidden[row * h..][..h].fill(F::NAN);
            }
            for row in (1..m).step_by(4) {
                inputs.row_weights[row] = F::ZERO;
            }
        }
        inputs
    }

    fn linear(&self) -> Linear<'_, F> {
        let [_, h, c] = self.case.shape;
        Linear {
            hidden: &self.hidden,
            weight: Matrix::new(&self.weight, [h, c], self.case.order),
            bias: self.case.has_bias.then_some(&self.bias[..]),
            options: self.case.options,
        }
    }

    fn rows(&self) -> HostRows<'_, F> {
        let [m, _, c] = self.case.shape;
        HostRows {
            shape: [m, c, 1],
            classes: Some(Classes::I64(Cow::Borrowed(&self.classes))),
            ignore_index: Some(-1),
            smooth: if self.case.per_logit {
                SmoothWeights::PerLogit(Cow::Borrowed(&self.smooth))
            } else {
                SmoothWeights::Uniform(SMOOTH)
            },
            row_weights: self
                .case
                .ignores
                .then(|| Cow::Borrowed(&self.row_weights[..])),
        }
    }

    fn weight_index(&self, h: usize, c: usize) -> usize {
        let [_, width, classes] = self.case.shape;
        match self.case.order {
            Order::Rows => h * classes + c,
            Order::Columns => c * width + h,
        }
    }

    /// Whether the row counts.
    fn counts(&self, row: usize) -> bool {
        let weights = self.case.ignores.then_some(&self.row_weights);
        self.classes[row] >= 0 && weights.is_none_or(|weights| weights[row] != F::ZERO)
    }

    fn smooth_at(&self, row: usize, c: usize) -> Rounded {
        match self.case.per_logit {
            true => exact(&self.smooth, row * self.case.shape[2] + c),
            false => Rounded::exact(0.0).constant(SMOOTH),
        }
    }

    /// A row of logits that counts.
    fn row(&self, row: usize) -> Row {
        let [_, width, classes] = self.case.shape;
        let HeadOptions {
            logit_scale,
            softcap,
            ..
        } = self.case.options;
        let (mut logits, mut slopes) = (Vec::new(), Vec::new());
        for c in 0..classes {
            let product = (0..width).map(|h| {
                exact(&self.hidden, row * width + h) * exact(&self.weight, self.weight_index(h, c))
            });
            let mut x: Rounded = product.sum();
            if self.case.has_bias {
                x = x + exact(&self.bias, c);
            }
            x = x * logit_scale;
            let mut slope = Rounded::exact(logit_scale);
            if let Some(cap) = softcap {
                let t = tanh(x * cap.recip());
                // 1 less a number that may be almost 1.
                slope = slope * (t.complement() * (t + 1.0));
                x = t * cap;
            }
            logits.push(x);
            slopes.push(slope);
        }
        let weights = (0..classes).map(|c| self.smooth_at(row, c)).collect();
        Row::new(logits, slopes, self.classes[row] as usize, weights)
    }

    /// The gradients of hidden states, weight and bias, given those of the terms of the rows that count.
    fn gradients(&self, of_terms: impl Fn(usize, &Row) -> [Rounded; 3]) -> [Vec<Rounded>; 3] {
        let [m, width, classes] = self.case.shape;
        let nothing = vec![Rounded::exact(0.0); classes];
        let of_logits: Vec<_> = (0..m)
            .map(|at| match self.counts(at) {
                true => {
                    let row = self.row(at);
                    row.gradient(of_terms(at, &row))
                }
                false => nothing.clone(),
            })
            .collect();
        let mut of_weight = vec![Rounded::exact(0.0); width * classes];
        let rows = || (0..m).filter(|row| self.counts(*row));
        for h in 0..width {
            for c in 0..classes {
                let of_row = |row: usize| of_logits[row][c] * exact(&self.hidden, row * width + h);
                of_weight[self.weight_index(h, c)] = rows().map(of_row).sum();
            }
        }
        let of_hidden = |at: usize| {
            let [row, h] = [at / width, at % width];
            let of_class = |c| of_logits[row][c] * exact(&self.weight, self.weight_index(h, c));
            (0..classes).map(of_class).sum()
        };
        let of_bias = |c: usize| rows().map(|row| of_logits[row][c]).sum();
        [
            (0..m * width).map(of_hidden).collect(),
            of_weight,
            (0..classes).map(of_bias).collect(),
        ]
    }
}

/// What the smooth weight of a class is where all have the same.
const SMOOTH: f64 = 0.1;

fn exact<F: Float>(numbers: &[F], at: usize) -> Rounded {
    Rounded::exact(numbers[at].to_f64())
}

/// `tanh(x)`, as the kernels compute it.
fn tanh(x: Rounded) -> Rounded {
    let decay_m1 = (x.abs() * -2.0).exp_m1();
    let positive = -decay_m1 / (decay_m1 + 2.0);
    Rounded::select(x.is_below(0.0), -positive, positive)
}

/// A row of logits, and how far rounding may take them.
struct Row {
    logits: Vec<Rounded>,
    /// The slope of each by its product.
    slopes: Vec<Rounded>,
    log_probs: Vec<Rounded>,
    lse: Rounded,
    class: usize,
    /// Those of the smooth loss.
    weights: Vec<Rounded>,
}

impl Row {
    fn new(
        logits: Vec<Rounded>,
        slopes: Vec<Rounded>,
        class: usize,
        weights: Vec<Rounded>,
    ) -> Self {
        let mut largest = 0;
        for (c, x) in logits.iter().enumerate() {
            if x.value() > logits[largest].value() {
                largest = c;
            }
        }
        let max = logits[largest];
        let mut shifted: Vec<Rounded> = logits.iter().map(|x| *x - max).collect();
        shifted[largest] = Rounded::exact(0.0);
        let others = shifted.iter().enumerate().filter(|(c, _)| *c != largest);
        let others: Rounded = others.map(|(_, x)| x.exp()).sum();
        let relative_lse = others.ln_1p();
        let log_probs = shifted.iter().map(|x| *x - relative_lse);
        Self {
            log_probs: log_probs.collect(),
            lse: max + relative_lse,
            logits,
            slopes,
            class,
            weights,
        }
    }

    /// The three terms.
    fn terms(&self) -> [Rounded; 3] {
        let losses = self.log_probs.iter().zip(&self.weights);
        let smooth = losses.map(|(log_prob, weight)| -*log_prob * *weight).sum();
        [-self.log_probs[self.class], smooth, self.lse]
    }

    /// The gradient of the products, given that of the terms.
    fn gradient(&self, of_terms: [Rounded; 3]) -> Vec<Rounded> {
        let total: Rounded = self.weights.iter().copied().sum();
        let [target, smooth, lse] = of_terms;
        let of_class = |(c, log_prob): (usize, &Rounded)| {
            let p = log_prob.exp();
            let of_target = if c == self.class {
                log_prob.exp_m1()
            } else {
                p
            };
            let of_all = p * (smooth * total + lse) - smooth * self.weights[c];
            (of_target * target + of_all) * self.slopes[c]
        };
        self.log_probs.iter().enumerate().map(of_class).collect()
    }
}

/// Compares with what rounding allows.
#[track_caller]
fn compare<F: Float>(what: &str, found: &[F], expected: &[Rounded]) {
    let expected = expected.iter().map(|number| Near::rounded::<F>(*number));
    assert_near(what, found, expected);
}

/// With every instruction set in turn.
fn check<F: Float>(case: Case)
where
    CrossEntropy: RowFormula<F>,
{
    for arch in Arch::available() {
        arch.force(|| check_here::<F>(case, None));
    }
}

fn check_here<F: Float>(case: Case, tiles: Option<[usize; 2]>)
where
    CrossEntropy: RowFormula<F>,
{
    // As many rows of either type.
    let options = HeadOptions {
        memory_budget: case.options.memory_budget * size_of::<F>() / size_of::<f64>(),
        ..case.options
    };
    let inputs = Inputs::<F>::new(Case { options, ..case });
    let (linear, rows) = (inputs.linear(), inputs.rows());
    let reduced = |linear: &Linear<F>, rows: &HostRows<F>, loss: &RowLoss<F>, wanted, describe| {
        run(linear, rows, loss, wanted, describe, tiles)
    };
    let formula = CrossEntropy {
        keep: 0.9,
        z_loss: 0.05,
    };
    let class_weights: Vec<F> = numbers::<F>(case.shape[2], 5)
        .into_iter()
        .map(|w| w * w + F::ONE)
        .collect();
    let scale = 0.25;
    let loss = RowLoss {
        formula: &formula,
        class_weights: Some(&class_weights),
        scale,
    };
    // What a row counts, with the weight of its class and without.
    let counts = |row: usize| {
        let of_row = match case.ignores {
            true => exact(&inputs.row_weights, row),
            false => Rounded::exact(1.0),
        };
        let class = inputs.classes[row] as usize;
        [of_row * exact(&class_weights, class), of_row]
    };
    let counted = (0..case.shape[0]).filter(|row| inputs.counts(*row));
    let losses = counted.map(|row| {
        let [target, smooth, lse] = inputs.row(row).terms();
        let [of_class, of_row] = counts(row);
        of_class * formula.loss([target, lse, lse]) + of_row * smooth
    });
    let sum: Rounded = losses.sum();
    let expected = inputs.gradients(|at, row| {
        let [target, _, lse] = row.terms();
        let [of_class, of_row] = counts(at).map(|count| count * scale);
        let slope = |of| of_class * formula.slope(of, [target, lse, lse]);
        [slope(Input::Prediction), of_row, slope(Input::Target)]
    });

    let found = reduced(&linear, &rows, &loss, [true; 3], true);
    let what = format!("{case:?}");
    compare(&what, &[F::from_f64(found.sum)], &[sum]);
    for (found, expected) in found.gradients.iter().zip(&expected) {
        if let Some(found) = found {
            compare(&what, found, expected);
        }
    }
    assert_eq!(found.gradients[2].is_some(), case.has_bias, "{what}");
    check_rows(&inputs, &found.rows.expect("it was asked for"));
    let alone = reduced(&linear, &rows, &loss, [false; 3], false);
    compare(&what, &[F::from_f64(alone.sum)], &[sum]);
    assert!(alone.gradients.iter().all(Option::is_none));
    let one = reduced(&linear, &rows, &loss, [false, true, false], false);
    assert!(one.gradients[0].is_none());
    assert_eq!(one.gradients[1], found.gradients[1], "{what}");
    check_terms(&inputs);
}

fn check_rows<F: Float>(inputs: &Inputs<F>, found: &RowsFound<F>) {
    let what = format!("{:?}", inputs.case);
    for (at, predicted) in found.predicted.iter().enumerate() {
        if !inputs.counts(at) {
            assert_eq!((found.log_probs[at], *predicted), (F::ZERO, -1), "{what}");
            continue;
        }
        let row = inputs.row(at);
        compare(
            &what,
            &found.log_probs[at..=at],
            &[row.log_probs[row.class]],
        );
        // Not the largest only where rounding makes it so.
        let predicted = row.logits[*predicted as usize];
        for x in row.logits {
            let less = Near::rounded::<F>(predicted - x);
            assert!(less.value >= -less.by, "{what}, row {at}");
        }
    }
}

fn check_terms<F: Float>(inputs: &Inputs<F>) {
    let (linear, rows, count) = (inputs.linear(), inputs.rows(), inputs.case.shape[0]);
    let what = format!("terms of {:?}", inputs.case);
    let found = forward(&linear, &rows, Columns::All);
    let mut expected = vec![Rounded::exact(0.0); 3 * count];
    for row in (0..count).filter(|row| inputs.counts(*row)) {
        for (column, term) in inputs.row(row).terms().into_iter().enumerate() {
            expected[column * count + row] = term;
        }
    }
    compare(&what, &found.terms, &expected);
    let mut grad = numbers::<F>(3 * count, 6);
    // A row without a gradient does not count.
    for column in 0..3 {
        grad[column * count + count / 2] = F::ZERO;
    }
    let column = |row: usize, column: usize| exact(&grad, column * count + row);
    let expected = inputs.gradients(|row, _| [0, 1, 2].map(|term| column(row, term)));
    let found = backward(
        &linear,
        &rows,
        &found.normalizer,
        &grad,
        Columns::All,
        [true; 3],
    );
    for (found, expected) in found.iter().zip(&expected) {
        if let Some(found) = found {
            compare(&what, found, expected);
        }
    }
}

/// In tiles of so many rows and classes, or as it is planned.
fn run<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    loss: &RowLoss<F>,
    wanted: [bool; 3],
    describe: bool,
    tiles: Option<[usize; 2]>,
) -> Found<F> {
    let Some([tile_rows, classes]) = tiles else {
        return reduced(linear, rows, loss, wanted, describe);
    };
    let counted = rows.counted_rows();
    let tiles = Tiles {
        rows: tile_rows,
        classes,
        numbers: tile_rows * (classes + 2 * linear.hidden_size()),
    };
    let counted = counted.as_deref();
    planned(linear, rows, loss, wanted, describe, counted, Some(tiles))
}

/// What chunk borders, orders and options there are.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // Rows around chunks of 16; one class; one feature; rows long enough for vectors of their own.
    for shape in [
        [1, 3, 5],
        [15, 3, 5],
        [16, 4, 30],
        [17, 1, 30],
        [33, 6, 1],
        [40, 9, 67],
    ] {
        for variant in 0..8 {
            let bit = |bit: usize| variant >> bit & 1 == 1;
            // Room for 16 rows, for one, or for all.
            let row_bytes = shape[2] * 8;
            let memory_budget = [row_bytes * 16, 1, 1 << 20][variant % 3];
            cases.push(Case {
                shape,
                order: if bit(0) { Order::Rows } else { Order::Columns },
                has_bias: bit(1),
                options: HeadOptions {
                    logit_scale: if bit(2) { 0.5 } else { 1.0 },
                    softcap: bit(1).then_some(1.5),
                    memory_budget,
                },
                ignores: bit(0) != bit(2),
                per_logit: bit(2),
            });
        }
    }
    cases
}

#[test]
fn equals_the_loss_of_its_logits() {
    for case in cases() {
        check::<f64>(case);
        check::<f32>(case);
    }
}

/// Tiles of one class, of some, of all but one and of all, in blocks of rows.
#[test]
fn tiles_equal_the_loss_of_their_logits() {
    for mut case in cases() {
        (case.options.softcap, case.per_logit) = (None, false);
        let classes = case.shape[2];
        for tile in [[1, 1], [7, 3], [16, classes - 1], [64, classes]] {
            let tile = Some([tile[0], tile[1].max(1)]);
            check_here::<f64>(case, tile);
            for arch in Arch::available() {
                arch.force(|| check_here::<f32>(case, tile));
            }
        }
    }
}

/// Masked classes, a row of them alone, NaN, a class that does not exist: what a chunk of whole rows gives, a tile gives.
#[test]
fn tiles_have_the_extremes_of_chunks() {
    let case = Case {
        shape: [6, 2, 40],
        order: Order::Rows,
        has_bias: true,
        options: HeadOptions::default(),
        ignores: false,
        per_logit: false,
    };
    for weights in 0..3 {
        let mut inputs = Inputs::<f64>::new(case);
        // Whole tiles of classes that cannot be.
        inputs.bias[8..25].fill(f64::NEG_INFINITY);
        inputs.hidden[2] = f64::NAN;
        inputs.hidden[4..6].fill(300.0);
        inputs.classes = vec![3, 30, 39, 0, 9, 1000];
        // A weight where a logit is minus infinity makes the loss infinite.
        let mut smooth: Vec<f64> = inputs.smooth[..40].to_vec();
        smooth[8..25].fill(0.0);
        let rows = HostRows {
            smooth: match weights {
                0 => SmoothWeights::Zero,
                1 => SmoothWeights::Uniform(0.1),
                _ => SmoothWeights::PerClass(Cow::Borrowed(&smooth[..])),
            },
            ..inputs.rows()
        };
        for row in 0..6 {
            let one = crate::cpu::softmax_terms::Picked::Range(row..row + 1);
            let mut linear = inputs.linear();
            linear.hidden = &inputs.hidden[row * 2..][..2];
            let formula = Focal { gamma: 1.5 };
            let loss = RowLoss {
                formula: &formula,
                class_weights: None,
                scale: 1.0,
            };
            let rows = rows.pick(&one);
            let chunk = run(&linear, &rows, &loss, [true; 3], true, None);
            for tile in [4, 8, 39] {
                let tiled = run(&linear, &rows, &loss, [true; 3], true, Some([1, tile]));
                let what = format!("row {row}, weights {weights}, tiles of {tile}");
                let (chunk_rows, tiled_rows) =
                    (chunk.rows.as_ref().unwrap(), tiled.rows.as_ref().unwrap());
                assert_eq!(chunk_rows.predicted, tiled_rows.predicted, "{what}");
                let pairs = [(&chunk_rows.log_probs[..], &tiled_rows.log_probs[..])];
                let gradients = chunk.gradients.iter().zip(&tiled.gradients);
                let gradients =
                    gradients.map(|(a, b)| (&a.as_ref().unwrap()[..], &b.as_ref().unwrap()[..]));
                let sums = [(&[chunk.sum][..], &[tiled.sum][..])];
                for (expected, found) in pairs.into_iter().chain(gradients).chain(sums) {
                    for (a, b) in expected.iter().zip(found) {
                        let same = (a - b).abs() <= 1e-11 * a.abs()
                            || a == b
                            || (a.is_nan() && b.is_nan());
                        assert!(same, "{what}: {b} instead of {a}");
                    }
                }
            }
        }
    }
}

/// Of a small budget: the three shapes whose figures are written down.
#[test]
fn a_small_budget_makes_tiles() {
    use super::plan::Need;
    for (rows, hidden_size, num_classes, gathers, expected) in [
        (1024, 512, 32_000, false, None),
        (2048, 768, 50_257, false, None),
        (2048, 768, 80_000, false, Some([2048, 4000])),
        (512, 1024, 128_256, false, Some([512, 16_032])),
        (512, 1024, 128_256, true, Some([512, 14_256])),
        (16_384, 64, 128_256, false, Some([2048, 4016])),
        (50, 1024, 128_256, false, None),
    ] {
        let options = HeadOptions {
            memory_budget: 32 << 20,
            ..HeadOptions::default()
        };
        let need = Need {
            rows,
            num_classes,
            hidden_size,
            size: 4,
            gathers,
            weight_per_logit: false,
        };
        let tiles = Tiles::new(need, &options);
        assert_eq!(tiles.map(|tiles| [tiles.rows, tiles.classes]), expected);
        assert!(tiles.is_none_or(|tiles| tiles.numbers * 4 <= 32 << 20));
        // A cap needs whole rows.
        let capped = HeadOptions {
            softcap: Some(30.0),
            ..options
        };
        assert_eq!(Tiles::new(need, &capped), None);
    }
}

/// A product is cut into stripes, and a buffer that another type used is used again.
#[test]
fn more_rows_than_a_stripe() {
    let case = Case {
        shape: [2500, 2, 3],
        order: Order::Rows,
        has_bias: true,
        options: HeadOptions::default(),
        ignores: false,
        per_logit: false,
    };
    check::<f64>(case);
    let columns = Case {
        shape: [3, 2, 2500],
        order: Order::Columns,
        ..case
    };
    check::<f32>(columns);
}

#[test]
fn same_bits_whatever_the_number_of_threads() {
    let case = Case {
        shape: [70, 65, 700],
        order: Order::Rows,
        has_bias: true,
        options: HeadOptions {
            memory_budget: 100_000,
            ..HeadOptions::default()
        },
        ignores: false,
        per_logit: false,
    };
    // In chunks of whole rows, and in tiles, which the budget is for.
    let tiled = Case {
        shape: [200, 5, 2100],
        options: HeadOptions {
            memory_budget: 100 * 2100 * size_of::<f32>(),
            ..case.options
        },
        ..case
    };
    for (case, order, is_tiled) in [
        (case, Order::Rows, false),
        (case, Order::Columns, false),
        (tiled, Order::Rows, true),
        (tiled, Order::Columns, true),
    ] {
        let inputs = Inputs::<f32>::new(Case { order, ..case });
        let need = chunks::need(&inputs.linear(), &inputs.rows(), None);
        let tiles = Tiles::new(need, &case.options);
        assert_eq!(tiles.is_some(), is_tiled, "{tiles:?}");
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().expect("threads start").install(|| {
                let formula = Focal { gamma: 1.5 };
                let loss = RowLoss {
                    formula: &formula,
                    class_weights: None,
                    scale: 1.0,
                };
                let found = reduced(&inputs.linear(), &inputs.rows(), &loss, [true; 3], false);
                let gradients = found.gradients.map(|gradient| {
                    let bits = gradient.expect("it was wanted").into_iter();
                    bits.map(f32::to_bits).collect::<Vec<_>>()
                });
                (found.sum.to_bits(), gradients)
            })
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{threads} threads, {order:?}");
        }
    }
}

/// A batch of which no row counts has gradients of 0.
#[test]
fn nothing_counts() {
    let mut inputs = Inputs::<f32>::new(cases()[0]);
    inputs.classes.fill(-1);
    inputs.hidden.fill(f32::NAN);
    let formula = Focal { gamma: 2.0 };
    let loss = RowLoss {
        formula: &formula,
        class_weights: None,
        scale: f64::INFINITY,
    };
    let found = reduced(&inputs.linear(), &inputs.rows(), &loss, [true; 3], false);
    assert_eq!(found.sum, 0.0);
    let [hidden, weight, _] = found.gradients;
    for gradient in [hidden, weight] {
        assert!(gradient.expect("it was wanted").iter().all(|x| *x == 0.0));
    }
}

/// Chunks stay within the budget, whatever has to lie in it, and are even.
#[test]
fn plans_fit_the_budget() {
    use super::plan::Need;
    for (rows, num_classes, softcap, gathers) in [
        (1024, 32_000, None, false),
        (2048, 50_257, Some(30.0), false),
        (512, 128_256, None, true),
        (1, 1, None, false),
        (17, 1000, None, true),
    ] {
        for memory_budget in [1 << 20, 32 << 20, 128 << 20] {
            let options = HeadOptions {
                softcap,
                memory_budget,
                logit_scale: 1.0,
            };
            let need = Need {
                rows,
                num_classes,
                hidden_size: 512,
                size: 4,
                gathers,
                weight_per_logit: false,
            };
            let plan = Plan::new(need, &options);
            assert!(plan.rows >= 1 && plan.rows <= rows, "{plan:?}");
            let bytes = plan.numbers() * 4;
            assert!(bytes <= memory_budget || plan.rows == 1, "{plan:?}");
            // Not half of what there is room for, unless that is enough.
            let chunks = rows.div_ceil(plan.rows);
            let fewest = rows.div_ceil((memory_budget / (plan.per_row * 4)).clamp(1, 1024));
            assert!(chunks <= fewest, "{plan:?}: {chunks} instead of {fewest}");
        }
    }
}

fn rows_of<'a>(shape: [usize; 3]) -> HostRows<'a, f32> {
    HostRows {
        shape,
        classes: None,
        ignore_index: None,
        smooth: SmoothWeights::Zero,
        row_weights: None,
    }
}

#[test]
fn slices_of_other_lengths_are_refused() {
    let right = Linear {
        hidden: &[0f32; 2],
        weight: Matrix::new(&[0f32; 3], [1, 3], Order::Rows),
        bias: None,
        options: HeadOptions::default(),
    };
    let no_classes = Matrix::new(&[], [1, 0], Order::Rows);
    let loss = RowLoss {
        formula: &Focal { gamma: 1.0 },
        class_weights: None,
        scale: 1.0,
    };
    for (words, wrong, shape) in [
        (
            "rows without classes have no softmax",
            Linear {
                weight: no_classes,
                ..right
            },
            [2, 0, 1],
        ),
        (
            "hidden states are [M, H]",
            Linear {
                hidden: &[0f32; 3],
                ..right
            },
            [2, 3, 1],
        ),
        (
            "a bias is [C]",
            Linear {
                bias: Some(&[0f32; 2]),
                ..right
            },
            [2, 3, 1],
        ),
        ("rows lie one after the other", right, [1, 3, 2]),
        ("a weight is [H, C]", right, [2, 4, 1]),
    ] {
        let rows = rows_of(shape);
        refuses(words, || reduced(&wrong, &rows, &loss, [true; 3], false));
        refuses(words, || forward(&wrong, &rows, Columns::All));
        refuses(words, || {
            backward(&wrong, &rows, &[0.0; 4], &[0.0; 6], Columns::All, [true; 3])
        });
    }
    let rows = rows_of([2, 3, 1]);
    for (words, normalizer, gradient) in [
        ("a normalizer is [M, 2]", 3, 6),
        ("a column of a gradient is [M]", 4, 5),
    ] {
        refuses(words, || {
            let [normalizer, gradient] = [normalizer, gradient].map(|len| vec![0f32; len]);
            backward(
                &right,
                &rows,
                &normalizer,
                &gradient,
                Columns::All,
                [true; 3],
            )
        });
    }
}

#[test]
fn products_that_do_not_fit_are_refused() {
    use super::matrix::{MatrixMut, Old, product};
    for (words, numbers, shape, left, right) in [
        ("the inner dimensions agree", 4, [2, 2], [2, 3], [2, 2]),
        ("the outer dimensions agree", 6, [2, 3], [2, 3], [3, 2]),
        ("a product is [rows, columns]", 5, [2, 2], [2, 3], [3, 2]),
    ] {
        refuses(words, || {
            let mut to = vec![0f32; numbers];
            product(
                MatrixMut::new(&mut to, shape, Order::Rows, Old::Overwritten),
                matrix_of(6, left),
                matrix_of(right[0] * right[1], right),
                1.0,
            );
        });
    }
    let words = "a matrix is [rows, columns]";
    refuses(words, || matrix_of(5, [2, 3]).rows());
    // Of more numbers than can be counted.
    refuses(words, || matrix_of(0, [usize::MAX, 2]).rows());
}

fn matrix_of(numbers: usize, shape: [usize; 2]) -> Matrix<'static, f32> {
    const ZEROS: &[f32] = &[0.0; 6];
    Matrix::new(&ZEROS[..numbers], shape, Order::Columns)
}
