//! The losses of boxes, against how far one is moved.

use burn::prelude::*;
use burn_loss::{AutodiffLossBackend, BoxIouKind, BoxIouLossConfig};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

/// How high the moved box is; the other is as high as it is wide.
const HEIGHT: f64 = 0.1;

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let x = grid(-3.0, 3.0);
    let curve = |name: &str, kind: BoxIouKind| {
        Curve::of_numbers::<B>(name, &x, device, |left| {
            let (zero, one) = (left.zeros_like(), left.ones_like());
            let moved = vec![left.clone(), zero.clone(), left + 1.0, one.clone() * HEIGHT];
            let square = vec![zero.clone(), zero, one.clone(), one];
            let loss = BoxIouLossConfig::new().with_kind(kind).init();
            loss.forward_no_reduction(Tensor::stack(moved, 1), Tensor::stack(square, 1))
        })
    };
    let curves = vec![
        curve("BoxIouLoss, IoU", BoxIouKind::Iou),
        curve("GIoU", BoxIouKind::Giou),
        curve("DIoU", BoxIouKind::Diou),
        curve("CIoU", BoxIouKind::Ciou),
    ];
    let figure = Figure {
        title: "Losses of a box a tenth as high as its target",
        x_label: "how many widths it is moved",
        slope_label: "d loss / d widths",
        ranges: [(0.0, 2.0), (-1.0, 1.0)],
        curves,
        x,
    };
    figure.draw()
}
