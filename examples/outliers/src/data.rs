//! Points of a known line, some of them spoiled, from a seeded generator.

use example_support::rand_distr::{Distribution, Normal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Where x lies.
pub const RANGE: [f64; 2] = [-3.0, 3.0];

/// The spread of the clean points around the true line.
const NOISE: f64 = 0.3;
/// One of so many of the points on the right is an outlier.
const SPOILED: f64 = 0.3;
/// How far too low an outlier is, and the spread of that.
const DROP: [f64; 2] = [8.0, 1.0];

/// A line, `y = slope x + intercept`.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub slope: f64,
    pub intercept: f64,
}

impl Line {
    /// The line of the clean points.
    pub const TRUTH: Line = Line {
        slope: 1.5,
        intercept: 0.5,
    };

    pub fn at(&self, x: f64) -> f64 {
        self.slope * x + self.intercept
    }

    /// The root of the mean squared difference between two lines over [`RANGE`], by its integral.
    pub fn distance(&self, other: &Line) -> f64 {
        let slope = self.slope - other.slope;
        let intercept = self.intercept - other.intercept;
        // Of x over a range around 0, the mean is 0 and the mean square a third of the largest.
        (slope.powi(2) * RANGE[1].powi(2) / 3.0 + intercept.powi(2)).sqrt()
    }
}

/// Points `(x, y)`.
pub struct Points {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

impl Points {
    /// Points around [`Line::TRUTH`]. On the right (x above 0) some are far too low, as of a sensor that drops out under
    /// load: the outliers pull at the slope as well as at the intercept.
    pub fn generate(count: usize, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let noise = Normal::new(0.0, NOISE).expect("the spread is finite");
        let drop = Normal::new(DROP[0], DROP[1]).expect("the spread is finite");
        let mut points = Points {
            x: Vec::with_capacity(count),
            y: Vec::with_capacity(count),
        };
        for _ in 0..count {
            let x = random.random_range(RANGE[0]..RANGE[1]);
            let mut y = Line::TRUTH.at(x) + noise.sample(&mut random);
            if x > 0.0 && random.random_bool(SPOILED) {
                y -= drop.sample(&mut random);
            }
            points.x.push(x);
            points.y.push(y);
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_are_some_of_the_points_on_the_right() {
        let points = Points::generate(2000, 1);
        let is_outlier = |&(&x, &y): &(&f64, &f64)| (y - Line::TRUTH.at(x)).abs() > 10.0 * NOISE;
        let outliers: Vec<_> = points.x.iter().zip(&points.y).filter(is_outlier).collect();
        assert!((250..350).contains(&outliers.len()), "{}", outliers.len());
        assert!(
            outliers
                .iter()
                .all(|&(&x, &y)| x > 0.0 && y < Line::TRUTH.at(x))
        );
    }

    #[test]
    fn distance_is_the_mean_over_the_range() {
        let other = Line {
            slope: 2.0,
            intercept: 0.0,
        };
        let x: Vec<f64> = (0..6000)
            .map(|step| -3.0 + (step as f64 + 0.5) / 1000.0)
            .collect();
        let mean = x
            .iter()
            .map(|&x| (other.at(x) - Line::TRUTH.at(x)).powi(2))
            .sum::<f64>()
            / 6000.0;
        assert!((other.distance(&Line::TRUTH) - mean.sqrt()).abs() < 1e-6);
    }
}
