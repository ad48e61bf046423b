//! Vectors with operators, so that formulas read like mathematics.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::float::Float;
use super::isa::Isa;
use super::math;
use crate::Number;

/// `N` vectors of numbers, and the instruction set that computes with them.
///
/// One after the other, the steps of a long formula wait for each other; of several vectors side by side they do not.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<F: Float, S: Isa, const N: usize = 1> {
    simd: S,
    /// The numbers.
    pub(crate) vectors: [F::Vector<S>; N],
}

impl<F: Float, S: Isa> Lanes<F, S> {
    /// One vector.
    #[inline(always)]
    pub(crate) fn new(simd: S, vector: F::Vector<S>) -> Self {
        Self::side_by_side(simd, [vector])
    }

    /// The vector.
    #[inline(always)]
    pub(crate) fn vector(self) -> F::Vector<S> {
        self.vectors[0]
    }
}

impl<F: Float, S: Isa, const N: usize> Lanes<F, S, N> {
    #[inline(always)]
    pub(crate) fn side_by_side(simd: S, vectors: [F::Vector<S>; N]) -> Self {
        Self { simd, vectors }
    }

    /// The same number in every lane.
    #[inline(always)]
    pub(crate) fn splat(simd: S, value: F) -> Self {
        Self::side_by_side(simd, [F::splat(simd, value); N])
    }

    // Loops instead of functions of arrays, and closures instead of functions' names: what is not inlined is compiled for the
    // oldest processor.
    #[inline(always)]
    fn map(mut self, f: impl Fn(S, F::Vector<S>) -> F::Vector<S>) -> Self {
        for i in 0..N {
            self.vectors[i] = f(self.simd, self.vectors[i]);
        }
        self
    }

    #[inline(always)]
    fn with(
        mut self,
        other: Self,
        f: impl Fn(S, F::Vector<S>, F::Vector<S>) -> F::Vector<S>,
    ) -> Self {
        for i in 0..N {
            self.vectors[i] = f(self.simd, self.vectors[i], other.vectors[i]);
        }
        self
    }

    #[inline(always)]
    fn compare(
        self,
        constant: f64,
        f: impl Fn(S, F::Vector<S>, F::Vector<S>) -> F::Mask<S>,
    ) -> LaneMask<F, S, N> {
        let constant = F::splat(self.simd, F::from_f64(constant));
        // Not a loop here: masks in an array that one fills took a third of a formula's time.
        LaneMask(self.vectors.map(
            #[inline(always)]
            |x| f(self.simd, x, constant),
        ))
    }

    /// Whether any is below the least or above the most. NaN is neither.
    #[inline(always)]
    pub(crate) fn is_any_outside(self, [least, most]: [F; 2]) -> bool {
        let simd = self.simd;
        let (least, most) = (F::splat(simd, least), F::splat(simd, most));
        // NaN changes neither.
        let (mut lowest, mut highest) = (least, most);
        for x in self.vectors {
            lowest = F::lesser(simd, x, lowest);
            highest = F::greater(simd, x, highest);
        }
        let outside = F::either(
            simd,
            F::less(simd, lowest, least),
            F::less(simd, most, highest),
        );
        F::any(self.simd, outside)
    }
}

macro_rules! operator {
    ($trait:ident $method:ident $of:ident) => {
        impl<F: Float, S: Isa, const N: usize> $trait for Lanes<F, S, N> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.with(
                    other,
                    #[inline(always)]
                    |simd, a, b| F::$of(simd, a, b),
                )
            }
        }
    };
}
operator!(Add add plus);
operator!(Sub sub minus);
operator!(Mul mul times);
operator!(Div div over);

impl<F: Float, S: Isa, const N: usize> Neg for Lanes<F, S, N> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(
            #[inline(always)]
            |simd, x| F::negated(simd, x),
        )
    }
}

impl<F: Float, S: Isa, const N: usize> Add<f64> for Lanes<F, S, N> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: f64) -> Self {
        self + self.constant(other)
    }
}

impl<F: Float, S: Isa, const N: usize> Mul<f64> for Lanes<F, S, N> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: f64) -> Self {
        self * self.constant(other)
    }
}

macro_rules! unary {
    ($($method:ident $of:expr;)+) => {$(
        #[inline(always)]
        fn $method(self) -> Self {
            self.map(
                #[inline(always)]
                |simd, x| $of(simd, x),
            )
        }
    )+};
}

/// Which lanes, in the instruction set that asked.
#[derive(Clone, Copy)]
pub(crate) struct LaneMask<F: Float, S: Isa, const N: usize>([F::Mask<S>; N]);

impl<F: Float, S: Isa, const N: usize> Number for Lanes<F, S, N> {
    type Mask = LaneMask<F, S, N>;

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self::splat(self.simd, F::from_f64(value))
    }

    unary! {
        abs F::abs;
        sqrt F::sqrt;
        exp math::exp::<F, S>;
        exp_m1 math::exp_m1::<F, S>;
        ln math::ln::<F, S>;
        ln_1p math::ln_1p::<F, S>;
        ln_1p_to_1 math::ln_1p_to_1::<F, S>;
        ln_1m_to_half math::ln_1m_to_half::<F, S>;
    }

    #[inline(always)]
    fn exp_and_exp_m1(self) -> [Self; 2] {
        let [mut exp, mut exp_m1] = [self; 2];
        for i in 0..N {
            [exp.vectors[i], exp_m1.vectors[i]] =
                math::exp_and_exp_m1::<F, S>(self.simd, self.vectors[i]);
        }
        [exp, exp_m1]
    }

    #[inline(always)]
    fn ln_1m(self, complement: Self) -> Self {
        self.with(
            complement,
            #[inline(always)]
            |simd, x, complement| math::ln_1m::<F, S>(simd, x, complement),
        )
    }

    #[inline(always)]
    fn at_least(self, bound: f64) -> Self {
        self.constant(bound).with(
            self,
            #[inline(always)]
            |simd, a, b| F::greater(simd, a, b),
        )
    }

    #[inline(always)]
    fn at_most(self, bound: f64) -> Self {
        self.constant(bound).with(
            self,
            #[inline(always)]
            |simd, a, b| F::lesser(simd, a, b),
        )
    }

    #[inline(always)]
    fn is_below(self, bound: f64) -> Self::Mask {
        self.compare(
            bound,
            #[inline(always)]
            |simd, a, b| F::less(simd, a, b),
        )
    }

    #[inline(always)]
    fn is(self, value: f64) -> Self::Mask {
        self.compare(
            value,
            #[inline(always)]
            |simd, a, b| F::equal(simd, a, b),
        )
    }

    #[inline(always)]
    fn select(mask: Self::Mask, mut a: Self, b: Self) -> Self {
        for i in 0..N {
            a.vectors[i] = F::select(a.simd, mask.0[i], a.vectors[i], b.vectors[i]);
        }
        a
    }
}
