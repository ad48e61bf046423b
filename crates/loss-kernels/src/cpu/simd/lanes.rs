//! A vector with operators, so that formulas read like mathematics.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::float::Float;
use super::isa::Isa;
use super::math;
use crate::Number;

/// A vector of numbers, and the instruction set that computes with it.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<F: Float, S: Isa> {
    simd: S,
    /// The numbers.
    pub(crate) vector: F::Vector<S>,
}

impl<F: Float, S: Isa> Lanes<F, S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, vector: F::Vector<S>) -> Self {
        Self { simd, vector }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> F::Vector<S> {
        F::splat(self.simd, F::from_f64(value))
    }

    #[inline(always)]
    fn map(self, vector: F::Vector<S>) -> Self {
        Self { vector, ..self }
    }
}

macro_rules! operator {
    ($trait:ident $method:ident $of:ident) => {
        impl<F: Float, S: Isa> $trait for Lanes<F, S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.map(F::$of(self.simd, self.vector, other.vector))
            }
        }
    };
}
operator!(Add add plus);
operator!(Sub sub minus);
operator!(Mul mul times);
operator!(Div div over);

impl<F: Float, S: Isa> Neg for Lanes<F, S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(F::negated(self.simd, self.vector))
    }
}

impl<F: Float, S: Isa> Add<f64> for Lanes<F, S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: f64) -> Self {
        self.map(F::plus(self.simd, self.vector, self.splat(other)))
    }
}

impl<F: Float, S: Isa> Mul<f64> for Lanes<F, S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: f64) -> Self {
        self.map(F::times(self.simd, self.vector, self.splat(other)))
    }
}

/// Which lanes, in the instruction set that asked.
#[derive(Clone, Copy)]
pub(crate) struct LaneMask<F: Float, S: Isa>(F::Mask<S>);

impl<F: Float, S: Isa> Number for Lanes<F, S> {
    type Mask = LaneMask<F, S>;

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        self.map(self.splat(value))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(F::abs(self.simd, self.vector))
    }

    #[inline(always)]
    fn at_least(self, bound: f64) -> Self {
        self.map(F::greater(self.simd, self.splat(bound), self.vector))
    }

    #[inline(always)]
    fn at_most(self, bound: f64) -> Self {
        self.map(F::lesser(self.simd, self.splat(bound), self.vector))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(F::sqrt(self.simd, self.vector))
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.map(math::exp::<F, S>(self.simd, self.vector))
    }

    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.map(math::exp_m1::<F, S>(self.simd, self.vector))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.map(math::ln::<F, S>(self.simd, self.vector))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.map(math::ln_1p::<F, S>(self.simd, self.vector))
    }

    #[inline(always)]
    fn ln_1p_to_1(self) -> Self {
        self.map(math::ln_1p_to_1::<F, S>(self.simd, self.vector))
    }

    #[inline(always)]
    fn ln_1m_to_half(self) -> Self {
        self.map(math::ln_1m_to_half::<F, S>(self.simd, self.vector))
    }

    #[inline(always)]
    fn is_below(self, bound: f64) -> Self::Mask {
        LaneMask(F::less(self.simd, self.vector, self.splat(bound)))
    }

    #[inline(always)]
    fn is(self, value: f64) -> Self::Mask {
        LaneMask(F::equal(self.simd, self.vector, self.splat(value)))
    }

    #[inline(always)]
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
        a.map(F::select(a.simd, mask.0, a.vector, b.vector))
    }
}
