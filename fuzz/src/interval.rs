//! A number that is known up to rounding: what a formula gives in any order of rounding lies between two ends.
//!
//! Each operation moves the ends apart by what the kernels may be off: two roundings for arithmetic, four units of the last
//! place for the functions of the kernels' `math`, which promises at most 1.4, and for the standard library's, by which the
//! ends are found.

use std::ops::{Add, Div, Mul, Neg, Sub};

use loss_kernels::Number;
use loss_kernels::cpu::simd::Float;

/// What a type of numbers can hold.
#[derive(Clone, Copy, Debug)]
pub struct Precision {
    epsilon: f64,
    smallest: f64,
    largest: f64,
    single: bool,
}

impl Precision {
    /// That of a type.
    pub fn of<F: Float>() -> Self {
        Self {
            epsilon: crate::epsilon::<F>(),
            smallest: F::MIN_POSITIVE.to_f64(),
            largest: F::MAX.to_f64() / 4.0,
            single: size_of::<F>() == 4,
        }
    }

    /// The number that the type has in place of this one.
    fn rounded(self, value: f64) -> f64 {
        match self.single {
            true => f64::from(value as f32),
            false => value,
        }
    }
}

/// Two ends, between which a number lies; NaN is known by both ends being NaN.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    low: f64,
    high: f64,
    /// Whether anything is known at all.
    known: bool,
    precision: Precision,
}

/// Whether something holds, if that is known.
pub type Answer = Option<bool>;

const ROUNDINGS: f64 = 2.0;
const OF_FUNCTIONS: f64 = 4.0;

impl Interval {
    /// A number that the type has.
    pub fn exact<F: Float>(value: F) -> Self {
        let value = value.to_f64();
        Self {
            low: value,
            high: value,
            known: true,
            precision: Precision::of::<F>(),
        }
    }

    /// A number that is off by at most `error`; infinity and NaN are not off.
    pub fn about<F: Float>(value: f64, error: f64) -> Self {
        let none = Self::exact(F::ZERO);
        match value.is_finite() {
            true if error.is_nan() => none.unknown(),
            true => none.ends(value - error, value + error),
            false => none.ends(value, value),
        }
    }

    /// Whether a number of the type may be this one. Of what is not known it may be any.
    pub fn allows(self, found: f64) -> bool {
        let Self { low, high, .. } = self;
        !self.known || (low <= found && found <= high) || (found.is_nan() && low.is_nan())
    }

    /// The same number in another type, rounded to it.
    pub fn as_type<F: Float>(self) -> Self {
        let precision = Precision::of::<F>();
        Self { precision, ..self }.rounded(self.low, self.high, 1.0, 0.0)
    }

    /// Both ends, if they are known.
    pub fn range(self) -> Option<[f64; 2]> {
        self.known.then_some([self.low, self.high])
    }

    /// The larger of the absolute values of both ends.
    pub fn size(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// How far the ends are apart, if that is known.
    pub fn width(self) -> Option<f64> {
        let width = self.high - self.low;
        (self.known && width.is_finite()).then_some(width)
    }

    /// The same number known less well.
    pub fn wider(self, by: f64) -> Self {
        match self.is_nan() || self.is_infinite() {
            true => self,
            false => self.ends(self.low - by, self.high + by),
        }
    }

    fn unknown(self) -> Self {
        Self {
            known: false,
            ..self
        }
    }

    fn is_nan(self) -> bool {
        self.low.is_nan()
    }

    fn is_point(self) -> bool {
        self.low == self.high
    }

    fn is_infinite(self) -> bool {
        self.is_point() && self.low.is_infinite()
    }

    /// Whether a multiplication by it may be one by 0.
    fn has_zero(self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }

    /// New ends. An overflow may or may not be one in the type.
    fn ends(self, low: f64, high: f64) -> Self {
        let within = |end: f64| end.abs() <= self.precision.largest;
        let point = low == high || (low.is_nan() && high.is_nan());
        let known = self.known && (within(low) && within(high) || point && !low.is_finite());
        Self {
            low,
            high,
            known,
            ..self
        }
    }

    fn nan(self) -> Self {
        self.ends(f64::NAN, f64::NAN)
    }

    /// New ends, moved apart by units of the last place and by what gets lost below the smallest number.
    fn rounded(self, low: f64, high: f64, units: f64, lost: f64) -> Self {
        if low == high && (low == 0.0 && lost == 0.0 || !low.is_finite()) {
            return self.ends(low, high);
        }
        let step = |end: f64| units * self.precision.epsilon * end.abs() + lost;
        self.ends(low - step(low), high + step(high))
    }

    /// What gets lost of a product.
    fn lost(self) -> f64 {
        self.precision.smallest * self.precision.epsilon * ROUNDINGS
    }

    fn both(self, other: Self) -> Self {
        Self {
            known: self.known && other.known,
            ..self
        }
    }

    /// A function that grows, at both ends; `within` says where it is defined.
    fn grown(self, within: impl Fn(f64) -> bool, f: impl Fn(f64) -> f64, lost: f64) -> Self {
        if self.is_nan() {
            return self;
        }
        if !within(self.low) || !within(self.high) {
            return self.unknown();
        }
        self.rounded(f(self.low), f(self.high), OF_FUNCTIONS, lost)
    }

    fn of_corners(self, corners: [f64; 4]) -> Self {
        if corners.iter().any(|corner| corner.is_nan()) {
            return self.unknown();
        }
        let low = corners.iter().copied().fold(f64::INFINITY, f64::min);
        let high = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lost = if low == 0.0 && high == 0.0 {
            0.0
        } else {
            self.lost()
        };
        self.rounded(low, high, ROUNDINGS, lost)
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let all = self.both(other);
        if self.is_nan() || other.is_nan() {
            return all.nan();
        }
        let [low, high] = [self.low + other.low, self.high + other.high];
        // Ends that differ in kind, or infinities that may or may not cancel.
        match low.is_nan() == high.is_nan() {
            true => all.rounded(low, high, ROUNDINGS, 0.0),
            false => all.unknown(),
        }
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let all = self.both(other);
        if self.is_nan() || other.is_nan() {
            return all.nan();
        }
        let (a, b) = (self, other);
        if a.is_infinite() && b.is_point() || b.is_infinite() && a.is_point() {
            let product = a.low * b.low;
            return all.ends(product, product);
        }
        all.of_corners([
            a.low * b.low,
            a.low * b.high,
            a.high * b.low,
            a.high * b.high,
        ])
    }
}

impl Div for Interval {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let all = self.both(other);
        if self.is_nan() || other.is_nan() {
            return all.nan();
        }
        let (a, b) = (self, other);
        if b.has_zero() {
            // The sign of a 0 is not known, but 0 / 0 has none.
            let is_zero = |x: Self| x.is_point() && x.low == 0.0;
            return match is_zero(a) && is_zero(b) {
                true => all.nan(),
                false => all.unknown(),
            };
        }
        if a.is_infinite() || b.is_infinite() {
            let quotient = a.low / b.low;
            return all.ends(quotient, quotient);
        }
        all.of_corners([
            a.low / b.low,
            a.low / b.high,
            a.high / b.low,
            a.high / b.high,
        ])
    }
}

