//! A line learned by gradient descent under any element-wise loss.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn_loss::{AutodiffLossBackend, ElementwiseLoss};
use example_support::{Result, Training, rows};

use crate::data::{Line, Points};

/// Learns the line of the points; the name is that of the loss.
pub fn line<B: AutodiffLossBackend, L: ElementwiseLoss<B>>(
    loss: &L,
    points: &Points,
    training: &Training,
    device: &B::Device,
) -> Result<(&'static str, Line)> {
    let x = column::<B>(&points.x, device);
    let y = column::<B>(&points.y, device);
    let model: Linear<B> = LinearConfig::new(1, 1).init(device);
    let (model, _) = training.run(loss.name(), model, points.x.len(), |model, batch| {
        loss.forward(model.forward(rows(&x, batch)), rows(&y, batch))
    })?;
    let intercept = model.bias.expect("a linear layer has a bias by default");
    let line = Line {
        slope: model.weight.val().into_scalar().elem(),
        intercept: intercept.val().into_scalar().elem(),
    };
    Ok((loss.name(), line))
}

/// Numbers `[N]` as a column `[N, 1]`.
fn column<B: Backend>(values: &[f64], device: &B::Device) -> Tensor<B, 2> {
    Tensor::<B, 1>::from_data(values, device).unsqueeze_dim(1)
}
