//! The losses of counts and amounts, against the logarithm of what is predicted for an amount of 2.

use burn_loss::{
    AutodiffLossBackend, GammaNllLossConfig, MsleLossConfig, PoissonNllLossConfig,
    TweedieLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

const TARGET: f64 = 2.0;

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-2.0, 3.0);
    let poisson = PoissonNllLossConfig::new().init();
    let gamma = GammaNllLossConfig::new().init();
    let tweedie = TweedieLossConfig::new().init();
    let curves = vec![
        Curve::against::<B>("PoissonNllLoss", &x, TARGET, &poisson, device),
        Curve::against::<B>("GammaNllLoss", &x, TARGET, &gamma, device),
        Curve::against::<B>("TweedieLoss, power 1.5", &x, TARGET, &tweedie, device),
        // Its prediction is the amount itself.
        Curve::of_numbers::<B>("MsleLoss of the exponential", &x, device, |x| {
            let target = x.full_like(TARGET);
            let loss = MsleLossConfig::new().init();
            loss.forward_no_reduction(x.exp(), target)
        }),
    ];
    let figure = Figure {
        title: "Losses of an amount, target 2",
        x_label: "logarithm of the prediction",
        slope_label: "d loss / d logarithm",
        x,
        ranges: [(-1.0, 8.0), (-4.0, 4.0)],
        curves,
    };
    figure.draw()
}
