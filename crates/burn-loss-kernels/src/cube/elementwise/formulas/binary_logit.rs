//! What the losses of a binary logit are made of, without overflow and without lost digits.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::cube::shared::number::{at_least, complement, constant, exp, ln_1p, negative};

/// A function of a logit and of its negation.
#[derive(CubeType, Clone, Copy)]
pub struct Sides<N: Size> {
    pub positive: Vector<f32, N>,
    pub negative: Vector<f32, N>,
}

/// `softplus(x)` and `softplus(-x)`, as `max(+-x, 0) + log(1 + exp(-|x|))`.
#[cube]
pub fn softplus<N: Size>(x: Vector<f32, N>) -> Sides<N> {
    let tail = ln_1p(exp(negative(x.abs())));
    let zero = constant(0.0);
    Sides::<N> {
        positive: at_least(x, zero) + tail,
        negative: at_least(negative(x), zero) + tail,
    }
}

/// `sigmoid(x)` and `sigmoid(-x)`.
#[cube]
pub fn sigmoid<N: Size>(x: Vector<f32, N>) -> Sides<N> {
    // s(-|x|) and s(|x|); the smaller comes from exp, because 1 - s of the larger would cancel.
    let decay = exp(negative(x.abs()));
    let doubtful = decay / (decay + constant(1.0));
    let certain = complement(doubtful);
    let is_negative = x.less_than(constant(0.0));
    Sides::<N> {
        positive: select_many(is_negative, doubtful, certain),
        negative: select_many(is_negative, certain, doubtful),
    }
}
