//! Exponentials and logarithms that keep their digits near 0, where those of a shading language do not, and tests on
//! bits, where a compiler may fold a comparison.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// Where the exponential of an `f32` leaves the normal numbers; below it some devices return no 0.
pub const EXP_IS_ZERO_BELOW: f32 = -87.33;

/// `exp(x)` for `x <= 0`, exactly 0 for what a normal `f32` cannot hold, `-inf` included.
#[cube]
pub fn exp_of_negative(x: f32) -> f32 {
    select(x > EXP_IS_ZERO_BELOW, x.exp(), f32::new(0.0))
}

/// [`exp_of_negative()`] of each lane.
#[cube]
pub fn exp_of_negatives<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let live = x.greater_than(Vector::new(f32::new(EXP_IS_ZERO_BELOW)));
    select_many(live, x.exp(), Vector::new(f32::new(0.0)))
}

/// `log(1 + x)` for `x >= 0`.
#[cube]
pub fn ln_1p(x: f32) -> f32 {
    // 2 artanh(x / (2 + x)): for x <= 1 the argument is at most 1/3, and seven terms reach the last digit.
    let z = x / (x + 2.0);
    let z2 = z * z;
    let mut series = f32::new(1.0 / 13.0);
    series = series * z2 + f32::new(1.0 / 11.0);
    series = series * z2 + f32::new(1.0 / 9.0);
    series = series * z2 + f32::new(1.0 / 7.0);
    series = series * z2 + f32::new(1.0 / 5.0);
    series = series * z2 + f32::new(1.0 / 3.0);
    series = series * z2 + f32::new(1.0);
    select(x > 1.0, (x + 1.0).ln(), 2.0 * z * series)
}

/// `1 - exp(x)` for `x <= 0`.
#[cube]
pub fn one_minus_exp(x: f32) -> f32 {
    // -x (1 + x/2 (1 + x/3 (..))): for x >= -1/2 eight terms reach the last digit.
    let mut series = f32::new(1.0);
    series = series * x / 8.0 + 1.0;
    series = series * x / 7.0 + 1.0;
    series = series * x / 6.0 + 1.0;
    series = series * x / 5.0 + 1.0;
    series = series * x / 4.0 + 1.0;
    series = series * x / 3.0 + 1.0;
    series = series * x / 2.0 + 1.0;
    select(x < -0.5, 1.0 - exp_of_negative(x), series * (0.0 - x))
}

/// Whether a bit pattern shifted left by one, so that it lost its sign, is that of NaN.
#[cube]
pub fn is_nan(magnitude: u32) -> bool {
    magnitude > 0xff00_0000u32
}

/// The bit pattern without its sign, for [`is_nan()`].
#[cube]
pub fn magnitude(x: f32) -> u32 {
    u32::reinterpret(x) << 1u32
}

/// Whether the bits are those of `+inf`.
#[cube]
pub fn is_positive_infinity(x: f32) -> bool {
    u32::reinterpret(x) == 0x7f80_0000u32
}

#[cfg(all(test, feature = "wgpu"))]
mod tests {
    use super::*;
    use burn::backend::wgpu::{WgpuDevice, WgpuRuntime};

    #[cube(launch)]
    fn all_of(input: &Array<f32>, output: &mut Array<f32>) {
        let x = input[ABSOLUTE_POS];
        output[ABSOLUTE_POS * 3] = exp_of_negative(0.0 - x);
        output[ABSOLUTE_POS * 3 + 1] = ln_1p(x);
        output[ABSOLUTE_POS * 3 + 2] = one_minus_exp(0.0 - x);
    }

    #[test]
    fn digits_near_zero_and_far_from_it() {
        let mut inputs: Vec<f32> = (-30..=16).map(|i| 10f32.powf(i as f32 / 4.0)).collect();
        inputs.extend([
            0.0, 0.25, 0.49, 0.5, 0.51, 0.99, 1.0, 1.01, 2.0, 87.0, 88.0, 200.0,
        ]);
        let client = WgpuRuntime::client(&WgpuDevice::default());
        let input = client.create_from_slice(f32::as_bytes(&inputs));
        let output = client.empty(inputs.len() * 3 * size_of::<f32>());
        // SAFETY: the lengths are those of the buffers, and there is a unit for each input.
        unsafe {
            all_of::launch::<WgpuRuntime>(
                &client,
                CubeCount::new_1d(inputs.len() as u32),
                CubeDim::new_1d(1),
                ArrayArg::from_raw_parts(input, inputs.len()),
                ArrayArg::from_raw_parts(output.clone(), inputs.len() * 3),
            );
        }
        let bytes = client.read_one_unchecked(output);
        for (&x, actual) in inputs.iter().zip(f32::from_bytes(&bytes).chunks(3)) {
            let x = x as f64;
            let expected = [(-x).exp(), x.ln_1p(), -(-x).exp_m1()];
            for (&actual, expected) in actual.iter().zip(expected) {
                let expected = if expected < f32::MIN_POSITIVE as f64 {
                    0.0
                } else {
                    expected
                };
                let error = (actual as f64 - expected).abs();
                let allowed = if x > 80.0 { 1e-4 } else { 3e-6 };
                assert!(error <= allowed * expected, "{x}: {actual}, not {expected}");
            }
        }
    }
}
