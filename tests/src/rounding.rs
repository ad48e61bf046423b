//! Where rounded numbers almost cancel: what is left of them is small, and its error is of their size, not of its own.

use burn_loss::{Formula, Input, Number};
use burn_loss_kernels::formulas::{
    Asymmetric, BceWithLogits, GammaNll, GaussianNll, KlDiv, PoissonNll, Rounded, SigmoidFocal,
    Tweedie,
};

use crate::fixture::Case;

/// How far the numbers of a case may be off beyond a part of themselves, counted in roundings: 0 where nothing cancels.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// Of each loss.
    pub losses: Vec<f64>,
    /// Of the slope of a loss by each number of the input.
    slopes: Vec<f64>,
    /// Which loss each number of the input belongs to.
    loss_of: Vec<usize>,
    /// What each loss counts in a mean.
    counts: Vec<f64>,
}

impl Errors {
    /// What each loss is multiplied by in a mean or in a sum, given what it weighs.
    pub fn factors(&self, weights: Option<&[f64]>, mean: bool) -> Vec<f64> {
        let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
        let counts = self.counts.iter().enumerate();
        let total: f64 = counts.map(|(i, count)| count * weight(i)).sum();
        let divisor = if mean { total } else { 1.0 };
        (0..self.counts.len())
            .map(|i| weight(i) / divisor)
            .collect()
    }

    /// Of the sum of the losses, each times its factor: they are as often above as below.
    pub fn of_sum(&self, factors: &[f64]) -> f64 {
        let errors = self.losses.iter().zip(factors);
        let squares: f64 = errors.map(|(error, factor)| (error * factor).powi(2)).sum();
        finite(squares.sqrt())
    }

    /// Of the gradient of that sum.
    pub fn of_gradient(&self, factors: &[f64]) -> Vec<f64> {
        let slopes = self.slopes.iter().zip(&self.loss_of);
        slopes
            .map(|(error, loss)| finite(error * factors[*loss]))
            .collect()
    }
}

/// Infinity and NaN are expected to the bit.
fn finite(error: f64) -> f64 {
    if error.is_finite() { error } else { 0.0 }
}

/// Which parts of a formula are differences of rounded numbers.
#[derive(Clone, Copy, PartialEq)]
enum Cancels {
    Loss,
    Slope,
    Both,
}

/// Those of a case of a file.
pub fn errors(file: &str, case: &Case) -> Errors {
    let config = &case.config;
    match file {
        // The two sides of a target between 0 and 1 pull in opposite directions.
        "bce_with_logits" => {
            let label_smoothing = config.label_smoothing;
            of_elements(case, &BceWithLogits { label_smoothing }, Cancels::Slope)
        }
        "sigmoid_focal" => {
            let alpha = Some(config.alpha.unwrap_or(0.25)).filter(|alpha| *alpha >= 0.0);
            let gamma = config.gamma.unwrap_or(2.0);
            of_elements(case, &SigmoidFocal { alpha, gamma }, Cancels::Slope)
        }
        // Here a probability is also compared with the clip, which it may be next to.
        "asymmetric" => {
            let formula = Asymmetric {
                gamma_positive: config.gamma_positive.unwrap_or(1.0),
                gamma_negative: config.gamma_negative.unwrap_or(4.0),
                clip: config.clip.unwrap_or(0.05),
            };
            of_elements(case, &formula, Cancels::Both)
        }
        // The logarithms of two probabilities that are almost the same.
        "kl_div" => {
            let log_target = config.log_target;
            of_elements(case, &KlDiv { log_target }, Cancels::Loss)
        }
        // The mean's term and the target's have opposite signs, and opposite slopes, which are the same where the mean is
        // right.
        "poisson_nll" => {
            let formula = PoissonNll {
                log_input: config.log_input.unwrap_or(true),
                full: config.full,
                eps: config.eps.unwrap_or(1e-8),
            };
            of_elements(case, &formula, Cancels::Both)
        }
        "tweedie" => {
            let power = config.power.unwrap_or(1.5);
            of_elements(case, &Tweedie { power }, Cancels::Slope)
        }
        "gamma_nll" => of_elements(case, &GammaNll, Cancels::Both),
        // The logarithm of a variance below 1 is negative, the squared error is not.
        "gaussian_nll" => {
            let formula = GaussianNll {
                full: config.full,
                eps: config.eps.unwrap_or(1e-6),
            };
            of_elements(case, &formula, Cancels::Loss)
        }
        "cross_entropy" | "cross_entropy_z_loss" | "cross_entropy_probabilities" => {
            of_rows(file, case)
        }
        "nll" | "focal" | "poly" | "generalized_cross_entropy" | "logit_adjusted" => {
            Errors::of_rows(case)
        }
        _ => Errors::of_elements(case),
    }
}

impl Errors {
    /// None, for losses of elements.
    fn of_elements(case: &Case) -> Self {
        let count = case.input.len();
        Self {
            losses: vec![0.0; count],
            slopes: vec![0.0; count],
            loss_of: (0..count).collect(),
            counts: vec![1.0; count],
        }
    }

    /// None, for losses of rows.
    fn of_rows(case: &Case) -> Self {
        let (shape, count) = (Shape::of(case), case.none.len());
        Self {
            losses: vec![0.0; count],
            slopes: vec![0.0; case.input.len()],
            loss_of: (0..case.input.len()).map(|at| shape.row(at)).collect(),
            counts: (0..count).map(|row| class_weight(case, row)).collect(),
        }
    }
}

