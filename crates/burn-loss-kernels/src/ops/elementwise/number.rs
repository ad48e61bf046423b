//! Tensors as the numbers of a formula.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::tensor::backend::Backend;
use burn::tensor::{Bool, DType, Tensor};
use loss_kernels::Number;

use crate::ops::tensors::{log_of_one_plus, log1p, one_minus_exp_neg};

/// Holds the tensors of a formula, so that its numbers can be copied like numbers.
pub(super) struct Arena<B: Backend> {
    numbers: RefCell<Vec<Tensor<B, 1>>>,
    masks: RefCell<Vec<Tensor<B, 1, Bool>>>,
}

impl<B: Backend> Arena<B> {
    pub(super) fn new() -> Self {
        Self {
            numbers: RefCell::new(Vec::new()),
            masks: RefCell::new(Vec::new()),
        }
    }

    /// A tensor as a number.
    pub(super) fn number(&self, tensor: Tensor<B, 1>) -> Composed<'_, B> {
        let mut numbers = self.numbers.borrow_mut();
        numbers.push(tensor);
        Composed {
            arena: self,
            index: numbers.len() - 1,
        }
    }
}

/// A tensor as a number.
pub(super) struct Composed<'a, B: Backend> {
    arena: &'a Arena<B>,
    index: usize,
}

impl<B: Backend> Clone for Composed<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Composed<'_, B> {}

/// Truth values, one for each number.
pub(super) struct Mask<'a, B: Backend> {
    arena: &'a Arena<B>,
    index: usize,
}

impl<B: Backend> Clone for Mask<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Mask<'_, B> {}

impl<'a, B: Backend> Composed<'a, B> {
    pub(super) fn tensor(self) -> Tensor<B, 1> {
        self.arena.numbers.borrow()[self.index].clone()
    }

    fn map(self, f: impl FnOnce(Tensor<B, 1>) -> Tensor<B, 1>) -> Self {
        self.arena.number(f(self.tensor()))
    }

    fn mask(self, f: impl FnOnce(Tensor<B, 1>) -> Tensor<B, 1, Bool>) -> Mask<'a, B> {
        let mask = f(self.tensor());
        let mut masks = self.arena.masks.borrow_mut();
        masks.push(mask);
        Mask {
            arena: self.arena,
            index: masks.len() - 1,
        }
    }
}

macro_rules! operator {
    ($trait:ident $method:ident $operator:tt) => {
        impl<B: Backend> $trait for Composed<'_, B> {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.map(|tensor| tensor $operator other.tensor())
            }
        }
    };
}
operator!(Add add +);
operator!(Sub sub -);
operator!(Mul mul *);
operator!(Div div /);

impl<B: Backend> Neg for Composed<'_, B> {
    type Output = Self;

    fn neg(self) -> Self {
        self.map(Tensor::neg)
    }
}

impl<B: Backend> Add<f64> for Composed<'_, B> {
    type Output = Self;

    fn add(self, other: f64) -> Self {
        self.map(|tensor| tensor + other)
    }
}

impl<B: Backend> Mul<f64> for Composed<'_, B> {
    type Output = Self;

    fn mul(self, other: f64) -> Self {
        self.map(|tensor| tensor * other)
    }
}

impl<'a, B: Backend> Number for Composed<'a, B> {
    type Mask = Mask<'a, B>;

    fn constant(self, value: f64) -> Self {
        self.map(|tensor| tensor.full_like(value))
    }

    fn abs(self) -> Self {
        self.map(Tensor::abs)
    }

    // By masks, because a backend's clamp may turn NaN into the bound.
    fn at_least(self, bound: f64) -> Self {
        self.map(|tensor| {
            let below = tensor.clone().lower_elem(bound);
            tensor.mask_fill(below, bound)
        })
    }

    fn at_most(self, bound: f64) -> Self {
        self.map(|tensor| {
            let above = tensor.clone().greater_elem(bound);
            tensor.mask_fill(above, bound)
        })
    }

    fn sqrt(self) -> Self {
        self.map(Tensor::sqrt)
    }

    fn exp(self) -> Self {
        self.map(|tensor| {
            // By a number of fewer bits than a normal one nothing may be divided: not every backend rounds it to 0 itself.
            let least = match tensor.dtype() {
                DType::F64 => -708.3,
                _ => -87.3,
            };
            let below = tensor.clone().lower_elem(least);
            tensor.exp().mask_fill(below, 0.0)
        })
    }

    fn exp_m1(self) -> Self {
        self.map(|tensor| one_minus_exp_neg(tensor.neg()).neg())
    }

    fn ln(self) -> Self {
        self.map(|tensor| log_of_one_plus(tensor.clone() - 1.0, tensor))
    }

    fn ln_1p(self) -> Self {
        self.map(log1p)
    }

    fn is_below(self, bound: f64) -> Self::Mask {
        self.mask(|tensor| tensor.lower_elem(bound))
    }

    fn is(self, value: f64) -> Self::Mask {
        self.mask(|tensor| tensor.equal_elem(value))
    }

    fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
        let mask = mask.arena.masks.borrow()[mask.index].clone();
        b.map(|tensor| tensor.mask_where(mask, a.tensor()))
    }
}
