//! A line learned by gradient descent under any of the three losses.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn_loss::{
    AutodiffLossBackend, HuberLoss, HuberLossConfig, L1Loss, L1LossConfig, LossBackend, MseLoss,
    MseLossConfig,
};
use example_support::{Result, Training, rows};

use crate::data::{Line, Points};

/// The losses that are compared.
pub enum RegressionLoss {
    Mse(MseLoss),
    L1(L1Loss),
    Huber(HuberLoss),
}

impl RegressionLoss {
    /// Each loss with its name in the table.
    pub fn all(delta: f64) -> [(&'static str, Self); 3] {
        let huber = HuberLossConfig::new().with_delta(delta);
        [
            ("MseLoss", Self::Mse(MseLossConfig::new().init())),
            ("L1Loss", Self::L1(L1LossConfig::new().init())),
            ("HuberLoss", Self::Huber(huber.init())),
        ]
    }

    fn forward<B: LossBackend>(
        &self,
        prediction: Tensor<B, 2>,
        target: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        match self {
            Self::Mse(loss) => loss.forward(prediction, target),
            Self::L1(loss) => loss.forward(prediction, target),
            Self::Huber(loss) => loss.forward(prediction, target),
        }
    }
}

/// Learns the line of the points.
pub fn line<B: AutodiffLossBackend>(
    name: &str,
    loss: &RegressionLoss,
    points: &Points,
    training: &Training,
    device: &B::Device,
) -> Result<Line> {
    let x = column::<B>(&points.x, device);
    let y = column::<B>(&points.y, device);
    let model: Linear<B> = LinearConfig::new(1, 1).init(device);
    let (model, _) = training.run(name, model, points.x.len(), |model, batch| {
        loss.forward(model.forward(rows(&x, batch)), rows(&y, batch))
    })?;
    let intercept = model.bias.expect("a linear layer has a bias by default");
    Ok(Line {
        slope: model.weight.val().into_scalar().elem(),
        intercept: intercept.val().into_scalar().elem(),
    })
}

/// Numbers `[N]` as a column `[N, 1]`.
fn column<B: Backend>(values: &[f64], device: &B::Device) -> Tensor<B, 2> {
    Tensor::<B, 1>::from_data(values, device).unsqueeze_dim(1)
}
