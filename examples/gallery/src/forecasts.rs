//! The losses of a forecast that says how sure it is, against its error.

use burn::prelude::*;
use burn_loss::{AutodiffLossBackend, GaussianCrpsLossConfig, GaussianNllLossConfig, SpreadLoss};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    let nll = GaussianNllLossConfig::new().init();
    let crps = GaussianCrpsLossConfig::new().init();
    // One takes the variance, the other its root.
    let curves = vec![
        curve::<B>("GaussianNllLoss, variance 1", &x, 1.0, &nll, device),
        curve::<B>("GaussianNllLoss, variance 0.25", &x, 0.25, &nll, device),
        curve::<B>("GaussianCrpsLoss, deviation 1", &x, 1.0, &crps, device),
        curve::<B>("GaussianCrpsLoss, deviation 0.5", &x, 0.5, &crps, device),
    ];
    let figure = Figure {
        title: "Losses of a forecast and its spread",
        x_label: "prediction − target",
        slope_label: "d loss / d prediction",
        x,
        ranges: [(-1.0, 5.0), (-4.0, 4.0)],
        curves,
    };
    figure.draw()
}

/// A loss of predictions that are all as sure, against the target 0: the prediction is the error.
fn curve<B: AutodiffLossBackend>(
    name: &str,
    x: &[f64],
    spread: f64,
    loss: &impl SpreadLoss<B>,
    device: &B::Device,
) -> Curve {
    Curve::of_numbers::<B>(name, x, device, |x: Tensor<B, 1>| {
        let (target, spread) = (x.zeros_like(), x.full_like(spread));
        loss.forward_no_reduction(x, target, spread)
    })
}
