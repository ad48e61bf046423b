//! The losses of a region, against how sure every pixel is of what is right.

use burn::prelude::*;
use burn_loss::{
    AutodiffLossBackend, DiceLossConfig, JaccardLossConfig, LovaszHingeLossConfig,
    TverskyLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-5.0, 5.0);
    // Of four pixels, the first is the region.
    let images = |x: Tensor<B, 1>| {
        let (zero, one) = (x.zeros_like(), x.ones_like());
        let others = x.clone().neg();
        let logits = Tensor::stack(vec![x, others.clone(), others.clone(), others], 1);
        let targets: Tensor<B, 2> = Tensor::stack(vec![one, zero.clone(), zero.clone(), zero], 1);
        (logits, targets)
    };
    let of_images = |name: &str, loss: &dyn Fn(Tensor<B, 2>, Tensor<B, 2>) -> Tensor<B, 1>| {
        Curve::of_numbers::<B>(name, &x, device, |x| {
            let (logits, targets) = images(x);
            loss(logits, targets)
        })
    };
    let dice = DiceLossConfig::new().with_per_image(true).init(device);
    let jaccard = JaccardLossConfig::new().with_per_image(true).init(device);
    let tversky = TverskyLossConfig::new()
        .with_alpha(0.3)
        .with_beta(0.7)
        .with_per_image(true)
        .init(device);
    let lovasz = LovaszHingeLossConfig::new().with_per_image(true).init();
    let curves = vec![
        of_images("DiceLoss", &|x, y| {
            dice.forward_binary_no_reduction(x, y).squeeze_dim(1)
        }),
        of_images("JaccardLoss", &|x, y| {
            jaccard.forward_binary_no_reduction(x, y).squeeze_dim(1)
        }),
        of_images("TverskyLoss, alpha 0.3, beta 0.7", &|x, y| {
            tversky.forward_binary_no_reduction(x, y).squeeze_dim(1)
        }),
        of_images("LovaszHingeLoss", &|x, y| lovasz.forward_no_reduction(x, y)),
    ];
    let figure = Figure {
        title: "Losses of a region of one pixel in four",
        x_label: "logit of what is right, at every pixel",
        slope_label: "d loss / d logit",
        ranges: [(0.0, 3.0), (-1.2, 0.2)],
        curves,
        x,
    };
    figure.draw()
}
