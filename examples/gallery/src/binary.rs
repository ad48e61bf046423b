//! The losses of a yes-or-no question, against the logit of one whose answer is yes.

use burn::tensor::activation::sigmoid;
use burn_loss::{
    AsymmetricLossConfig, AutodiffLossBackend, BceLossConfig, BceWithLogitsLossConfig,
    MultiLabelSoftMarginLossConfig, SigmoidFocalLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-5.0, 5.0);
    let bce = |name: &str, config: BceWithLogitsLossConfig| {
        Curve::against::<B>(name, &x, 1.0, &config.init::<B>(device), device)
    };
    let plain = BceWithLogitsLossConfig::new;
    let focal = SigmoidFocalLossConfig::new().with_alpha(None).init();
    let asymmetric = AsymmetricLossConfig::new().init();
    let curves = vec![
        bce(
            "BceWithLogitsLoss, also BceLoss and MultiLabelSoftMarginLoss",
            plain(),
        ),
        bce("label_smoothing 0.2", plain().with_label_smoothing(0.2)),
        bce(
            "pos_weight 3",
            plain().with_pos_weight(Some(vec![3.0; x.len()])),
        ),
        Curve::against::<B>("SigmoidFocalLoss, gamma 2", &x, 1.0, &focal, device),
        Curve::against::<B>("AsymmetricLoss", &x, 1.0, &asymmetric, device),
    ];
    // One line for three losses, so it had better be one.
    let of_probabilities = Curve::of_numbers::<B>("BceLoss", &x, device, |logits| {
        let target = logits.ones_like();
        let loss = BceLossConfig::new().init();
        loss.forward_no_reduction(sigmoid(logits), target)
    });
    curves[0].assert_same(&of_probabilities);
    let of_rows = Curve::of_numbers::<B>("MultiLabelSoftMarginLoss", &x, device, |logits| {
        let logits = logits.unsqueeze_dim::<2>(1);
        let target = logits.ones_like();
        let loss = MultiLabelSoftMarginLossConfig::new().init::<B>(device);
        loss.forward_no_reduction(logits, target)
    });
    curves[0].assert_same(&of_rows);
    let figure = Figure {
        title: "Losses of a yes-or-no question, target 1",
        x_label: "logit",
        slope_label: "d loss / d logit",
        ranges: [(0.0, 6.0), (-3.2, 0.4)],
        curves,
        x,
    };
    figure.draw()
}
