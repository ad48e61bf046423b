//! A number with a bound of what rounding has done to it: the measure of numbers that cancel.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Number;

/// A number in `f64`, with a bound of how far rounding takes it in a type of fewer digits.
///
/// Where rounded numbers almost cancel, what is left of them is small and its error is theirs: no bound relative to the
/// result holds. This one follows the error through each operation, to first order. A number that was given has none; arithmetic
/// adds half a unit of the last place of its result, a function one and a half, which is more than the kernels' are off.
///
/// # Example
///
/// ```
/// use loss_kernels::Number;
/// use loss_kernels::formulas::Rounded;
///
/// let x = Rounded::exact(-1e-3);
/// let [direct, by_difference] = [x.exp_m1(), x.exp() + -1.0];
/// assert!(direct.error() < 2.0 * direct.value().abs());
/// // Three of its digits are gone.
/// assert!(by_difference.error() > 1000.0 * by_difference.value().abs());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rounded {
    value: f64,
    error: f64,
}

/// What arithmetic and square roots are off, in units of the last place.
const OF_ARITHMETIC: f64 = 0.5;
/// What functions are off.
const OF_FUNCTIONS: f64 = 1.5;

impl Rounded {
    /// A number that the type has.
    pub fn exact(value: f64) -> Self {
        Self { value, error: 0.0 }
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.value
    }

    /// The bound of its error, in units of the distance from 1 to the next number of the type.
    pub fn error(self) -> f64 {
        self.error
    }

    /// The result of an operation: what it inherits, and its own rounding. Infinity and NaN are not off.
    fn of(value: f64, inherited: f64, own: f64) -> Self {
        let error = match value.is_finite() {
            true => inherited + own * value.abs(),
            false => 0.0,
        };
        Self { value, error }
    }

    /// The result of a function of this slope.
    fn function(self, value: f64, slope: f64, own: f64) -> Self {
        // An exact number inherits nothing to it, however steep it is.
        let inherited = match self.error {
            0.0 => 0.0,
            error => error * slope.abs(),
        };
        Self::of(value, inherited, own)
    }
}

impl Add for Rounded {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let value = self.value + other.value;
        Self::of(value, self.error + other.error, OF_ARITHMETIC)
    }
}

impl Sub for Rounded {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Rounded {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let inherited = self.error * other.value.abs() + other.error * self.value.abs();
        Self::of(self.value * other.value, inherited, OF_ARITHMETIC)
    }
}

impl Div for Rounded {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let inherited = (self.error + other.error * value.abs()) / other.value.abs();
        Self::of(value, inherited, OF_ARITHMETIC)
    }
}

impl Neg for Rounded {
    type Output = Self;

    fn neg(self) -> Self {
        let value = -self.value;
        Self { value, ..self }
    }
}

impl Add<f64> for Rounded {
    type Output = Self;

    fn add(self, other: f64) -> Self {
        self + self.constant(other)
    }
}

impl Mul<f64> for Rounded {
    type Output = Self;

    fn mul(self, other: f64) -> Self {
        self * self.constant(other)
    }
}

impl Sum for Rounded {
    /// Roundings go up as often as down: those of many additions grow with the root of their number, and are of sums that are
    /// half of the whole on average.
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        let [mut value, mut lost, mut size, mut inherited] = [0.0; 4];
        let mut additions = -1.0f64;
        for number in numbers {
            // What the sum of two numbers loses of either (Knuth).
            let sum: f64 = value + number.value;
            let added = sum - value;
            lost += (value - (sum - added)) + (number.value - added);
            value = sum;
            size += number.value.abs();
            inherited += number.error;
            additions += 1.0;
        }
        if value.is_finite() {
            value += lost;
        }
        let roundings = if additions > 0.0 {
            0.5 * (1.0 + additions.sqrt())
        } else {
            0.0
        };
        let own = OF_ARITHMETIC * roundings * size;
        Self::of(value, inherited + own, 0.0)
    }
}

impl Number for Rounded {
    type Mask = bool;

    /// A constant is rounded, too, unless an `f32` has it.
    fn constant(self, value: f64) -> Self {
        match f64::from(value as f32) == value {
            true => Self::exact(value),
            false => Self::of(value, 0.0, OF_ARITHMETIC),
        }
    }

    fn abs(self) -> Self {
        let value = self.value.abs();
        Self { value, ..self }
    }

    fn at_least(self, bound: f64) -> Self {
        Self::select(self.is_below(bound), self.constant(bound), self)
    }

    fn at_most(self, bound: f64) -> Self {
        Self::select(self.value > bound, self.constant(bound), self)
    }

    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.function(root, 0.5 / root, OF_ARITHMETIC)
    }

    fn exp(self) -> Self {
        let power = self.value.exp();
        self.function(power, power, OF_FUNCTIONS)
    }

    fn exp_m1(self) -> Self {
        self.function(self.value.exp_m1(), self.value.exp(), OF_FUNCTIONS)
    }

    fn ln(self) -> Self {
        self.function(self.value.ln(), self.value.recip(), OF_FUNCTIONS)
    }

    fn ln_1p(self) -> Self {
        let slope = (1.0 + self.value).recip();
        self.function(self.value.ln_1p(), slope, OF_FUNCTIONS)
    }

    fn is_below(self, bound: f64) -> bool {
        self.value < bound
    }

    fn is(self, value: f64) -> bool {
        self.value == value
    }

    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}
