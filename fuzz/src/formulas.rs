//! The formulas of single elements and of rows, with options, and where their inputs mostly come from.

use std::fmt::Debug;

use loss_kernels::cpu::elementwise::Passes;
use loss_kernels::cpu::simd::Float;
use loss_kernels::cpu::softmax_terms::RowFormula;
use loss_kernels::formulas::{
    Asymmetric, Bce, BceWithLogits, Charbonnier, CrossEntropy, Focal, GammaNll, GaussianCrps,
    GaussianNll, GeneralizedCrossEntropy, HingeEmbedding, Huber, JsDiv, KlDiv, L1, LogCosh,
    MarginRanking, Mse, Msle, PoissonNll, Poly, Quantile, SigmoidFocal, SmoothL1, SoftMargin,
    Tversky, Tweedie,
};
use loss_kernels::{Formula, Input};

use crate::interval::Interval;
use crate::source::{Domain, SIGNS, Source, UNIT};

/// Any formula, for both types and for numbers that are known up to rounding.
pub trait AnyFormula:
    Debug + Passes<f32> + Passes<f64> + RowFormula<f32> + RowFormula<f64>
{
    /// The loss of one element.
    fn loss_of(&self, inputs: [Interval; 3]) -> Interval;
    /// Its slopes.
    fn slope_of(&self, of: Input, inputs: [Interval; 3]) -> Interval;
    /// Both, as one function has them.
    fn both_of(&self, inputs: [Interval; 3]) -> [Interval; 2];
    /// The loss in `f64`.
    fn loss_in_f64(&self, inputs: [f64; 3]) -> f64;
    /// Its slopes in `f64`.
    fn slope_in_f64(&self, of: Input, inputs: [f64; 3]) -> f64;
    /// What the inputs may be.
    fn bounds_of(&self) -> [Option<[f64; 2]>; 3];
}

impl<L: Formula> AnyFormula for L {
    fn loss_of(&self, inputs: [Interval; 3]) -> Interval {
        self.loss(inputs)
    }

    fn slope_of(&self, of: Input, inputs: [Interval; 3]) -> Interval {
        self.slope(of, inputs)
    }

    fn both_of(&self, inputs: [Interval; 3]) -> [Interval; 2] {
        self.loss_and_slope(inputs)
    }

    fn loss_in_f64(&self, inputs: [f64; 3]) -> f64 {
        self.loss(inputs)
    }

    fn slope_in_f64(&self, of: Input, inputs: [f64; 3]) -> f64 {
        self.slope(of, inputs)
    }

    fn bounds_of(&self) -> [Option<[f64; 2]>; 3] {
        self.bounds()
    }
}

/// A type of numbers that any formula can be asked for.
pub trait Typed: Float {
    /// Its passes over elements.
    fn elementwise(formula: &dyn AnyFormula) -> &dyn Passes<Self>;
    /// Its losses of rows.
    fn class_rows(formula: &dyn AnyFormula) -> &dyn RowFormula<Self>;
}

macro_rules! typed {
    ($($float:ty)*) => {$(
        impl Typed for $float {
            fn elementwise(formula: &dyn AnyFormula) -> &dyn Passes<Self> {
                formula
            }

            fn class_rows(formula: &dyn AnyFormula) -> &dyn RowFormula<Self> {
                formula
            }
        }
    )*};
}
typed!(f32 f64);

/// A formula, and the domains of its inputs.
pub type Drawn = (Box<dyn AnyFormula>, [Domain; 3]);

const REAL: Domain = Domain::Between(-30.0, 30.0);
const LOGIT: Domain = Domain::Between(-100.0, 100.0);
const LOG: Domain = Domain::Between(-20.0, 20.0);
const LOG_PROBABILITY: Domain = Domain::Between(-40.0, 0.0);
const AMOUNT: Domain = Domain::Between(0.0, 30.0);
const ONE: Domain = Domain::Of(&[1.0]);

fn drawn(formula: impl Formula, domains: [Domain; 3]) -> Drawn {
    (Box::new(formula), domains)
}

/// One of all formulas.
pub fn draw(source: &mut Source) -> Drawn {
    match source.size(0, 4) {
        0 => of_errors(source),
        1 => of_amounts(source),
        2 => of_distributions(source),
        3 => of_binary_targets(source),
        _ => of_terms(source),
    }
}

fn of_errors(source: &mut Source) -> Drawn {
    let real = [REAL, REAL, ONE];
    match source.size(0, 7) {
        0 => drawn(Mse, real),
        1 => drawn(L1, real),
        2 => {
            let delta = source.between(0.01, 5.0);
            drawn(Huber { delta }, real)
        }
        3 => {
            let beta = source.between(0.0, 5.0);
            drawn(
                SmoothL1 {
                    beta: if beta < 0.01 { 0.0 } else { beta },
                },
                real,
            )
        }
        4 => drawn(LogCosh, real),
        5 => {
            let eps = source.between(1e-3, 5.0);
            drawn(Charbonnier { eps }, real)
        }
        6 => {
            let level = source.between(0.0, 1.0);
            drawn(Quantile { level }, [REAL, REAL, UNIT])
        }
        _ => {
            let margin = source.between(-2.0, 2.0);
            drawn(MarginRanking { margin }, [REAL, REAL, SIGNS])
        }
    }
}

