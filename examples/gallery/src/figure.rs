//! A figure: the values of some losses on the left, their slopes on the right.

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn_loss::{AutodiffLossBackend, ElementwiseLoss};
use burn_loss_plots::{Lines, Panels, Picture, Result};

/// The points of a curve: enough for a corner to be sharp.
const POINTS: usize = 241;

/// A loss and its slope at every x.
pub struct Curve {
    name: String,
    value: Vec<f64>,
    slope: Vec<f64>,
}

/// What the curves of a figure have in common.
pub struct Figure {
    pub title: &'static str,
    /// What x is.
    pub x_label: &'static str,
    /// What the slope is with respect to.
    pub slope_label: &'static str,
    pub x: Vec<f64>,
    /// The y that is shown of values and of slopes.
    pub ranges: [(f64, f64); 2],
    pub curves: Vec<Curve>,
}

/// Evenly spaced numbers from one to another, both ends included.
pub fn grid(from: f64, to: f64) -> Vec<f64> {
    let step = (to - from) / (POINTS - 1) as f64;
    (0..POINTS)
        .map(|index| from + index as f64 * step)
        .collect()
}

impl Curve {
    /// Asks a loss for its values, and Burn for the gradient with respect to `input`.
    ///
    /// `slopes` picks one slope a point from the gradient's numbers.
    pub fn of<B: AutodiffBackend, const D: usize>(
        name: impl Into<String>,
        input: Tensor<B, D>,
        loss: impl FnOnce(Tensor<B, D>) -> Tensor<B, 1>,
        slopes: impl FnOnce(Vec<f64>) -> Vec<f64>,
    ) -> Curve {
        let input = input.require_grad();
        let values = loss(input.clone());
        let gradients = values.clone().sum().backward();
        // A loss that does not depend on its input has no gradient; none does here, so that would be a mistake.
        let gradient = input
            .grad(&gradients)
            .expect("the loss depends on its input");
        Curve {
            name: name.into(),
            value: values.into_data().iter::<f64>().collect(),
            slope: slopes(gradient.into_data().iter::<f64>().collect()),
        }
    }

    /// A loss of one number each.
    pub fn of_numbers<B: AutodiffBackend>(
        name: impl Into<String>,
        x: &[f64],
        device: &B::Device,
        loss: impl FnOnce(Tensor<B, 1>) -> Tensor<B, 1>,
    ) -> Curve {
        Curve::of(name, Tensor::from_data(x, device), loss, |slopes| slopes)
    }

    /// An element-wise loss of predictions against one target.
    pub fn against<B: AutodiffLossBackend>(
        name: impl Into<String>,
        x: &[f64],
        target: f64,
        loss: &impl ElementwiseLoss<B>,
        device: &B::Device,
    ) -> Curve {
        Curve::of_numbers::<B>(name, x, device, |x| {
            let target = x.full_like(target);
            loss.forward_no_reduction(x, target)
        })
    }
}

impl Curve {
    /// Panics where another loss would not be the same line.
    #[track_caller]
    pub fn assert_same(&self, other: &Curve) {
        let pairs = |a: &[f64], b: &[f64]| a.iter().copied().zip(b.iter().copied()).collect();
        let both: [Vec<(f64, f64)>; 2] = [
            pairs(&self.value, &other.value),
            pairs(&self.slope, &other.slope),
        ];
        for (a, b) in both.into_iter().flatten() {
            let (one, two) = (&self.name, &other.name);
            let near = 1e-4 * a.abs().max(1.0);
            assert!((a - b).abs() < near, "{one} has {a} where {two} has {b}");
        }
    }
}

impl Figure {
    pub fn draw(&self) -> Result<Picture> {
        let panel = |title: &str, y_label: &str, (from, to)| {
            let panel = Lines::new(title).x_label(self.x_label).y_label(y_label);
            panel.y_range(from, to)
        };
        let [values, slopes] = self.ranges;
        let mut left = panel("Loss", "loss", values);
        let mut right = panel("Gradient", self.slope_label, slopes);
        for curve in &self.curves {
            left = left.line(&curve.name, &self.x, &curve.value);
            right = right.line(&curve.name, &self.x, &curve.slope);
        }
        Panels::new(self.title).panel(left).panel(right).draw()
    }
}

#[cfg(test)]
mod tests {
    use example_support::backend::NdArray;

    use super::*;

    #[test]
    fn values_and_slopes_are_the_losses() {
        let curve = Curve::of_numbers::<NdArray>("x³", &[-1.0, 2.0], &Default::default(), |x| {
            x.powi_scalar(3)
        });
        assert_eq!(curve.value, [-1.0, 8.0]);
        assert_eq!(curve.slope, [3.0, 12.0]);
    }

    #[test]
    fn the_grid_has_both_ends_and_the_middle() {
        let x = grid(-3.0, 3.0);
        assert_eq!((x[0], x[POINTS / 2], x[POINTS - 1]), (-3.0, 0.0, 3.0));
    }
}
