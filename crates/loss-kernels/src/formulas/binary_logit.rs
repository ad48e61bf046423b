//! What the losses of a binary logit are made of, without overflow and without lost digits.

use super::Number;

/// `softplus(x)` and `softplus(-x)`, as `max(+-x, 0) + log(1 + exp(-|x|))`.
#[inline(always)]
pub fn softplus<N: Number>(x: N) -> [N; 2] {
    let tail = (-x.abs()).exp().ln_1p_to_1();
    [x.at_least(0.0) + tail, (-x).at_least(0.0) + tail]
}

/// `sigmoid(x)` and `sigmoid(-x)`.
#[inline(always)]
pub fn sigmoid<N: Number>(x: N) -> [N; 2] {
    // s(-|x|) and s(|x|); the smaller comes from exp, because 1 - s of the larger would cancel.
    let decay = (-x.abs()).exp();
    let doubtful = decay / (decay + 1.0);
    let certain = doubtful.complement();
    let negative = x.is_below(0.0);
    [
        N::select(negative, doubtful, certain),
        N::select(negative, certain, doubtful),
    ]
}
