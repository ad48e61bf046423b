//! The formulas of elements and of rows as their examples have them, with any parameters.

use std::fmt::Debug;

use loss_kernels::cpu::elementwise::Passes;
use loss_kernels::cpu::simd::Float;
use loss_kernels::cpu::softmax_terms::RowFormula;
use loss_kernels::formulas::examples::{self, Domain, Example, Examples, Visit};
use loss_kernels::formulas::{CrossEntropy, Focal, Poly};
use loss_kernels::{Formula, Input};

use crate::interval::Interval;
use crate::source::Source;

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

/// How many formulas are walked.
struct Count(usize);

impl Visit for Count {
    fn visit<L: Examples>(&mut self) {
        self.0 += 1;
    }
}

/// Draws an example of the formula at a place, with any parameters.
struct Draw<'a, 'b> {
    source: &'a mut Source<'b>,
    place: usize,
    drawn: Option<Drawn>,
}

impl Visit for Draw<'_, '_> {
    fn visit<L: Examples>(&mut self) {
        if self.place == 0 && self.drawn.is_none() {
            let source = &mut *self.source;
            let mut parameter = |usual, [low, high]: [f64; 2]| match source.size(0, 3) {
                0 => usual,
                // Of exponents that are halves there is a way of their own.
                1 => ((2.0 * source.between(low, high)).round() / 2.0).clamp(low, high),
                _ => source.between(low, high),
            };
            let mut examples = L::examples(&mut parameter);
            let which = source.size(0, examples.len() - 1);
            let Example { formula, inputs } = examples.swap_remove(which);
            self.drawn = Some((Box::new(formula), inputs));
        }
        self.place = self.place.saturating_sub(1);
    }
}

/// Which formulas are walked.
#[derive(Clone, Copy)]
enum Walk {
    All,
    OfRows,
}

impl Walk {
    fn with(self, visit: &mut impl Visit) {
        match self {
            Self::All => examples::each(visit),
            Self::OfRows => examples::each_of_rows(visit),
        }
    }

    /// One of them.
    fn draw(self, source: &mut Source) -> Drawn {
        let mut count = Count(0);
        self.with(&mut count);
        let place = source.size(0, count.0 - 1);
        let mut draw = Draw {
            source,
            place,
            drawn: None,
        };
        self.with(&mut draw);
        draw.drawn.expect("the place is one of them")
    }
}

/// One of all formulas.
pub fn draw(source: &mut Source) -> Drawn {
    Walk::All.draw(source)
}

/// One of the formulas of a row's terms.
pub fn of_terms(source: &mut Source) -> Drawn {
    Walk::OfRows.draw(source)
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
