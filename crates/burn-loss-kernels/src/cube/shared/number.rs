//! What a formula asks of a vector of numbers: the functions of `loss_kernels::Number`, with the digits that those of a
//! shading language do not have. NaN passes through all of them.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::math::EXP_IS_ZERO_BELOW;

/// The same constant in every lane.
#[cube]
pub fn constant<N: Size>(#[comptime] value: f32) -> Vector<f32, N> {
    Vector::new(f32::new(value))
}

/// Each number, or the bound if that is larger.
#[cube]
pub fn at_least<N: Size>(x: Vector<f32, N>, bound: Vector<f32, N>) -> Vector<f32, N> {
    // By its bits, because a compiler may make a maximum of the comparison, and that drops NaN.
    select_many(are_nan(x), x, select_many(x.less_than(bound), bound, x))
}

/// Each number, or the bound if that is smaller.
#[cube]
pub fn at_most<N: Size>(x: Vector<f32, N>, bound: Vector<f32, N>) -> Vector<f32, N> {
    select_many(are_nan(x), x, select_many(x.greater_than(bound), bound, x))
}

/// 0, or NaN for NaN.
#[cube]
pub fn zero_or_nan<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    select_many(are_nan(x), x, constant(0.0))
}

/// 1, or NaN for NaN.
#[cube]
pub fn one_or_nan<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    select_many(are_nan(x), x, constant(1.0))
}

/// `x y`, or 0 where `x` is 0 and `y` is infinite.
#[cube]
pub fn times_or_zero<N: Size>(x: Vector<f32, N>, y: Vector<f32, N>) -> Vector<f32, N> {
    select_many(x.equal(constant(0.0)), zero_or_nan(y), x * y)
}

/// `1 - x`.
#[cube]
pub fn complement<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    constant(1.0) - x
}

/// `-x`.
#[cube]
pub fn negative<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    x * constant(-1.0)
}

/// `exp(x)` of numbers of at most 0; exactly 0 where there is no normal number for it.
#[cube]
pub fn exp<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    select_many(
        x.less_than(constant(EXP_IS_ZERO_BELOW)),
        constant(0.0),
        x.exp(),
    )
}

/// `exp(x)` of any numbers.
#[cube]
pub fn exp_of_any<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    select_many(x.less_than(constant(0.0)), exp(x), x.exp())
}

/// `exp(x) - 1` of numbers of at most 0.
#[cube]
pub fn exp_m1<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    // x (1 + x/2 (1 + x/3 (..))): for x >= -1/2 eight terms reach the last digit.
    let one = constant(1.0);
    let mut series = x * constant(1.0 / 8.0) + one;
    series = series * x * constant(1.0 / 7.0) + one;
    series = series * x * constant(1.0 / 6.0) + one;
    series = series * x * constant(1.0 / 5.0) + one;
    series = series * x * constant(1.0 / 4.0) + one;
    series = series * x * constant(1.0 / 3.0) + one;
    series = series * x * constant(1.0 / 2.0) + one;
    select_many(x.less_than(constant(-0.5)), exp(x) - one, series * x)
}

/// `ln(x)` of numbers of at least 0.
#[cube]
pub fn ln<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let one = constant(1.0);
    let near = two_artanh((x - one) / (x + one));
    let near_or_below = select_many(x.less_than(constant(0.5)), x.ln(), near);
    select_many(x.greater_than(constant(2.0)), x.ln(), near_or_below)
}

/// `ln(1 + x)` of numbers of at least -1.
#[cube]
pub fn ln_1p<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let y = x + constant(1.0);
    let near = two_artanh(x / (x + constant(2.0)));
    let near_or_below = select_many(x.less_than(constant(-0.5)), y.ln(), near);
    select_many(x.greater_than(constant(1.0)), y.ln(), near_or_below)
}

/// `2 artanh(z)`, the logarithm of `(1 + z) / (1 - z)`, for `|z| <= 1/3`: seven terms reach the last digit.
#[cube]
fn two_artanh<N: Size>(z: Vector<f32, N>) -> Vector<f32, N> {
    let z2 = z * z;
    let mut series = z2 * constant(1.0 / 13.0) + constant(1.0 / 11.0);
    series = series * z2 + constant(1.0 / 9.0);
    series = series * z2 + constant(1.0 / 7.0);
    series = series * z2 + constant(1.0 / 5.0);
    series = series * z2 + constant(1.0 / 3.0);
    series = series * z2 + constant(1.0);
    constant(2.0) * z * series
}

/// `x^exponent` of numbers of at least 0, for an exponent of at least 0; `0^0` is 1.
#[cube]
pub fn pow<N: Size>(x: Vector<f32, N>, exponent: f32) -> Vector<f32, N> {
    let mut power = Vector::<f32, N>::new(f32::new(1.0));
    let doubled = exponent * 2.0;
    if doubled <= 12.0 && doubled.floor() == doubled {
        // Small halves of integers are common, exact to a rounding or two, and fast.
        let whole = exponent.floor();
        if whole < exponent {
            power = x.sqrt();
        }
        for _ in 0..u32::cast_from(whole) {
            power *= x;
        }
    } else {
        let logarithm = ln(at_most(x, constant(1.0)));
        let far = exp(logarithm * Vector::new(exponent));
        power = select_many(x.equal(constant(0.0)), constant(0.0), far);
    }
    power
}

/// Whether each number is NaN, by its bits: a compiler may fold a comparison.
#[cube]
pub fn are_nan<N: Size>(x: Vector<f32, N>) -> Vector<bool, N> {
    let magnitude = Vector::<u32, N>::reinterpret(x) << Vector::new(1u32);
    magnitude.greater_than(Vector::new(0xff00_0000u32))
}
