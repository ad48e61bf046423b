//! The losses of a margin, against how far what is right is ahead.

use burn::prelude::*;
use burn_loss::{
    AutodiffLossBackend, MultiLabelMarginLossConfig, MultiMarginLossConfig, TripletMarginLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

/// How far away the negative is: farther than any lead.
const NEGATIVE: f64 = 4.0;

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    let scores = |name: &str, p: usize| {
        Curve::of_numbers::<B>(name, &x, device, |lead| {
            let loss = MultiMarginLossConfig::new().with_p(p).init::<B>(device);
            let targets = Tensor::<B, 1, Int>::zeros(lead.shape(), device);
            let other = lead.zeros_like();
            loss.forward_no_reduction(Tensor::stack(vec![lead, other], 1), targets)
        })
    };
    let distances = Curve::of_numbers::<B>("TripletMarginLoss", &x, device, |lead| {
        let loss = TripletMarginLossConfig::new().init();
        let column = |numbers: Tensor<B, 1>| numbers.unsqueeze_dim::<2>(1);
        let (anchor, negative) = (lead.zeros_like(), lead.full_like(NEGATIVE));
        let positive = lead.neg() + NEGATIVE;
        loss.forward_no_reduction(column(anchor), column(positive), column(negative))
    });
    let curves = vec![
        distances,
        scores("MultiMarginLoss, two classes, and MultiLabelMarginLoss", 1),
        scores("MultiMarginLoss, two classes, p 2", 2),
    ];
    // One line for two losses, so it had better be one.
    let of_labels = Curve::of_numbers::<B>("MultiLabelMarginLoss", &x, device, |lead| {
        let loss = MultiLabelMarginLossConfig::new().init();
        let first = Tensor::<B, 1, Int>::zeros(lead.shape(), device);
        let targets: Tensor<B, 2, Int> = Tensor::stack(vec![first.clone(), first - 1], 1);
        let other = lead.zeros_like();
        loss.forward_no_reduction(Tensor::stack(vec![lead, other], 1), targets)
    });
    curves[1].assert_same(&of_labels);
    let figure = Figure {
        title: "Losses of a margin of 1",
        x_label: "lead of the right score, or of the positive's distance",
        slope_label: "d loss / d lead",
        ranges: [(0.0, 4.2), (-4.2, 0.4)],
        curves,
        x,
    };
    figure.draw()
}
