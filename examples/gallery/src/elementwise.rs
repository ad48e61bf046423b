//! The losses of a real number, against the error.

use burn_loss::{AutodiffLossBackend, HuberLossConfig, L1LossConfig, MseLossConfig};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    // With the target 0, the prediction is the error.
    let mut curves = vec![
        Curve::of_numbers::<B>("MseLoss", &x, device, |error| {
            let target = error.zeros_like();
            MseLossConfig::new()
                .init()
                .forward_no_reduction(error, target)
        }),
        Curve::of_numbers::<B>("L1Loss", &x, device, |error| {
            let target = error.zeros_like();
            L1LossConfig::new()
                .init()
                .forward_no_reduction(error, target)
        }),
    ];
    for delta in [0.5, 1.0, 2.0] {
        let name = format!("HuberLoss, delta {delta}");
        curves.push(Curve::of_numbers::<B>(name, &x, device, |error| {
            let target = error.zeros_like();
            let loss = HuberLossConfig::new().with_delta(delta).init();
            loss.forward_no_reduction(error, target)
        }));
    }
    let figure = Figure {
        title: "Losses of a real number",
        x_label: "prediction − target",
        slope_label: "d loss / d prediction",
        x,
        ranges: [(0.0, 5.0), (-3.2, 3.2)],
        curves,
    };
    figure.draw()
}
