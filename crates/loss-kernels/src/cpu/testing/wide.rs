//! A number of 30 digits: the sum of two `f64`, the second below the last place of the first.

use std::f64::consts::{LN_2, LOG2_E};
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::Number;

/// A number of 30 digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide {
    high: f64,
    low: f64,
}

/// `ln(2)`; the second number is what the first is short of.
const LOG_OF_TWO: Wide = Wide {
    high: LN_2,
    low: 2.319_046_813_846_299_6e-17,
};

impl Wide {
    pub(crate) fn new(value: f64) -> Self {
        let low = 0.0;
        Self { high: value, low }
    }

    /// The number in `f64`.
    pub(crate) fn nearest(self) -> f64 {
        self.high
    }

    /// `a + b` without an error (Knuth); what is not finite has no second number.
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let of_b = high - a;
        let low = (a - (high - of_b)) + (b - of_b);
        Self::finite(high, low)
    }

    /// `a * b` without an error.
    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self::finite(high, a.mul_add(b, -high))
    }

    fn finite(high: f64, low: f64) -> Self {
        let low = if high.is_finite() { low } else { 0.0 };
        Self { high, low }
    }

    /// Times a power of two.
    fn scaled(self, power: f64) -> Self {
        let factor = power.exp2();
        Self::finite(self.high * factor, self.low * factor)
    }

    /// `exp(x) - 1` of a small number: of a far smaller one by Taylor's series, and from there by doubling.
    fn exp_m1_of_small(self) -> Self {
        const DOUBLINGS: i32 = 9;
        let part = self.scaled(f64::from(-DOUBLINGS));
        let mut series = Self::new(1.0);
        for n in (2..=10).rev() {
            series = series * part / Self::new(f64::from(n)) + 1.0;
        }
        let mut result = part * series;
        for _ in 0..DOUBLINGS {
            result = result + result + result * result;
        }
        result
    }
}

impl Add for Wide {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, low) = (
            Self::sum(self.high, other.high),
            Self::sum(self.low, other.low),
        );
        let first = Self::sum(high.high, high.low + low.high);
        Self::sum(first.high, first.low + low.low)
    }
}

impl Sub for Wide {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Wide {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let first = Self::product(self.high, other.high);
        let rest = self.high * other.low + self.low * other.high;
        Self::sum(first.high, first.low + rest)
    }
}

impl Div for Wide {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        // As by hand, an f64 a digit.
        let first = self.high / other.high;
        if !first.is_finite() {
            return Self::new(first);
        }
        let rest = self - other * Self::new(first);
        let second = rest.high / other.high;
        let rest = rest - other * Self::new(second);
        Self::sum(first, second) + rest.high / other.high
    }
}

impl Neg for Wide {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Add<f64> for Wide {
    type Output = Self;

    fn add(self, other: f64) -> Self {
        self + Self::new(other)
    }
}

impl Mul<f64> for Wide {
    type Output = Self;

    fn mul(self, other: f64) -> Self {
        self * Self::new(other)
    }
}

impl Number for Wide {
    type Mask = bool;

    fn constant(self, value: f64) -> Self {
        Self::new(value)
    }

    fn abs(self) -> Self {
        if self.high < 0.0 { -self } else { self }
    }

    fn at_least(self, bound: f64) -> Self {
        Self::select(self.is_below(bound), Self::new(bound), self)
    }

    fn at_most(self, bound: f64) -> Self {
        -(-self).at_least(-bound)
    }

    fn sqrt(self) -> Self {
        let root = Self::new(self.high.sqrt());
        if root.high == 0.0 || !root.high.is_finite() {
            return root;
        }
        root + (self - root * root) / (root + root)
    }

    fn exp(self) -> Self {
        // NaN, too; beyond there it is below the numbers that f64 has.
        if self.high.is_nan() || self.high < -745.0 {
            return Self::new(self.high.exp());
        }
        let twos = (self.high * LOG2_E).round();
        let rest = self - LOG_OF_TWO * twos;
        (rest.exp_m1_of_small() + 1.0).scaled(twos)
    }

    fn exp_m1(self) -> Self {
        match self.high.abs() < 0.3 {
            true => self.exp_m1_of_small(),
            false => self.exp() + -1.0,
        }
    }

    fn ln(self) -> Self {
        let log = self.high.ln();
        if !log.is_finite() {
            return Self::new(log);
        }
        // One step of Newton's doubles the digits.
        let log = Self::new(log);
        log + (self * (-log).exp() + -1.0)
    }

    fn ln_1p(self) -> Self {
        let log = self.high.ln_1p();
        if log == 0.0 || !log.is_finite() {
            return Self::new(log);
        }
        let log = Self::new(log);
        let decay_m1 = (-log).exp_m1();
        // `(1 + x) exp(-log) - 1`, without the 1.
        log + (self + decay_m1 + self * decay_m1)
    }

    fn is_below(self, bound: f64) -> bool {
        self.high < bound || (self.high == bound && self.low < 0.0)
    }

    fn is(self, value: f64) -> bool {
        self.high == value && self.low == 0.0
    }

    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}

#[test]
fn wide_numbers_have_thirty_digits() {
    let close = |a: Wide, b: Wide| {
        let error = ((a - b) / b).nearest().abs();
        assert!(error < 1e-29, "{a:?} and {b:?}: {error:e}");
    };
    for x in [1e-9, 0.1, 0.25, 0.75, 1.0, 5.0].map(Wide::new) {
        close(-(-x).exp_m1().ln_1p(), x);
        close(x.ln_1p().exp_m1(), x);
        let third = x / Wide::new(3.0);
        close(third + third + third, x);
        close(third.sqrt() * third.sqrt(), third);
    }
    for x in [0.75, 1.0, 5.0, 50.0, 300.0].map(Wide::new) {
        close(-(-x).exp().ln(), x);
        close((-x).exp() * x.exp(), Wide::new(1.0));
    }
    // From mpmath.
    let (high, low) = (std::f64::consts::E, 1.445_646_891_729_250_2e-16);
    close(Wide::new(1.0).exp(), Wide { high, low });
}