impl Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            low: -self.high,
            high: -self.low,
            ..self
        }
    }
}

impl Add<f64> for Interval {
    type Output = Self;

    fn add(self, other: f64) -> Self {
        self + self.constant(other)
    }
}

impl Mul<f64> for Interval {
    type Output = Self;

    fn mul(self, other: f64) -> Self {
        self * self.constant(other)
    }
}

impl Number for Interval {
    type Mask = Answer;

    fn constant(self, value: f64) -> Self {
        let value = self.precision.rounded(value);
        Self {
            known: true,
            ..self
        }
        .ends(value, value)
    }

    fn abs(self) -> Self {
        let [a, b] = [self.low.abs(), self.high.abs()];
        let low = if self.has_zero() { 0.0 } else { a.min(b) };
        match self.is_nan() {
            true => self,
            false => self.ends(low, a.max(b)),
        }
    }

    fn at_least(self, bound: f64) -> Self {
        let bound = self.precision.rounded(bound);
        match self.is_nan() {
            true => self,
            false => self.ends(self.low.max(bound), self.high.max(bound)),
        }
    }

    fn at_most(self, bound: f64) -> Self {
        -(-self).at_least(-bound)
    }

    fn sqrt(self) -> Self {
        self.grown(|x| x >= 0.0, f64::sqrt, 0.0)
    }

    fn exp(self) -> Self {
        // The kernels' is exactly 0 from about there on.
        let [gone, least] = [0.25, 2.0].map(|share| share * self.precision.smallest);
        let high = self.high.exp();
        let low = |x: f64| if x.exp() < least { 0.0 } else { x.exp() };
        let power = self.grown(|x| x <= 0.0, low, 0.0);
        match power.known && (gone..least).contains(&high) {
            true => power.ends(0.0, least),
            false => power,
        }
    }

    fn exp_m1(self) -> Self {
        self.grown(|x| x <= 0.0, f64::exp_m1, 0.0)
    }

    fn ln(self) -> Self {
        self.grown(|x| (0.0..f64::INFINITY).contains(&x), f64::ln, 0.0)
    }

    fn ln_1p(self) -> Self {
        self.grown(|x| (-1.0..f64::INFINITY).contains(&x), f64::ln_1p, 0.0)
    }

    fn is_below(self, bound: f64) -> Answer {
        let bound = self.precision.rounded(bound);
        if !self.known {
            None
        } else if self.is_nan() || self.low >= bound {
            Some(false)
        } else {
            (self.high < bound).then_some(true)
        }
    }

    fn is(self, value: f64) -> Answer {
        let value = self.precision.rounded(value);
        if !self.known {
            None
        } else if self.is_nan() || value < self.low || value > self.high {
            Some(false)
        } else {
            self.is_point().then_some(true)
        }
    }

    fn select(mask: Answer, a: Self, b: Self) -> Self {
        match mask {
            Some(true) => a,
            Some(false) => b,
            None if a.is_nan() && b.is_nan() => a.both(b),
            None if a.is_nan() || b.is_nan() => a.unknown(),
            None => a.both(b).ends(a.low.min(b.low), a.high.max(b.high)),
        }
    }
}
