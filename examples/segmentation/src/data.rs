//! Images of shapes with a class a pixel, from a seeded generator.

use std::ops::Range;

use burn::prelude::*;
use example_support::rand_distr::{Distribution, StandardNormal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The height and the width of an image.
pub const SIDE: usize = 32;

/// The classes of pixels; the last one is rare.
pub const CLASSES: [&str; 4] = ["background", "disc", "square", "spot"];

/// The label of the pixels around a shape: half shape, half background, nobody could say which.
pub const BORDER: i64 = 255;

/// How bright each class is, and the noise of a pixel.
const BRIGHTNESS: [f64; 4] = [0.2, 0.6, 0.8, 0.42];
const NOISE: f64 = 0.18;

/// The share of the images that have a spot.
const SPOTS: f64 = 0.5;

/// Images `[N, 1, SIDE, SIDE]` in about 0 to 1, and the label of each pixel, `[N, SIDE, SIDE]`.
pub struct Scenes<B: Backend> {
    pub images: Tensor<B, 4>,
    pub labels: Tensor<B, 3, Int>,
}

impl<B: Backend> Scenes<B> {
    pub fn generate(count: usize, seed: u64, device: &B::Device) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let scene = Scene::draw(&mut random);
            images.extend(scene.image(&mut random));
            labels.extend(scene.labels());
        }
        let image = [count, 1, SIDE, SIDE];
        Scenes {
            images: Tensor::from_data(TensorData::new(images, image), device),
            labels: Tensor::from_data(TensorData::new(labels, [count, SIDE, SIDE]), device),
        }
    }

    /// The share of each class among the pixels that are not border.
    pub fn shares(&self) -> Vec<f64> {
        let count = |class: i64| -> f64 {
            let of_class = self.labels.clone().equal_elem(class);
            of_class.int().sum().into_scalar().elem()
        };
        let counts: Vec<f64> = (0..CLASSES.len() as i64).map(count).collect();
        let all: f64 = counts.iter().sum();
        counts.iter().map(|count| count / all).collect()
    }
}

/// The class of each pixel, row by row.
struct Scene([usize; SIDE * SIDE]);

impl Scene {
    /// A disc and a square, and sometimes a spot, apart from each other.
    fn draw(random: &mut StdRng) -> Self {
        let spot = random.random_bool(SPOTS);
        loop {
            let mut scene = Scene([0; SIDE * SIDE]);
            // New sizes, too, where it does not fit: large shapes can leave no room for one more.
            let fits = scene.add(random, 1, 4.0..7.0, |x, y| x.hypot(y))
                && scene.add(random, 2, 3.5..5.5, |x, y| x.abs().max(y.abs()))
                && (!spot || scene.add(random, 3, 1.5..2.0, |x, y| x.hypot(y)));
            if fits {
                return scene;
            }
        }
    }

    /// Fills what is within a size of a place, by a measure of distance; says whether no other shape is near.
    fn add(
        &mut self,
        random: &mut StdRng,
        class: usize,
        sizes: Range<f64>,
        distance: impl Fn(f64, f64) -> f64,
    ) -> bool {
        let size = random.random_range(sizes);
        let mut place = || random.random_range(size + 1.0..SIDE as f64 - size - 1.0);
        let (centre_x, centre_y) = (place(), place());
        let mut is_apart = true;
        for (index, pixel) in self.0.iter_mut().enumerate() {
            let (x, y) = ((index % SIDE) as f64, (index / SIDE) as f64);
            let distance = distance(x - centre_x, y - centre_y);
            // Two pixels more: one for the border of each.
            is_apart &= distance > size + 2.0 || *pixel == 0;
            if distance <= size {
                *pixel = class;
            }
        }
        is_apart
    }

    /// The classes of the pixels beside, above and below one.
    fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> {
        let (x, y) = (index % SIDE, index / SIDE);
        let beside = [(x > 0, index.wrapping_sub(1)), (x + 1 < SIDE, index + 1)];
        let above = (y > 0, index.wrapping_sub(SIDE));
        let below = (y + 1 < SIDE, index + SIDE);
        let inside = beside.into_iter().chain([above, below]);
        inside
            .filter(|(inside, _)| *inside)
            .map(|(_, index)| self.0[index])
    }

    /// The shape beside a pixel of the background, if there is one.
    fn touches(&self, index: usize) -> Option<usize> {
        let shape = self.neighbours(index).find(|&class| class != 0);
        shape.filter(|_| self.0[index] == 0)
    }

    fn labels(&self) -> impl Iterator<Item = i64> {
        (0..SIDE * SIDE).map(|index| match self.touches(index) {
            Some(_) => BORDER,
            None => self.0[index] as i64,
        })
    }

    fn image(&self, random: &mut StdRng) -> Vec<f64> {
        let mut pixel = |index: usize| {
            let noise: f64 = StandardNormal.sample(random);
            let own = BRIGHTNESS[self.0[index]];
            let other = self.touches(index).map_or(own, |shape| BRIGHTNESS[shape]);
            (own + other) / 2.0 + NOISE * noise
        };
        (0..SIDE * SIDE).map(&mut pixel).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    #[test]
    fn the_classes_are_as_unequal_as_they_are_meant_to_be() {
        let scenes = Scenes::<NdArray>::generate(200, 1, &Default::default());
        let shares = scenes.shares();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(shares[0] > 0.7 && shares[1] > 0.05, "{shares:?}");
        assert!(shares[3] > 0.001 && shares[3] < 0.01, "{shares:?}");
    }

    #[test]
    fn a_border_lies_between_background_and_shape() {
        let mut scene = Scene([0; SIDE * SIDE]);
        scene.0[SIDE + 1] = 2;
        let labels: Vec<i64> = scene.labels().collect();
        let mut expected = vec![0; SIDE * SIDE];
        expected[SIDE + 1] = 2;
        for beside in [1, SIDE, SIDE + 2, 2 * SIDE + 1] {
            expected[beside] = BORDER;
        }
        assert_eq!(labels, expected);
    }
}
