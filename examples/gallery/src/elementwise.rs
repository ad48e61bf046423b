//! The losses of a real number, against the error.

use burn_loss::{
    AutodiffLossBackend, CharbonnierLossConfig, HuberLossConfig, L1LossConfig, LogCoshLossConfig,
    MseLossConfig, QuantileLossConfig, SmoothL1LossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

/// Squares, amounts, and Huber's way between them.
pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    // With the target 0, the prediction is the error.
    let mut curves = vec![
        Curve::against::<B>("MseLoss", &x, 0.0, &MseLossConfig::new().init(), device),
        Curve::against::<B>("L1Loss", &x, 0.0, &L1LossConfig::new().init(), device),
    ];
    for delta in [0.5, 1.0, 2.0] {
        let loss = HuberLossConfig::new().with_delta(delta).init();
        let name = format!("HuberLoss, delta {delta}");
        curves.push(Curve::against::<B>(name, &x, 0.0, &loss, device));
    }
    draw(
        "Losses of a real number",
        x,
        [(0.0, 5.0), (-3.2, 3.2)],
        curves,
    )
}

/// Smooth ones, one that is scaled, and one that is not the same on both sides.
pub fn smooth<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    let smooth_l1 = SmoothL1LossConfig::new().with_beta(0.5).init();
    let charbonnier = CharbonnierLossConfig::new().with_eps(0.5).init();
    let quantile = QuantileLossConfig::new().with_levels(vec![0.9]);
    let quantile = quantile.init::<B>(device);
    let log_cosh = LogCoshLossConfig::new().init();
    let curves = vec![
        Curve::against::<B>("LogCoshLoss", &x, 0.0, &log_cosh, device),
        Curve::against::<B>("SmoothL1Loss, beta 0.5", &x, 0.0, &smooth_l1, device),
        Curve::against::<B>("CharbonnierLoss, eps 0.5", &x, 0.0, &charbonnier, device),
        Curve::against::<B>("QuantileLoss, level 0.9", &x, 0.0, &quantile, device),
    ];
    draw(
        "Losses of a real number, smooth or one-sided",
        x,
        [(0.0, 3.0), (-1.2, 1.2)],
        curves,
    )
}

fn draw(
    title: &'static str,
    x: Vec<f64>,
    ranges: [(f64, f64); 2],
    curves: Vec<Curve>,
) -> Result<Picture> {
    let figure = Figure {
        title,
        x_label: "prediction − target",
        slope_label: "d loss / d prediction",
        x,
        ranges,
        curves,
    };
    figure.draw()
}
