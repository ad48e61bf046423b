//! What a formula asks of a number.

use std::f64::consts::FRAC_1_SQRT_2;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number of any kind that formulas are written in: an `f64`, a SIMD vector, a tensor.
///
/// Functions keep their digits: `ln_1p` next to 0, `exp_m1` next to 0. NaN passes through all of them.
///
/// # Example
///
/// ```
/// use loss_kernels::Number;
///
/// /// `log(1 + exp(x))`, without overflow.
/// fn softplus<N: Number>(x: N) -> N {
///     x.at_least(0.0) + (-x.abs()).exp().ln_1p()
/// }
///
/// assert_eq!(softplus(1000.0), 1000.0);
/// assert!((softplus(0.0) - 2f64.ln()).abs() < 1e-15);
/// ```
pub trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// A truth value for each number.
    type Mask: Copy;

    /// The same constant in place of this number.
    fn constant(self, value: f64) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// This number, or the bound if that is larger.
    fn at_least(self, bound: f64) -> Self;
    /// This number, or the bound if that is smaller.
    fn at_most(self, bound: f64) -> Self;
    /// The square root of a number of at least 0.
    fn sqrt(self) -> Self;
    /// `exp(x)` of a number of at most 0; exactly 0 where the type has no normal number for it.
    fn exp(self) -> Self;
    /// `exp(x) - 1` of a number of at most 0.
    fn exp_m1(self) -> Self;
    /// `ln(x)` of a number of at least 0.
    fn ln(self) -> Self;
    /// `ln(1 + x)` of a number of at least -1.
    fn ln_1p(self) -> Self;
    /// `ln(1 + x)` of a number of 0 to 1, which takes less time than that of any number.
    fn ln_1p_to_1(self) -> Self {
        self.ln_1p()
    }
    /// `ln(1 - x)` of a number of 0 to 1/2, likewise.
    fn ln_1m_to_half(self) -> Self {
        (-self).ln_1p()
    }
    /// `exp(x)` and `exp(x) - 1` of a number of at most 0, which together take hardly more time than one.
    fn exp_and_exp_m1(self) -> [Self; 2] {
        [self.exp(), self.exp_m1()]
    }
    /// `ln(1 - x)` of a number of 0 to 1 and its `complement`, `1 - x`: from the one of the two that has the digits.
    fn ln_1m(self, complement: Self) -> Self {
        let is_large = complement.is_below(FRAC_1_SQRT_2);
        Self::select(is_large, complement.ln(), (-self).ln_1p())
    }
    /// Whether it is less than a constant.
    fn is_below(self, bound: f64) -> Self::Mask;
    /// Whether it is a constant.
    fn is(self, value: f64) -> Self::Mask;
    /// `a` where the mask holds, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// `x^exponent` of a number of at least 0, for an exponent of at least 0; `0^0` is 1.
    #[inline(always)]
    fn pow(self, exponent: f64) -> Self {
        // The most common ones without a loop, which would keep other work from being done meanwhile.
        if exponent == 1.0 {
            return self;
        }
        if exponent == 2.0 {
            return self * self;
        }
        if exponent == 3.0 {
            return self * self * self;
        }
        // Small halves of integers are common, exact to a rounding or two, and fast.
        let rest = exponent - exponent.trunc();
        if (rest == 0.0 || rest == 0.5) && exponent <= 6.0 {
            let mut power = if rest == 0.5 {
                self.sqrt()
            } else {
                self.constant(1.0)
            };
            for _ in 0..exponent as u32 {
                power = power * self;
            }
            return power;
        }
        let zero = self.constant(0.0);
        let power = (self.at_most(1.0).ln() * exponent).exp();
        Self::select(self.is(0.0), zero, power)
    }

    /// `exp(x)` of any number; infinite where `exp(-x)` has no normal number.
    #[inline(always)]
    fn exp_of_any(self) -> Self {
        let decay = (-self.abs()).exp();
        let grown = self.constant(1.0) / decay;
        Self::select(self.is_below(0.0), decay, grown)
    }

    /// Whether it is more than a constant.
    #[inline(always)]
    fn is_above(self, bound: f64) -> Self::Mask {
        (-self).is_below(-bound)
    }

    /// 0, or NaN for NaN.
    #[inline(always)]
    fn zero_or_nan(self) -> Self {
        self.at_least(0.0).at_most(0.0)
    }

    /// 1, or NaN for NaN.
    #[inline(always)]
    fn one_or_nan(self) -> Self {
        self.at_least(1.0).at_most(1.0)
    }

    /// The product, or 0 where this number is 0 and the other is infinite.
    #[inline(always)]
    fn times_or_zero(self, other: Self) -> Self {
        Self::select(self.is(0.0), other.zero_or_nan(), self * other)
    }

    /// `1 - x`.
    #[inline(always)]
    fn complement(self) -> Self {
        -self + 1.0
    }
}

impl Number for f64 {
    type Mask = bool;

    fn constant(self, value: f64) -> Self {
        value
    }

    fn abs(self) -> Self {
        f64::abs(self)
    }

    fn at_least(self, bound: f64) -> Self {
        if self < bound { bound } else { self }
    }

    fn at_most(self, bound: f64) -> Self {
        if self > bound { bound } else { self }
    }

    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn exp_m1(self) -> Self {
        f64::exp_m1(self)
    }

    fn ln(self) -> Self {
        f64::ln(self)
    }

    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }

    fn is_below(self, bound: f64) -> bool {
        self < bound
    }

    fn is(self, value: f64) -> bool {
        self == value
    }

    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}