fn of_elements<L: Formula>(case: &Case, formula: &L, cancels: Cancels) -> Errors {
    let mut errors = Errors::of_elements(case);
    for i in 0..case.input.len() {
        let third = match (&case.spread, &case.config.pos_weight) {
            (Some(spread), _) => spread[broadcast(i, &case.shape, &case.spread_shape)],
            (_, Some(weights)) => weights[i % weights.len()].into(),
            _ => 1.0,
        };
        let inputs = [case.input[i], case.target[i], third].map(Rounded::exact);
        if cancels != Cancels::Slope {
            errors.losses[i] = finite(formula.loss(inputs).error());
        }
        if cancels != Cancels::Loss {
            let slope = formula.slope(Input::Prediction, inputs);
            errors.slopes[i] = finite(slope.error());
        }
    }
    errors
}

/// Where a number lies that is repeated along the axes of length 1.
fn broadcast(mut index: usize, shape: &[usize], repeated: &[usize]) -> usize {
    let (mut at, mut stride) = (0, 1);
    for (size, own) in shape.iter().zip(repeated).rev() {
        at += index % size % own * stride;
        index /= size;
        stride *= own;
    }
    at
}

/// `[N, C, S]`.
#[derive(Clone, Copy)]
struct Shape([usize; 3]);

impl Shape {
    fn of(case: &Case) -> Self {
        let [n, c, ref rest @ ..] = case.shape[..] else {
            panic!("scores have two dimensions or more");
        };
        Self([n, c, rest.iter().product()])
    }

    /// The row that a score belongs to.
    fn row(self, at: usize) -> usize {
        let Self([_, classes, inner]) = self;
        at / (classes * inner) * inner + at % inner
    }

    /// Where a score of a row lies.
    fn at(self, row: usize, class: usize) -> usize {
        let Self([_, classes, inner]) = self;
        (row / inner * classes + class) * inner + row % inner
    }
}

fn has_classes(case: &Case) -> bool {
    case.target_shape.len() + 1 == case.shape.len()
}

/// The class of a row, if it counts; of rows of probabilities none has one.
fn class(case: &Case, row: usize) -> Option<usize> {
    let class = has_classes(case).then(|| case.target[row] as i64)?;
    (Some(class) != case.config.ignore_index).then_some(class as usize)
}

/// What a row counts in a mean.
fn class_weight(case: &Case, row: usize) -> f64 {
    let weights = case.config.class_weights.as_ref();
    match class(case, row) {
        Some(class) => weights.map_or(1.0, |weights| weights[class].into()),
        None if has_classes(case) => 0.0,
        None => 1.0,
    }
}

/// Those of cross entropy. Of probabilities and of smooth labels a gradient is the difference of a probability and a weight,
/// `p_c sum w - w_c`; with a z-loss it is pulled to the other side by the log-sum-exp, which is itself the difference of a
/// negative logit and a logarithm. Without any of them nothing cancels.
fn of_rows(file: &str, case: &Case) -> Errors {
    let (mut errors, shape) = (Errors::of_rows(case), Shape::of(case));
    let Shape([_, classes, _]) = shape;
    let config = &case.config;
    let is_soft = file == "cross_entropy_probabilities";
    if !is_soft && config.label_smoothing == 0.0 && config.z_loss == 0.0 {
        return errors;
    }
    let constant = |value: f64| Rounded::exact(0.0).constant(value);
    let keep = 1.0 - config.label_smoothing;
    for row in 0..errors.losses.len() {
        let target = class(case, row);
        if target.is_none() && !is_soft {
            continue;
        }
        let logits: Vec<f64> = (0..classes).map(|c| case.input[shape.at(row, c)]).collect();
        let (log_probs, lse) = log_softmax(&logits);
        let weights: Vec<Rounded> = (0..classes)
            .map(|c| {
                let own = if is_soft {
                    case.target[shape.at(row, c)]
                } else {
                    0.0
                };
                let weights = config.class_weights.as_ref();
                let weight: f64 = weights.map_or(1.0, |weights| weights[c].into());
                (constant(own) * keep + config.label_smoothing / classes as f64) * weight
            })
            .collect();
        let total: Rounded = weights.iter().copied().sum();
        let count = constant(class_weight(case, row));
        let of_target = if is_soft { constant(0.0) } else { count * keep };
        let of_lse = lse * count * (2.0 * config.z_loss);
        errors.losses[row] = finite((lse * lse * count * config.z_loss).error());
        for (c, log_prob) in log_probs.iter().enumerate() {
            let p = log_prob.exp();
            let missing = if target == Some(c) {
                log_prob.exp_m1()
            } else {
                p
            };
            let slope = missing * of_target + p * (total + of_lse) - weights[c];
            errors.slopes[shape.at(row, c)] = finite(slope.error());
        }
    }
    errors
}

/// The logarithms of the probabilities of a row, and of the sum of the exponentials.
fn log_softmax(logits: &[f64]) -> (Vec<Rounded>, Rounded) {
    let mut largest = 0;
    for (c, x) in logits.iter().enumerate() {
        if *x > logits[largest] {
            largest = c;
        }
    }
    let max = Rounded::exact(logits[largest]);
    let shifted = logits.iter().map(|x| Rounded::exact(*x) - max);
    let shifted: Vec<Rounded> = shifted.collect();
    let others = shifted.iter().enumerate().filter(|(c, _)| *c != largest);
    let others: Rounded = others.map(|(_, x)| x.exp()).sum();
    let relative_lse = others.ln_1p();
    let log_probs = shifted.iter().map(|x| *x - relative_lse).collect();
    (log_probs, max + relative_lse)
}
