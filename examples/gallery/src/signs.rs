//! The losses of targets 1 and -1, against a score that is to be positive.

use burn_loss::{
    AutodiffLossBackend, HingeEmbeddingLossConfig, MarginRankingLossConfig, SoftMarginLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    let soft_margin = SoftMarginLossConfig::new().init();
    let hinge = HingeEmbeddingLossConfig::new().init();
    let curves = vec![
        Curve::against::<B>("SoftMarginLoss", &x, 1.0, &soft_margin, device),
        Curve::of_numbers::<B>(
            "MarginRankingLoss, margin 0.5, of a lead",
            &x,
            device,
            |x| {
                let loss = MarginRankingLossConfig::new().with_margin(0.5).init();
                let (second, target) = (x.zeros_like(), x.ones_like());
                loss.forward_no_reduction(x, second, target)
            },
        ),
        // Of a pair that does not belong together, whose distance is to reach the margin.
        Curve::against::<B>("HingeEmbeddingLoss, target −1", &x, -1.0, &hinge, device),
    ];
    let figure = Figure {
        title: "Losses of a sign",
        x_label: "score, lead or distance",
        slope_label: "d loss / d score",
        x,
        ranges: [(0.0, 4.2), (-1.2, 0.2)],
        curves,
    };
    figure.draw()
}