fn of_amounts(source: &mut Source) -> Drawn {
    match source.size(0, 4) {
        0 => {
            let amount = Domain::Between(-1.0, 50.0);
            drawn(Msle, [amount, amount, ONE])
        }
        1 => {
            let (log_input, full) = (source.flag(), source.flag());
            let formula = PoissonNll {
                log_input,
                full,
                eps: source.choice(&[1e-8, 1e-3, 1.0]),
            };
            drawn(formula, [if log_input { LOG } else { AMOUNT }, AMOUNT, ONE])
        }
        2 => drawn(GammaNll, [LOG, AMOUNT, ONE]),
        3 => {
            let power = source.between(1.05, 1.95);
            drawn(Tweedie { power }, [LOG, AMOUNT, ONE])
        }
        _ => {
            let formula = Tversky {
                alpha: source.between(0.0, 1.0),
                beta: source.between(0.0, 1.0),
                gamma: power(source),
                smooth: source.between(0.0, 1.0),
                eps: source.choice(&[1e-7, 1e-3, 1.0]),
            };
            drawn(formula, [AMOUNT; 3])
        }
    }
}

fn of_distributions(source: &mut Source) -> Drawn {
    let spread = Domain::Between(0.0, 5.0);
    match source.size(0, 3) {
        0 => {
            let full = source.flag();
            let eps = source.choice(&[1e-6, 1e-3, 1.0]);
            drawn(GaussianNll { full, eps }, [REAL, REAL, spread])
        }
        1 => drawn(GaussianCrps, [REAL, REAL, spread]),
        2 => {
            let log_target = source.flag();
            let target = if log_target { LOG_PROBABILITY } else { UNIT };
            drawn(KlDiv { log_target }, [LOG_PROBABILITY, target, ONE])
        }
        _ => {
            let beta = source.between(0.0, 1.0);
            drawn(JsDiv { beta }, [LOG_PROBABILITY, LOG_PROBABILITY, ONE])
        }
    }
}

fn of_binary_targets(source: &mut Source) -> Drawn {
    match source.size(0, 5) {
        0 => drawn(Bce, [UNIT, UNIT, ONE]),
        1 => {
            let label_smoothing = source.choice(&[0.0, 0.1, 0.5, 1.0]);
            let weight = Domain::Between(0.0, 3.0);
            drawn(BceWithLogits { label_smoothing }, [LOGIT, UNIT, weight])
        }
        2 => {
            let alpha = source.flag().then(|| source.between(0.0, 1.0));
            let gamma = power(source);
            drawn(SigmoidFocal { alpha, gamma }, [LOGIT, UNIT, ONE])
        }
        3 => {
            let formula = Asymmetric {
                gamma_positive: power(source),
                gamma_negative: power(source),
                clip: source.between(0.0, 0.5),
            };
            drawn(formula, [LOGIT, UNIT, ONE])
        }
        4 => drawn(SoftMargin, [LOGIT, SIGNS, ONE]),
        _ => {
            let margin = source.between(0.0, 3.0);
            drawn(HingeEmbedding { margin }, [AMOUNT, SIGNS, ONE])
        }
    }
}

/// One of the formulas of a row's terms.
pub fn of_terms(source: &mut Source) -> Drawn {
    let terms = [Domain::Between(0.0, 100.0), REAL, ONE];
    match source.size(0, 3) {
        0 => {
            let formula = CrossEntropy {
                keep: source.between(0.0, 1.0),
                z_loss: source.choice(&[0.0, 0.0, 1e-4, 0.5]),
            };
            drawn(formula, terms)
        }
        1 => {
            let gamma = power(source);
            drawn(Focal { gamma }, terms)
        }
        2 => {
            let epsilon = source.between(-1.0, 5.0);
            drawn(Poly { epsilon }, terms)
        }
        _ => {
            let q = source.between(0.05, 1.0);
            drawn(GeneralizedCrossEntropy { q }, terms)
        }
    }
}

/// One of the formulas of a row's terms whose slopes have no steep place.
pub fn of_terms_without_steep(source: &mut Source) -> Box<dyn AnyFormula> {
    match source.size(0, 2) {
        0 => Box::new(CrossEntropy {
            keep: source.between(0.0, 1.0),
            z_loss: source.choice(&[0.0, 0.01]),
        }),
        1 => Box::new(Focal {
            gamma: source.choice(&[0.0, 1.0, 2.0]),
        }),
        _ => Box::new(Poly {
            epsilon: source.between(-1.0, 2.0),
        }),
    }
}

/// An exponent: most are halves, for which there is a way of their own.
fn power(source: &mut Source) -> f64 {
    match source.flag() {
        true => source.choice(&[0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]),
        false => source.between(0.0, 5.0),
    }
}
