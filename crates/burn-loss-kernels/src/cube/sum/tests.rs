//! Sums at any length on devices of all kinds, and products that leave memory alone.

use crate::LossBackend;
use crate::cube::shared::device::{cube_count, pretend};
use crate::cube::testing::{B, assert_close, devices, memory, numbers, tensor};

#[test]
fn sums_of_any_length() {
    for device in devices() {
        for len in [0, 1, 3, 64, 1000, 35_000, 1_000_003, 1 << 21] {
            let values: Vec<f32> = (0..len).map(|i| ((i % 101) as f32 + 1.0) * 0.013).collect();
            let expected: f64 = values.iter().map(|&value| f64::from(value)).sum();
            let sum = pretend::with(device, || B::sum(tensor(&values, [len])));
            assert_eq!(sum.meta.shape()[..], [1]);
            let what = format!("{len} {device:?}");
            assert_close(&what, &numbers(&sum), &[expected], 5e-7, 0.0);
        }
    }
}

#[test]
fn sums_of_rows_that_do_not_lie_in_order() {
    let values: Vec<f32> = (0..60).map(|i| i as f32).collect();
    let mut transposed = tensor(&values, [6, 10]);
    transposed.meta.swap(0, 1);
    assert_eq!(numbers(&B::sum(transposed)), [1770.0]);
    let mut padded = tensor(&values, [6, 10]);
    padded.meta.shape = [6, 8].into();
    assert_eq!(
        numbers(&B::sum(padded)),
        [1770.0 - 6.0 * 17.0 - 2.0 * 150.0]
    );
    let mut repeated = tensor(&values, [60]);
    repeated.meta.insert(0, 3, 0);
    assert_eq!(numbers(&B::sum(repeated)), [3.0 * 1770.0]);
}

/// 2^26 equal numbers, and 2^24 that are exponentially distributed.
#[test]
fn very_long_sums() {
    // Read again and again from where they lie: the device cannot hold as many.
    let (len, rows) = (1 << 16, 1 << 10);
    let mut equal = tensor(&vec![0.1; len], [len]);
    equal.meta.insert(0, rows, 0);
    let expected = f64::from(0.1f32) * (len * rows) as f64;
    assert_close("equal", &numbers(&B::sum(equal)), &[expected], 1e-6, 0.0);

    let mut state = 1u64;
    let mut exponential = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        -(((state >> 40) as f64 + 0.5) / (1u64 << 24) as f64).ln() as f32
    };
    let values: Vec<f32> = (0..1 << 24).map(|_| exponential()).collect();
    let expected = values.iter().map(|&value| f64::from(value)).sum();
    let sum = B::sum(tensor(&values, [values.len()]));
    assert_close("exponential", &numbers(&sum), &[expected], 1e-6, 0.0);
}

#[test]
fn products_with_one_number() {
    for device in devices() {
        for len in [1, 3, 64, 1000, 35_000] {
            for by in [1.0, 0.5] {
                for held in [false, true] {
                    let values: Vec<f32> = (0..len).map(|i| i as f32).collect();
                    let gradient = tensor(&values, [len]);
                    let keep = held.then(|| gradient.clone());
                    let place = memory(&gradient);
                    let product = pretend::with(device, || B::scale(gradient, tensor(&[by], [1])));
                    assert_eq!(place == memory(&product), !held);
                    let expected: Vec<f32> = values.iter().map(|value| value * by).collect();
                    assert_eq!(numbers(&product), expected);
                    if let Some(keep) = keep {
                        assert_eq!(numbers(&keep), values);
                    }
                }
            }
        }
    }
}

#[test]
fn a_product_of_padded_rows() {
    let values: Vec<f32> = (0..24).map(|i| i as f32).collect();
    let mut gradient = tensor(&values, [2, 12]);
    gradient.meta.shape = [2, 8].into();
    let product = B::scale(gradient, tensor(&[2.0], [1]));
    let expected: Vec<f32> = (0..16).map(|i| 2.0 * (i / 8 * 12 + i % 8) as f32).collect();
    assert_eq!(numbers(&product), expected);
}

/// In wgpu's shading language an index has 32 bits.
#[test]
#[should_panic(expected = "is more than this device can index")]
fn more_numbers_than_an_index_can_reach() {
    let mut one = tensor(&[1.0], [1]);
    one.meta.insert(0, 1 << 33, 0);
    B::sum(one);
}

#[test]
#[should_panic(expected = "loss kernels: 8589934592 cubes are more than a launch can count")]
fn more_cubes_than_a_launch_can_count() {
    cube_count(&tensor(&[1.0], [1]).client, 1 << 33);
}
