//! The divergences of two distributions over two classes, against the predicted probability of the first.

use burn::prelude::*;
use burn_loss::{AutodiffLossBackend, DistillationLossConfig, JsDivLossConfig, KlDivLossConfig};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

/// The probability of the first class in the target.
const TARGET: f64 = 0.7;

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let p = grid(0.01, 0.99);
    let jsd = |name: &str, beta: f64| {
        Curve::of_numbers::<B>(name, &p, device, |p| {
            let target = both(p.full_like(TARGET));
            let loss = JsDivLossConfig::new().with_beta(beta).init();
            loss.forward_no_reduction(both(p).log(), target.log())
        })
    };
    let kl = Curve::of_numbers::<B>(
        "KlDivLoss of both classes, and JsDivLoss, beta 0",
        &p,
        device,
        |p| {
            let target = both(p.full_like(TARGET));
            let each = KlDivLossConfig::new().init();
            let each = each.forward_no_reduction(both(p).log(), target);
            each.sum_dim(1).squeeze_dim(1)
        },
    );
    // One line for two losses, so it had better be one.
    kl.assert_same(&jsd("JsDivLoss, beta 0", 0.0));
    let distillation =
        Curve::of_numbers::<B>("DistillationLoss, of the first class", &p, device, |p| {
            let teacher = both(p.full_like(TARGET)).log();
            let targets = Tensor::<B, 1, Int>::zeros(p.shape(), device);
            let loss = DistillationLossConfig::new().init();
            loss.forward_no_reduction(both(p).log(), teacher, targets)
        });
    let figure = Figure {
        title: "Divergences from a target of 0.7 and 0.3",
        x_label: "predicted probability of the first class",
        slope_label: "d loss / d probability",
        ranges: [(0.0, 1.2), (-4.0, 4.0)],
        curves: vec![
            kl,
            jsd("JsDivLoss, beta 0.5", 0.5),
            jsd("JsDivLoss, beta 1", 1.0),
            distillation,
        ],
        x: p,
    };
    figure.draw()
}

/// The probabilities of both classes, given that of the first.
fn both<B: Backend>(p: Tensor<B, 1>) -> Tensor<B, 2> {
    Tensor::stack(vec![p.clone(), p.neg() + 1.0], 1)
}
