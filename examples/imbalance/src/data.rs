//! Points of two classes, the second of them rare, from a seeded generator.

use burn::prelude::*;
use example_support::rand_distr::{Distribution, StandardNormal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The share of positives.
const POSITIVES: f64 = 0.03;
/// The positives lie in two places, each a blob of this spread; the negatives around (0, 0), with the spread 1.
const CENTRES: [[f64; 2]; 2] = [[2.0, 1.5], [-2.0, 1.5]];
const SPREAD: f64 = 0.7;

/// Points `[N, 2]` and whether each is positive, `[N]`.
pub struct Points<B: Backend> {
    pub x: Tensor<B, 2>,
    pub positive: Tensor<B, 1, Int>,
}

impl<B: Backend> Points<B> {
    pub fn generate(count: usize, seed: u64, device: &B::Device) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut x, mut positive) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let is_positive = random.random_bool(POSITIVES);
            let noise: [f64; 2] = [(); 2].map(|()| StandardNormal.sample(&mut random));
            let centre = CENTRES[random.random_range(0..2)];
            x.extend((0..2).map(|axis| match is_positive {
                true => centre[axis] + SPREAD * noise[axis],
                false => noise[axis],
            }));
            positive.push(i64::from(is_positive));
        }
        Points {
            x: Tensor::from_data(TensorData::new(x, [count, 2]), device),
            positive: Tensor::from_data(TensorData::new(positive, [count]), device),
        }
    }

    /// The number of positives.
    pub fn positives(&self) -> u32 {
        self.positive.clone().sum().into_scalar().elem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    #[test]
    fn few_are_positive() {
        let points = Points::<NdArray>::generate(10_000, 1, &Default::default());
        let positives = points.positives();
        assert!((250..350).contains(&positives), "{positives}");
        assert_eq!(points.x.dims(), [10_000, 2]);
    }
}
