//! What each formula is tried on, said beside it: what tests all formulas, and what fuzzes them, walks these lists, and a new
//! formula is held to everything without a line in any test.

use super::{
    Asymmetric, Bce, BceWithLogits, Charbonnier, CrossEntropy, Focal, Formula, GammaNll,
    GaussianCrps, GaussianNll, GeneralizedCrossEntropy, HingeEmbedding, Huber, JsDiv, KlDiv, L1,
    LogCosh, MarginRanking, Mse, Msle, PoissonNll, Poly, Quantile, SigmoidFocal, SmoothL1,
    SoftMargin, Tversky, Tweedie,
};

/// What an input may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// From the first to the second.
    Between(f64, f64),
    /// One of these.
    Of(&'static [f64]),
}

impl Domain {
    /// The number at a share of it, from 0 to 1; of a range, of what of it lies between two numbers.
    pub fn at(self, share: f64, [least, most]: [f64; 2]) -> f64 {
        match self {
            Self::Between(low, high) => {
                let (low, high) = (low.max(least), high.min(most));
                low + (high - low) * share
            }
            Self::Of(numbers) => {
                let place = (share * numbers.len() as f64) as usize;
                numbers[place.min(numbers.len() - 1)]
            }
        }
    }
}

/// The numbers of an input of which errors are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers {
    /// Of a domain.
    In(Domain),
    /// Of both signs, and any size up to this.
    Magnitudes(f64),
    /// Of any size up to this.
    Sizes(f64),
    /// From 0 to 1, most of them next to one of the two.
    Probabilities,
    /// 0 to 9.
    Counts,
    /// The prediction times this.
    OfPrediction(f64),
}

impl From<Domain> for Numbers {
    fn from(domain: Domain) -> Self {
        Self::In(domain)
    }
}

/// Any real number.
pub const REAL: Domain = Domain::Between(-30.0, 30.0);
/// Logits, so large that a probability is 0 or 1.
pub const LOGIT: Domain = Domain::Between(-100.0, 100.0);
/// Logarithms of amounts.
pub const LOG: Domain = Domain::Between(-20.0, 20.0);
/// Logarithms of probabilities.
pub const LOG_PROBABILITY: Domain = Domain::Between(-40.0, 0.0);
/// Losses of a row's target.
pub const TARGET_LOSS: Domain = Domain::Between(0.0, 100.0);
/// Amounts.
pub const AMOUNT: Domain = Domain::Between(0.0, 30.0);
/// Variances and deviations.
pub const SPREAD: Domain = Domain::Between(0.0, 5.0);
/// Probabilities, and targets that need not be 0 or 1.
pub const UNIT: Domain = Domain::Between(0.0, 1.0);
/// Binary targets.
pub const LABEL: Domain = Domain::Of(&[0.0, 1.0]);
/// Classes that are signs.
pub const SIGN: Domain = Domain::Of(&[1.0, -1.0]);
/// An input that is not there, or does not matter.
pub const ONE: Domain = Domain::Of(&[1.0]);
/// A target that leaves the prediction as the error.
pub const ZERO: Domain = Domain::Of(&[0.0]);

/// A formula, and what its inputs may be.
#[derive(Clone, Debug)]
pub struct Example<L> {
    /// The formula.
    pub formula: L,
    /// What prediction, target and third number may be.
    pub inputs: [Domain; 3],
}

impl<L> Example<L> {
    /// An example.
    pub fn new(formula: L, inputs: [Domain; 3]) -> Self {
        Self { formula, inputs }
    }
}

/// What an error is measured in: the last place of the result, or that of a larger number which the result is a difference of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// Of the result.
    OfResult,
    /// Of the result, or of 1 where that is larger: the terms are of that size where they cancel.
    OfOne,
}

/// How many units of the last place a formula may be off.
#[derive(Clone, Debug)]
pub struct Accuracy<L> {
    /// The formula.
    pub formula: L,
    /// Its inputs.
    pub inputs: [Numbers; 3],
    /// In `f32` and in `f64`, that of the loss and that of its slope by the prediction.
    pub most: [[f64; 2]; 2],
    /// What that of the loss and that of the slope are measured in.
    pub units: [Unit; 2],
}

impl<L> Accuracy<L> {
    /// In units of the results.
    pub fn new(formula: L, inputs: [Numbers; 3], most: [[f64; 2]; 2]) -> Self {
        let units = [Unit::OfResult; 2];
        Self {
            formula,
            inputs,
            most,
            units,
        }
    }

    /// In units of errors of any size.
    pub fn of_errors(formula: L, most: [f64; 2]) -> Self {
        let inputs = [Numbers::Magnitudes(1e6), ZERO.into(), ONE.into()];
        Self::new(formula, inputs, [most; 2])
    }

    /// In these units.
    pub fn in_units(self, units: [Unit; 2]) -> Self {
        Self { units, ..self }
    }
}

/// Where the parameters of examples come from: given a usual one, and between which it may be.
pub type Parameter<'a> = dyn FnMut(f64, [f64; 2]) -> f64 + 'a;

/// The usual parameters.
pub fn usual(parameter: f64, _: [f64; 2]) -> f64 {
    parameter
}

/// A formula that says what it is tried on.
pub trait Examples: Formula {
    /// Examples of each of its ways to compute.
    fn examples(parameter: &mut Parameter<'_>) -> Vec<Example<Self>>;

    /// How exact it is.
    fn accuracy() -> Vec<Accuracy<Self>>;
}

/// What a test does with each formula.
pub trait Visit {
    /// With one of them.
    fn visit<L: Examples>(&mut self);
}

/// Stamps a function that visits formulas in turn.
macro_rules! visit_each {
    ($(#[$doc:meta])* $name:ident: $($formula:ident)+) => {
        $(#[$doc])*
        pub fn $name(visit: &mut impl Visit) {
            $(visit.visit::<$formula>();)+
        }
    };
}

visit_each! {
    /// The formulas of elements.
    each_of_elements:
    Mse L1 SmoothL1 Huber LogCosh Charbonnier Quantile
    Msle PoissonNll GammaNll Tweedie
    GaussianNll GaussianCrps KlDiv JsDiv
    Bce BceWithLogits SigmoidFocal Asymmetric
    SoftMargin HingeEmbedding MarginRanking
}

visit_each! {
    /// The formulas of a row's terms.
    each_of_rows: CrossEntropy Focal Poly GeneralizedCrossEntropy
}

visit_each! {
    /// The formulas of a region's sums.
    each_of_regions: Tversky
}

/// All formulas.
pub fn each(visit: &mut impl Visit) {
    each_of_elements(visit);
    each_of_rows(visit);
    each_of_regions(visit);
}
