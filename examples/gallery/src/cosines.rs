//! The losses of a cosine: of a pair of embeddings, or of an embedding and its class.

use burn::prelude::*;
use burn_loss::{
    ArcFaceLossConfig, AutodiffLossBackend, CosFaceLossConfig, CosineEmbeddingLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    // At 1 and -1 the angle has no slope.
    let x = grid(-0.995, 0.995);
    let pair = |name: &str, margin: f64, target: f64| {
        Curve::of_numbers::<B>(name, &x, device, |cosine| {
            let loss = CosineEmbeddingLossConfig::new().with_margin(margin).init();
            let (one, zero) = (cosine.ones_like(), cosine.zeros_like());
            let target = cosine.full_like(target);
            let sine = (cosine.clone() * cosine.clone()).neg() + 1.0;
            let second = Tensor::stack(vec![cosine, sine.sqrt()], 1);
            loss.forward_no_reduction(Tensor::stack(vec![one, zero], 1), second, target)
        })
    };
    // Of two classes the other is at a right angle.
    let rows = |cosine: Tensor<B, 1>| {
        let other = cosine.zeros_like();
        let targets = Tensor::<B, 1, Int>::zeros([x.len()], device);
        (Tensor::stack(vec![cosine, other], 1), targets)
    };
    let arc_face = ArcFaceLossConfig::new().with_scale(2.0).init(device);
    let cos_face = CosFaceLossConfig::new().with_scale(2.0).init(device);
    let curves = vec![
        pair("CosineEmbeddingLoss, target 1", 0.0, 1.0),
        pair("CosineEmbeddingLoss, target −1", 0.0, -1.0),
        pair("CosineEmbeddingLoss, target −1, margin 0.5", 0.5, -1.0),
        Curve::of_numbers::<B>("ArcFaceLoss, scale 2, two classes", &x, device, |cosine| {
            let (cosines, targets) = rows(cosine);
            arc_face.forward_no_reduction(cosines, targets)
        }),
        Curve::of_numbers::<B>("CosFaceLoss, scale 2, two classes", &x, device, |cosine| {
            let (cosines, targets) = rows(cosine);
            cos_face.forward_no_reduction(cosines, targets)
        }),
    ];
    let figure = Figure {
        title: "Losses of a cosine",
        x_label: "cosine of the pair, or to the class",
        slope_label: "d loss / d cosine",
        ranges: [(0.0, 3.2), (-2.6, 1.2)],
        curves,
        x,
    };
    figure.draw()
}
