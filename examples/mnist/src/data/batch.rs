//! Digits to tensors.

use burn::data::dataloader::batcher::Batcher;
use burn::prelude::*;

use super::{Digit, PIXELS, SIDE};

/// Mean of all training pixels, in units of full ink.
const MEAN: f32 = 0.1307;
/// Standard deviation of all training pixels.
const STANDARD_DEVIATION: f32 = 0.3081;

/// What the network sees in one step.
#[derive(Clone, Debug)]
pub struct DigitBatch<B: Backend> {
    /// Standardised pixels, `[N, 1, 28, 28]`.
    pub images: Tensor<B, 4>,
    /// The digits, `[N]`.
    pub targets: Tensor<B, 1, Int>,
}

/// Puts digits together into a [`DigitBatch`].
#[derive(Clone, Debug)]
pub struct DigitBatcher;

impl<B: Backend> Batcher<B, Digit, DigitBatch<B>> for DigitBatcher {
    fn batch(&self, digits: Vec<Digit>, device: &B::Device) -> DigitBatch<B> {
        let mut pixels = Vec::with_capacity(digits.len() * PIXELS);
        for digit in &digits {
            pixels.extend(digit.pixels.iter().copied().map(standardise));
        }
        let targets: Vec<i32> = digits.iter().map(|digit| i32::from(digit.label)).collect();
        let shape = [digits.len(), 1, SIDE, SIDE];
        DigitBatch {
            images: Tensor::from_data(TensorData::new(pixels, shape), device),
            targets: Tensor::from_data(TensorData::new(targets, [digits.len()]), device),
        }
    }
}

fn standardise(pixel: u8) -> f32 {
    (f32::from(pixel) / 255.0 - MEAN) / STANDARD_DEVIATION
}

#[cfg(test)]
mod tests {
    use burn::backend::NdArray;

    use super::*;

    #[test]
    fn keeps_the_order_of_pixels_and_digits() {
        let digit = |ink: usize, label| {
            let mut pixels = [0; PIXELS];
            pixels[ink] = 255;
            Digit { pixels, label }
        };
        let digits = vec![digit(1, 3), digit(SIDE, 8)];
        let batch: DigitBatch<NdArray> = DigitBatcher.batch(digits, &Default::default());
        assert_eq!(batch.images.dims(), [2, 1, SIDE, SIDE]);
        batch
            .targets
            .into_data()
            .assert_eq(&TensorData::from([3, 8]), false);

        let pixels = batch.images.into_data().to_vec::<f32>().unwrap();
        let inked = (0..pixels.len()).filter(|&index| pixels[index] > 0.0);
        assert_eq!(inked.collect::<Vec<_>>(), [1, PIXELS + SIDE]);
        assert!((pixels[0] + MEAN / STANDARD_DEVIATION).abs() < 1e-6);
    }
}
